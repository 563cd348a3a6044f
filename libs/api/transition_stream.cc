// SPDX-License-Identifier: Apache-2.0
//
// SegmentService.StreamTransitions. Each turn reads a bounded number of rows from a view of the
// store and gives the view back before it writes, for the client may be slow; the shard is looked
// up anew, for the tenant may move.
#include <chrono>

#include "api/segment_service.h"
#include "base/codec.h"
#include "engine/segment_queries.h"
#include "wire/leaf.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

constexpr int kStreamsMax = 32;  // each takes a thread while it lasts
constexpr int kBatchMax = 500;
constexpr int kScannedMax = 10'000;
constexpr Duration kTurn = Seconds(1);
constexpr auto kHeartbeat = std::chrono::seconds(10);

StatusOr<std::optional<state::TransitionPlace>> ParseResumeToken(const std::string& text) {
  SPOTTER_ASSIGN_OR_RETURN(const std::string bytes, ParsePageToken(text));
  if (bytes.empty()) return std::optional<state::TransitionPlace>();
  Decoder in(bytes);
  state::TransitionPlace place;
  place.offset = static_cast<int64_t>(in.Fixed64());
  place.ordinal = in.Fixed32();
  if (!in.Done("resume_token").ok()) {
    return InvalidArgument("resume_token '{}' is not one of this stream", text);
  }
  return std::optional(place);
}

void Write(state::TransitionPlace place, const state::TransitionRow& row,
           v1::SegmentTransition& to) {
  to.set_profile(model::ToText(row.profile));
  *to.mutable_transition() = wire::ToProto(model::Transition{.segment = row.segment,
                                                             .entered = row.entered,
                                                             .effective_time = row.effective_time,
                                                             .cause = row.cause});
  to.set_offset(place.offset);
  wire::Write(row.at, *to.mutable_decided_at());
  to.set_revision(row.revision);
  to.set_members(row.members);
}

// What one turn found, and where the next goes on.
struct Turn {
  v1::StreamTransitionsResponse response;
  state::TransitionPlace next;
  int64_t log_offset = 0;  // nothing at it or later was seen
  bool is_whole = false;   // all that there is was seen
};

StatusOr<Turn> ReadTurn(const store::Store& store, const model::TenantId& tenant,
                        const v1::StreamTransitionsRequest& request,
                        std::optional<state::TransitionPlace> from) {
  Turn turn;
  SPOTTER_ASSIGN_OR_RETURN(const auto view, store.View());
  SPOTTER_ASSIGN_OR_RETURN(const engine::AsOf as_of, engine::ReadAsOf(*view, tenant));
  if (!from.has_value()) {
    SPOTTER_ASSIGN_OR_RETURN(const auto progress, engine::ReadProgress(*view, tenant));
    from = {.offset =
                request.from_offset() == 0 ? progress.transitions_from : request.from_offset()};
  }
  int scanned = 0;
  turn.is_whole = true;
  SPOTTER_RETURN_IF_ERROR(engine::ScanTransitions(
      *view, tenant, *from, [&](state::TransitionPlace place, const state::TransitionRow& row) {
        if (++scanned > kScannedMax || turn.response.transitions_size() == kBatchMax) {
          turn.is_whole = false;
          turn.next = place;
          return false;
        }
        if (request.segment().empty() || row.segment == request.segment()) {
          Write(place, row, *turn.response.add_transitions());
        }
        return true;
      }));
  turn.log_offset = as_of.log_offset;
  if (turn.is_whole) {
    turn.next = {.offset = std::max(as_of.offset, from->offset)};
    if (!request.segment().empty()) {
      SPOTTER_ASSIGN_OR_RETURN(const auto count,
                               engine::CountMembers(*view, tenant, request.segment()));
      if (!count.has_value() && turn.response.transitions_size() == 0) {
        return NotFound("segment '{}' does not exist", request.segment());
      }
    }
  }
  turn.response.set_resume_token(
      PrintPageToken(Encoder()
                         .Fixed64(static_cast<uint64_t>(turn.next.offset))
                         .Fixed32(turn.next.ordinal)
                         .view()));
  return turn;
}

}  // namespace

grpc::Status SegmentServiceImpl::StreamTransitions(
    grpc::ServerContext* context, const v1::StreamTransitionsRequest* request,
    grpc::ServerWriter<v1::StreamTransitionsResponse>* writer) {
  return ports_.gate.Serve(
      *context, "SegmentService/StreamTransitions", [&](const Caller& caller) -> Status {
        const int open = streams_.fetch_add(1);
        Status ended =
            open < kStreamsMax
                ? Stream(*context, caller, *request, *writer)
                : ResourceExhausted("{} streams are open, which is the most there may be",
                                    kStreamsMax);
        streams_--;
        return ended;
      });
}

Status SegmentServiceImpl::Stream(grpc::ServerContext& context, const Caller& caller,
                                  const v1::StreamTransitionsRequest& request,
                                  grpc::ServerWriter<v1::StreamTransitionsResponse>& writer) {
  if (request.from_offset() < 0) {
    return InvalidArgument("from_offset {}: expected 0 or more", request.from_offset());
  }
  SPOTTER_ASSIGN_OR_RETURN(auto place, ParseResumeToken(request.resume_token()));
  auto last_write = std::chrono::steady_clock::now();
  while (!context.IsCancelled()) {
    if (draining_) return Unavailable("the server stops: go on with the resume_token");
    SPOTTER_ASSIGN_OR_RETURN(const ShardHandle shard, ports_.shards.Of(caller.tenant));
    SPOTTER_ASSIGN_OR_RETURN(const Turn turn,
                             ReadTurn(shard->store, caller.tenant, request, place));
    place = turn.next;
    const bool is_last = !request.follow() && turn.is_whole;
    const auto now = std::chrono::steady_clock::now();
    if (turn.response.transitions_size() > 0 || is_last || now - last_write >= kHeartbeat) {
      if (!writer.Write(turn.response)) break;
      last_write = now;
    }
    if (is_last) return OkStatus();
    if (!turn.is_whole) continue;
    if (shard->owner == nullptr) {
      return Unavailable("the shard stands still: {}", shard->operations.problem());
    }
    Status waited = shard->owner->WaitApplied(turn.log_offset, kTurn);
    if (!waited.ok() && waited.code() != StatusCode::kDeadlineExceeded) return waited;
  }
  return Status(StatusCode::kCancelled, "the caller is gone");
}

}  // namespace spotter::api
