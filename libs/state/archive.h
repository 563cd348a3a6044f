// SPDX-License-Identifier: Apache-2.0
//
// One description of a struct's fields serves both directions:
//   template <class A> void Fields(A& a, model::Membership& m) { a(m.segment, m.is_member, ...); }
// Writer appends the canonical encoding (base/codec.h); Reader reads it back. Field order is the
// format: new fields go to the end, behind a raised kRowSchema: `if (a.schema() >= 2) a(x.added);`.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "base/strong_id.h"

namespace spotter::state {

// The schema that rows are written in. Those of an earlier one are read as they stand.
inline constexpr uint8_t kRowSchema = 5;

class Writer {
 public:
  static constexpr bool kReading = false;
  static constexpr uint8_t schema() { return kRowSchema; }
  explicit Writer(Encoder& out) : out_(out) {}
  template <typename... T>
  void operator()(const T&... values) {
    (Put(values), ...);
  }

 private:
  void Put(bool value) { out_.Bool(value); }
  void Put(double value) { out_.Double(value); }
  void Put(const std::string& value) { out_.Bytes(value); }
  void Put(EventTime value) { out_.Time(value); }
  void Put(Duration value) { out_.Signed(value.count()); }
  void Put(const Hash128& value) { out_.Hash(value); }
  template <std::integral T>
  void Put(T value) {
    if constexpr (std::is_signed_v<T>) {
      out_.Signed(value);
    } else {
      out_.Varint(value);
    }
  }
  template <typename T>
  requires std::is_enum_v<T>
  void Put(T value) { out_.Varint(static_cast<uint64_t>(value)); }
  template <typename T, typename Tag>
  void Put(const StrongId<T, Tag>& id) {
    Put(id.value());
  }
  template <typename A, typename B>
  void Put(const std::pair<A, B>& pair) {
    Put(pair.first);
    Put(pair.second);
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    out_.Varint(values.size());
    for (const T& value : values) Put(value);
  }
  template <typename... T>
  void Put(const std::variant<T...>& value) {
    out_.Varint(value.index());
    std::visit([this](const auto& alternative) { Put(alternative); }, value);
  }
  template <typename T>
  requires std::is_class_v<T>
  void Put(const T& value) {
    Fields(*this, const_cast<T&>(value));  // Writer only reads through it
  }

  Encoder& out_;
};

class Reader {
 public:
  static constexpr bool kReading = true;
  explicit Reader(Decoder& in, uint8_t schema = kRowSchema) : in_(in), schema_(schema) {}
  uint8_t schema() const { return schema_; }
  template <typename... T>
  void operator()(T&... values) {
    (Get(values), ...);
  }

 private:
  void Get(bool& value) { value = in_.Bool(); }
  void Get(double& value) { value = in_.Double(); }
  void Get(std::string& value) { value = std::string(in_.Bytes()); }
  void Get(EventTime& value) { value = in_.Time(); }
  void Get(Duration& value) { value = Duration(in_.Signed()); }
  void Get(Hash128& value) { value = in_.Hash(); }
  template <std::integral T>
  void Get(T& value) {
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<T>(in_.Signed());
    } else {
      value = static_cast<T>(in_.Varint());
    }
  }
  template <typename T>
  requires std::is_enum_v<T>
  void Get(T& value) { value = static_cast<T>(in_.Varint()); }
  template <typename T, typename Tag>
  void Get(StrongId<T, Tag>& id) {
    T value{};
    Get(value);
    id = StrongId<T, Tag>(std::move(value));
  }
  template <typename A, typename B>
  void Get(std::pair<A, B>& pair) {
    Get(pair.first);
    Get(pair.second);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    const uint64_t size = in_.Varint();
    values.clear();
    for (uint64_t i = 0; i < size && in_.ok(); ++i) Get(values.emplace_back());
  }
  template <typename... T>
  void Get(std::variant<T...>& value) {
    const uint64_t index = in_.Varint();
    GetAlternative<0>(value, index);
  }
  template <size_t I, typename... T>
  void GetAlternative(std::variant<T...>& value, uint64_t index) {
    if constexpr (I < sizeof...(T)) {
      if (index == I) {
        Get(value.template emplace<I>());
      } else {
        GetAlternative<I + 1>(value, index);
      }
    }
  }
  template <typename T>
  requires std::is_class_v<T>
  void Get(T& value) { Fields(*this, value); }

  Decoder& in_;
  uint8_t schema_;
};

}  // namespace spotter::state
