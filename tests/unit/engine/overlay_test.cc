// SPDX-License-Identifier: Apache-2.0
#include "engine/overlay.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "store/in_memory_store.h"

namespace spotter::engine {
namespace {

using store::Family;
using Rows = std::map<std::string, std::string>;

std::string AnyKey() { return *rc::gen::container<std::string>(3, rc::gen::inRange('a', 'd')); }

Rows Scanned(const Overlay& overlay, Family family, std::string_view begin, std::string_view end,
             size_t most) {
  Rows rows;
  std::string last;
  const Status status =
      overlay.Scan(family, begin, end, [&](std::string_view key, std::string_view value) {
        RC_ASSERT(rows.empty() || last < key);
        last.assign(key);
        rows.emplace(key, value);
        return rows.size() < most;
      });
  RC_ASSERT(status.ok());
  return rows;
}

Rows Expected(const Rows& model, const std::string& begin, const std::string& end, size_t most) {
  Rows rows;
  for (auto it = model.lower_bound(begin); it != model.end() && rows.size() < most; ++it) {
    if (!end.empty() && it->first >= end) break;
    rows.insert(*it);
  }
  return rows;
}

// What is read through an overlay is what a map would hold that all writes went into, committed or
// not, and the store ends up as that map.
RC_GTEST_PROP(Overlay, ReadsAsOneMapOfAllWrites, ()) {
  store::InMemoryStore store;
  state::StateHash hash;
  Overlay overlay(store, hash);
  Rows model;
  const int writes = *rc::gen::inRange(0, 80);
  for (int i = 0; i < writes; ++i) {
    const std::string key = AnyKey();
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
        overlay.Delete(Family::kState, key);
        model.erase(key);
        break;
      case 2: {
        store::WriteBatch batch;
        overlay.Flush(batch);
        RC_ASSERT(store.Commit(batch).ok());
        break;
      }
      default:
        overlay.Put(Family::kState, key, fmt::format("{}", i));
        model.insert_or_assign(key, fmt::format("{}", i));
    }
    const std::string probe = AnyKey();
    const auto found = *overlay.Get(Family::kState, probe);
    RC_ASSERT(found.has_value() == model.contains(probe));
    if (found.has_value()) RC_ASSERT(*found == model.at(probe));
    const std::string begin = AnyKey();
    const std::string end = *rc::gen::arbitrary<bool>() ? "" : AnyKey();
    const size_t most = *rc::gen::inRange<size_t>(1, 12);
    RC_ASSERT(Scanned(overlay, Family::kState, begin, end, most) ==
              Expected(model, begin, end, most));
    RC_ASSERT(Scanned(overlay, Family::kTimers, "", "", 9).empty());
  }
  store::WriteBatch batch;
  overlay.Flush(batch);
  RC_ASSERT(store.Commit(batch).ok());
  Rows stored;
  (void)store.Scan(Family::kState, "", "", [&](std::string_view key, std::string_view value) {
    stored.emplace(key, value);
    return true;
  });
  RC_ASSERT(stored == model);
}

// The running hash is that of the rows as they stand, whatever was put over or deleted.
RC_GTEST_PROP(Overlay, KeepsTheHashOfTheRowsItWrites, ()) {
  store::InMemoryStore store;
  state::StateHash hash;
  Overlay overlay(store, hash);
  const int writes = *rc::gen::inRange(0, 60);
  for (int i = 0; i < writes; ++i) {
    const std::string key = AnyKey();
    if (*rc::gen::inRange(0, 3) == 0) {
      RC_ASSERT(overlay.DeleteHashed("t", state::Element::kAudit, Family::kState, key).ok());
    } else {
      const std::string value = *rc::gen::element<std::string>("x", "y", "z");
      RC_ASSERT(overlay.PutHashed("t", state::Element::kAudit, Family::kState, key, value).ok());
    }
    if (*rc::gen::inRange(0, 5) == 0) {
      store::WriteBatch batch;
      overlay.Flush(batch);
      RC_ASSERT(store.Commit(batch).ok());
    }
  }
  state::StateHash rows;
  for (const auto& [key, value] : Scanned(overlay, Family::kState, "", "", 10'000)) {
    rows.Add(state::Element::kAudit, "t", key, value);
  }
  RC_ASSERT(rows == hash);
}

TEST(Overlay, ForgetsWhatWasWrittenBeforeAKey) {
  store::InMemoryStore store;
  state::StateHash hash;
  Overlay overlay(store, hash);
  overlay.Put(Family::kTimers, "a", "1");
  overlay.Put(Family::kTimers, "b", "1");
  overlay.Put(Family::kState, "a", "1");
  overlay.ForgetBefore(Family::kTimers, "b");
  EXPECT_FALSE(overlay.Get(Family::kTimers, "a")->has_value());
  EXPECT_TRUE(overlay.Get(Family::kTimers, "b")->has_value());
  EXPECT_TRUE(overlay.Get(Family::kState, "a")->has_value());
}

TEST(Overlay, AScanStopsWhenItHasBeenToldTo) {
  store::InMemoryStore store;
  store::WriteBatch batch;
  batch.Put(Family::kState, "b", "stored");
  ASSERT_TRUE(store.Commit(batch).ok());
  state::StateHash hash;
  Overlay overlay(store, hash);
  overlay.Put(Family::kState, "a", "written");
  overlay.Put(Family::kState, "c", "written");
  for (const int most : {1, 2, 3}) {
    int visits = 0;
    ASSERT_TRUE(
        overlay.Scan(Family::kState, "", "", [&](auto, auto) { return ++visits < most; }).ok());
    EXPECT_EQ(most, visits);
  }
}

}  // namespace
}  // namespace spotter::engine
