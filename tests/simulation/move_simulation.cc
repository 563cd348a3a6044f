// SPDX-License-Identifier: Apache-2.0
#include "simulation/move_simulation.h"

#include <fmt/format.h>

#include <map>
#include <random>

#include "control/directory.h"
#include "engine/queries.h"
#include "engine/shard.h"
#include "engine/tenant_mover.h"
#include "journey/parse_journey.h"
#include "simulation/planted_ports.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::simulation {
namespace {

using model::TenantId;
using state::MoveState;

constexpr int kShards = 2;
constexpr int kEvents = 40;
constexpr int kMembers = 4;
constexpr int kTurnsMax = 20'000;
const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");
// By then the last wait of a journey is over; no event is late yet, and no action has expired.
const EventTime kEnd = kStart + Hours(20);
const std::vector<TenantId> kTenants = {TenantId("ana"), TenantId("bob")};

constexpr std::string_view kJourney = R"YAML(journey: visits
state: live
purpose: transactional
entry: {when: "events('visit').count() == 2", holdout: {percent: 0, reason: a simulation}}
steps:
  - id: hello
    task: {role: front_desk, kind: call, text: "Call the member"}
  - id: think
    wait: 6h
  - id: again
    task: {role: front_desk, kind: call, text: "Call again"}
)YAML";

void Check(const Status& status) {
  if (!status.ok()) throw std::logic_error(status.ToString());
}

// A log as on Kafka: what was acknowledged is durable; what was not may be there all the same.
class SimulatedLog final : public log::Log {
 public:
  SimulatedLog(log::InMemoryLog& inner, CrashPoint& crash, MovePlant plant)
      : inner_(inner), crash_(crash), plant_(plant) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    const auto record = wire::DecodeLogRecord(payloads.front());
    if (plant_ == MovePlant::kLoseForwarded && record.ok() &&
        std::holds_alternative<model::Forwarded>(*record)) {
      return std::vector<log::Offset>(payloads.size(), inner_.durable_end() - 1);
    }
    crash_.BeforeWrite();
    return inner_.Append(payloads);
  }
  Status WaitDurable(log::Offset) override {
    crash_.BeforeWrite();
    inner_.Sync();
    return OkStatus();
  }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return inner_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return inner_.WaitReadable(from, timeout);
  }
  log::Offset start() const override { return inner_.start(); }
  log::Offset durable_end() const override { return inner_.durable_end(); }
  log::Offset end() const override { return inner_.end(); }
  Status TrimBefore(log::Offset offset) override { return inner_.TrimBefore(offset); }

 private:
  log::InMemoryLog& inner_;
  CrashPoint& crash_;
  const MovePlant plant_;
};

struct Side {
  Side(const Clock& clock, CrashPoint& crash, MovePlant plant)
      : disk_log(clock, false), log(disk_log, crash, plant), store(disk, crash, Plant::kNone) {}
  log::InMemoryLog disk_log;
  SimulatedLog log;
  store::InMemoryStore disk;
  SimulatedStore store;
  std::unique_ptr<engine::Shard> shard;
  std::unique_ptr<engine::TenantMover> mover;
  log::Offset end_at_open = 0;  // an owner acts only once it has applied what was there
  bool may_act() const { return shard->next_offset() >= end_at_open; }
};

class World {
 public:
  explicit World(const MoveOptions& options)
      : options_(options), random_(options.seed), crash_(options.crash_at) {}

  MoveOutcome Run() {
    MakeScript();
    for (Side& side : sides_) Reopen(side);
    for (int turn = 0; !IsDone(); ++turn) {
      if (turn == kTurnsMax) {
        Break("Reliable", fmt::format("not done after {} turns: {}", turn, WhatIsLeft()));
        break;
      }
      try {
        Turn();
      } catch (const Crash&) {
        outcome_.crashed = true;
        Crashed();
      }
    }
    Judge();
    outcome_.writes = crash_.writes();
    return std::move(outcome_);
  }

 private:
  struct Sending {
    TenantId tenant;
    std::string payload;
    bool is_command = false;
  };

  void MakeScript() {
    std::mt19937_64 random(options_.seed);
    for (const TenantId& tenant : kTenants) {
      const auto command = [&](std::string id, decltype(model::Command::what) what) {
        script_.push_back({tenant,
                           wire::Encode(model::LogRecord(model::Command{.request_id = std::move(id),
                                                                        .tenant = tenant,
                                                                        .principal = "simulation",
                                                                        .what = std::move(what)})),
                           true});
      };
      command("create", model::PutTenant{{.id = tenant, .suppression_key = std::string(32, 'k')}});
      StatusOr<model::JourneyDefinition> journey = journey::ParseJourney(kJourney);
      Check(journey.status());
      command("journey", model::PutJourney{*std::move(journey)});
    }
    begins_ = script_.size();
    for (int i = 0; i < kEvents; ++i) {
      model::MemberEvent event;
      event.tenant = kTenants[random() % kTenants.size()];
      event.source = "square";
      event.source_event_id = fmt::format("e{}", i);
      event.kind = model::EventKind::attendance;
      event.event_time = kStart;
      event.entity = {.type = "booking", .id = event.source_event_id};
      event.customer_id = fmt::format("c{}", random() % kMembers);
      event.attributes.Set(model::AttributeId::status, std::string("checked_in"));
      const TenantId tenant = event.tenant;
      script_.push_back({tenant, wire::Encode(model::LogRecord(std::move(event))), false});
    }
    control_disk_.Sync();
    Put(model::ShardCount{.partitions = kShards, .log_topic = "log"});
    for (const TenantId& tenant : kTenants) {
      Put(model::PlaceTenant{.tenant = tenant, .shard = 0});
      views_[tenant] = {0};
    }
  }
  // Before the run, so without a crash.
  void Put(const model::ControlRecord& record) {
    const std::string payload = wire::Encode(record);
    const std::string_view payloads[] = {payload};
    Check(control_disk_.Append(payloads).status());
    control_disk_.Sync();
    Check(directory_->Poll());
  }

  void Reopen(Side& side) {
    const int number = &side == &sides_[0] ? 0 : 1;
    while (true) {
      try {
        side.mover.reset();
        side.shard.reset();
        side.shard = *engine::Shard::Open(side.store, {});
        break;
      } catch (const Crash&) {
        outcome_.crashed = true;
        LoseUnsynced(side);
      }
    }
    generations_[number]++;
    side.end_at_open = side.disk_log.durable_end();
    side.mover = std::make_unique<engine::TenantMover>(engine::MoverPorts{
        .shard = number,
        .store = side.disk,
        .log = side.log,
        .directory = *directory_,
        .log_of = [this](int32_t shard) -> StatusOr<std::shared_ptr<log::Log>> {
          return std::shared_ptr<log::Log>(std::shared_ptr<void>(), &sides_[shard].log);
        },
        .may_act = [&side] { return side.may_act(); },
        .generation = [this, number] { return generations_[number]; },
        .hold = [](const TenantId&) { return size_t{0}; },
        .boot_clock = clock_});
  }
  void LoseUnsynced(Side& side) { side.disk.LoseUnsynced(random_() % (side.disk.unsynced() + 1)); }

  // One process dies, or both; what no broker acknowledged is there or is not.
  void Crashed() {
    for (log::InMemoryLog* log : {&sides_[0].disk_log, &sides_[1].disk_log, &control_disk_}) {
      const auto unsynced = static_cast<uint64_t>(log->end() - log->durable_end());
      log->LoseUnsynced(random_() % (unsynced + 1));
      log->Sync();
    }
    directory_ = std::make_unique<control::Directory>(control_log_);
    Check(directory_->Poll());
    const uint64_t who = random_() % 3;
    for (int number = 0; number < kShards; ++number) {
      if (who != 2 && who != static_cast<uint64_t>(number)) {
        // The other lives on, with a mover that knows the new directory object.
        Reopen(sides_[number]);
        continue;
      }
      LoseUnsynced(sides_[number]);
      Reopen(sides_[number]);
    }
  }

  void Turn() {
    Side& side = sides_[random_() % kShards];
    switch (random_() % 8) {
      case 0:
        return Publish();
      case 1:
      case 2:
        return Check(side.mover->Step());
      case 3:
      case 4:
        return ApplySome(side);
      case 5:
        if (random_() % 4 == 0) Check(side.store.Sync());
        return Pass(side);
      case 6:
        return Deliver(side);
      default:
        if (options_.moves && next_ > begins_ && random_() % 4 == 0) Move();
    }
  }

  void Append(Side& side, const std::string& payload) {
    Check(log::AppendDurable(side.log, payload).status());
  }

  // A publisher that was told so takes it for sent; one that was not sends it again. It may have
  // an old view of where the tenant is, but none that is older than its home.
  void Publish() {
    if (next_ >= script_.size()) return;
    const Sending& sending = script_[next_];
    std::vector<int32_t>& known = views_[sending.tenant];
    const int32_t home = directory_->ShardOf(sending.tenant);
    if (home != known.back()) known.push_back(home);
    int32_t shard = home;
    if (next_ >= begins_) {
      const bool is_stale = random_() % 4 == 0;
      if (is_stale) shard = known[random_() % known.size()];
      if (!is_stale && directory_->IsMoving(sending.tenant)) return;
      if (shard != home) outcome_.forwarded++;
    }
    Append(sides_[shard], sending.payload);
    next_++;
    if (clock_.Now() < kStart + Hours(12)) {
      clock_.AdvanceTo(clock_.Now() + Minutes(static_cast<int64_t>(random_() % 20)));
    }
  }

  void Move() {
    const TenantId& tenant = kTenants[random_() % kTenants.size()];
    const int32_t from = directory_->ShardOf(tenant);
    if (directory_->IsMoving(tenant)) return;
    const auto begun = sides_[from].mover->Begin(tenant, 1 - from);
    if (begun.status().code() == StatusCode::kFailedPrecondition) return;
    if (begun.status().code() == StatusCode::kNotFound) return;     // it is not applied yet
    if (begun.status().code() == StatusCode::kUnavailable) return;  // nor is the rest
    Check(begun.status());
  }

  void ApplySome(Side& side) {
    std::vector<log::Record> records;
    Check(side.log.Read(side.shard->next_offset(), 1 + random_() % 9, 1 << 20, records));
    if (records.empty()) return;
    StatusOr<engine::Effects> effects = side.shard->ApplyBatch(records);
    Check(effects.status());
    for (const engine::CommandAnswer& answer : effects->answers) {
      const auto waiting = acks_.find({answer.tenant, answer.request_id});
      if (waiting == acks_.end() || answer.answer.code != 0) continue;
      if (answer.answer.result == "1" || answer.answer.result == "0")
        acked_.insert(waiting->second);
    }
  }

  // Time: the owner's ticks and work.
  void Pass(Side& side) {
    if (side.shard->has_work()) return Append(side, wire::Encode(model::LogRecord(model::Work{3})));
    if (clock_.Now() < kEnd) {
      clock_.AdvanceTo(clock_.Now() + Minutes(static_cast<int64_t>(random_() % 30)));
    }
    Append(side, wire::Encode(model::LogRecord(model::Tick{})));
  }

  bool Serves(Side& side, const TenantId& tenant) {
    if (!side.may_act()) return false;
    if (options_.plant == MovePlant::kOldShardDelivers) return true;
    if (&sides_[directory_->ShardOf(tenant)] != &side) return false;
    const auto move = engine::FindMove(side.disk, tenant);
    Check(move.status());
    return !move->has_value() || (*move)->state == MoveState::kHere;
  }

  // A subscriber gets the first entry of a member, and most times acknowledges it.
  void Deliver(Side& side) {
    const TenantId& tenant = kTenants[random_() % kTenants.size()];
    if (!Serves(side, tenant)) return;
    std::vector<model::OutboxEntry> waiting;
    std::set<model::ProfileId> seen;
    Check(engine::ScanOutboxOf(side.disk, tenant, [&](model::OutboxEntry entry) {
      if (seen.insert(entry.profile).second) waiting.push_back(std::move(entry));
    }));
    if (waiting.empty()) return;
    const model::OutboxEntry& entry = waiting[random_() % waiting.size()];
    const Place place{tenant, entry.profile, entry.sequence};
    const auto* action = std::get_if<model::Action>(&entry.what);
    const std::string id = action == nullptr ? "void" : model::ToText(action->id);
    if (acked_.contains(place)) {
      Break("Settled", fmt::format("{} came again after its ack", id));
    }
    const auto [known, is_new] = delivered_.emplace(place, id);
    if (known->second != id) {
      Break("UniqueEffect",
            fmt::format("sequence {} was {} and is {}", entry.sequence, known->second, id));
    }
    if (action != nullptr) outcome_.action_ids.insert(id);
    if (random_() % 5 == 0) return;  // lost on the way; it comes again
    const std::string request = fmt::format("ack-{}", ++acks_sent_);
    acks_[{tenant, request}] = place;
    Append(
        side,
        wire::Encode(model::LogRecord(model::Command{
            .request_id = request,
            .tenant = tenant,
            .what = model::Settle{.subscription = entry.subscription,
                                  .generation = 1,
                                  .settlements = {{.profile = entry.profile,
                                                   .sequence = entry.sequence,
                                                   .action = action == nullptr ? model::ActionId()
                                                                               : action->id}}}})));
  }

  bool IsDone() { return WhatIsLeft().empty(); }
  std::string WhatIsLeft() {
    if (next_ < script_.size()) return "events";
    if (clock_.Now() < kEnd) {
      clock_.AdvanceTo(clock_.Now() + Minutes(10));
      return "time";
    }
    if (options_.moves && ++last_moves_ < 200) return "moves";
    options_.moves = false;  // from here on it comes to rest
    for (const TenantId& tenant : kTenants) {
      if (directory_->IsMoving(tenant)) return "a move";
    }
    for (Side& side : sides_) {
      if (side.shard->next_offset() < side.log.durable_end()) return "log";
      if (side.shard->has_work() || side.shard->has_due()) return "work";
      if (side.shard->next_due() != EventTime::Max()) {  // what was forwarded late waits as long
        clock_.AdvanceTo(clock_.Now() + Minutes(10));
        return "timers";
      }
      if (side.shard->shard_time() < kEnd) return "shard time";
      const auto moves = engine::ListMoves(side.disk);
      Check(moves.status());
      for (const auto& [tenant, move] : *moves) {
        if (move.kept_back > 0) return "kept back";
        if (move.state != MoveState::kHere && move.state != MoveState::kGone) return "leftovers";
      }
      bool waits = false;
      Check(engine::ScanOutbox(side.disk,
                               [&](const TenantId&, const model::OutboxEntry&) { waits = true; }));
      if (waits) return "outbox";
    }
    return "";
  }

  void Judge() {
    for (Side& side : sides_) {
      const StatusOr<state::StateHash> scanned = state::HashByScan(side.disk);
      Check(scanned.status());
      if (*scanned != side.shard->state_hash()) {
        Break("Deterministic",
              "the kept hash is not that of the rows: " +
                  state::StateHash::FirstDifference(*scanned, side.shard->state_hash()));
      }
      Replay(side);
      const auto letters = engine::ListDeadLetters(side.disk, TenantId(), 10, "");
      Check(letters.status());
      for (const state::DeadLetter& letter : letters->rows) {
        Break("Reliable", fmt::format("dead letter: {} {}", letter.reason, letter.detail));
      }
    }
    for (const TenantId& tenant : kTenants) {
      int homes = 0;
      for (Side& side : sides_) homes += engine::FindTenant(side.disk, tenant)->has_value() ? 1 : 0;
      if (homes != 1) Break("Isolated", fmt::format("a tenant lives on {} shards", homes));
      outcome_.moved += static_cast<int>(directory_->PlacedAt(tenant)->revision / 2);
    }
    // Per member no place of the sequence is missing.
    std::map<std::pair<TenantId, model::ProfileId>, int64_t> last;
    for (const auto& [place, id] : delivered_) {
      int64_t& before = last[{std::get<0>(place), std::get<1>(place)}];
      if (std::get<2>(place) != before + 1) Break("Ordered", "a sequence has a gap");
      before = std::get<2>(place);
    }
  }

  void Replay(Side& side) {
    store::InMemoryStore empty;
    const auto shard = *engine::Shard::Open(empty, {});
    while (shard->next_offset() < side.disk_log.durable_end()) {
      std::vector<log::Record> records;
      Check(side.disk_log.Read(shard->next_offset(), 1 + random_() % 100, 1 << 20, records));
      Check(shard->ApplyBatch(records).status());
    }
    if (shard->state_hash() != side.shard->state_hash()) {
      Break("Deterministic",
            "a replay of the log gives another state: " +
                state::StateHash::FirstDifference(shard->state_hash(), side.shard->state_hash()));
    }
  }

  void Break(std::string_view name, const std::string& what) {
    outcome_.broken.push_back(fmt::format("broke {}: {}", name, what));
  }

  using Place = std::tuple<TenantId, model::ProfileId, int64_t>;

  MoveOptions options_;
  std::mt19937_64 random_;
  CrashPoint crash_;
  VirtualClock clock_{kStart};
  log::InMemoryLog control_disk_{clock_, false};
  SimulatedLog control_log_{control_disk_, crash_, MovePlant::kNone};
  std::unique_ptr<control::Directory> directory_ =
      std::make_unique<control::Directory>(control_log_);
  Side sides_[kShards] = {{clock_, crash_, options_.plant}, {clock_, crash_, options_.plant}};
  int64_t generations_[kShards] = {0, 0};
  std::vector<Sending> script_;
  size_t begins_ = 0;  // of the script: what may find its tenant on the move
  size_t next_ = 0;
  int last_moves_ = 0;
  std::map<TenantId, std::vector<int32_t>> views_;  // every shard that the tenant was on
  uint64_t acks_sent_ = 0;
  std::map<std::pair<TenantId, std::string>, Place> acks_;
  std::set<Place> acked_;
  std::map<Place, std::string> delivered_;
  MoveOutcome outcome_;
};

}  // namespace

MoveOutcome SimulateMoves(const MoveOptions& options) { return World(options).Run(); }

}  // namespace spotter::simulation
