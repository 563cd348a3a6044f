// SPDX-License-Identifier: Apache-2.0
#include "api/journey_service.h"

#include <algorithm>
#include <map>

#include "api/explain.h"
#include "engine/queries.h"
#include "journey/admit.h"
#include "journey/advance_enrolment.h"
#include "journey/parse_journey.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

StatusOr<model::JourneyDefinition> ReadDefinition(const v1::PutJourneyRequest& request) {
  switch (request.definition_case()) {
    case v1::PutJourneyRequest::kJourney: {
      SPOTTER_ASSIGN_OR_RETURN(model::JourneyDefinition definition,
                               wire::FromProto(request.journey()));
      if (definition.holdout_percent == 0 && definition.holdout_reason.empty()) {
        definition.holdout_percent = journey::kHoldoutPercentDefault;
      }
      return definition;
    }
    case v1::PutJourneyRequest::kYaml:
      return journey::ParseJourney(request.yaml());
    case v1::PutJourneyRequest::DEFINITION_NOT_SET:
      break;
  }
  return InvalidArgument("put journey: expected a journey or yaml");
}

StatusOr<model::JourneyDefinition> Find(const ShardPorts& shard, const Caller& caller,
                                        const std::string& id) {
  SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListJourneys(shard.store, caller.tenant));
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& j) { return j.id == id; });
  if (found != all.end()) return *found;
  return NotFound("journey '{}' does not exist", id);
}

// Where the members of a journey stand.
Status CountWalks(const ShardPorts& shard, const Caller& caller,
                  const model::JourneyDefinition& definition, v1::GetJourneyResponse& out) {
  std::map<std::string, int64_t> at_step;
  SPOTTER_RETURN_IF_ERROR(
      engine::ScanEnrolments(shard.store, caller.tenant, [&](const model::Enrolment& enrolment) {
        if (enrolment.journey != definition.id) return;
        if (enrolment.goal_reached) out.set_goal_reached(out.goal_reached() + 1);
        if (enrolment.state == model::EnrolmentState::kEnded) {
          out.set_ended(out.ended() + 1);
        } else {
          out.set_active(out.active() + 1);
          at_step[enrolment.step]++;
        }
      }));
  for (const model::Step& step : definition.steps) {
    v1::StepCount& count = *out.add_steps();
    count.set_step(step.id);
    count.set_members(at_step[step.id]);
  }
  return OkStatus();
}

// Whether the refusal is one that was asked for.
bool IsAsked(const v1::ListRefusalsRequest& request, const engine::RefusalRow& row) {
  const bool is_journey =
      request.journey().empty() || row.refusal.proposal.journey == request.journey();
  const bool is_reason = request.reason() == v1::REFUSAL_REASON_UNSPECIFIED ||
                         static_cast<int>(row.refusal.reason) == static_cast<int>(request.reason());
  return is_journey && is_reason;
}

}  // namespace

grpc::Status JourneyServiceImpl::PutJourney(grpc::ServerContext* context,
                                            const v1::PutJourneyRequest* request,
                                            v1::PutJourneyResponse* response) {
  return ServeAtShard(
      ports_, *context, "JourneyService/PutJourney",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(model::JourneyDefinition definition, ReadDefinition(*request));
        definition.revision = 0;
        SPOTTER_ASSIGN_OR_RETURN(const journey::Journey compiled,
                                 journey::Journey::Compile(definition));
        if (request->validate_only()) {
          SPOTTER_ASSIGN_OR_RETURN(const auto all,
                                   engine::ListSegments(shard.store, caller.tenant));
          SPOTTER_RETURN_IF_ERROR(journey::Admit(definition, [&](std::string_view id) {
            const auto found = std::ranges::find(all, id, &model::SegmentDefinition::id);
            return found == all.end() ? std::string() : found->expression;
          }));
        } else {
          SPOTTER_RETURN_IF_ERROR(
              Submit(ports_, shard, caller, request->request_id(),
                     model::PutJourney{.definition = definition,
                                       .include_existing = request->include_existing()})
                  .status());
          SPOTTER_ASSIGN_OR_RETURN(definition, Find(shard, caller, definition.id));
        }
        *response->mutable_journey() = wire::ToProto(definition);
        SPOTTER_ASSIGN_OR_RETURN(
            const std::optional<int64_t> matching,
            CountMatching(shard.store, caller.tenant, compiled.entry(), ports_.clock.Now()));
        if (matching.has_value()) {
          response->set_matching(*matching);
        } else {
          response->add_warnings("matching members were not counted: there are too many");
        }
        if (definition.state == model::JourneyState::kDraft) {
          response->add_warnings("the journey is a draft: nobody enters until its state is live");
        }
        return OkStatus();
      });
}

grpc::Status JourneyServiceImpl::GetJourney(grpc::ServerContext* context,
                                            const v1::GetJourneyRequest* request,
                                            v1::GetJourneyResponse* response) {
  return ServeAtShard(ports_, *context, "JourneyService/GetJourney",
                      [&](const Caller& caller, const ShardPorts& shard) -> Status {
                        SPOTTER_ASSIGN_OR_RETURN(const auto definition,
                                                 Find(shard, caller, request->journey()));
                        *response->mutable_journey() = wire::ToProto(definition);
                        response->set_yaml(journey::PrintJourney(definition));
                        return CountWalks(shard, caller, definition, *response);
                      });
}

grpc::Status JourneyServiceImpl::ListJourneys(grpc::ServerContext* context,
                                              const v1::ListJourneysRequest* request,
                                              v1::ListJourneysResponse* response) {
  return ServeAtShard(
      ports_, *context, "JourneyService/ListJourneys",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListJourneys(shard.store, caller.tenant));
        for (const model::JourneyDefinition& one : all) {
          if (one.id <= after) continue;
          if (response->journeys_size() == static_cast<int>(size)) {
            response->set_next_page_token(
                PrintPageToken(response->journeys(response->journeys_size() - 1).id()));
            break;
          }
          *response->add_journeys() = wire::ToProto(one);
        }
        return OkStatus();
      });
}

// Refusals stand by profile; newest first means to read and sort them. A page's position is how
// many were listed before it.
grpc::Status JourneyServiceImpl::ListRefusals(grpc::ServerContext* context,
                                              const v1::ListRefusalsRequest* request,
                                              v1::ListRefusalsResponse* response) {
  return ServeAtShard(
      ports_, *context, "JourneyService/ListRefusals",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        std::optional<model::ProfileId> profile;
        if (!request->profile().empty()) {
          SPOTTER_ASSIGN_OR_RETURN(profile, model::ParseProfileId(request->profile()));
        }
        SPOTTER_ASSIGN_OR_RETURN(
            auto page, engine::ListRefusals(shard.store, caller.tenant, profile, SIZE_MAX, ""));
        std::erase_if(page.rows, [&](const auto& row) { return !IsAsked(*request, row); });
        std::stable_sort(page.rows.begin(), page.rows.end(),
                         [](const auto& a, const auto& b) { return a.offset > b.offset; });
        const size_t from = std::strtoul(after.c_str(), nullptr, 10);
        for (size_t i = from; i < page.rows.size() && i < from + size; ++i) {
          v1::Refusal& refusal = *response->add_refusals();
          refusal = wire::ToProto(page.rows[i].refusal);
          refusal.set_profile(model::ToText(page.rows[i].profile));
        }
        if (from + size < page.rows.size()) {
          response->set_next_page_token(PrintPageToken(std::to_string(from + size)));
        }
        return OkStatus();
      });
}

}  // namespace spotter::api
