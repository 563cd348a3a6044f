// SPDX-License-Identifier: Apache-2.0
//
// A tenant moves between two shards: what arrives equals what left, whatever is repeated, lost from
// memory or appended too late on the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/queries.h"
#include "engine/shard.h"
#include "engine/tenant_mover.h"
#include "log/in_memory_log.h"
#include "state/keys.h"
#include "state/tenant_rows.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using state::MoveState;

const model::TenantId kAna{"ana"};
const model::TenantId kBob{"bob"};
const EventTime kStart = *ParseTime("2026-03-02T12:00:00Z");

model::JourneyDefinition Journey(std::string id, std::string entry,
                                 std::vector<model::Step> steps) {
  model::JourneyDefinition journey;
  journey.id = std::move(id);
  journey.state = model::JourneyState::kLive;
  journey.purpose = "transactional";
  journey.entry_when = std::move(entry);
  journey.steps = std::move(steps);
  return journey;
}
const model::Step kHello{
    .id = "hello",
    .what = model::SendStep{
        .channel = model::Channel::kSms, .template_id = "hello", .expires_after = Days(10)}};

// A shard with its log, and who owns it.
struct Side {
  explicit Side(const Clock& clock) : log(clock) { Open(); }
  void Open() {
    shard.reset();
    shard = *Shard::Open(store, {});
  }
  // Returns what left the shard.
  std::vector<Effects> ApplyAll(size_t batch = 16) {
    std::vector<Effects> all;
    while (shard->next_offset() < log.end()) {
      std::vector<log::Record> records;
      EXPECT_TRUE(log.Read(shard->next_offset(), batch, 1 << 30, records).ok());
      StatusOr<Effects> effects = shard->ApplyBatch(records);
      EXPECT_TRUE(effects.ok()) << effects.status();
      if (!effects.ok()) break;
      all.push_back(*std::move(effects));
    }
    return all;
  }

  store::InMemoryStore store;
  log::InMemoryLog log;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<TenantMover> mover;
};

class TenantMoveTest : public testing::Test {
 protected:
  TenantMoveTest() {
    Put(model::ShardCount{.partitions = 2, .log_topic = "log"});
    for (const model::TenantId& tenant : {kAna, kBob}) {
      Put(model::PlaceTenant{.tenant = tenant, .shard = 0});
      Apply(0, tenant, model::PutTenant{{.id = tenant, .suppression_key = std::string(32, 'k')}});
      Apply(0, tenant,
            model::PutJourney{Journey("welcome", "events('visit').count() == 1", {kHello})});
      Apply(0, tenant,
            model::PutJourney{Journey("late", "events('visit').count() == 2",
                                      {{.id = "wait", .what = model::WaitStep{Days(1)}}, kHello})});
      for (const char* customer : {"c1", "c2", "c3"}) {
        Append(0, Joined(tenant, customer));
        Append(0, Visit(tenant, customer));
      }
      Append(0, Visit(tenant, "c1"));
      Append(0, Refund(tenant));
    }
    for (const int side : {0, 1}) NewMover(side);
    while (sides_[0].shard->has_work()) Append(0, model::Work{});
    // An offset that the other shard never saw must not meet one of its own.
    Append(1, model::Tick{});
  }

  void NewMover(int side) {
    sides_[side].mover = std::make_unique<TenantMover>(
        MoverPorts{.shard = side,
                   .store = sides_[side].store,
                   .log = sides_[side].log,
                   .directory = directory_,
                   .log_of = [this](int32_t shard) -> StatusOr<std::shared_ptr<log::Log>> {
                     return std::shared_ptr<log::Log>(std::shared_ptr<void>(), &sides_[shard].log);
                   },
                   .may_act = [this] { return may_act_; },
                   .generation = [this] { return generation_; },
                   .hold = [](const model::TenantId&) { return size_t{0}; },
                   .boot_clock = clock_});
  }
  // What a crash leaves of an owner: its store, at any commit.
  void Restart(int side) {
    sides_[side].Open();
    generation_++;
    NewMover(side);
  }

  void Put(const model::ControlRecord& record) { ASSERT_TRUE(directory_.Append(record).ok()); }
  void Append(int side, const model::LogRecord& record) {
    const std::string payload = wire::Encode(record);
    ASSERT_TRUE(log::AppendDurable(sides_[side].log, payload).ok());
    for (Effects& effects : sides_[side].ApplyAll()) {
      for (CommandAnswer& answer : effects.answers) answers_.push_back(std::move(answer));
    }
  }
  void Apply(int side, const model::TenantId& tenant, decltype(model::Command::what) what) {
    Append(side, model::Command{.request_id = fmt::format("r{}", ++requests_),
                                .tenant = tenant,
                                .principal = "test",
                                .what = std::move(what)});
  }
  model::MemberEvent Event(const model::TenantId& tenant, std::string customer,
                           model::EventKind kind) {
    model::MemberEvent event;
    event.tenant = tenant;
    event.source = "square";
    event.source_event_id = fmt::format("e{}", ++requests_);
    event.kind = kind;
    event.event_time = clock_.Now();
    event.customer_id = std::move(customer);
    return event;
  }
  static std::vector<model::Identifier> Phone(const std::string& customer) {
    const std::string phone = "+1415555010" + customer.substr(1);
    return {{.type = model::IdentifierType::kPhone, .raw = phone, .normalized = phone}};
  }
  model::MemberEvent Joined(const model::TenantId& tenant, const std::string& customer) {
    model::MemberEvent event = Event(tenant, customer, model::EventKind::member_created);
    event.entity = {.type = "member", .id = customer};
    event.identifiers = Phone(customer);
    return event;
  }
  model::MemberEvent Visit(const model::TenantId& tenant, const std::string& customer) {
    model::MemberEvent event = Event(tenant, customer, model::EventKind::attendance);
    event.attributes.Set(model::AttributeId::status, std::string("checked_in"));
    event.identifiers = Phone(customer);
    return event;
  }
  // Waits as an orphan: nobody knows its payment.
  model::MemberEvent Refund(const model::TenantId& tenant) {
    model::MemberEvent event = Event(tenant, "", model::EventKind::refund);
    event.entity = {.type = "refund", .id = "r1"};
    event.attributes.Set(model::AttributeId::payment_id, std::string("p1"));
    return event;
  }

  MoveState StateOf(int side, const model::TenantId& tenant) {
    const auto move = FindMove(sides_[side].store, tenant);
    EXPECT_TRUE(move.ok());
    return move->has_value() ? (*move)->state : MoveState::kHere;
  }
  // Everything of a tenant, as a hash.
  state::StateHash HashOf(int side, const model::TenantId& tenant) {
    state::StateHash hash;
    const auto found =
        *state::ReadTenantRows(sides_[side].store, tenant.value(), "", 1'000'000, 1 << 30);
    for (const state::TenantRow& row : found.rows) {
      hash.Add(*state::HashOfRow(tenant.value(), row.family, row.key, row.value));
    }
    return hash;
  }
  void ExpectHashOfRows() {
    for (Side& side : sides_) {
      const state::StateHash scanned = *state::HashByScan(side.store);
      EXPECT_EQ(state::StateHash::FirstDifference(scanned, side.shard->state_hash()), "");
    }
  }
  // The log alone gives the same state, at another batch size.
  void ExpectReplayEqual() {
    for (Side& side : sides_) {
      for (const size_t batch : {size_t{1}, size_t{7}, size_t{1000}}) {
        store::InMemoryStore store;
        const auto shard = *Shard::Open(store, {});
        while (shard->next_offset() < side.log.end()) {
          std::vector<log::Record> records;
          ASSERT_TRUE(side.log.Read(shard->next_offset(), batch, 1 << 30, records).ok());
          ASSERT_TRUE(shard->ApplyBatch(records).ok());
        }
        EXPECT_EQ(state::StateHash::FirstDifference(shard->state_hash(), side.shard->state_hash()),
                  "");
      }
    }
  }
  // What each owner does by itself, once.
  void Turn() {
    for (const int side : {0, 1}) {
      const Status stepped = sides_[side].mover->Step();
      EXPECT_TRUE(stepped.ok()) << stepped;
      sides_[side].ApplyAll();
      if (sides_[side].shard->has_work()) Append(side, model::Work{.budget = 2});
    }
  }
  void Move(const model::TenantId& tenant, int from, int to) {
    ASSERT_TRUE(sides_[from].mover->Begin(tenant, to).ok());
    Finish(tenant, to);
  }
  void Finish(const model::TenantId& tenant, int to) {
    for (int turn = 0; turn < 100; ++turn) {
      Turn();
      if (!directory_.IsMoving(tenant) && StateOf(1 - to, tenant) == MoveState::kGone) break;
    }
    EXPECT_EQ(directory_.ShardOf(tenant), to);
    while (sides_[to].shard->has_work()) Append(to, model::Work{});
  }
  std::vector<model::OutboxEntry> Outbox(int side, const model::TenantId& tenant) {
    std::vector<model::OutboxEntry> entries;
    EXPECT_TRUE(
        ScanOutbox(sides_[side].store, [&](const model::TenantId& of, model::OutboxEntry entry) {
          if (of == tenant) entries.push_back(std::move(entry));
        }).ok());
    return entries;
  }

  static std::multiset<EventTime> EffectiveTimes(const std::vector<model::OutboxEntry>& entries) {
    std::multiset<EventTime> times;
    for (const model::OutboxEntry& entry : entries) {
      times.insert(std::get<model::Action>(entry.what).proposal.effective_time);
    }
    return times;
  }

  VirtualClock clock_{kStart};
  Side sides_[2] = {Side(clock_), Side(clock_)};
  log::InMemoryLog control_{clock_};
  control::Directory directory_{control_};
  bool may_act_ = true;
  int64_t generation_ = 1;
  int requests_ = 0;
  std::vector<CommandAnswer> answers_;
};

TEST_F(TenantMoveTest, WhatArrivesIsWhatLeft) {
  const std::vector<model::OutboxEntry> before = Outbox(0, kAna);
  ASSERT_EQ(before.size(), 3u);
  const state::StateHash bob = HashOf(0, kBob);
  Move(kAna, 0, 1);
  const auto move = *FindMove(sides_[1].store, kAna);
  EXPECT_EQ(move->state, MoveState::kHere);
  EXPECT_GT(move->rows, 20u);

  const std::vector<model::OutboxEntry> after = Outbox(1, kAna);
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(state::EncodeRow(after[i]), state::EncodeRow(before[i]));
  }
  EXPECT_TRUE(Outbox(0, kAna).empty());
  EXPECT_EQ(HashOf(0, kAna), state::StateHash());
  EXPECT_EQ(HashOf(0, kBob), bob);
  EXPECT_EQ(state::ReadTenants(sides_[0].store)->size(), 1u);
  EXPECT_EQ(ReadProgress(sides_[1].store, kAna)->orphans, 1u);
  ExpectHashOfRows();
  ExpectReplayEqual();
}

// Rows name offsets: what the tenant does in its new shard must not overwrite what it brought.
TEST_F(TenantMoveTest, NumbersGoOnWhereTheyStood) {
  const auto rows = [&](int side, state::Table table) {
    std::vector<std::string> keys;
    const std::string prefix = state::TablePrefix(kAna.value(), table);
    EXPECT_TRUE(sides_[side]
                    .store
                    .Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                          [&](std::string_view key, std::string_view) {
                            keys.emplace_back(key);
                            return true;
                          })
                    .ok());
    return keys;
  };
  Move(kAna, 0, 1);
  const std::vector<std::string> brought = rows(1, state::Table::kAudit);
  ASSERT_LT(sides_[1].shard->next_offset(), sides_[0].shard->next_offset());
  for (int i = 0; i < 40; ++i)
    Apply(1, kAna, model::PutSubscription{{.id = fmt::format("s{}", i)}});
  const std::vector<std::string> now = rows(1, state::Table::kAudit);
  EXPECT_EQ(now.size(), brought.size() + 40);
  EXPECT_TRUE(std::ranges::includes(now, brought));
  ExpectHashOfRows();
}

TEST_F(TenantMoveTest, TimersFireInTheNewShardAtTheirInstant) {
  Move(kAna, 0, 1);
  clock_.AdvanceTo(kStart + Days(1) + Hours(1));
  for (const int side : {0, 1}) {
    Append(side, model::Tick{});
    Append(side, model::Tick{});
  }
  const std::vector<model::OutboxEntry> moved = Outbox(1, kAna);
  const std::vector<model::OutboxEntry> stayed = Outbox(0, kBob);
  ASSERT_EQ(moved.size(), 4u);  // the journey that waited for a day
  ASSERT_EQ(stayed.size(), 4u);
  EXPECT_EQ(EffectiveTimes(moved), EffectiveTimes(stayed));
  ExpectHashOfRows();
}

// A member who was due while the tenant stood still is decided at that instant.
TEST_F(TenantMoveTest, WhatWasDueOnTheWayIsDecidedAtItsInstant) {
  ASSERT_TRUE(sides_[0].mover->Begin(kAna, 1).ok());
  ASSERT_TRUE(sides_[0].mover->Step().ok());
  sides_[0].ApplyAll();
  ASSERT_EQ(StateOf(0, kAna), MoveState::kFrozen);
  clock_.AdvanceTo(kStart + Days(3));
  for (const int side : {0, 1}) {
    Append(side, model::Tick{});
    Append(side, model::Tick{});
  }
  EXPECT_EQ(Outbox(0, kAna).size(), 3u);  // frozen
  Finish(kAna, 1);
  const std::vector<model::OutboxEntry> moved = Outbox(1, kAna);
  ASSERT_EQ(moved.size(), 4u);
  EXPECT_TRUE(EffectiveTimes(moved).contains(kStart + Days(1)));
  ExpectHashOfRows();
  ExpectReplayEqual();
}

TEST_F(TenantMoveTest, ARecordBehindTheFreezeIsAppliedOnceInTheNewShard) {
  ASSERT_TRUE(sides_[0].mover->Begin(kAna, 1).ok());
  ASSERT_TRUE(sides_[0].mover->Step().ok());
  sides_[0].ApplyAll();
  Append(0, Visit(kAna, "c4"));  // by an ingest that has not heard of the move
  answers_.clear();
  Apply(0, kAna, model::PutSubscription{{.id = "late"}});
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].answer.code, static_cast<int>(StatusCode::kUnavailable));
  Finish(kAna, 1);
  Append(0, Visit(kAna, "c5"));  // later still
  for (int turn = 0; turn < 10; ++turn) Turn();
  Restart(0);  // sends again what it cannot know to be sent
  for (int turn = 0; turn < 10; ++turn) Turn();
  // c4 and c5 once, c5 also in the subscription that was created while the tenant stood still.
  EXPECT_EQ(Outbox(1, kAna).size(), 6u);
  EXPECT_EQ((*FindMove(sides_[0].store, kAna))->kept_back, 0u);
  EXPECT_EQ(ListSubscriptions(sides_[1].store, kAna)->size(), 2u);
  EXPECT_EQ(sides_[0].shard->counters().dead_letters, 0u);
  ExpectHashOfRows();
  ExpectReplayEqual();
}

TEST_F(TenantMoveTest, AForwardedRecordThatComesTwiceCountsOnce) {
  Move(kAna, 0, 1);
  const model::Forwarded first{.tenant = kAna,
                               .revision = 1,
                               .from_shard = 0,
                               .offset = 500,
                               .record = wire::Encode(model::LogRecord(Visit(kAna, "c7")))};
  model::Forwarded second = first;
  second.offset = 501;
  second.record = wire::Encode(model::LogRecord(Visit(kAna, "c8")));
  Append(1, second);  // it took the shorter way
  Append(1, first);
  EXPECT_EQ(Outbox(1, kAna).size(), 5u);
  const state::StateHash hash = sides_[1].shard->state_hash();
  Append(1, first);
  Append(1, second);
  EXPECT_EQ(sides_[1].shard->state_hash(), hash);
}

// Whatever step both owners lose their memory behind, and whatever they then do again.
TEST_F(TenantMoveTest, ARestartAfterAnyStepChangesNothing) {
  ASSERT_TRUE(sides_[0].mover->Begin(kAna, 1).ok());
  for (int turn = 0; turn < 60; ++turn) {
    for (const int side : {0, 1}) {
      ASSERT_TRUE(sides_[side].mover->Step().ok());
      Restart(side);
      sides_[side].ApplyAll(1);
      Restart(side);
      if (sides_[side].shard->has_work()) Append(side, model::Work{.budget = 1});
    }
  }
  EXPECT_EQ(directory_.ShardOf(kAna), 1);
  EXPECT_EQ(StateOf(0, kAna), MoveState::kGone);
  EXPECT_EQ(Outbox(1, kAna).size(), 3u);
  ExpectHashOfRows();
  ExpectReplayEqual();
}

TEST_F(TenantMoveTest, ThereAndBackAgain) {
  const std::vector<model::OutboxEntry> before = Outbox(0, kAna);
  Move(kAna, 0, 1);
  Append(1, Visit(kAna, "c4"));
  Move(kAna, 1, 0);
  Append(0, Visit(kAna, "c5"));
  EXPECT_EQ(Outbox(0, kAna).size(), before.size() + 2);
  EXPECT_EQ(StateOf(1, kAna), MoveState::kGone);
  Append(1, Visit(kAna, "c6"));  // to where it lived for a while
  for (int turn = 0; turn < 10; ++turn) Turn();
  EXPECT_EQ(Outbox(0, kAna).size(), before.size() + 3);
  ExpectHashOfRows();
  ExpectReplayEqual();
}

// The one thing that differs in the copy is found, and the tenant goes on where it was.
TEST_F(TenantMoveTest, AWrongCopyIsRefusedAndTheTenantStays) {
  ASSERT_TRUE(sides_[0].mover->Begin(kAna, 1).ok());
  ASSERT_TRUE(sides_[0].mover->Step().ok());
  sides_[0].ApplyAll();
  Append(0, Visit(kAna, "c4"));  // kept back, and applied here after all
  ASSERT_TRUE(sides_[0].mover->Step().ok());
  // The copy is in the log of shard 1, unread: one row of it changes.
  log::InMemoryLog damaged(clock_);
  for (log::Offset at = 0; at < sides_[1].log.end(); ++at) {
    std::vector<log::Record> one;
    ASSERT_TRUE(sides_[1].log.Read(at, 1, 1 << 30, one).ok());
    model::LogRecord record = *wire::DecodeLogRecord(one[0].payload);
    if (auto* import = std::get_if<model::ImportTenant>(&record); import && !import->end) {
      for (model::TenantRow& row : import->rows) {
        if (row.family == static_cast<uint8_t>(store::Family::kOutbox)) row.value.back() ^= 1;
      }
    }
    const std::string payload = wire::Encode(record);
    std::vector<log::Record> as_read = {{at, one[0].append_time, payload}};
    if (at >= sides_[1].shard->next_offset()) {
      ASSERT_TRUE(sides_[1].shard->ApplyBatch(as_read).ok());
    }
  }
  EXPECT_EQ(StateOf(1, kAna), MoveState::kRefused);
  for (int turn = 0; turn < 30; ++turn) Turn();
  EXPECT_EQ(directory_.ShardOf(kAna), 0);
  EXPECT_FALSE(directory_.IsMoving(kAna));
  EXPECT_NE(
      directory_.PlacedAt(kAna)->note.find("another state hash than what left, table 'outbox'"),
      std::string::npos)
      << directory_.PlacedAt(kAna)->note;
  EXPECT_EQ(StateOf(0, kAna), MoveState::kHere);
  EXPECT_EQ(StateOf(1, kAna), MoveState::kGone);
  EXPECT_EQ(Outbox(0, kAna).size(), 4u);
  EXPECT_EQ((*FindMove(sides_[0].store, kAna))->kept_back, 0u);
  ExpectHashOfRows();
  Move(kAna, 0, 1);
  EXPECT_EQ(Outbox(1, kAna).size(), 4u);
}

TEST_F(TenantMoveTest, WhatIsLeftOverFromBeforeRefusesTheTenant) {
  Move(kAna, 0, 1);
  // Back at once, while nothing was dropped yet, can only be meant by a directory that was wrong.
  Append(0, Visit(kAna, "c4"));
  ASSERT_EQ((*FindMove(sides_[0].store, kAna))->kept_back, 1u);
  ASSERT_TRUE(sides_[1].mover->Begin(kAna, 0).ok());
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(sides_[1].mover->Step().ok());
    sides_[1].ApplyAll();
  }
  sides_[0].ApplyAll();
  for (int turn = 0; turn < 30; ++turn) Turn();
  EXPECT_EQ(directory_.ShardOf(kAna), 1);
  EXPECT_NE(directory_.PlacedAt(kAna)->note.find("try again in a few seconds"), std::string::npos);
  EXPECT_EQ(Outbox(1, kAna).size(), 4u);
  ExpectHashOfRows();
}

TEST_F(TenantMoveTest, LateRecordsOfAnOlderOwnerChangeNothing) {
  Move(kAna, 0, 1);
  Move(kAna, 1, 0);
  const state::StateHash here = sides_[0].shard->state_hash();
  const state::StateHash there = sides_[1].shard->state_hash();
  Append(0, model::FreezeTenant{kAna, 1, 1});
  Append(0, model::DropTenant{kAna, 1});
  Append(0, model::ThawTenant{kAna, 1});
  Append(1, model::ImportTenant{.tenant = kAna, .revision = 1, .from_shard = 0, .attempt = 99});
  Append(1, model::FreezeTenant{kAna, 3, 0});
  Append(1, model::DropTenant{kAna, 1});
  EXPECT_EQ(sides_[0].shard->state_hash(), here);
  EXPECT_EQ(sides_[1].shard->state_hash(), there);
  Put(model::PlaceTenant{.tenant = kAna, .shard = 1, .revision = 2});  // settled, of the first move
  EXPECT_EQ(directory_.ShardOf(kAna), 0);
}

TEST_F(TenantMoveTest, WhatIsUnderWayIsCounted) {
  const auto count = [this](int side) { return *ReadMovesUnderWay(sides_[side].store); };
  const auto tenants = [this](int side) { return ListTenants(sides_[side].store)->size(); };
  EXPECT_EQ(count(0).frozen_since, EventTime());
  ASSERT_TRUE(sides_[0].mover->Begin(kAna, 1).ok());
  EXPECT_TRUE(sides_[0].mover->Step().ok());
  sides_[0].ApplyAll();
  EXPECT_EQ(count(0).leaving, 1u);
  EXPECT_EQ(count(0).frozen_since, sides_[0].shard->shard_time());
  Append(0, Visit(kAna, "c4"));  // of an ingest with an old view
  EXPECT_EQ(count(0).kept_back, 1u);
  EXPECT_TRUE(sides_[0].mover->Step().ok());  // the copy
  std::vector<log::Record> records;           // and its first part is read
  ASSERT_TRUE(sides_[1].log.Read(sides_[1].shard->next_offset(), 1, 1 << 30, records).ok());
  ASSERT_TRUE(sides_[1].shard->ApplyBatch(records).ok());
  EXPECT_EQ(count(1).arriving, 1u);
  EXPECT_EQ(tenants(0) + tenants(1), 2u);
  while (StateOf(0, kAna) != MoveState::kDropping) {
    sides_[1].ApplyAll();
    for (const int side : {1, 0}) EXPECT_TRUE(sides_[side].mover->Step().ok());
    sides_[0].ApplyAll();
  }
  EXPECT_EQ(tenants(0) + tenants(1), 2u) << "a tenant whose rows are dropped is listed elsewhere";
  Finish(kAna, 1);
  EXPECT_EQ(count(0).leaving, 0u);
  EXPECT_EQ(count(0).kept_back, 0u);
  EXPECT_EQ(count(1).arriving, 0u);
}

// An owner that was paused within Begin wakes and appends its placement, of the same number and to
// another shard, behind that of the owner after it.
TEST_F(TenantMoveTest, APlacementOfAnOlderOwnerTurnsNoMoveAround) {
  const auto begun = sides_[0].mover->Begin(kAna, 1);
  ASSERT_TRUE(begun.ok()) << begun.status();
  Turn();
  ASSERT_EQ(StateOf(0, kAna), MoveState::kFrozen);
  model::PlaceTenant late = *begun;
  late.to_shard = 5;
  Put(late);
  Finish(kAna, 1);
  EXPECT_EQ(StateOf(1, kAna), MoveState::kHere);
  EXPECT_EQ(StateOf(0, kAna), MoveState::kGone);
  ExpectReplayEqual();
}

TEST_F(TenantMoveTest, WhatCannotBeMovedIsSaid) {
  const auto message = [&](const model::TenantId& tenant, int to) {
    return std::string(MessageOf(sides_[0].mover->Begin(tenant, to).status()));
  };
  EXPECT_EQ(message(kAna, 2), "shard 2: there are 2, from 0");
  EXPECT_EQ(message(kAna, -1), "shard -1: there are 2, from 0");
  EXPECT_EQ(message(kAna, 0), "tenant 'ana' lives on shard 0 already");
  EXPECT_EQ(message(model::TenantId("eve"), 1), "tenant 'eve' is not known");
  EXPECT_EQ(message(kAna, 1), "");
  EXPECT_EQ(message(kAna, 1), "tenant 'ana' is on its way from shard 0 to shard 1 already");
}

}  // namespace
}  // namespace spotter::engine
