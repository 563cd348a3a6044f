// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/segments.h"

#include <algorithm>

#include "engine/shard.h"
#include "profile/fold_event.h"
#include "segment/expression.h"
#include "state/keys.h"
#include "store/in_memory_store.h"
#include "store_rocksdb/rocksdb_store.h"
#include "wire/wire.h"

namespace spotter::benchmarks {
namespace {

const EventTime kStart = *ParseTime("2026-01-05T06:00:00Z");
const model::TenantId kTenant("studio");
constexpr Duration kHour = Minutes(60);

constexpr std::pair<std::string_view, std::string_view> kAudiences[] = {
    {"no_visit_14d_paying",
     "!events('visit').within(days(14)).exists() && member.payment_status == 'active'"},
    {"at_risk",
     "(events('no_show').within(days(30)).count() + events('late_cancel').within(days(30)).count() "
     ">= 2 || !events('visit').within(days(21)).exists()) && member.payment_status == 'active'"},
    {"may_be_texted",
     "now - member.last_visit_date > days(14) && consent('sms', 'marketing') == 'granted'"},
    {"first_month",
     "now - events('purchase').first().time < days(30) && "
     "events('booking').within(days(14)).count() "
     ">= 1"},
    {"lapsed_spender",
     "(member.membership_status == 'cancelled' || now - member.last_visit_date >= days(90)) && "
     "member.lifetime_spend >= 50000"},
};

model::MemberEvent EventOf(int number, std::string_view type, model::EventKind kind,
                           std::string_view status) {
  model::MemberEvent event{.tenant = kTenant, .source = "square", .kind = kind};
  event.source_event_id = fmt::format("e{}", number);
  event.entity = {.type = std::string(type), .id = event.source_event_id};
  event.attributes.Set(model::AttributeId::status, std::string(status));
  return event;
}

// 200 facts of half a year: visits by booking, and a payment each tenth day.
model::SourceRecord MemberWithHistory() {
  model::SourceRecord record;
  record.key = model::MakeRecordKey("square", "ann");
  const auto add = [&record](model::MemberEvent event) { profile::FoldEvent(event, record); };
  for (int i = 0; i < 91; ++i) {
    model::MemberEvent visit =
        EventOf(i, "booking", model::EventKind::attendance, "completed");  // booking and visit
    visit.event_time = kStart - Days(2 * i + 1);
    add(std::move(visit));
  }
  for (int i = 0; i < 18; ++i) {
    model::MemberEvent payment =
        EventOf(1000 + i, "payment", model::EventKind::purchase, "completed");
    payment.event_time = kStart - Days(10 * i);
    payment.attributes.Set(model::AttributeId::amount_minor, int64_t{4900});
    payment.attributes.Set(model::AttributeId::currency, std::string("USD"));
    add(std::move(payment));
  }
  model::MemberEvent membership =
      EventOf(2000, "membership", model::EventKind::membership_changed, "active");
  membership.attributes.Set(model::AttributeId::membership_status, std::string("active"));
  membership.attributes.Set(model::AttributeId::payment_status, std::string("active"));
  membership.event_time = kStart - Days(200);
  add(std::move(membership));
  return record;
}

// A shard that is fed one record after another, as at append time `at`.
class Feed {
 public:
  static StatusOr<std::unique_ptr<Feed>> Open(store::Store& store, int members_cached = 50'000) {
    auto feed = std::make_unique<Feed>();
    const engine::Options options{.members_cached_max = static_cast<size_t>(members_cached)};
    SPOTTER_ASSIGN_OR_RETURN(feed->shard_, engine::Shard::Open(store, options));
    return feed;
  }
  engine::Shard& shard() { return *shard_; }
  Status Append(EventTime at, std::span<const model::LogRecord> records) {
    std::vector<std::string> payloads;
    std::vector<log::Record> batch;
    for (const model::LogRecord& record : records) payloads.push_back(wire::Encode(record));
    for (const std::string& payload : payloads) {
      batch.push_back({.offset = shard_->next_offset() + std::ssize(batch),
                       .append_time = at,
                       .payload = payload});
    }
    return shard_->ApplyBatch(batch).status();
  }
  Status Append(EventTime at, const model::LogRecord& record) {
    return Append(at, std::span(&record, 1));
  }
  Status Command(EventTime at, decltype(model::Command::what) what) {
    return Append(
        at, model::LogRecord(model::Command{.request_id = fmt::format("r{}", shard_->next_offset()),
                                            .tenant = kTenant,
                                            .principal = "bench",
                                            .what = std::move(what)}));
  }
  Status CreateTenant() {
    return Command(kStart,
                   model::PutTenant{{.id = kTenant, .suppression_key = std::string(32, 'k')}});
  }
  // A tick at each instant, and one more to confirm a jump.
  Status TickAt(EventTime at) {
    SPOTTER_RETURN_IF_ERROR(Append(at, model::LogRecord(model::Tick{})));
    while (shard_->has_due() || shard_->shard_time() < at) {
      SPOTTER_RETURN_IF_ERROR(Append(at, model::LogRecord(model::Tick{})));
    }
    return OkStatus();
  }

 private:
  std::unique_ptr<engine::Shard> shard_;
};

model::MemberEvent VisitOf(int member, int number, EventTime at) {
  model::MemberEvent visit =
      EventOf(number, "attendance", model::EventKind::attendance, "completed");
  visit.customer_id = fmt::format("c{}", member);
  visit.event_time = at;
  return visit;
}

// A visit of each member, spread over one hour.
Status Visit(Feed& feed, int members) {
  std::vector<model::LogRecord> batch;
  for (int i = 0; i < members; ++i) {
    const EventTime at = kStart + Duration(kHour.count() * i / members);
    batch.emplace_back(VisitOf(i, i, at));
    if (batch.size() < 4096 && i + 1 < members) continue;
    SPOTTER_RETURN_IF_ERROR(feed.TickAt(at));
    SPOTTER_RETURN_IF_ERROR(feed.Append(at, batch));
    batch.clear();
  }
  return OkStatus();
}

// Passes everything on and keeps what was written.
class RecordingStore final : public store::Store {
 public:
  explicit RecordingStore(store::Store& store) : store_(store) {}
  StatusOr<std::optional<std::string>> Get(store::Family family,
                                           std::string_view key) const override {
    return store_.Get(family, key);
  }
  Status Scan(store::Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override {
    return store_.Scan(family, begin, end, visit);
  }
  StatusOr<std::unique_ptr<store::Reader>> View() const override { return store_.View(); }
  Status Commit(const store::WriteBatch& batch) override {
    batches.push_back(batch);
    return store_.Commit(batch);
  }
  Status Sync() override { return store_.Sync(); }
  Status Reopen() override { return store_.Reopen(); }
  Status Checkpoint(const std::string& path) override { return store_.Checkpoint(path); }

  std::vector<store::WriteBatch> batches;

 private:
  store::Store& store_;
};

constexpr int kSeconds = 3600;

StatusOr<double> PassAnHour(Feed& feed, store::Store& store, Crossing& crossing) {
  const EventTime begin = kStart + Days(14);
  SPOTTER_RETURN_IF_ERROR(feed.TickAt(begin - Seconds(1)));
  std::vector<double> lateness;
  feed.shard().TakeTimerLateness(lateness);
  lateness.clear();
  const double cpu = CpuSeconds();
  for (int second = 0; second <= kSeconds; ++second) {
    SPOTTER_RETURN_IF_ERROR(feed.TickAt(begin + Seconds(second)));
  }
  SPOTTER_RETURN_IF_ERROR(store.Sync());
  const double spent = CpuSeconds() - cpu;
  feed.shard().TakeTimerLateness(lateness);
  for (const double one : lateness) crossing.lateness_max = std::max(crossing.lateness_max, one);
  SPOTTER_RETURN_IF_ERROR(feed.shard().Close());
  return spent;
}

// Every tick's timers, popped by a scan, and its batch.
StatusOr<double> PopAndWrite(store::Store& store, const std::vector<store::WriteBatch>& batches) {
  const double cpu = CpuSeconds();
  std::string cursor = state::TimerPrefix(kStart + Days(14));
  size_t next = 0;
  int64_t popped = 0;
  for (int second = 0; second <= kSeconds; ++second) {
    const std::string end = state::TimerPrefix(kStart + Days(14) + Seconds(second) + Duration(1));
    SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kTimers, cursor, end,
                                       [&popped](std::string_view, std::string_view) {
                                         popped++;
                                         return true;
                                       }));
    cursor = end;
    const size_t until = batches.size() * static_cast<size_t>(second + 1) / (kSeconds + 1);
    for (; next < until; ++next) SPOTTER_RETURN_IF_ERROR(store.Commit(batches[next]));
  }
  SPOTTER_RETURN_IF_ERROR(store.Sync());
  return CpuSeconds() - cpu;
}

// `members` who visited within one hour, under a segment if there is one.
Status Fill(Feed& feed, int members, const std::string& expression) {
  SPOTTER_RETURN_IF_ERROR(feed.CreateTenant());
  if (!expression.empty()) {
    SPOTTER_RETURN_IF_ERROR(
        feed.Command(kStart, model::PutSegment{{.id = "away", .expression = expression}}));
  }
  return Visit(feed, members);
}

constexpr char kAway[] = "!events('visit').within(days(14)).exists()";

}  // namespace

StatusOr<std::vector<std::pair<std::string, double>>> EvaluateAudiences(int runs) {
  constexpr int kEvaluations = 500'000;
  const model::SourceRecord record = MemberWithHistory();
  const model::SourceRecord* const records[] = {&record};
  const model::MemberView member{model::ProfileId(HashOf("p")), records};
  std::vector<std::pair<std::string, double>> rows;
  for (const auto& [name, text] : kAudiences) {
    SPOTTER_ASSIGN_OR_RETURN(const segment::Expression expression,
                             segment::Expression::Compile(text, segment::Scope::kSegment));
    std::vector<double> nanoseconds;
    int64_t sum = 0;  // so that nothing is left out
    for (int run = 0; run < runs; ++run) {
      const double cpu = CpuSeconds();
      for (int i = 0; i < kEvaluations; ++i) {
        const segment::Input input{
            .member = member, .now = kStart + Duration(i), .tenant = "studio"};
        const segment::Result result = expression.Evaluate(input);
        sum += result.valid_until.ms + (result.value ? 1 : 0);
      }
      nanoseconds.push_back((CpuSeconds() - cpu) / kEvaluations * 1e9);
    }
    if (sum == 0) return Internal("'{}' was not evaluated", name);
    rows.emplace_back(name, Quantile(nanoseconds, 0.5));
  }
  return rows;
}

StatusOr<std::vector<double>> EventAmongSegments(int runs, int members) {
  constexpr int kVisits = 20;
  const auto spend = [members](bool with_segments) -> StatusOr<double> {
    store::InMemoryStore store;
    SPOTTER_ASSIGN_OR_RETURN(auto feed, Feed::Open(store));
    SPOTTER_RETURN_IF_ERROR(feed->CreateTenant());
    for (int i = 0; with_segments && i < 100; ++i) {
      // None of them turns by a visit of the measured ones, so that what is measured is asking.
      const std::string expression =
          i < 5 ? fmt::format("events('visit').within(days({})).count() >= 1000", 7 + i)
                : fmt::format("events('purchase').within(days({})).count() >= 1000", 7 + i);
      SPOTTER_RETURN_IF_ERROR(feed->Command(
          kStart, model::PutSegment{{.id = fmt::format("s{}", i), .expression = expression}}));
    }
    SPOTTER_RETURN_IF_ERROR(Visit(*feed, members));
    double cpu = 0;
    for (int visit = 1; visit <= kVisits; ++visit) {
      std::vector<model::LogRecord> batch;
      const EventTime at = kStart + kHour + Seconds(visit);
      for (int i = 0; i < members; ++i) batch.emplace_back(VisitOf(i, visit * members + i, at));
      const double before = CpuSeconds();
      SPOTTER_RETURN_IF_ERROR(feed->Append(at, batch));
      cpu += CpuSeconds() - before;
    }
    return cpu / (kVisits * members) * 1e9;
  };
  std::vector<double> dearer;
  for (int run = 0; run < runs; ++run) {
    SPOTTER_ASSIGN_OR_RETURN(const double without, spend(false));
    SPOTTER_ASSIGN_OR_RETURN(const double with, spend(true));
    dearer.push_back(with - without);
  }
  return dearer;
}

StatusOr<Crossing> CrossWindows(const TemporaryDirectory& directory, int members) {
  Crossing crossing;
  const std::string copy = directory / "crossing-copy";
  std::vector<store::WriteBatch> batches;
  {
    SPOTTER_ASSIGN_OR_RETURN(const auto store,
                             store_rocksdb::Open({.directory = directory / "crossing"}, true));
    SPOTTER_ASSIGN_OR_RETURN(auto feed, Feed::Open(*store, members));
    SPOTTER_RETURN_IF_ERROR(Fill(*feed, members, kAway));
    SPOTTER_RETURN_IF_ERROR(store->Sync());
    SPOTTER_RETURN_IF_ERROR(store->Checkpoint(copy));
    SPOTTER_RETURN_IF_ERROR(store->Checkpoint(copy + "-2"));
    SPOTTER_ASSIGN_OR_RETURN(const double spent, PassAnHour(*feed, *store, crossing));
    crossing.members_per_second_cached = members / spent;
  }
  {
    SPOTTER_ASSIGN_OR_RETURN(const auto store,
                             store_rocksdb::Open({.directory = copy + "-2"}, true));
    RecordingStore recording(*store);
    SPOTTER_ASSIGN_OR_RETURN(auto feed, Feed::Open(recording));
    SPOTTER_ASSIGN_OR_RETURN(const double spent, PassAnHour(*feed, recording, crossing));
    crossing.members_per_second = members / spent;
    batches = std::move(recording.batches);
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto store, store_rocksdb::Open({.directory = copy}, true));
  SPOTTER_ASSIGN_OR_RETURN(const double spent, PopAndWrite(*store, batches));
  crossing.roofline_per_second = members / spent;
  return crossing;
}

StatusOr<Definition> DefineSegment(const TemporaryDirectory& directory, int members) {
  SPOTTER_ASSIGN_OR_RETURN(const auto store,
                           store_rocksdb::Open({.directory = directory / "definition"}, true));
  SPOTTER_ASSIGN_OR_RETURN(auto feed, Feed::Open(*store));
  SPOTTER_RETURN_IF_ERROR(Fill(*feed, members, ""));
  Definition definition;
  int number = members;
  const EventTime at = kStart + kHour;
  const auto event = [&](std::vector<double>& seconds, double begin) -> Status {
    SPOTTER_RETURN_IF_ERROR(
        feed->Append(at, model::LogRecord(VisitOf(number * 7919 % members, number, at))));
    number++;
    seconds.push_back(WallSeconds() - begin);
    return OkStatus();
  };
  for (int i = 0; i < 1000; ++i) {
    SPOTTER_RETURN_IF_ERROR(event(definition.quiet_seconds, WallSeconds()));
  }
  SPOTTER_RETURN_IF_ERROR(
      feed->Command(at, model::PutSegment{{.id = "away", .expression = kAway}}));
  const double wall = WallSeconds();
  while (feed->shard().has_work()) {
    // The event that came just after the work had begun waits for it.
    const double begin = WallSeconds();
    SPOTTER_RETURN_IF_ERROR(feed->Append(at, model::LogRecord(model::Work{.budget = 1000})));
    SPOTTER_RETURN_IF_ERROR(event(definition.event_seconds, begin));
  }
  definition.members_per_second = members / (WallSeconds() - wall);
  return definition;
}

}  // namespace spotter::benchmarks
