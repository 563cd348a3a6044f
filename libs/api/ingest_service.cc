// SPDX-License-Identifier: Apache-2.0
#include "api/ingest_service.h"

#include "wire/event_proto.h"

namespace spotter::api {
namespace {

constexpr int kEventsMax = 1000;
constexpr size_t kRequestBytesMax = 4 << 20;

template <typename Request>
Status CheckSize(const Request& request, intake::Counters& counters) {
  const size_t bytes = request.ByteSizeLong();
  if (request.events_size() <= kEventsMax && bytes <= kRequestBytesMax) return OkStatus();
  counters.refused.Add("too_large");
  if (bytes > kRequestBytesMax) {
    return InvalidArgument("a request of {} bytes, expected at most {}", bytes, kRequestBytesMax);
  }
  return InvalidArgument("{} events in one request, expected at most {}", request.events_size(),
                         kEventsMax);
}

void Write(const intake::BodyResult& result, v1::PublishResult& out) {
  out.set_offset(result.offset);
  if (!result.refused.empty()) {
    out.set_outcome(v1::PublishResult::OUTCOME_DEAD_LETTER);
    out.set_reason(result.refused.front().detail);
    out.set_dead_letter(result.refused.front().dead_letter);
  } else if (result.accepted > 0) {
    out.set_outcome(v1::PublishResult::OUTCOME_ACCEPTED);
  } else {
    out.set_outcome(v1::PublishResult::OUTCOME_IGNORED);
    if (!result.ignored.empty()) out.set_reason(result.ignored.front());
  }
}

}  // namespace

// An event that is not even a message of ours (an unknown kind, say) becomes a dead letter with
// its bytes; the others go on.
grpc::Status IngestServiceImpl::Publish(grpc::ServerContext* context,
                                        const v1::PublishRequest* request,
                                        v1::PublishResponse* response) {
  return ports_.gate.Serve(*context, "IngestService/Publish", [&](const Caller& caller) -> Status {
    SPOTTER_RETURN_IF_ERROR(CheckSize(*request, ports_.intake.counters()));
    std::vector<model::MemberEvent> events;
    std::vector<int> places;
    for (int i = 0; i < request->events_size(); ++i) {
      v1::PublishResult& result = *response->add_results();
      StatusOr<model::MemberEvent> event = wire::FromProto(request->events(i));
      if (event.ok()) {
        events.push_back(*std::move(event));
        places.push_back(i);
        continue;
      }
      const v1::MemberEvent& unread = request->events(i);
      SPOTTER_ASSIGN_OR_RETURN(
          const std::string id,
          ports_.dead_letters.Add({.tenant = caller.tenant.value(),
                                   .source = unread.source().empty()
                                                 ? std::string(intake::kCloudEventsSource)
                                                 : unread.source(),
                                   .reason = "malformed_event",
                                   .detail = std::string(MessageOf(event.status())),
                                   .content_type = std::string(intake::kMemberEventType),
                                   .backfill = unread.backfill(),
                                   .received_at = ports_.clock.Now(),
                                   .bytes = unread.SerializeAsString()}));
      ports_.intake.counters().rejected.Add("malformed_event");
      result.set_offset(-1);
      result.set_outcome(v1::PublishResult::OUTCOME_DEAD_LETTER);
      result.set_reason(std::string(MessageOf(event.status())));
      result.set_dead_letter(id);
    }
    if (events.empty()) return OkStatus();
    SPOTTER_ASSIGN_OR_RETURN(const auto results,
                             ports_.intake.Publish(caller.tenant, std::move(events)));
    for (size_t i = 0; i < results.size(); ++i) {
      Write(results[i], *response->mutable_results(places[i]));
    }
    return OkStatus();
  });
}

grpc::Status IngestServiceImpl::PublishCloudEvents(grpc::ServerContext* context,
                                                   const v1::PublishCloudEventsRequest* request,
                                                   v1::PublishCloudEventsResponse* response) {
  return ports_.gate.Serve(
      *context, "IngestService/PublishCloudEvents", [&](const Caller& caller) -> Status {
        SPOTTER_RETURN_IF_ERROR(CheckSize(*request, ports_.intake.counters()));
        std::vector<std::string> bytes;
        bytes.reserve(static_cast<size_t>(request->events_size()));
        for (const auto& event : request->events()) bytes.push_back(event.SerializeAsString());
        std::vector<intake::CloudEventBody> bodies;
        bodies.reserve(bytes.size());
        for (const std::string& body : bytes) {
          bodies.push_back({.content_type = "application/cloudevents+protobuf", .body = body});
        }
        SPOTTER_ASSIGN_OR_RETURN(
            const auto results,
            ports_.intake.HandleCloudEvents(caller.tenant, bodies, request->backfill()));
        for (const intake::BodyResult& result : results) Write(result, *response->add_results());
        return OkStatus();
      });
}

}  // namespace spotter::api
