// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <utility>

namespace spotter {

// A value that cannot be mistaken for another of the same representation:
//   using TenantId = StrongId<std::string, struct TenantTag>;
template <typename T, typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }
  friend auto operator<=>(const StrongId&, const StrongId&) = default;
  friend bool operator==(const StrongId&, const StrongId&) = default;

 private:
  T value_{};
};

}  // namespace spotter

template <typename T, typename Tag>
struct std::hash<spotter::StrongId<T, Tag>> {
  std::size_t operator()(const spotter::StrongId<T, Tag>& id) const {
    return std::hash<T>{}(id.value());
  }
};
