// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/workload.h"

#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "journey/parse_journey.h"
#include "wire/wire.h"

namespace spotter::benchmarks {
namespace {

struct Segment {
  std::string_view id;
  std::string_view expression;
};

// The audiences of the mission lines C4, C6 (two), C16, C26, C46, D4 (two), D12, and one over
// others.
constexpr Segment kSegments[] = {
    {"no-visit-14d-paying",
     "!events('visit').within(days(14)).exists() && member.payment_status == 'active'"},
    {"no-visit-14d", "!events('visit').within(days(14)).exists()"},
    {"two-missed-classes",
     "events('no_show').within(days(30)).count() + events('late_cancel').within(days(30)).count() "
     ">= 2"},
    {"past-due", "member.payment_status == 'past_due'"},
    {"may-be-texted",
     "now - member.last_visit_date > days(14) && consent('sms', 'marketing') == 'granted'"},
    {"lost-spender", "member.membership_status == 'cancelled' && member.lifetime_spend >= 50000"},
    {"regular", "member.status == 'regular'"},
    {"lapsed", "member.status == 'lapsed' && !('do-not-reengage' in member.tags)"},
    {"growing", "member.total_bookings >= 3 && member.total_bookings <= 5"},
    {"at-risk", "segment('two-missed-classes') || segment('no-visit-14d-paying')"},
};

StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return NotFound("cannot read '{}'", path);
  return text.str();
}

std::string CommandOf(const model::TenantId& tenant, std::string_view id,
                      decltype(model::Command::what) what) {
  return wire::Encode(model::LogRecord(model::Command{.request_id = std::string(id),
                                                      .tenant = tenant,
                                                      .principal = "bench",
                                                      .what = std::move(what)}));
}

// A time more than a minute ahead waits for a second record to confirm it, and due timers wait for
// a tick: an owner appends one when either is the case. Here after each minute of silence.
constexpr Duration kTickAfter = Seconds(60);

}  // namespace

StatusOr<std::vector<std::string>> MakeDefinitions(const model::TenantId& tenant,
                                                   const std::string& blueprints) {
  model::TenantSettings settings{.id = tenant, .suppression_key = std::string(32, 'k')};
  std::vector<std::string> records = {CommandOf(tenant, "tenant", model::PutTenant{settings})};
  for (const auto& [id, expression] : kSegments) {
    model::SegmentDefinition segment{.id = std::string(id), .expression = std::string(expression)};
    records.push_back(CommandOf(tenant, id, model::PutSegment{std::move(segment)}));
  }
  for (const std::string name : {"welcome-activation", "at-risk-winback"}) {
    SPOTTER_ASSIGN_OR_RETURN(const std::string yaml, ReadText(blueprints + "/" + name + ".yaml"));
    SPOTTER_ASSIGN_OR_RETURN(model::JourneyDefinition journey, journey::ParseJourney(yaml));
    records.push_back(CommandOf(tenant, name, model::PutJourney{std::move(journey)}));
  }
  return records;
}

StatusOr<Workload> WriteLog(const std::string& directory, const std::string& blueprints,
                            const synthetic::Options& life) {
  SPOTTER_ASSIGN_OR_RETURN(std::vector<std::string> definitions,
                           MakeDefinitions(life.tenant, blueprints));
  VirtualClock clock(life.start);
  SPOTTER_ASSIGN_OR_RETURN(
      auto log,
      log_local::LocalLog::Open({.directory = directory, .retention_age = Duration(0)}, clock));
  Workload workload;
  workload.members = life.members;
  const auto append = [&](std::string_view payload) {
    return log->Append(std::span(&payload, 1)).status();
  };
  for (const std::string& record : definitions) SPOTTER_RETURN_IF_ERROR(append(record));
  const std::string tick = wire::Encode(model::LogRecord(model::Tick{}));
  EventTime last_tick = life.start;
  for (const synthetic::Delivery& delivery : synthetic::MakeStudioLife(life)) {
    clock.AdvanceTo(delivery.at);
    if (delivery.at - last_tick > kTickAfter) {
      SPOTTER_RETURN_IF_ERROR(append(tick));
      last_tick = delivery.at;
    }
    const std::string payload = wire::Encode(model::LogRecord(delivery.event));
    SPOTTER_RETURN_IF_ERROR(append(payload));
    workload.events++;
    workload.event_bytes += static_cast<int64_t>(payload.size());
  }
  SPOTTER_RETURN_IF_ERROR(log->WaitDurable(log->end() - 1));
  workload.log = std::move(log);
  return workload;
}

}  // namespace spotter::benchmarks
