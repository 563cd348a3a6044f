// SPDX-License-Identifier: Apache-2.0
#include "control/view.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "control/key.h"
#include "log/placement.h"
#include "wire/wire.h"

namespace spotter::control {
namespace {

using model::ControlRecord;
using model::TenantId;

View Folded(const std::vector<ControlRecord>& records) {
  View view;
  for (const ControlRecord& record : records) view.Fold(record);
  return view;
}

// Few names and numbers, so that keys meet.
rc::Gen<ControlRecord> AnyRecord() {
  return rc::gen::exec([]() -> ControlRecord {
    const auto number = [](int below) { return *rc::gen::inRange(0, below); };
    const TenantId tenant(fmt::format("t{}", number(3)));
    const std::string text = fmt::format("x{}", number(5));
    switch (number(6)) {
      case 0:
        return model::SkipOffset{number(3), text, number(2), number(3) == 0};
      case 1:
        return model::Barrier{number(3), static_cast<uint32_t>(number(4)), number(2)};
      case 2:
        return model::PlaceTenant{
            tenant, number(4),
            number(2) == 0 ? model::MovePhase::kMoving : model::MovePhase::kSettled, number(3)};
      case 3:
        return model::TenantEntry{.tenant = tenant, .region = text, .sources = {{.name = text}}};
      case 4:
        return model::ShardOwner{number(2), number(5), fmt::format("e{}", number(3)),
                                 number(3) == 0 ? "" : text, number(3) == 0};
      default:
        return model::ShardCount{1 + number(3), text};
    }
  });
}

std::vector<ControlRecord> Compacted(const std::vector<ControlRecord>& records) {
  std::map<std::string, size_t> last;
  for (size_t i = 0; i < records.size(); ++i) last[KeyOf(records[i])] = i;
  std::vector<ControlRecord> kept;
  for (size_t i = 0; i < records.size(); ++i) {
    if (last[KeyOf(records[i])] == i) kept.push_back(records[i]);
  }
  return kept;
}

// mission: E1
RC_GTEST_PROP(View, IsTheSameOfACompactedLog, ()) {
  const auto records = *rc::gen::container<std::vector<ControlRecord>>(AnyRecord());
  const View whole = Folded(records);
  const View compacted = Folded(Compacted(records));
  RC_ASSERT(whole == compacted);
  for (int32_t shard = 0; shard < 2; ++shard) {
    RC_ASSERT(whole.StandbysOf(shard) == compacted.StandbysOf(shard));
  }
}

RC_GTEST_PROP(View, NeverReplacesAnOwnerByALowerGeneration, ()) {
  const auto records = *rc::gen::container<std::vector<ControlRecord>>(AnyRecord());
  View view;
  std::map<int32_t, int64_t> highest;
  for (const ControlRecord& record : records) {
    view.Fold(record);
    const auto* owner = std::get_if<model::ShardOwner>(&record);
    if (owner == nullptr || owner->is_standby) continue;
    int64_t& generation = highest.try_emplace(owner->shard, -1).first->second;
    generation = std::max(generation, owner->generation);
    RC_ASSERT(view.OwnerOf(owner->shard)->generation == generation);
  }
}

TEST(Key, IsOneOfEachThing) {
  const auto key = [](ControlRecord record) {
    EXPECT_EQ(KeyOfPayload(wire::Encode(record)), KeyOf(record));
    return KeyOf(record);
  };
  const TenantId tenant("north");
  EXPECT_EQ(key(model::SkipOffset{7, "poison", 3}), "skip/3/7");
  EXPECT_EQ(key(model::Barrier{9, 2}), "barrier/0/9");
  EXPECT_EQ(key(model::PlaceTenant{tenant, 3}), "place/north");
  EXPECT_EQ(key(model::PlaceTenant{.tenant = tenant, .revision = 5}), "place/north/5");
  EXPECT_EQ(key(model::TenantEntry{.tenant = tenant}), "tenant/north");
  EXPECT_EQ(key(model::ShardOwner{3, 8, "e1"}), "owner/3/8");
  EXPECT_EQ(key(model::ShardOwner{3, 8, "e1", "h:1", true}), "standby/3/e1");
  EXPECT_EQ(key(model::ShardCount{16, "spotter.log"}), "shards");
  EXPECT_EQ(KeyOfPayload("\x9a\x06"), "");
}

TEST(View, PlacesATenantAsKafkaDoesUntilItIsMoved) {
  const TenantId tenant("north");
  View view;
  EXPECT_EQ(view.PlaceOf(tenant).shard, 0);  // embedded: one shard
  view.Fold(model::ShardCount{16, "spotter.log"});
  EXPECT_EQ(view.PlaceOf(tenant).shard, log::ShardOf("north", 16));
  view.Fold(model::PlaceTenant{tenant, 5, model::MovePhase::kMoving});
  EXPECT_EQ(view.PlaceOf(tenant).shard, 5);
  EXPECT_EQ(view.PlaceOf(tenant).move, model::MovePhase::kMoving);
  view.Fold(model::PlaceTenant{tenant, 6, model::MovePhase::kSettled});
  EXPECT_EQ(view.PlaceOf(tenant), (model::PlaceTenant{tenant, 6, model::MovePhase::kSettled}));
}

TEST(View, NamesTheStandbysThatServeAndDoNotOwn) {
  const model::ShardOwner one{0, 0, "one", "h:1", true};
  const model::ShardOwner two{0, 0, "two", "h:2", true};
  View view = Folded({one, two, model::ShardOwner{1, 0, "three", "h:3", true}});
  EXPECT_EQ(view.StandbysOf(0), (std::vector{one, two}));
  EXPECT_EQ(view.OwnerOf(0), nullptr);
  view.Fold(model::ShardOwner{0, 4, "one", "h:1"});
  EXPECT_EQ(view.StandbysOf(0), std::vector{two});
  view.Fold(model::ShardOwner{0, 0, "two", "", true});
  EXPECT_TRUE(view.StandbysOf(0).empty());
}

}  // namespace
}  // namespace spotter::control
