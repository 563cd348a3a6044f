// SPDX-License-Identifier: Apache-2.0
//
// What one evaluation may use, and where it puts what it makes. Both bounds are counts, never
// clocks, so that every replica refuses the same evaluation: an expression over them is an error.
//
// Only loops and functions spend: everything else is done once per node, of which there are few.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "segment/value.h"

namespace spotter::segment {

inline constexpr int64_t kStepsMax = 100'000;      // about a millisecond
inline constexpr int64_t kBytesMax = 1024 * 1024;  // of lists, maps and texts that are made

// Costs nothing until it is used. What it handed out lives as long as it does.
class Workspace {
 public:
  explicit Workspace(int64_t steps = kStepsMax, int64_t bytes = kBytesMax)
      : steps_left_(steps), bytes_left_(bytes) {}
  ~Workspace() {
    if (blocks_ != nullptr) [[unlikely]]
      Free();
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // False, from then on, once more was asked for than there is: stop and return OverBound().
  bool Spend(int64_t steps) {
    steps_left_ -= steps;
    return steps_left_ >= 0;
  }
  bool is_over_bound() const { return steps_left_ < 0; }
  static Value OverBound() { return ErrorValue("the evaluation takes too many steps"); }

  // Room for so many values or characters, spent for; empty if it is over the bound.
  std::span<Value> NewValues(size_t count);
  std::span<char> NewText(size_t size);
  std::string_view Keep(std::string_view text);  // a copy; empty if over the bound

 private:
  struct Block {
    Block* next;
  };
  void* Take(size_t bytes);
  void Free();

  int64_t steps_left_;
  int64_t bytes_left_;
  char* free_ = nullptr;
  size_t free_bytes_ = 0;
  Block* blocks_ = nullptr;  // owned
};

}  // namespace spotter::segment
