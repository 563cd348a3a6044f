// SPDX-License-Identifier: Apache-2.0
#include "api/segment_service.h"

#include <algorithm>
#include <map>

#include "api/explain.h"
#include "api/preview_segment.h"
#include "base/codec.h"
#include "engine/segment_queries.h"
#include "journey/admit.h"
#include "journey/parse_journey.h"
#include "segment/analysis.h"
#include "segment/expression.h"
#include "segment/parser.h"
#include "segment/sentence.h"
#include "wire/leaf.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

constexpr int kHistoryDays = 30;
constexpr int kHistoryDaysMax = 400;

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

// With what the server says of it.
v1::Segment Described(const model::SegmentDefinition& definition) {
  v1::Segment to = wire::ToProto(definition);
  const auto ast = segment::Parse(definition.expression);
  if (!ast.ok()) return to;
  const segment::Analysis analysis = segment::Analyze(*ast);
  to.set_sentence(segment::Say(*ast).text);
  to.set_cost(analysis.cost);
  to.set_wakes_per_day(analysis.wakes_per_day);
  return to;
}

StatusOr<model::SegmentDefinition> Find(const store::Reader& store, const Caller& caller,
                                        const std::string& id) {
  SPOTTER_ASSIGN_OR_RETURN(const auto found, engine::FindSegment(store, caller.tenant, id));
  if (found.has_value()) return *found;
  return NotFound("segment '{}' does not exist", id);
}

StatusOr<int64_t> CountOf(const store::Reader& view, const Caller& caller, const std::string& id) {
  SPOTTER_ASSIGN_OR_RETURN(const auto count, engine::CountMembers(view, caller.tenant, id));
  return count.has_value() ? count->members : 0;
}

// The parts that GetSegmentResponse and SegmentStatus share.
template <typename Message>
void Write(const engine::WorkStatus& work, int64_t members, Message& to) {
  to.set_members(members);
  to.set_decided(static_cast<int64_t>(work.decided));
  to.set_undecided(static_cast<int64_t>(work.undecided));
  if (work.decided_by.has_value()) wire::Write(*work.decided_by, *to.mutable_decided_by());
}

void Write(const Preview& preview, v1::SegmentPreview& to) {
  to.set_enter(preview.enter);
  to.set_leave(preview.leave);
  for (const model::ProfileId id : preview.entering) to.add_entering(model::ToText(id));
  for (const model::ProfileId id : preview.leaving) to.add_leaving(model::ToText(id));
  to.set_asked(preview.asked);
  to.set_total(preview.total);
}

v1::PutOutcome OutcomeOf(const std::optional<model::SegmentDefinition>& before,
                         const model::SegmentDefinition& after) {
  if (!before.has_value()) return v1::PUT_OUTCOME_CREATED;
  const bool is_same = before->title == after.title && before->expression == after.expression &&
                       before->purpose == after.purpose;
  return is_same ? v1::PUT_OUTCOME_UNCHANGED : v1::PUT_OUTCOME_CHANGED;
}

// As the shard would answer it of this segment; readers of it are asked when it is put.
Status CheckAdmission(const store::Reader& view, const model::TenantId& tenant,
                      const model::SegmentDefinition& definition,
                      const std::vector<model::SegmentDefinition>& others) {
  std::map<std::string, std::string, std::less<>> expressions;
  SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSegments(view, tenant));
  for (const auto* list : {&all, &others}) {
    for (const auto& one : *list) expressions.insert_or_assign(one.id, one.expression);
  }
  expressions.insert_or_assign(definition.id, definition.expression);
  return journey::Admit(definition, [&](std::string_view id) {
    const auto found = expressions.find(id);
    return found == expressions.end() ? std::string() : found->second;
  });
}

// The list goes on behind `after` in the state at `offset`.
struct MembersToken {
  int64_t offset = 0;
  std::string after;
};
StatusOr<std::optional<MembersToken>> ParseMembersToken(const std::string& text) {
  SPOTTER_ASSIGN_OR_RETURN(const std::string bytes, ParsePageToken(text));
  if (bytes.empty()) return std::optional<MembersToken>();
  if (bytes.size() != sizeof(uint64_t) + sizeof(Hash128)) {
    return InvalidArgument("page_token '{}' is not one of this list", text);
  }
  return std::optional(MembersToken{.offset = static_cast<int64_t>(Decoder(bytes).Fixed64()),
                                    .after = bytes.substr(sizeof(uint64_t))});
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
        const std::string etag =
            request->etag().empty() ? request->segment().etag() : request->etag();
        SPOTTER_ASSIGN_OR_RETURN(const auto before,
                                 engine::FindSegment(shard.store, caller.tenant, definition.id));
        response->set_outcome(OutcomeOf(before, definition));
        if (request->validate_only()) {
          return Check(*context, *request, caller, shard, definition, etag, before, *response);
        }
        SPOTTER_RETURN_IF_ERROR(Submit(ports_, shard, caller, request->request_id(),
                                       model::PutSegment{definition, etag})
                                    .status());
        SPOTTER_ASSIGN_OR_RETURN(const auto view, shard.store.View());
        SPOTTER_ASSIGN_OR_RETURN(definition, Find(*view, caller, definition.id));
        *response->mutable_segment() = Described(definition);
        SPOTTER_ASSIGN_OR_RETURN(const int64_t members, CountOf(*view, caller, definition.id));
        response->set_members(members);
        SPOTTER_ASSIGN_OR_RETURN(const auto warnings,
                                 WarnOfUnsentKinds(*view, caller.tenant, *expression));
        for (const std::string& warning : warnings) response->add_warnings(warning);
        return OkStatus();
      });
}

// On this thread, over a view of the store: the shard goes on meanwhile.
Status SegmentServiceImpl::Check(const grpc::ServerContext& context,
                                 const v1::PutSegmentRequest& request, const Caller& caller,
                                 const ShardPorts& shard, model::SegmentDefinition definition,
                                 const std::string& etag,
                                 const std::optional<model::SegmentDefinition>& before,
                                 v1::PutSegmentResponse& response) const {
  const std::string current =
      before.has_value() ? EtagOf(*before) : std::string(model::kEtagOfNone);
  if (!etag.empty() && etag != current) {
    return Aborted("segment '{}' has etag '{}', the change was made from etag '{}'", definition.id,
                   current, etag);
  }
  std::vector<model::SegmentDefinition> others;
  for (const v1::Segment& other : request.together_with()) {
    others.push_back(wire::FromProto(other));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto view, shard.store.View());
  SPOTTER_RETURN_IF_ERROR(CheckReferences(*view, caller.tenant, definition, others));
  SPOTTER_RETURN_IF_ERROR(CheckAdmission(*view, caller.tenant, definition, others));
  SPOTTER_ASSIGN_OR_RETURN(const Preview preview,
                           PreviewSegment(*view, caller.tenant, definition, others,
                                          [&] { return context.IsCancelled(); }));
  if (before.has_value()) definition.revision = before->revision;
  *response.mutable_segment() = Described(definition);
  response.set_members(preview.members);
  Write(preview, *response.mutable_preview());
  if (preview.asked < preview.total) {
    response.add_warnings(
        fmt::format("estimated from {} of {} members", preview.asked, preview.total));
  }
  SPOTTER_ASSIGN_OR_RETURN(
      const segment::Expression expression,
      segment::Expression::Compile(definition.expression, segment::Scope::kSegment));
  SPOTTER_ASSIGN_OR_RETURN(const auto warnings,
                           WarnOfUnsentKinds(*view, caller.tenant, expression));
  for (const std::string& warning : warnings) response.add_warnings(warning);
  return OkStatus();
}

grpc::Status SegmentServiceImpl::DeleteSegment(grpc::ServerContext* context,
                                               const v1::DeleteSegmentRequest* request,
                                               v1::DeleteSegmentResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/DeleteSegment",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const int64_t members,
                                 CountOf(shard.store, caller, request->segment()));
        SPOTTER_RETURN_IF_ERROR(Submit(ports_, shard, caller, request->request_id(),
                                       model::DeleteSegment{request->segment(), request->etag()})
                                    .status());
        response->set_members(members);
        return OkStatus();
      });
}

grpc::Status SegmentServiceImpl::GetSegment(grpc::ServerContext* context,
                                            const v1::GetSegmentRequest* request,
                                            v1::GetSegmentResponse* response) {
  return ServeAtShard(
      ports_, *context, "SegmentService/GetSegment",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        const int days = request->history_days() == 0 ? kHistoryDays : request->history_days();
        if (days < 0 || days > kHistoryDaysMax) {
          return InvalidArgument("history_days {}: expected 0 to {}", days, kHistoryDaysMax);
        }
        SPOTTER_ASSIGN_OR_RETURN(const auto view, shard.store.View());
        SPOTTER_ASSIGN_OR_RETURN(const auto definition, Find(*view, caller, request->segment()));
        SPOTTER_ASSIGN_OR_RETURN(const auto progress, engine::ReadProgress(*view, caller.tenant));
        SPOTTER_ASSIGN_OR_RETURN(const int64_t members, CountOf(*view, caller, definition.id));
        *response->mutable_segment() = Described(definition);
        Write(engine::WorkStatusOf(progress, definition.revision), members, *response);
        SPOTTER_ASSIGN_OR_RETURN(const engine::AsOf as_of, engine::ReadAsOf(*view, caller.tenant));
        SPOTTER_ASSIGN_OR_RETURN(
            const auto history,
            engine::ListDays(*view, caller.tenant, definition.id, as_of.shard_time, days));
        for (const engine::DayCount& one : history) {
          v1::DailyCount& added = *response->add_history();
          added.set_day(FormatTime(EventTime{one.day * Days(1).count()}).substr(0, 10));
          added.set_members(one.members);
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
        SPOTTER_ASSIGN_OR_RETURN(const auto view, shard.store.View());
        SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSegments(*view, caller.tenant));
        SPOTTER_ASSIGN_OR_RETURN(const auto progress, engine::ReadProgress(*view, caller.tenant));
        for (const model::SegmentDefinition& one : all) {
          if (one.id <= after) continue;
          if (response->segments_size() == static_cast<int>(size)) {
            response->set_next_page_token(
                PrintPageToken(response->segments(response->segments_size() - 1).id()));
            break;
          }
          *response->add_segments() = Described(one);
          v1::SegmentStatus& status = *response->add_statuses();
          status.set_segment(one.id);
          SPOTTER_ASSIGN_OR_RETURN(const int64_t members, CountOf(*view, caller, one.id));
          Write(engine::WorkStatusOf(progress, one.revision), members, status);
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
        SPOTTER_ASSIGN_OR_RETURN(const auto token, ParseMembersToken(request->page_token()));
        SPOTTER_ASSIGN_OR_RETURN(const auto view, shard.store.View());
        SPOTTER_RETURN_IF_ERROR(Find(*view, caller, request->segment()).status());
        SPOTTER_ASSIGN_OR_RETURN(const engine::AsOf as_of, engine::ReadAsOf(*view, caller.tenant));
        const int64_t offset = token.has_value() ? token->offset : as_of.offset;
        SPOTTER_ASSIGN_OR_RETURN(
            const auto page, engine::ListMembersAt(*view, caller.tenant, request->segment(), offset,
                                                   size, token.has_value() ? token->after : ""));
        for (const engine::MemberAt& one : page.members) {
          v1::SegmentMember& member = *response->add_members();
          member.set_profile(model::ToText(one.profile));
          wire::Write(one.since, *member.mutable_since());
        }
        if (!page.next.empty()) {
          response->set_next_page_token(PrintPageToken(
              Encoder().Fixed64(static_cast<uint64_t>(offset)).Raw(page.next).view()));
        }
        response->set_offset(offset);
        response->set_total(page.total);
        return OkStatus();
      });
}

}  // namespace spotter::api
