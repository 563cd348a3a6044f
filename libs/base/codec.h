// SPDX-License-Identifier: Apache-2.0
//
// Our canonical encoding: varints (LEB128), zigzag for signed values, length-prefixed bytes,
// big-endian fixed integers where the order of bytes must be the order of values (keys).
// The same values always give the same bytes, so hashes of encodings are comparable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "base/status.h"
#include "base/time.h"

namespace spotter {

class Encoder {
 public:
  Encoder& Byte(uint8_t value);
  Encoder& Varint(uint64_t value);
  Encoder& Signed(int64_t value);          // zigzag varint
  Encoder& Bytes(std::string_view value);  // length, bytes
  Encoder& Bool(bool value) { return Byte(value ? 1 : 0); }
  Encoder& Time(EventTime value) { return Signed(value.ms); }
  Encoder& Double(double value);  // 8 bytes, IEEE 754 bits, little endian
  Encoder& Hash(Hash128 value);   // 16 bytes, big endian

  // Order-preserving, for keys.
  Encoder& Fixed32(uint32_t value);
  Encoder& Fixed64(uint64_t value);
  Encoder& OrderedTime(EventTime value);        // sign bit flipped, big endian
  Encoder& Raw(std::string_view value);         // the bytes, no length
  Encoder& Terminated(std::string_view value);  // escaped, 0-terminated: keeps order, prefix free

  void Clear() { bytes_.clear(); }
  bool empty() const { return bytes_.empty(); }
  std::string_view view() const { return bytes_; }
  const std::string& bytes() const& { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what Encoder wrote. A read past the end or of malformed bytes makes ok() false for good
// and yields zero values, so a caller checks once at the end:
// `SPOTTER_RETURN_IF_ERROR(decoder.Done("timer"))`.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}
  uint8_t Byte();
  uint64_t Varint();
  int64_t Signed();
  std::string_view Bytes();  // a view into the input
  bool Bool() { return Byte() != 0; }
  EventTime Time() { return {Signed()}; }
  double Double();
  Hash128 Hash();
  uint32_t Fixed32();
  uint64_t Fixed64();
  EventTime OrderedTime();
  std::string Terminated();

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  // Ok if everything decoded and nothing is left; DataLoss otherwise, naming `what`.
  Status Done(std::string_view what) const;

 private:
  std::string_view Fail();
  std::string_view Take(size_t size);  // empty and failed if fewer are left
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace spotter
