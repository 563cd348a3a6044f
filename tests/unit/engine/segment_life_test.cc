// SPDX-License-Identifier: Apache-2.0
//
// Segments come, change and go: etags, deletion, limits, counts, transitions and what is kept of
// them.
#include <gtest/gtest.h>

#include "base/codec.h"
#include "engine/options.h"
#include "engine/shard.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const EventTime kStart = *ParseTime("2026-03-02T12:00:00Z");
const std::string kTenant = "studio";
constexpr char kWhoVisited[] = "events('visit').within(days(2)).exists()";

class SegmentLife : public testing::Test {
 protected:
  SegmentLife() : shard_(*Shard::Open(store_, {})) {
    model::TenantSettings settings;
    settings.id = model::TenantId(kTenant);
    settings.suppression_key = std::string(32, 'k');
    Ask(model::PutTenant{settings});
  }
  ~SegmentLife() override { EXPECT_EQ(*state::HashByScan(store_), shard_->state_hash()); }

  Effects Append(const model::LogRecord& record) {
    const log::Record one{
        .offset = shard_->next_offset(), .append_time = now_, .payload = wire::Encode(record)};
    StatusOr<Effects> effects = shard_->ApplyBatch({&one, 1});
    EXPECT_TRUE(effects.ok()) << effects.status();
    return *std::move(effects);
  }
  state::Answer Ask(decltype(model::Command::what) what) {
    const Effects effects =
        Append(model::Command{.request_id = fmt::format("r{}", shard_->next_offset()),
                              .tenant = model::TenantId(kTenant),
                              .principal = "test",
                              .what = std::move(what)});
    return effects.answers.front().answer;
  }
  state::Answer Put(const std::string& id, const std::string& expression,
                    const std::string& etag = "") {
    return Ask(model::PutSegment{{.id = id, .title = "", .expression = expression}, etag});
  }
  state::Answer Delete(const std::string& id, const std::string& etag = "") {
    return Ask(model::DeleteSegment{id, etag});
  }
  void Visit(const std::string& customer) {
    model::MemberEvent event;
    event.tenant = model::TenantId(kTenant);
    event.source = "square";
    event.source_event_id = fmt::format("e{}", shard_->next_offset());
    event.kind = model::EventKind::attendance;
    event.attributes.Set(model::AttributeId::status, std::string("completed"));
    event.event_time = now_;
    event.customer_id = customer;
    event.entity = {.type = "attendance", .id = event.source_event_id};
    Append(event);
  }
  void Work(uint32_t budget = 1000) {
    for (int i = 0; i < 100 && shard_->has_work(); ++i) Append(model::Work{.budget = budget});
  }
  // A tick each minute would take long: two each, as a jump wants to be confirmed.
  void PassTo(EventTime time) {
    now_ = time;
    for (int i = 0; i < 3 || shard_->has_due(); ++i) Append(model::Tick{});
  }
  std::vector<std::string> Rows(state::Table table) const {
    std::vector<std::string> rows;
    const std::string prefix = state::TablePrefix(kTenant, table);
    EXPECT_TRUE(store_
                    .Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                          [&](std::string_view, std::string_view row) {
                            rows.emplace_back(row);
                            return true;
                          })
                    .ok());
    return rows;
  }
  // "+vip LIVE 1" in order.
  std::vector<std::string> Transitions() const {
    std::vector<std::string> lines;
    for (const std::string& row : Rows(state::Table::kTransition)) {
      const state::TransitionRow one = *state::DecodeTransitionRow(row);
      lines.push_back(fmt::format("{}{} {} {}", one.entered ? '+' : '-', one.segment,
                                  NameOf(one.cause), one.members));
    }
    return lines;
  }
  std::optional<state::SegmentCount> Count(const std::string& segment) const {
    const auto row = *store_.Get(store::Family::kState,
                                 state::Key(kTenant, state::Table::kSegmentCount, segment));
    if (!row.has_value()) return std::nullopt;
    return *state::DecodeSegmentCount(*row);
  }
  state::TenantProgress Progress() const {
    return *state::DecodeTenantProgress(
        **store_.Get(store::Family::kState, state::Key(kTenant, state::Table::kProgress, "")));
  }

  store::InMemoryStore store_;
  std::unique_ptr<Shard> shard_;
  EventTime now_ = kStart;
};

using Lines = std::vector<std::string>;

TEST_F(SegmentLife, OfTwoWhoEditOneSegmentTheSecondIsTold) {
  const std::string first = Put("vip", "true", "0").result;
  EXPECT_EQ("1", first);
  // Ann and Ben have both read etag 1.
  EXPECT_EQ("2", Put("vip", "false", first).result);
  const state::Answer ben = Put("vip", "events('visit').exists()", first);
  EXPECT_EQ(static_cast<int>(StatusCode::kAborted), ben.code);
  EXPECT_EQ(
      "segment 'vip' has etag '2', the change was made from etag '1': somebody changed it "
      "meanwhile; read it again",
      ben.message);
  EXPECT_EQ(static_cast<int>(StatusCode::kAborted), Delete("vip", first).code);
  EXPECT_EQ(static_cast<int>(StatusCode::kAborted), Put("vip", "true", "0").code);
  EXPECT_EQ(static_cast<int>(StatusCode::kAborted), Put("other", "true", "2").code);
  EXPECT_EQ(static_cast<int>(StatusCode::kOk), Delete("vip", "2").code);
  // What is made again is another one, though it says the same.
  EXPECT_EQ("4", Put("vip", "true").result);
}

TEST_F(SegmentLife, MembersOfADeletedSegmentLeaveItInBoundedWork) {
  for (int i = 0; i < 10; ++i) Visit(fmt::format("c{}", i));
  Put("vip", kWhoVisited);
  Work();
  ASSERT_EQ(10, Count("vip")->members);
  ASSERT_EQ(static_cast<int>(StatusCode::kOk), Delete("vip").code);
  EXPECT_EQ(10, Count("vip")->members);  // their rows still say so
  Append(model::Work{.budget = 4});
  EXPECT_EQ(6, Count("vip")->members);
  Work(4);
  EXPECT_EQ(std::nullopt, Count("vip"));
  EXPECT_EQ(20U, Transitions().size());
  EXPECT_EQ("-vip DEFINITION 0", Transitions().back());
  for (const std::string& row : Rows(state::Table::kProfile)) {
    EXPECT_TRUE(state::DecodeProfile(row)->memberships.empty());
  }
}

TEST_F(SegmentLife, OneThatComesBackBeforeItsMembersHaveLeftCountsThemOnce) {
  for (int i = 0; i < 6; ++i) Visit(fmt::format("c{}", i));
  Put("vip", kWhoVisited);
  Work();
  Delete("vip");
  Append(model::Work{.budget = 2});  // two have left
  Put("vip", "events('visit').exists()");
  Work();
  EXPECT_EQ(6, Count("vip")->members);
  EXPECT_EQ(6U + 2U + 2U, Transitions().size());
}

TEST_F(SegmentLife, AMemberWhoEntersAndLeavesIsCountedDayByDay) {
  Put("vip", kWhoVisited);
  Visit("c1");
  PassTo(kStart + Days(1));
  Visit("c2");
  PassTo(kStart + Days(5));
  EXPECT_EQ((Lines{"+vip LIVE 1", "+vip LIVE 2", "-vip TIME 1", "-vip TIME 0"}), Transitions());
  std::vector<int64_t> days;
  for (const std::string& row : Rows(state::Table::kSegmentDay)) {
    days.push_back(state::DecodeSegmentCount(row)->members);
  }
  // Both windows were closed when the shard next looked, on the fifth day.
  EXPECT_EQ((std::vector<int64_t>{1, 2}), days);
  EXPECT_EQ(2, Count("vip")->before);
}

TEST_F(SegmentLife, AMergedProfileLeavesWhatItWasIn) {
  Put("vip", kWhoVisited);
  Visit("c1");
  Visit("c2");
  const auto id = [](const std::string& customer) {
    return model::MakeProfileId(model::TenantId(kTenant), model::MakeRecordKey("square", customer),
                                0);
  };
  Ask(model::MergeProfiles{id("c1"), id("c2"), "same person"});
  EXPECT_EQ((Lines{"+vip LIVE 1", "+vip LIVE 2", "-vip MERGE 1"}), Transitions());
  EXPECT_EQ(1, Count("vip")->members);
}

TEST_F(SegmentLife, TransitionsAndDailyCountsLeaveTheState) {
  Put("vip", kWhoVisited);
  Visit("c1");
  EXPECT_EQ(0, Progress().transitions_from);
  const int64_t entered_at = shard_->next_offset() - 1;
  PassTo(kStart + kTransitionKeep);
  EXPECT_EQ((Lines{"-vip TIME 0"}), Transitions());
  EXPECT_EQ(entered_at + 1, Progress().transitions_from);
  EXPECT_EQ(1U, Rows(state::Table::kSegmentDay).size());
  PassTo(kStart + kHistoryKeep + Days(1));
  EXPECT_EQ(0U, Rows(state::Table::kSegmentDay).size());
}

TEST_F(SegmentLife, WorkSaysHowFarItIs) {
  for (int i = 0; i < 10; ++i) Visit(fmt::format("c{}", i));
  Put("vip", kWhoVisited);
  Append(model::Work{.budget = 4});
  EXPECT_EQ(4U, Progress().work_done);
  EXPECT_EQ(0U, Progress().work_revision);
  EXPECT_EQ(6U, shard_->counters().members_undecided);
  Work();
  EXPECT_EQ(Progress().definitions, Progress().work_revision);
  EXPECT_EQ(0U, shard_->counters().members_undecided);
}

// mission: E1
TEST_F(SegmentLife, AThousandSegmentsWorkAndOneMoreIsRefused) {
  for (size_t i = 0; i < kSegmentsMax; ++i) {
    Put(fmt::format("s{}", i), fmt::format("events('visit').count() >= {}", i + 1));
  }
  const state::Answer refused = Put("one-more", "true");
  EXPECT_EQ(static_cast<int>(StatusCode::kResourceExhausted), refused.code);
  EXPECT_EQ(
      "segment 'one-more': the tenant has 1000 segments, which is the most there may be; delete "
      "one that nobody reads",
      refused.message);
  Visit("c1");
  EXPECT_EQ(1, Count("s0")->members);
  EXPECT_EQ(0, Count("s1")->members);
  EXPECT_EQ("1001", Put("s1", "true").result);  // a change needs no room
}

// A state that a version left which kept no counts.
TEST_F(SegmentLife, CountsOfAnEarlierStateAreThoseOfItsMemberships) {
  Put("vip", kWhoVisited);
  Put("empty", "false");
  Visit("c1");
  Visit("c2");
  state::TenantProgress progress = Progress();
  progress.counts_members = false;
  store::WriteBatch batch;
  batch.Put(store::Family::kState, state::Key(kTenant, state::Table::kProgress, ""),
            state::EncodeRow(progress));
  for (const std::string id : {"vip", "empty"}) {
    batch.Delete(store::Family::kState, state::Key(kTenant, state::Table::kSegmentCount, id));
  }
  ASSERT_TRUE(shard_->Close().ok());
  ASSERT_TRUE(store_.Commit(batch).ok());
  state::Meta meta = *state::ReadMeta(store_);
  meta.hash = *state::HashByScan(store_);
  batch.Clear();
  batch.Put(store::Family::kState, state::MetaKey(), state::EncodeRow(meta));
  ASSERT_TRUE(store_.Commit(batch).ok());
  shard_ = *Shard::Open(store_, {});
  Append(model::Tick{});
  EXPECT_EQ(2, Count("vip")->members);
  EXPECT_EQ(0, Count("empty")->members);
  EXPECT_EQ(meta.next_offset, Progress().transitions_from);
}

// Of a hundred segments an event asks those that read what it touches, also by another segment;
// time asks all.
TEST_F(SegmentLife, AnEventAsksOnlyWhatItTouches) {
  for (int i = 0; i < 95; ++i) {
    Put(fmt::format("other-{}", i), fmt::format("events('purchase').count() > {}", i));
  }
  for (int i = 0; i < 4; ++i) {
    Put(fmt::format("seen-{}", i), fmt::format("events('visit').count() > {}", i));
  }
  Put("whoever-came", "segment('seen-0') && member.plan != 'trial'");
  Visit("ann");  // new: everything
  uint64_t before = shard_->counters().rules_asked;
  Visit("ann");
  EXPECT_EQ(shard_->counters().rules_asked - before, 5);
  Put("here-lately", kWhoVisited);
  Work();
  before = shard_->counters().rules_asked;
  PassTo(kStart + Days(2));
  EXPECT_EQ(shard_->counters().rules_asked - before, 101);
}

// mission: X33
TEST_F(SegmentLife, WhatMayNotBeInstalledIsRefused) {
  EXPECT_EQ(
      Put("restless", "now.getSeconds() == 0").message,
      "segment 'restless': time may wake a member 86400 times a day, at most 2880 are allowed "
      "at 1:5; compare times instead of their texts or seconds");
  EXPECT_NE(Put("tested", "events('assessment').exists()").code, 0);
  model::SegmentDefinition served{.id = "tested", .expression = "member.plan == 'a'"};
  served.purpose = "service";
  EXPECT_EQ(Ask(model::PutSegment{served}).code, 0);
  EXPECT_EQ(Put("reader", "segment('tested')").code, 0);
  served.expression = "events('assessment').exists()";
  const state::Answer refused = Ask(model::PutSegment{served});  // "reader" is for marketing
  EXPECT_NE(refused.message.find("segment 'reader': events('assessment'), which"),
            std::string::npos)
      << refused.message;
  EXPECT_EQ(Put("reader", "consent('email', 'health') == 'granted' && segment('tested')").code, 0);
  EXPECT_EQ(Ask(model::PutSegment{served}).code, 0);
}

}  // namespace
}  // namespace spotter::engine
