// SPDX-License-Identifier: Apache-2.0
#include "api/segment_service.h"

#include <algorithm>

#include "api/explain.h"
#include "engine/queries.h"
#include "journey/parse_journey.h"
#include "segment/expression.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

Status ValidateId(std::string_view id) {
  const bool is_valid =
      !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  return is_valid ? OkStatus()
                  : InvalidArgument("segment '{}': expected an id of 1 to 64 of [a-z0-9-]", id);
}

StatusOr<model::SegmentDefinition> ReadDefinition(const v1::PutSegmentRequest& request) {
  switch (request.definition_case()) {
    case v1::PutSegmentRequest::kSegment:
      return wire::FromProto(request.segment());
    case v1::PutSegmentRequest::kYaml:
      return journey::ParseSegment(request.yaml());
    case v1::PutSegmentRequest::DEFINITION_NOT_SET:
      break;
  }
  return InvalidArgument("put segment: expected a segment or yaml");
}

StatusOr<model::SegmentDefinition> Find(const ShardPorts& shard, const Caller& caller,
                                        const std::string& id) {
  SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSegments(shard.store, caller.tenant));
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == id; });
  if (found != all.end()) return *found;
  return NotFound("segment '{}' does not exist", id);
}

}  // namespace

grpc::Status SegmentServiceImpl::PutSegment(grpc::ServerContext* context,
                                            const v1::PutSegmentRequest* request,
                                            v1::PutSegmentResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/PutSegment",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(model::SegmentDefinition definition, ReadDefinition(*request));
        SPOTTER_RETURN_IF_ERROR(ValidateId(definition.id));
        definition.revision = 0;
        const auto expression =
            segment::Expression::Compile(definition.expression, segment::Scope::kSegment);
        if (!expression.ok()) {
          return InvalidArgument("segment '{}': {}", definition.id, MessageOf(expression.status()));
        }
        if (!request->validate_only()) {
          SPOTTER_RETURN_IF_ERROR(
              Submit(ports_, shard, caller, request->request_id(), model::PutSegment{definition})
                  .status());
          SPOTTER_ASSIGN_OR_RETURN(definition, Find(shard, caller, definition.id));
        }
        *response->mutable_segment() = wire::ToProto(definition);
        SPOTTER_ASSIGN_OR_RETURN(
            const std::optional<int64_t> members,
            CountMatching(shard.store, caller.tenant, *expression, ports_.clock.Now()));
        if (members.has_value()) {
          response->set_members(*members);
        } else {
          response->add_warnings("members were not counted: there are too many");
        }
        return OkStatus();
      });
}

grpc::Status SegmentServiceImpl::GetSegment(grpc::ServerContext* context,
                                            const v1::GetSegmentRequest* request,
                                            v1::GetSegmentResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/GetSegment",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto definition, Find(shard, caller, request->segment()));
        *response->mutable_segment() = wire::ToProto(definition);
        SPOTTER_ASSIGN_OR_RETURN(const auto all,
                                 engine::ListProfiles(shard.store, caller.tenant, SIZE_MAX, ""));
        for (const state::Profile& profile : all.rows) {
          if (profile.definitions < definition.revision) {
            response->set_undecided(response->undecided() + 1);
          }
          for (const model::Membership& one : profile.memberships) {
            if (one.segment == definition.id && one.is_member) {
              response->set_members(response->members() + 1);
            }
          }
        }
        return OkStatus();
      });
}

grpc::Status SegmentServiceImpl::ListSegments(grpc::ServerContext* context,
                                              const v1::ListSegmentsRequest* request,
                                              v1::ListSegmentsResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/ListSegments",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSegments(shard.store, caller.tenant));
        for (const model::SegmentDefinition& one : all) {
          if (one.id <= after) continue;
          if (response->segments_size() == static_cast<int>(size)) {
            response->set_next_page_token(
                PrintPageToken(response->segments(response->segments_size() - 1).id()));
            break;
          }
          *response->add_segments() = wire::ToProto(one);
        }
        return OkStatus();
      });
}

grpc::Status SegmentServiceImpl::ListMembers(grpc::ServerContext* context,
                                             const v1::ListMembersRequest* request,
                                             v1::ListMembersResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/ListMembers",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        SPOTTER_RETURN_IF_ERROR(Find(shard, caller, request->segment()).status());
        SPOTTER_ASSIGN_OR_RETURN(const auto page,
                                 engine::ListSegmentMembers(shard.store, caller.tenant,
                                                            request->segment(), size, after));
        for (const state::Profile& profile : page.rows) {
          v1::SegmentMember& member = *response->add_members();
          member.set_profile(model::ToText(profile.id));
          for (const model::Membership& one : profile.memberships) {
            if (one.segment != request->segment()) continue;
            const v1::Membership membership = wire::ToProto(one);
            *member.mutable_since() = membership.since();
            if (membership.has_valid_until()) {
              *member.mutable_valid_until() = membership.valid_until();
            }
          }
        }
        response->set_next_page_token(PrintPageToken(page.next));
        return OkStatus();
      });
}

}  // namespace spotter::api
