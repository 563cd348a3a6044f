// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulation.h"

#include <fmt/format.h>

#include <map>
#include <random>

#include "engine/shard.h"
#include "journey/parse_journey.h"
#include "simulation/planted_ports.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "synthetic/studio_life.h"
#include "wire/wire.h"

namespace spotter::simulation {
namespace {

using model::OutboxEntry;

constexpr std::string_view kTenant = "studio";
const EventTime kStart = *ParseTime("2026-03-02T00:00:00Z");

// What a publisher, a marketer or an operator sends, and when.
struct Step {
  EventTime at;
  std::string payload;
};

constexpr std::string_view kSegments[][2] = {
    {"no-visit-14d", "!events('visit').within(days(14)).exists()"},
    {"regulars", "events('booking').count() >= 5"},
    {"quiet-payers",
     "segment('no-visit-14d') && has(member.payment_status) && member.payment_status == 'active'"},
};

constexpr std::string_view kJourneys[] = {
    R"YAML(journey: welcome
state: live
entry: {when: "events('signup').within(days(1)).exists()"}
goal: {when: "events('visit').since(journey.entered_at).count() >= 3", within: 14d}
steps:
  - id: hello
    send: {channel: email, template: welcome, text: "Hello {{first_name}}", tokens: [first_name]}
  - id: think
    wait: 2d
  - id: ask
    send: {channel: sms, template: ask, text: "Book a class"}
  - id: done
    end: {outcome: completed}
)YAML",
    R"YAML(journey: winback
state: live
entry:
  when: "segment('no-visit-14d')"
  reentry: {after: 10d, max: 5}
exit:
  - {when: "events('visit').since(journey.entered_at).exists()", reason: came_back}
steps:
  - id: nudge
    send: {channel: sms, template: nudge, text: "We miss you", expires_after: 3d}
  - id: patience
    wait: 4d
  - id: call
    task: {role: front_desk, kind: call, text: "Call the member"}
  - id: done
    end: {outcome: completed}
)YAML"};

std::string CommandPayload(std::string request_id, decltype(model::Command::what) what) {
  return wire::Encode(
      model::LogRecord(model::Command{.request_id = std::move(request_id),
                                      .tenant = model::TenantId(std::string(kTenant)),
                                      .principal = "simulation",
                                      .what = std::move(what)}));
}

// The definitions come at seeded moments, so existing members are decided by Work as well.
std::vector<Step> MakeSteps(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Step> steps;
  model::TenantSettings settings;
  settings.id = model::TenantId(std::string(kTenant));
  settings.suppression_key = std::string(32, 'k');
  steps.push_back({kStart, CommandPayload("tenant", model::PutTenant{settings})});
  // Nobody ever reads it: it fills, and expires.
  if (seed % 2 == 0) {
    steps.push_back({kStart, CommandPayload("archive", model::PutSubscription{{.id = "archive"}})});
  }
  const auto some_time = [&](int days) {
    return kStart + Hours(static_cast<int64_t>(random() % static_cast<uint64_t>(24 * days)));
  };
  const bool early = random() % 2 == 0;
  for (const auto& [id, expression] : kSegments) {
    const EventTime at = early || id == std::string_view("no-visit-14d") ? kStart : some_time(20);
    steps.push_back(
        {at, CommandPayload(fmt::format("segment-{}", id),
                            model::PutSegment{{.id = std::string(id),
                                               .title = "",
                                               .expression = std::string(expression)}})});
  }
  for (const std::string_view yaml : kJourneys) {
    StatusOr<model::JourneyDefinition> journey = journey::ParseJourney(yaml);
    if (!journey.ok()) throw std::logic_error(journey.status().ToString());
    const EventTime at = early ? kStart : some_time(10);
    std::string request = "journey-" + journey->id;
    steps.push_back({at, CommandPayload(std::move(request), model::PutJourney{*std::move(journey),
                                                                              random() % 2 == 0})});
  }
  // One that is changed, deleted, and comes back, perhaps before all its members have left it.
  EventTime at = some_time(15);
  for (int i = 0; i < 6; ++i) {
    std::string request = fmt::format("spare-{}", i);
    at = at + Hours(random() % 2 == 0 ? 0 : static_cast<int64_t>(random() % 72));
    if (i % 3 == 2) {
      steps.push_back({at, CommandPayload(std::move(request), model::DeleteSegment{"spare"})});
      continue;
    }
    const std::string expression = fmt::format("events('booking').count() >= {}", random() % 3);
    steps.push_back(
        {at, CommandPayload(
                 std::move(request),
                 model::PutSegment{{.id = "spare", .title = "", .expression = expression}})});
  }
  for (const std::string id : {"no-visit-14d", "nobody"}) {  // in use; not there
    steps.push_back({some_time(30), CommandPayload("delete-" + id, model::DeleteSegment{id})});
  }
  // The self-check is not to be believed here; what follows from it must be the same everywhere.
  if (seed % 3 == 0) {
    const EventTime found = kStart + Hours(static_cast<int64_t>(seed * 7 % 480));
    for (uint64_t revision = 1; revision <= 6; ++revision) {
      steps.push_back({found, CommandPayload(fmt::format("self-check-{}", revision),
                                             model::QuarantineSegment{"no-visit-14d", revision,
                                                                      "somebody was out"})});
    }
    steps.push_back(
        {found + Days(3),
         CommandPayload("again", model::PutSegment{{.id = kSegments[0][0].data(),
                                                    .title = "",
                                                    .expression = kSegments[0][1].data()}})});
  }
  synthetic::Options life;
  life.seed = seed;
  life.members = 8;
  life.days = 30;
  life.start = kStart + Minutes(1);
  life.tenant = settings.id;
  life.duplicate_share = 0.1;
  life.late_share = 0.05;
  std::vector<model::RecordKey> customers;
  for (synthetic::Delivery& delivery : synthetic::MakeStudioLife(life)) {
    if (!delivery.event.customer_id.empty()) {
      customers.push_back(model::MakeRecordKey(delivery.event.source, delivery.event.customer_id));
    }
    steps.push_back({delivery.at, wire::Encode(model::LogRecord(std::move(delivery.event)))});
  }
  for (int i = 0; i < 4 && !customers.empty(); ++i) {
    const auto pick = [&] {
      return model::MakeProfileId(settings.id, customers[random() % customers.size()], 0);
    };
    steps.push_back({some_time(30), CommandPayload(fmt::format("merge-{}", i),
                                                   model::MergeProfiles{pick(), pick(), "same"})});
    const model::RecordKey record = customers[random() % customers.size()];
    steps.push_back(
        {some_time(30),
         CommandPayload(fmt::format("split-{}", i),
                        model::SplitProfile{
                            model::MakeProfileId(settings.id, record, 0), {record}, "different"})});
  }
  std::ranges::stable_sort(steps, {}, &Step::at);
  return steps;
}

// One process after another on the same log and store, with a crash between two of them.
class World {
 public:
  World(const Options& options, int64_t crash_at)
      : options_(options),
        random_(options.seed * 7919 + options.batch_records),
        clock_(kStart),
        log_(clock_, false),
        crash_(crash_at),
        steps_(MakeSteps(options.seed)) {}

  // What no port may answer in a sound world ends the run and is reported like a failed check.
  Outcome Live() {
    try {
      Play();
      Finish();
    } catch (const std::logic_error& error) {
      Break(fmt::format("Resumable: {}", error.what()));
    }
    return std::move(outcome_);
  }

 private:
  void Play() {
    size_t next = 0;
    for (bool done = false; !done;) {
      try {
        if (shard_ == nullptr) Open();
        while (next < steps_.size()) {
          MoveTo(steps_[next].at);
          Append(steps_[next].payload, static_cast<int64_t>(next));
          ++next;
          if (random_() % 3 == 0) Breathe();
        }
        MoveTo(steps_.back().at + Days(20));
        for (int i = 0; i < 3; ++i) Settle();
        done = true;
      } catch (const Crash&) {
        outcome_.crashed = true;
        next = Recover(next);
      }
    }
  }

  void Break(std::string what) { outcome_.broken.push_back(fmt::format("broke {}", what)); }

  void Open() {
    store_ = std::make_unique<SimulatedStore>(inner_, crash_, options_.plant);
    const engine::Options engine{.members_cached_max = 3};  // members come and go
    StatusOr<std::unique_ptr<engine::Shard>> shard = engine::Shard::Open(*store_, engine);
    if (!shard.ok()) throw std::logic_error(shard.status().ToString());
    shard_ = *std::move(shard);
  }

  // Time passes; whatever falls due on the way is given its ticks at its own time.
  void MoveTo(EventTime time) {
    // A publisher that sends again waits for its acknowledgement before time moves on, so that the
    // same events reach an interrupted run at the same time as an uninterrupted one.
    if (options_.resend && time > clock_.Now()) {
      SyncLog();
      ApplyAll();
      while (shard_->has_work()) {
        Append(wire::Encode(model::LogRecord(model::Work{.budget = 5})), -1);
        SyncLog();
        ApplyAll();
      }
    }
    while (shard_->next_due() <= time) {
      clock_.AdvanceTo(shard_->next_due());
      do {
        Tick();
        SyncLog();
        ApplyAll();
      } while (shard_->has_due() || shard_->time_candidate().ms != 0);
    }
    clock_.AdvanceTo(time);
    while (options_.resend && shard_->shard_time() < time) {
      Tick();  // a jump of more than a minute wants to be confirmed
      SyncLog();
      ApplyAll();
    }
    if (time - last_tick_ > Hours(6)) {
      Tick();
      Tick();
    }
  }

  void Tick() {
    last_tick_ = clock_.Now();
    Append(wire::Encode(model::LogRecord(model::Tick{.budget = 3})), -1);
  }

  void Append(std::string_view payload, int64_t step) {
    crash_.BeforeWrite();
    const std::string_view payloads[] = {payload};
    const log::Offset offset = log_.Append(payloads)->front();
    undurable_.push_back(
        {.offset = offset, .append_time = clock_.Now(), .payload = std::string(payload)});
    if (step >= 0) step_offsets_.emplace_back(step, offset);
  }

  void SyncLog() {
    crash_.BeforeWrite();
    log_.Sync();
    undurable_.clear();
  }

  // A little of everything, in a seeded order.
  void Breathe() {
    switch (random_() % 4) {
      case 0:
        SyncLog();
        break;
      case 1:
        Check(store_->Sync());
        break;
      default:
        if (random_() % 2 == 0) SyncLog();
        ApplySome();
        if (random_() % 2 == 0) Deliver();
    }
    if (shard_->has_work() && random_() % 2 == 0) {
      Append(wire::Encode(model::LogRecord(model::Work{.budget = 2})), -1);
    }
  }

  bool ApplySome() {
    std::vector<log::Record> records;
    Check(ReadBatch(log_, undurable_, options_.plant, shard_->next_offset(), options_.batch_records,
                    records));
    if (records.empty()) return false;
    StatusOr<engine::Effects> effects = shard_->ApplyBatch(records);
    Check(effects.status());
    for (engine::OutboxChange& change : effects->outbox) Hear(change.entry, change.removed);
    return true;
  }

  void ApplyAll() {
    while (ApplySome()) {
    }
  }

  void Settle() {
    for (int round = 0; round < 200; ++round) {
      SyncLog();
      ApplyAll();
      Deliver();
      const bool waiting =
          shard_->has_due() || shard_->has_work() || (shard_->time_candidate().ms != 0);
      if (!waiting && pending_.empty()) break;
      if (shard_->has_work()) {
        Append(wire::Encode(model::LogRecord(model::Work{.budget = 5})), -1);
      }
      Tick();
    }
  }

  // --- the subscriber ---------------------------------------------------------------------------

  using EntryKey = std::pair<model::ProfileId, int64_t>;

  void Hear(const OutboxEntry& entry, bool removed) {
    if (entry.subscription != "default") return;
    if (const auto* action = std::get_if<model::Action>(&entry.what)) {
      if (!removed) outcome_.action_ids.insert(ToText(action->id));
    }
    if (removed) {
      pending_.erase({entry.profile, entry.sequence});
    } else {
      pending_.insert_or_assign(EntryKey{entry.profile, entry.sequence}, entry);
    }
  }

  // In sequence per member: only the first unsettled entry of each is handed out.
  void Deliver() {
    std::vector<model::Settlement> settlements;
    std::optional<model::ProfileId> last;
    for (const auto& [key, entry] : pending_) {
      const bool first = last != key.first;
      last = key.first;
      if (!first) continue;
      if (entry.decided_offset >= log_.durable_end()) {
        Break(
            fmt::format("Reliable: an entry decided at offset {} left while the log was durable "
                        "to {}",
                        entry.decided_offset, log_.durable_end()));
      }
      const auto* action = std::get_if<model::Action>(&entry.what);
      if (action != nullptr) {
        if (clock_.Now() < action->not_before) continue;
        if (clock_.Now() >= action->not_after) {
          Append(CommandPayload("", model::Undeliverable{.subscription = "default",
                                                         .profile = key.first,
                                                         .sequence = key.second,
                                                         .action = action->id}),
                 -1);
          continue;
        }
        if (acked_.contains(action->id)) Break("Settled: delivered after its acknowledgement");
      }
      if (options_.seed % 3 == 0 && random_() % 4 == 0) continue;  // a slow subscriber
      settlements.push_back({.profile = key.first,
                             .sequence = key.second,
                             .action = action == nullptr ? model::ActionId() : action->id});
    }
    if (settlements.empty()) return;
    std::vector<model::ActionId> acked;
    for (const model::Settlement& settlement : settlements) {
      if (!settlement.action.value().is_zero()) acked.push_back(settlement.action);
    }
    Append(CommandPayload("", model::Settle{.subscription = "default",
                                            .generation = 0,
                                            .settlements = std::move(settlements)}),
           -1);
    SyncLog();  // the acknowledgement is answered when it is durable
    ApplyAll();
    acked_.insert(acked.begin(), acked.end());
  }

  // --- the crash
  // ----------------------------------------------------------------------------------

  // Power loss: independent suffixes of what was not synced are gone. Returns the step to go on at.
  size_t Recover(size_t next) {
    shard_.reset();
    const int64_t unsynced = log_.end() - log_.durable_end();
    log_.LoseUnsynced(static_cast<size_t>(random_() % static_cast<uint64_t>(unsynced + 1)));
    inner_.LoseUnsynced(static_cast<size_t>(random_() % (inner_.unsynced() + 1)));
    undurable_.clear();
    log_.Sync();  // what the disk kept is what there is
    if (options_.resend) {
      while (!step_offsets_.empty() && step_offsets_.back().second >= log_.end()) {
        next = static_cast<size_t>(step_offsets_.back().first);
        step_offsets_.pop_back();
      }
    }
    crash_ = CrashPoint(0);
    pending_.clear();
    Open();
    if (shard_->next_offset() > log_.end()) {
      Break(fmt::format("Resumable: the state is at offset {}, the log ends at {}",
                        shard_->next_offset(), log_.end()));
    }
    Check(inner_.Scan(store::Family::kOutbox, "", "", [&](std::string_view, std::string_view row) {
      const OutboxEntry entry = *state::DecodeOutboxEntry(row);
      if (entry.subscription != "default") return true;
      pending_.insert_or_assign(EntryKey{entry.profile, entry.sequence}, entry);
      return true;
    }));
    return next;
  }

  // --- the checks
  // -----------------------------------------------------------------------------------

  void Check(const Status& status) {
    if (!status.ok()) throw std::logic_error(status.ToString());
  }

  void Finish() {
    outcome_.writes = crash_.writes();
    outcome_.records = shard_->next_offset();
    outcome_.state_hash = shard_->state_hash().Total();
    if (const StatusOr<state::StateHash> scanned = state::HashByScan(inner_);
        !scanned.ok() || *scanned != shard_->state_hash()) {
      Break(fmt::format("Deterministic: the running hash differs from the rows in '{}'",
                        scanned.ok()
                            ? state::StateHash::FirstDifference(*scanned, shard_->state_hash())
                            : scanned.status().ToString()));
    }
    CheckSegments();
    Replay();
  }

  // Counts and transitions say what the memberships say.
  void CheckSegments() {
    std::map<std::string, int64_t> members;
    std::map<std::pair<std::string, model::ProfileId>, bool> is_member;
    Each(state::Table::kProfile, [&](std::string_view, std::string_view row) {
      const state::Profile profile = *state::DecodeProfile(row);
      for (const model::Membership& one : profile.memberships) {
        if (one.segment.find(':') != std::string::npos) continue;
        members[one.segment] += one.is_member ? 1 : 0;
        is_member[{one.segment, profile.id}] = one.is_member;
      }
    });
    std::map<std::string, int64_t> counted;
    const size_t prefix = state::TablePrefix(kTenant, state::Table::kSegmentCount).size();
    Each(state::Table::kSegmentCount, [&](std::string_view key, std::string_view row) {
      counted[std::string(key.substr(prefix))] = state::DecodeSegmentCount(row)->members;
    });
    for (const auto& [segment, count] : members) {
      if (count != 0 && counted[segment] != count) {
        Break(fmt::format("Counted: segment '{}' has {} members, its count is {}", segment, count,
                          counted[segment]));
      }
    }
    std::map<std::pair<std::string, model::ProfileId>, bool> last;
    std::map<std::string, int64_t> last_members;
    Each(state::Table::kTransition, [&](std::string_view, std::string_view row) {
      const state::TransitionRow transition = *state::DecodeTransitionRow(row);
      const auto [found, is_first] =
          last.try_emplace({transition.segment, transition.profile}, transition.entered);
      if (!is_first && found->second == transition.entered) {
        Break(fmt::format("Counted: two transitions of one member of '{}' go the same way",
                          transition.segment));
      }
      found->second = transition.entered;
      last_members[transition.segment] = transition.members;
    });
    outcome_.transitions = static_cast<int64_t>(last.size());
    for (const auto& [which, entered] : last) {
      if (entered != is_member[which]) {
        Break(fmt::format("Counted: the last transition of a member of '{}' is not what she is",
                          which.first));
      }
    }
    for (const auto& [segment, count] : last_members) {
      if (counted[segment] != count) {
        Break(fmt::format("Counted: the last transition of '{}' left {}, its count is {}", segment,
                          count, counted[segment]));
      }
    }
  }

  void Each(state::Table table,
            const std::function<void(std::string_view, std::string_view)>& visit) {
    const std::string prefix = state::TablePrefix(kTenant, table);
    Check(inner_.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                      [&](std::string_view key, std::string_view row) {
                        visit(key, row);
                        return true;
                      }));
  }

  // Rows of one store that the other has not, in words; for a person who looks for the cause.
  static std::string Differences(const store::Store& left, const store::Store& right) {
    std::string found;
    for (const auto& [name, from, in] :
         {std::tuple("live", &left, &right), std::tuple("replayed", &right, &left)}) {
      (void)from->Scan(
          store::Family::kState, "", "", [&](std::string_view key, std::string_view row) {
            if (state::KindOfStateRow("studio", key).hashed && key.starts_with("studio") &&
                *in->Get(store::Family::kState, key) != row) {
              found += fmt::format("\n  only {}: table '{}'", name, key[7]);
              if (key[7] == 'f') {
                const model::Refusal refusal = *state::DecodeRefusal(row);
                found += fmt::format(" {} {} {} at {} effective {} expires {}: {}",
                                     refusal.proposal.journey, refusal.proposal.step,
                                     NameOf(refusal.reason), FormatTime(refusal.decided_at),
                                     FormatTime(refusal.proposal.effective_time),
                                     FormatTime(refusal.proposal.expires_at), refusal.detail);
              }
            }
            return found.size() < 2000;
          });
    }
    return found;
  }

  // The run's own log into an empty store, uninterrupted.
  void Replay() {
    store::InMemoryStore empty;
    std::unique_ptr<engine::Shard> shard = *engine::Shard::Open(empty, {});
    std::set<std::string> action_ids;
    std::map<std::pair<std::string, model::ProfileId>, int64_t> sequences;
    std::vector<log::Record> records;
    Check(log_.Read(0, 1u << 30, 1u << 30, records));
    for (const log::Record& record : records) {
      StatusOr<engine::Effects> effects = shard->ApplyBatch({&record, 1});
      Check(effects.status());
      for (const engine::OutboxChange& change : effects->outbox) {
        if (change.removed) continue;
        if (const auto* action = std::get_if<model::Action>(&change.entry.what)) {
          action_ids.insert(ToText(action->id));
        }
        int64_t& last = sequences[{change.entry.subscription, change.entry.profile}];
        if (change.entry.sequence > last + 1) {
          Break(fmt::format("Ordered: {} follows {}", change.entry.sequence, last));
        }
        last = std::max(last, change.entry.sequence);
      }
    }
    if (shard->state_hash() != shard_->state_hash()) {
      Break(
          fmt::format("Deterministic: an uninterrupted run of the same log differs in '{}'{}",
                      state::StateHash::FirstDifference(shard->state_hash(), shard_->state_hash()),
                      Differences(inner_, empty)));
    }
    // The live run may not have heard of an action again that it decided before the crash.
    for (const std::string& id : outcome_.action_ids) {
      if (!action_ids.contains(id)) Break("UniqueEffect: an action that the log does not decide");
    }
    if (outcome_.action_ids != action_ids && !outcome_.crashed) {
      Break("Deterministic: other actions than an uninterrupted run of the same log");
    }
    outcome_.action_ids = std::move(action_ids);
  }

  const Options options_;
  std::mt19937_64 random_;
  VirtualClock clock_;
  log::InMemoryLog log_;
  store::InMemoryStore inner_;
  CrashPoint crash_;
  std::unique_ptr<SimulatedStore> store_;
  std::unique_ptr<engine::Shard> shard_;
  const std::vector<Step> steps_;
  std::vector<std::pair<int64_t, log::Offset>> step_offsets_;
  std::vector<log::Record> undurable_;
  std::map<EntryKey, OutboxEntry> pending_;
  std::set<model::ActionId> acked_;
  EventTime last_tick_ = kStart;
  Outcome outcome_;
};

}  // namespace

Outcome Simulate(const Options& options) {
  if (!options.crash) return World(options, 0).Live();
  // How many writes there are tells where a crash can fall.
  const int64_t writes =
      World(
          {.seed = options.seed, .batch_records = options.batch_records, .resend = options.resend},
          0)
          .Live()
          .writes;
  std::mt19937_64 random(options.seed * 31 + options.batch_records);
  return World(options, 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(writes))).Live();
}

}  // namespace spotter::simulation
