// SPDX-License-Identifier: Apache-2.0
#include "segment/workspace.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

namespace spotter::segment {

void* Workspace::Take(size_t bytes) {
  constexpr size_t kBlockBytes = 4096;
  if (bytes > static_cast<size_t>(kBytesMax)) bytes_left_ = -1;
  bytes = (bytes + alignof(Value) - 1) / alignof(Value) * alignof(Value);
  if (bytes_left_ >= 0) bytes_left_ -= static_cast<int64_t>(bytes);
  if (bytes_left_ < 0 || !Spend(static_cast<int64_t>(bytes / sizeof(Value)) + 1)) {
    steps_left_ = std::min<int64_t>(steps_left_, -1);
    return nullptr;
  }
  if (bytes > free_bytes_) {
    free_bytes_ = std::max(bytes, kBlockBytes);
    constexpr size_t kHead = (sizeof(Block) + alignof(Value) - 1) / alignof(Value) * alignof(Value);
    char* const memory = static_cast<char*>(::operator new(kHead + free_bytes_));
    blocks_ = new (memory) Block{.next = blocks_};
    free_ = memory + kHead;
  }
  char* const taken = free_;
  free_ += bytes;
  free_bytes_ -= bytes;
  return taken;
}

void Workspace::Free() {
  while (blocks_ != nullptr) ::operator delete(std::exchange(blocks_, blocks_->next));
}

std::span<Value> Workspace::NewValues(size_t count) {
  if (count > static_cast<size_t>(kBytesMax)) count = static_cast<size_t>(kBytesMax);
  void* const memory = Take(std::max<size_t>(count, 1) * sizeof(Value));
  if (memory == nullptr) return {};
  auto* const values = static_cast<Value*>(memory);
  std::uninitialized_fill_n(values, count, Value{});
  return {values, count};
}

std::span<char> Workspace::NewText(size_t size) {
  void* const memory = Take(std::max<size_t>(size, 1));
  return memory == nullptr ? std::span<char>() : std::span<char>(static_cast<char*>(memory), size);
}

std::string_view Workspace::Keep(std::string_view text) {
  const std::span<char> room = NewText(text.size());
  if (room.size() < text.size()) return {};
  std::ranges::copy(text, room.begin());
  return {room.data(), room.size()};
}

}  // namespace spotter::segment
