// SPDX-License-Identifier: Apache-2.0
//
// Webhook signatures. The comparison takes the same time wherever the bytes differ, and what is
// compared is the decoded digest, so upper-case hex or a line break in base64 cannot matter.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/assert.h"
#include "connect/connector.h"
#include "connect/header.h"
#include "connect/json_text.h"
#include "connect/source_type.h"

namespace spotter::connect {
namespace {

constexpr Duration kStripeAgeMax = Minutes(5);
constexpr size_t kDigestBytes = 32;
using Digest = std::array<unsigned char, kDigestBytes>;

Digest HmacSha256(std::string_view key, std::string_view message) {
  Digest digest{};
  unsigned int size = 0;
  const auto* result = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                            digest.data(), &size);
  Assert(result != nullptr && size == kDigestBytes, "OpenSSL computes HMAC-SHA256");
  return digest;
}

bool SameDigest(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), kDigestBytes) == 0;
}

std::optional<Digest> DigestFromBase64(std::string_view text) {
  const auto bytes = FromBase64(text);
  if (!bytes || bytes->size() != kDigestBytes) return std::nullopt;
  Digest digest{};
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

std::optional<Digest> FromHex(std::string_view text) {
  if (text.size() != 2 * kDigestBytes) return std::nullopt;
  Digest digest{};
  for (size_t i = 0; i < kDigestBytes; ++i) {
    const char* first = text.data() + 2 * i;
    if (std::from_chars(first, first + 2, digest[i], 16).ptr != first + 2) return std::nullopt;
  }
  return digest;
}

Status VerifySquare(std::span<const Header> headers, std::string_view url, std::string_view body,
                    std::string_view secret) {
  constexpr std::string_view kHeader = "x-square-hmacsha256-signature";
  const std::string_view value = FindHeader(headers, kHeader);
  if (value.empty()) return Unauthenticated("square signature: header {} is missing", kHeader);
  const auto given = DigestFromBase64(value);
  if (!given) return Unauthenticated("square signature: expected base64 of 32 bytes");
  std::string message(url);
  message += body;
  if (!SameDigest(*given, HmacSha256(secret, message))) {
    return Unauthenticated(
        "square signature: does not match; expected the source's key and the notification URL {}",
        url);
  }
  return OkStatus();
}

Status VerifyStripe(std::span<const Header> headers, std::string_view body, std::string_view secret,
                    EventTime now) {
  constexpr std::string_view kHeader = "Stripe-Signature";
  std::string_view rest = FindHeader(headers, kHeader);
  if (rest.empty()) return Unauthenticated("stripe signature: header {} is missing", kHeader);
  std::string_view time_text;
  std::vector<Digest> given;  // several while a secret is being rolled
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (part.starts_with("t=")) time_text = part.substr(2);
    if (!part.starts_with("v1=")) continue;
    if (const auto digest = FromHex(part.substr(3))) given.push_back(*digest);
  }
  int64_t seconds = 0;
  const auto parsed =
      std::from_chars(time_text.data(), time_text.data() + time_text.size(), seconds);
  constexpr int64_t kSecondsMax = 253402300799;  // the year 9999
  if (time_text.empty() || parsed.ec != std::errc{} ||
      parsed.ptr != time_text.data() + time_text.size() || seconds < 0 || seconds > kSecondsMax ||
      given.empty()) {
    return Unauthenticated("stripe signature: expected 't=SECONDS,v1=HEX' in {}", kHeader);
  }
  const Digest expected = HmacSha256(secret, fmt::format("{}.{}", time_text, body));
  bool matches = false;
  for (const Digest& digest : given) matches |= SameDigest(digest, expected);
  if (!matches) return Unauthenticated("stripe signature: does not match the source's secret");
  const Duration age = now - EventTime{seconds * 1000};
  if (age > kStripeAgeMax || age < -kStripeAgeMax) {
    return Unauthenticated("stripe signature: signed {} from now, expected at most {}",
                           FormatDuration(age < Duration{0} ? -age : age),
                           FormatDuration(kStripeAgeMax));
  }
  return OkStatus();
}

}  // namespace

Status VerifySignature(std::string_view source, std::span<const Header> headers,
                       std::string_view url, std::string_view body, std::string_view secret,
                       EventTime now) {
  // An empty key would make the signature something that anyone can compute.
  if (secret.empty()) return Unauthenticated("source '{}': no webhook secret is set", source);
  const std::string_view type = SourceTypeOf(source);
  if (type == "square") return VerifySquare(headers, url, body, secret);
  if (type == "stripe") return VerifyStripe(headers, body, secret, now);
  return Unauthenticated("source '{}': no signature scheme is known; expected {}", source,
                         kSourceTypes);
}

}  // namespace spotter::connect
