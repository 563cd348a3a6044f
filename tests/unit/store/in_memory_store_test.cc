// SPDX-License-Identifier: Apache-2.0
#include "store/in_memory_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace spotter::store {
namespace {

std::string RowsOf(const Reader& store, std::string_view begin = "", std::string_view end = "") {
  std::string rows;
  EXPECT_TRUE(store
                  .Scan(Family::kState, begin, end,
                        [&](std::string_view key, std::string_view value) {
                          rows += fmt::format("{}={} ", key, value);
                          return true;
                        })
                  .ok());
  return rows;
}

void Put(Store& store, std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.Put(Family::kState, key, value);
  ASSERT_TRUE(store.Commit(batch).ok());
}

TEST(InMemoryStore, AppliesABatchInOrder) {
  InMemoryStore store;
  WriteBatch batch;
  batch.Put(Family::kState, "a", "1");
  batch.Put(Family::kState, "b", "1");
  batch.DeleteRange(Family::kState, "a", "c");
  batch.Put(Family::kState, "a", "2");
  batch.Put(Family::kState, "c", "1");
  batch.Delete(Family::kState, "c");
  batch.Put(Family::kTimers, "a", "3");
  ASSERT_TRUE(store.Commit(batch).ok());
  EXPECT_EQ(RowsOf(store), "a=2 ");
  EXPECT_EQ(**store.Get(Family::kTimers, "a"), "3");
  EXPECT_FALSE(store.Get(Family::kOutbox, "a")->has_value());
}

TEST(InMemoryStore, AViewShowsTheStoreAsItWas) {
  InMemoryStore store;
  Put(store, "a", "1");
  const auto view = *store.View();
  Put(store, "a", "2");
  Put(store, "b", "1");
  EXPECT_EQ(RowsOf(*view), "a=1 ");
  EXPECT_EQ(**view->Get(Family::kState, "a"), "1");
  EXPECT_EQ(RowsOf(store), "a=2 b=1 ");
}

TEST(InMemoryStore, ScansARange) {
  InMemoryStore store;
  for (const std::string_view key : {"a", "b", "c", "d"}) Put(store, key, "1");
  EXPECT_EQ(RowsOf(store, "b", "d"), "b=1 c=1 ");
  EXPECT_EQ(RowsOf(store, "c", ""), "c=1 d=1 ");
  int visited = 0;
  const auto stop_at_once = [&](std::string_view, std::string_view) {
    ++visited;
    return false;
  };
  EXPECT_TRUE(store.Scan(Family::kState, "", "", stop_at_once).ok());
  EXPECT_EQ(visited, 1);
}

TEST(InMemoryStore, KeepsAPrefixOfTheUnsyncedAtACrash) {
  InMemoryStore store;
  Put(store, "a", "1");
  ASSERT_TRUE(store.Sync().ok());
  Put(store, "a", "2");
  Put(store, "b", "2");
  Put(store, "c", "2");
  EXPECT_EQ(store.unsynced(), 3u);
  store.LoseUnsynced(2);
  EXPECT_EQ(RowsOf(store), "a=2 b=2 ");
  store.LoseUnsynced(0);  // what survived the first crash is durable
  EXPECT_EQ(RowsOf(store), "a=2 b=2 ");
}

TEST(InMemoryStore, FailsTheCommitItWasToldTo) {
  InMemoryStore store;
  store.FailCommitAfter(2);
  Put(store, "a", "1");
  WriteBatch batch;
  batch.Put(Family::kState, "b", "1");
  EXPECT_EQ(store.Commit(batch).code(), StatusCode::kUnavailable);
  EXPECT_EQ(RowsOf(store), "a=1 ");
  EXPECT_TRUE(store.Commit(batch).ok());
}

TEST(InMemoryStore, HasNothingToCheckpoint) {
  EXPECT_EQ(InMemoryStore().Checkpoint("/nowhere").code(), StatusCode::kFailedPrecondition);
}

TEST(WriteBatch, IgnoresAnEmptyRange) {
  WriteBatch batch;
  batch.DeleteRange(Family::kState, "b", "b");
  batch.DeleteRange(Family::kState, "b", "a");
  batch.DeleteRange(Family::kState, "b", "");
  EXPECT_TRUE(batch.empty());
}

TEST(PrefixEnd, IsTheSmallestKeyAboveThePrefix) {
  using namespace std::string_literals;
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
  EXPECT_EQ(PrefixEnd("\x7f"), "\x80");
  EXPECT_EQ(PrefixEnd("a\0"s), "a\1"s);
}

RC_GTEST_PROP(PrefixEnd, BoundsExactlyTheKeysWithThePrefix, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::element('\0', 'a', '\xfe', '\xff'));
  const std::string prefix = *text;
  const std::string key = *text;
  const std::string end = PrefixEnd(prefix);
  const bool inside = key >= prefix && (end.empty() || key < end);
  RC_ASSERT(inside == key.starts_with(prefix));
}

}  // namespace
}  // namespace spotter::store
