// SPDX-License-Identifier: Apache-2.0
#include "api/action_stream.h"

#include <algorithm>
#include <utility>

#include "api/action_messages.h"
#include "api/wanted_leases.h"
#include "engine/queries.h"
#include "wire/definition_proto.h"
#include "wire/leaf.h"

namespace spotter::api {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(20);  // how long one side waits for the other
constexpr auto kHeartbeat = std::chrono::seconds(10);
constexpr int64_t kBatchMax = 100;
constexpr size_t kInboxMax = 1000;
constexpr Duration kAckDeadline = Seconds(60);

}  // namespace

ActionStream::ActionStream(StreamOf of, grpc::CallbackServerContext& context,
                           const std::atomic<bool>& draining, std::atomic<int>& open_streams)
    : ports_(of.ports),
      shard_(std::move(of.shard)),
      caller_(std::move(of.caller)),
      context_(context),
      draining_(draining),
      open_streams_(open_streams) {
  StartRead(&incoming_);
  thread_ = std::thread([this] {
    const Status status = Run();
    ports_.gate.Count("ActionService/StreamActions", status);
    AddHints(status, context_);
    Finish(ToGrpc(status));
  });
}

void ActionStream::OnReadDone(bool ok) {
  const std::lock_guard lock(mutex_);
  if (!ok) {
    reads_done_ = true;
  } else {
    inbox_.push_back(std::move(incoming_));
    incoming_.Clear();
    read_paused_ = inbox_.size() >= kInboxMax;
    if (!read_paused_) StartRead(&incoming_);
  }
  changed_.notify_all();
}

void ActionStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  broken_ = broken_ || !ok;
  changed_.notify_all();
}

void ActionStream::OnCancel() {
  const std::lock_guard lock(mutex_);
  broken_ = true;
  changed_.notify_all();
}

void ActionStream::OnDone() {
  thread_.join();
  open_streams_--;
  delete this;
}

std::optional<v1::StreamActionsRequest> ActionStream::WaitForRequest() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !inbox_.empty() || reads_done_ || broken_; });
  if (inbox_.empty()) return std::nullopt;
  v1::StreamActionsRequest request = std::move(inbox_.front());
  inbox_.pop_front();
  return request;
}

Status ActionStream::Open() {
  const std::optional<v1::StreamActionsRequest> first = WaitForRequest();
  if (!first.has_value() || !first->has_open()) {
    return InvalidArgument("stream: expected 'open' as the first message");
  }
  const v1::StreamActionsRequest::Open& open = first->open();
  subscription_ = open.subscription().empty() ? "default" : open.subscription();
  wire::Reader reader;
  ack_deadline_ =
      open.has_ack_deadline() ? reader.Span(open.ack_deadline(), "ack_deadline") : kAckDeadline;
  if (!reader.ok()) return reader.status();
  AddCredit(open.credit());
  SPOTTER_ASSIGN_OR_RETURN(const auto subscriptions,
                           engine::ListSubscriptions(shard_->store, caller_.tenant));
  const auto found = std::find_if(subscriptions.begin(), subscriptions.end(),
                                  [&](const auto& s) { return s.id == subscription_; });
  if (found == subscriptions.end()) {
    return NotFound(
        "tenant '{}' has no subscription '{}': create it; what is decided from then on "
        "belongs to it",
        caller_.tenant.value(), subscription_);
  }
  v1::StreamActionsResponse response;
  *response.mutable_opened()->mutable_ack_deadline() = wire::ToProto(ack_deadline_);
  *response.mutable_opened()->mutable_subscription() = wire::ToProto(*found);
  (void)Write(response);
  return OkStatus();
}

Status ActionStream::Run() {
  SPOTTER_RETURN_IF_ERROR(Open());
  while (true) {
    if (draining_) {
      v1::StreamActionsResponse response;
      response.mutable_revoked()->set_reason("the server stops");
      (void)Write(response);
      return OkStatus();
    }
    std::deque<v1::StreamActionsRequest> requests;
    {
      std::unique_lock lock(mutex_);
      if (!MayDeliver()) {
        changed_.wait_for(lock, kTurn, [&] { return !inbox_.empty() || reads_done_ || broken_; });
      }
      requests.swap(inbox_);
      if (std::exchange(read_paused_, false)) StartRead(&incoming_);
      if (broken_) return Status(StatusCode::kCancelled, "the worker is gone");
      if (requests.empty() && reads_done_) return OkStatus();
    }
    for (const v1::StreamActionsRequest& request : requests) {
      SPOTTER_RETURN_IF_ERROR(Handle(request));
    }
    if (MayDeliver()) SPOTTER_RETURN_IF_ERROR(Deliver());
    std::erase_if(outstanding_,
                  [now = ports_.clock.Now()](const auto& item) { return item.second <= now; });
    if (worker_drains_ && outstanding_.empty()) return OkStatus();
    if (std::chrono::steady_clock::now() - last_write_ > kHeartbeat) {
      // A tenant may have moved away while the worker had no credit left.
      SPOTTER_RETURN_IF_ERROR(ports_.shards.Of(caller_.tenant).status());
      (void)WriteProgress();
    }
  }
}

Status ActionStream::Handle(const v1::StreamActionsRequest& request) {
  switch (request.message_case()) {
    case v1::StreamActionsRequest::kCredit:
      AddCredit(request.credit());
      return OkStatus();
    case v1::StreamActionsRequest::kSettle:
      return Settle(request.settle());
    case v1::StreamActionsRequest::kDrain:
      worker_drains_ = true;
      return OkStatus();
    case v1::StreamActionsRequest::kOpen:
      return InvalidArgument("stream: 'open' comes once, first");
    case v1::StreamActionsRequest::MESSAGE_NOT_SET:
      return InvalidArgument("stream: message is empty");
  }
  return OkStatus();
}

Status ActionStream::Settle(const v1::SettlementBatch& batch) {
  SPOTTER_ASSIGN_OR_RETURN(const auto requests, ReadSettlements(batch.settlements()));
  SPOTTER_ASSIGN_OR_RETURN(
      const auto results,
      shard_->delivery.Settle(caller_.tenant, subscription_, caller_.principal.name, requests));
  for (const engine::SettleRequest& request : requests) {
    if (request.wish != engine::SettleWish::kExtend) outstanding_.erase(request.token);
  }
  v1::StreamActionsResponse response;
  api::Write(results, *response.mutable_settled());
  (void)Write(response);
  return OkStatus();
}

bool ActionStream::MayDeliver() const {
  return !worker_drains_ && credit_ > 0 && (!bytes_bounded_ || bytes_ > 0);
}

Status ActionStream::Deliver() {
  const auto pulled = shard_->delivery.Pull(caller_.tenant, subscription_,
                                            static_cast<size_t>(std::min(credit_, kBatchMax)),
                                            ack_deadline_, kTurn);
  if (!pulled.ok()) {
    // Where the tenant is on its way, the worker is told when to come again.
    SPOTTER_RETURN_IF_ERROR(ports_.shards.Of(caller_.tenant).status());
    return pulled.status();
  }
  const std::vector<engine::Lease>& leases = *pulled;
  if (leases.empty()) return OkStatus();
  v1::StreamActionsResponse response;
  for (const engine::Lease& lease : leases) {
    api::Write(lease, *response.mutable_deliveries()->add_deliveries());
    outstanding_[lease.token] = lease.expires_at;
  }
  credit_ -= static_cast<int64_t>(leases.size());
  bytes_ -= static_cast<int64_t>(response.ByteSizeLong());
  if (!Write(response)) GiveBack(shard_->delivery, caller_.tenant, subscription_, leases);
  return OkStatus();
}

void ActionStream::AddCredit(const v1::Credit& credit) {
  credit_ += std::max(credit.deliveries(), 0);
  if (credit.bytes() > 0) {
    bytes_bounded_ = true;
    bytes_ += credit.bytes();
  }
}

// Returns once the message is on its way; false: the stream is broken.
bool ActionStream::Write(const v1::StreamActionsResponse& response) {
  last_write_ = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (broken_) return false;
  writing_ = true;
  StartWrite(&response);
  changed_.wait(lock, [&] { return !writing_; });
  return !broken_;
}

bool ActionStream::WriteProgress() {
  v1::StreamActionsResponse response;
  if (shard_->owner != nullptr) {
    const engine::OwnerStatus status = shard_->owner->status();
    wire::Write(status.shard_time, *response.mutable_progress()->mutable_time());
    response.mutable_progress()->set_offset(status.next_offset);
  }
  response.mutable_progress()->set_outstanding(static_cast<int64_t>(outstanding_.size()));
  return Write(response);
}

}  // namespace spotter::api
