// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <utility>

namespace spotter::store {

void WriteBatch::Put(Family family, std::string_view key, std::string_view value) {
  operations_.push_back({Operation::Kind::kPut, family, std::string(key), std::string(value)});
}

void WriteBatch::PutOwned(Family family, std::string key, std::string value) {
  operations_.push_back({Operation::Kind::kPut, family, std::move(key), std::move(value)});
}

void WriteBatch::Delete(Family family, std::string_view key) {
  operations_.push_back({Operation::Kind::kDelete, family, std::string(key), {}});
}

void WriteBatch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  if (begin >= end) return;
  operations_.push_back(
      {Operation::Kind::kDeleteRange, family, std::string(begin), std::string(end)});
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace spotter::store
