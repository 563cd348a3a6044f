// SPDX-License-Identifier: Apache-2.0
//
// Logs that no studio would write: absurd times and amounts, contacts shared by everybody,
// settlements of what was never sent, merges and splits in between. Nothing in them may stop a
// shard, and how they are cut into batches, how much is cached and how often the shard is opened
// again must not show in the state.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>

#include "engine/shard.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using model::AttributeId;

const model::TenantId kTenants[] = {model::TenantId("studio"), model::TenantId("other")};
const EventTime kStart = *ParseTime("2026-03-02T12:00:00Z");

model::JourneyDefinition Reminders(std::string id, std::string entry) {
  model::JourneyDefinition journey;
  journey.id = std::move(id);
  journey.state = model::JourneyState::kLive;
  journey.purpose = "transactional";
  journey.entry_when = std::move(entry);
  journey.reentry_after = Duration(1);
  journey.reentry_max = 1000;
  journey.exits = {
      {.when = "events('no_show').since(journey.entered_at).exists()", .reason = "no"}};
  journey.steps = {
      {.id = "a", .what = model::SendStep{.channel = model::Channel::kSms, .template_id = "t"}},
      {.id = "b", .what = model::WaitStep{.duration = Duration(1)}},
      {.id = "c",
       .what = model::WaitUntilStep{.when = "events('visit').within(days(1)).exists()",
                                    .timeout = Hours(1)}},
      {.id = "d", .what = model::SendStep{.channel = model::Channel::kEmail, .template_id = "t"}},
      {.id = "e", .what = model::TaskStep{.role = "front_desk", .kind = "call", .text = "Call"}},
      {.id = "f", .what = model::EndStep{.outcome = "done"}}};
  return journey;
}

class LogWriter {
 public:
  explicit LogWriter(uint64_t seed) : random_(seed) {
    for (const model::TenantId& tenant : kTenants) {
      model::TenantSettings settings;
      settings.id = tenant;
      settings.suppression_key = std::string(32, 'k');
      settings.sms_per_week = 1000;
      Command(tenant, model::PutTenant{settings});
    }
    for (int i = 0; i < 400; ++i) Step();
  }
  std::vector<log::Record> Take() { return std::move(records_); }

 private:
  size_t Any(size_t n) { return random_() % n; }
  template <typename T, size_t N>
  const T& Any(const T (&values)[N]) {
    return values[Any(N)];
  }

  void Append(const model::LogRecord& record) {
    records_.push_back({.offset = static_cast<int64_t>(records_.size()),
                        .append_time = now_,
                        .payload = wire::Encode(record)});
  }
  void Command(const model::TenantId& tenant, decltype(model::Command::what) what) {
    Append(model::Command{.request_id = fmt::format("r{}", records_.size() - Any(3)),
                          .tenant = tenant,
                          .principal = "hostile",
                          .what = std::move(what)});
  }

  EventTime Time() {
    const EventTime times[] = {now_,
                               now_ - Hours(1),
                               now_ - Days(14),
                               now_ - Days(399),
                               now_ - Days(401),
                               now_ + Hours(24),
                               *ParseTime("1990-01-01T00:00:00Z"),
                               *ParseTime("9999-12-31T23:59:59Z"),
                               *ParseTime("0001-01-01T00:00:00Z"),
                               EventTime{1}};
    return Any(times);
  }
  model::Scalar Value(AttributeId id) {
    constexpr int64_t kInts[] = {
        0, 1, -1, 2500, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
    constexpr double kReals[] = {0.0,
                                 -0.0,
                                 1e308,
                                 -1e308,
                                 0.1,
                                 std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
    constexpr const char* kTexts[] = {
        "",      "completed",     "cancelled", "granted", "denied", "USD",     "EUR",        "sms",
        "email", "transactional", "active",    "STOP",    "CANCEL", "no_show", "late_cancel"};
    switch (model::InfoOf(id).type) {
      case model::ScalarType::kBool:
        return Any(2) == 0;
      case model::ScalarType::kInt:
        return Any(kInts);
      case model::ScalarType::kDouble:
        return Any(kReals);
      case model::ScalarType::kTime:
        return Time();
      case model::ScalarType::kString:
        break;
    }
    return std::string(Any(kTexts));
  }
  model::Identifier Contact() {
    const auto type = static_cast<model::IdentifierType>(1 + Any(3));
    const std::string value = Any(6) == 0 ? "" : fmt::format("shared-{}", Any(4));
    return {.type = type, .raw = value + "?", .normalized = value, .normalizer_version = 1};
  }

  void Event() {
    constexpr const char* kSources[] = {"square", "stripe"};
    constexpr const char* kTypes[] = {"booking", "payment", "refund",  "charge",
                                      "member",  "tag",     "invoice", "membership"};
    model::MemberEvent event;
    event.tenant = Any(kTenants);
    event.source = Any(kSources);
    event.source_event_id = fmt::format("e{}", Any(300));
    event.kind = static_cast<model::EventKind>(1 + Any(33));
    event.event_time = Time();
    if (Any(3) != 0) {
      event.entity = {.type = Any(kTypes), .id = fmt::format("n{}", Any(12))};
      if (Any(2) == 0) event.entity.version = Any(4) == 0 ? std::numeric_limits<int64_t>::max() : 3;
      if (Any(3) == 0) event.entity.update_time = Time();
    }
    if (Any(4) != 0) event.customer_id = fmt::format("c{}", Any(6));
    for (size_t i = Any(4); i > 0; --i) event.identifiers.push_back(Contact());
    for (size_t i = Any(8); i > 0; --i) {
      const auto all = model::AllAttributes();
      const AttributeId id = all[Any(all.size())].id;
      event.attributes.Set(id, Value(id));
    }
    event.backfill = Any(8) == 0;
    Append(event);
  }

  model::ProfileId Profile(const model::TenantId& tenant) {
    return model::MakeProfileId(tenant, Record(), static_cast<uint32_t>(Any(8) / 6));
  }
  model::RecordKey Record() {
    return model::MakeRecordKey(Any(2) == 0 ? "square" : "stripe", fmt::format("c{}", Any(6)));
  }

  void Step() {
    constexpr int64_t kMoves[] = {
        0, 0, 1, 1000, 60'000, 60'001, 3'600'000, 86'400'000 * 15, -5000, -86'400'000};
    now_ = now_ + Duration(Any(kMoves));
    const model::TenantId& tenant = Any(kTenants);
    switch (Any(16)) {
      case 0:
        return Append(model::Tick{.budget = static_cast<uint32_t>(1 + Any(3))});
      case 1:
        return Append(model::Work{.budget = static_cast<uint32_t>(1 + Any(3))});
      case 2:
        return Command(tenant, model::MergeProfiles{Profile(tenant), Profile(tenant), "same"});
      case 3:
        return Command(tenant, model::SplitProfile{Profile(tenant), {Record()}, "different"});
      case 4: {
        model::Settle settle{.subscription = Any(2) == 0 ? "default" : "two",
                             .generation = static_cast<int64_t>(Any(3))};
        for (int i = 0; i < 4; ++i) {
          settle.settlements.push_back({.profile = Profile(tenant),
                                        .sequence = static_cast<int64_t>(Any(5)),
                                        .outcome = static_cast<model::SettleOutcome>(1 + Any(2))});
        }
        return Command(tenant, settle);
      }
      case 5:
        return Definition(tenant);
      case 6:
        if (Any(4) != 0) return Event();
        records_.push_back({.offset = static_cast<int64_t>(records_.size()),
                            .append_time = now_,
                            .payload = std::string(Any(40), static_cast<char>(random_()))});
        return;
      default:
        return Event();
    }
  }

  void Definition(const model::TenantId& tenant) {
    constexpr const char* kExpressions[] = {
        "member.joined_at <= now - days(30)",
        "now - member.joined_at < days(30) || member.contract_end - now < days(400)",
        "events('visit').within(days(400)).count() >= 2",
        "events('booking').count() == 3",
        "member.lifetime_spend > 0",
        "events('purchase').since(member.joined_at).exists()",
        "events('visit').last().time < now - days(14)",
        "segment('s0') || events('refund').first().amount > 5",
        "has(member.block_end) && member.block_end - days(42) <= now",
        "member.status == 'lapsed'",
    };
    const size_t i = Any(std::size(kExpressions));
    switch (Any(4)) {
      case 0:
        return Command(tenant, model::PutSubscription{{.id = "two"}});
      case 1:
        return Command(
            tenant,
            model::PutJourney{Reminders(fmt::format("j{}", Any(2)), kExpressions[i]), Any(2) == 0});
      default:
        return Command(tenant, model::PutSegment{{.id = fmt::format("s{}", Any(4)),
                                                  .title = "",
                                                  .expression = kExpressions[i]}});
    }
  }

  std::mt19937_64 random_;
  EventTime now_ = kStart;
  std::vector<log::Record> records_;
};

struct Outcome {
  state::StateHash hash;
  std::string outbox;
};

Outcome Apply(const std::vector<log::Record>& log, size_t batch, size_t cached, size_t reopen) {
  store::InMemoryStore store;
  Options options;
  options.members_cached_max = cached;
  auto shard = Shard::Open(store, options);
  EXPECT_TRUE(shard.ok()) << shard.status();
  size_t batches = 0;
  for (size_t at = 0; at < log.size(); at += batch) {
    const size_t count = std::min(batch, log.size() - at);
    const auto effects = (*shard)->ApplyBatch({log.data() + at, count});
    EXPECT_TRUE(effects.ok()) << "offset " << at << ": " << effects.status();
    if (!effects.ok()) return {};
    if (reopen != 0 && ++batches % reopen == 0) shard = Shard::Open(store, options);
  }
  const auto scanned = state::HashByScan(store);
  EXPECT_TRUE(scanned.ok()) << scanned.status();
  EXPECT_EQ("", state::StateHash::FirstDifference(*scanned, (*shard)->state_hash()));
  Outcome outcome{.hash = (*shard)->state_hash()};
  EXPECT_TRUE(store
                  .Scan(store::Family::kOutbox, "", "",
                        [&](auto key, auto value) {
                          outcome.outbox.append(key).append(value);
                          return true;
                        })
                  .ok());
  return outcome;
}

// mission: E3 C2
TEST(HostileLogTest, NothingInALogStopsAShardAndBatchesCachesAndRestartsDoNotShow) {
  const char* const wanted = std::getenv("SPOTTER_HOSTILE_SEEDS");
  const int seeds = wanted == nullptr ? 4 : std::atoi(wanted);
  for (int seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::vector<log::Record> log = LogWriter(static_cast<uint64_t>(seed)).Take();
    const Outcome one = Apply(log, 1, 1'000'000, 0);
    constexpr std::tuple<size_t, size_t, size_t> kRuns[] = {
        {1, 0, 0}, {7, 1, 0}, {1000, 1'000'000, 0}, {3, 3, 5}};
    for (const auto& [batch, cached, reopen] : kRuns) {
      SCOPED_TRACE(fmt::format("batch {} cached {} reopen {}", batch, cached, reopen));
      const Outcome other = Apply(log, batch, cached, reopen);
      EXPECT_EQ("", state::StateHash::FirstDifference(one.hash, other.hash));
      EXPECT_EQ(one.outbox, other.outbox);
    }
  }
}

}  // namespace
}  // namespace spotter::engine
