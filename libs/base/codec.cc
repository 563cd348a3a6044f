// SPDX-License-Identifier: Apache-2.0
#include "base/codec.h"

#include <array>
#include <bit>
#include <cstring>

namespace spotter {
namespace {

// Terminated(): 0 ends the text, so 0 and 1 inside it become 1 1 and 1 2.
constexpr char kEnd = '\0';
constexpr char kEscape = '\1';
constexpr char kEscapedZero = '\1';
constexpr char kEscapedOne = '\2';

constexpr uint64_t kSignBit = uint64_t{1} << 63;

template <typename Integer>
void AppendBigEndian(std::string& bytes, Integer value) {
  std::array<char, sizeof(Integer)> buffer;  // on its own, so that the loop becomes one swap
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    buffer[i] = static_cast<char>(value >> (8 * (sizeof(Integer) - 1 - i)));
  }
  bytes.append(buffer.data(), sizeof(Integer));
}

template <typename Integer>
Integer FromBigEndian(std::string_view bytes) {
  Integer value = 0;
  for (const char c : bytes) value = static_cast<Integer>(value << 8 | static_cast<uint8_t>(c));
  return value;
}

}  // namespace

Encoder& Encoder::Byte(uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

Encoder& Encoder::Varint(uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

Encoder& Encoder::Signed(int64_t value) {
  return Varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}

Encoder& Encoder::Bytes(std::string_view value) {
  Varint(value.size());
  bytes_.append(value);
  return *this;
}

Encoder& Encoder::Double(double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) bytes_.push_back(static_cast<char>(bits));
  return *this;
}

Encoder& Encoder::Hash(Hash128 value) { return Fixed64(value.high).Fixed64(value.low); }

Encoder& Encoder::Fixed32(uint32_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}

Encoder& Encoder::Fixed64(uint64_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}

Encoder& Encoder::OrderedTime(EventTime value) {
  return Fixed64(static_cast<uint64_t>(value.ms) ^ kSignBit);
}

Encoder& Encoder::Raw(std::string_view value) {
  bytes_.append(value);
  return *this;
}

Encoder& Encoder::Terminated(std::string_view value) {
  for (const char c : value) {
    if (c == '\0') {
      bytes_.push_back(kEscape);
      bytes_.push_back(kEscapedZero);
    } else if (c == '\1') {
      bytes_.push_back(kEscape);
      bytes_.push_back(kEscapedOne);
    } else {
      bytes_.push_back(c);
    }
  }
  bytes_.push_back(kEnd);
  return *this;
}

std::string_view Decoder::Fail() {
  ok_ = false;
  rest_ = {};
  return {};
}

std::string_view Decoder::Take(size_t size) {
  if (rest_.size() < size) return Fail();
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

uint8_t Decoder::Byte() {
  const std::string_view byte = Take(1);
  return byte.empty() ? 0 : static_cast<uint8_t>(byte.front());
}

uint64_t Decoder::Varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    // One value has one encoding: no padding, no bits above 64.
    const bool padded = i > 0 && byte == 0;
    const bool too_large = i == 9 && byte > 1;
    if (padded || too_large) break;
    rest_.remove_prefix(i + 1);
    return value;
  }
  Fail();
  return 0;
}

int64_t Decoder::Signed() {
  const uint64_t value = Varint();
  return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
}

std::string_view Decoder::Bytes() { return Take(Varint()); }

double Decoder::Double() {
  const std::string_view bytes = Take(8);
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bits |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  return std::bit_cast<double>(bits);
}

Hash128 Decoder::Hash() {
  const std::string_view bytes = Take(16);
  if (bytes.empty()) return {};
  return {FromBigEndian<uint64_t>(bytes.substr(0, 8)), FromBigEndian<uint64_t>(bytes.substr(8))};
}

uint32_t Decoder::Fixed32() { return FromBigEndian<uint32_t>(Take(4)); }

uint64_t Decoder::Fixed64() { return FromBigEndian<uint64_t>(Take(8)); }

EventTime Decoder::OrderedTime() {
  const std::string_view bytes = Take(8);
  if (bytes.empty()) return {};
  return {static_cast<int64_t>(FromBigEndian<uint64_t>(bytes) ^ kSignBit)};
}

std::string Decoder::Terminated() {
  std::string value;
  while (true) {
    const std::string_view next = Take(1);
    if (next.empty()) return {};
    if (next.front() == kEnd) return value;
    if (next.front() != kEscape) {
      value.push_back(next.front());
      continue;
    }
    const std::string_view escaped = Take(1);
    if (escaped.empty()) return {};
    if (escaped.front() != kEscapedZero && escaped.front() != kEscapedOne) {
      Fail();
      return {};
    }
    value.push_back(escaped.front() == kEscapedZero ? '\0' : '\1');
  }
}

Status Decoder::Done(std::string_view what) const {
  if (!ok_) return DataLoss("{}: the stored bytes do not decode", what);
  if (!rest_.empty()) return DataLoss("{}: {} bytes follow the last field", what, rest_.size());
  return OkStatus();
}

}  // namespace spotter
