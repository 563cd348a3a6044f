// SPDX-License-Identifier: Apache-2.0
#include "dispatch/lease_token.h"

#include "base/codec.h"

namespace spotter::dispatch {
namespace {

constexpr std::string_view kPrefix = "lse_";
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr size_t kTextMax = 200;

std::string EncodeText(std::string_view bytes) {
  std::string text;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8 | static_cast<uint8_t>(byte)) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[(buffer >> (bits - 5)) & 31];
  }
  if (bits > 0) text += kAlphabet[(buffer << (5 - bits)) & 31];
  return text;
}

// "" if a character is outside the alphabet. Left-over bits are padding.
std::string DecodeText(std::string_view text) {
  std::string bytes;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return "";
    buffer = (buffer << 5 | static_cast<uint32_t>(value)) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(buffer >> bits & 0xff);
    }
  }
  return bytes;
}

uint64_t Seal(std::string_view body, std::string_view key, std::string_view scope) {
  return KeyedHashOf(key, Encoder().Bytes("lease").Bytes(scope).Bytes(body).view()).high;
}

}  // namespace

std::string PrintToken(const LeaseToken& token, std::string_view key, std::string_view scope) {
  Encoder body;
  body.Signed(token.generation)
      .Varint(token.lease)
      .Hash(token.profile.value())
      .Signed(token.sequence)
      .Byte(token.kind)
      .Hash(token.action.value())
      .Hash(token.anchor.value());
  const uint64_t seal = Seal(body.view(), key, scope);
  return std::string(kPrefix) + EncodeText(body.Fixed64(seal).view());
}

StatusOr<LeaseToken> ParseToken(std::string_view text, std::string_view key,
                                std::string_view scope) {
  const Status malformed = InvalidArgument("lease token is not one of ours");
  if (!text.starts_with(kPrefix) || text.size() > kTextMax) return malformed;
  const std::string bytes = DecodeText(text.substr(kPrefix.size()));
  if (bytes.size() < 8) return malformed;
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - 8);
  if (Decoder(std::string_view(bytes).substr(body.size())).Fixed64() != Seal(body, key, scope)) {
    return malformed;
  }
  Decoder in(body);
  LeaseToken token;
  token.generation = in.Signed();
  token.lease = in.Varint();
  token.profile = model::ProfileId(in.Hash());
  token.sequence = in.Signed();
  token.kind = in.Byte();
  token.action = model::ActionId(in.Hash());
  if (!in.at_end()) token.anchor = model::RecordKey(in.Hash());  // none: of an earlier version
  return in.Done("lease token").ok() ? StatusOr<LeaseToken>(token) : malformed;
}

}  // namespace spotter::dispatch
