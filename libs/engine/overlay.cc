// SPDX-License-Identifier: Apache-2.0
#include "engine/overlay.h"

namespace spotter::engine {

StatusOr<std::optional<std::string>> Overlay::Get(store::Family family,
                                                  std::string_view key) const {
  const Writes& writes = writes_[static_cast<size_t>(family)];
  if (const auto it = writes.find(key); it != writes.end()) return it->second;
  return store_.Get(family, key);
}

Status Overlay::Scan(store::Family family, std::string_view begin, std::string_view end,
                     const store::Store::Visit& visit) const {
  const Writes& writes = writes_[static_cast<size_t>(family)];
  auto next = writes.lower_bound(begin);
  const auto before = [&](const std::string& key) { return end.empty() || key < end; };
  bool stopped = false;
  const auto emit_written_before = [&](std::string_view key) {
    for (; !stopped && next != writes.end() && before(next->first) && next->first < key; ++next) {
      if (next->second.has_value()) stopped = !visit(next->first, *next->second);
    }
  };
  SPOTTER_RETURN_IF_ERROR(
      store_.Scan(family, begin, end, [&](std::string_view key, std::string_view value) {
        emit_written_before(key);
        if (stopped) return false;
        if (next != writes.end() && next->first == key) {
          if (next->second.has_value()) stopped = !visit(key, *next->second);
          ++next;
        } else {
          stopped = !visit(key, value);
        }
        return !stopped;
      }));
  for (; !stopped && next != writes.end() && before(next->first); ++next) {
    if (next->second.has_value()) stopped = !visit(next->first, *next->second);
  }
  return OkStatus();
}

Status Overlay::PutHashed(std::string_view tenant, state::Element element, store::Family family,
                          std::string key, std::string value) {
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> before, Get(family, key));
  if (before.has_value()) hash_.Subtract(element, tenant, key, *before);
  hash_.Add(element, tenant, key, value);
  Put(family, std::move(key), std::move(value));
  return OkStatus();
}

void Overlay::AddHashed(std::string_view tenant, state::Element element, store::Family family,
                        std::string key, std::string value) {
  hash_.Add(element, tenant, key, value);
  Put(family, std::move(key), std::move(value));
}

Status Overlay::DeleteHashed(std::string_view tenant, state::Element element, store::Family family,
                             std::string key) {
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> before, Get(family, key));
  if (!before.has_value()) return OkStatus();
  hash_.Subtract(element, tenant, key, *before);
  Delete(family, std::move(key));
  return OkStatus();
}

void Overlay::Put(store::Family family, std::string key, std::string value) {
  writes_[static_cast<size_t>(family)].insert_or_assign(std::move(key), std::move(value));
}

void Overlay::Delete(store::Family family, std::string key) {
  writes_[static_cast<size_t>(family)].insert_or_assign(std::move(key), std::nullopt);
}

void Overlay::ForgetBefore(store::Family family, std::string_view end) {
  Writes& writes = writes_[static_cast<size_t>(family)];
  writes.erase(writes.begin(), writes.lower_bound(end));
}

void Overlay::Flush(store::WriteBatch& batch) {
  for (int i = 0; i < store::kFamilies; ++i) {
    const auto family = static_cast<store::Family>(i);
    Writes& writes = writes_[static_cast<size_t>(i)];
    while (!writes.empty()) {
      auto write = writes.extract(writes.begin());
      if (write.mapped().has_value()) {
        batch.PutOwned(family, std::move(write.key()), *std::move(write.mapped()));
      } else {
        batch.Delete(family, write.key());
      }
    }
  }
}

}  // namespace spotter::engine
