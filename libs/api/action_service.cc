// SPDX-License-Identifier: Apache-2.0
#include "api/action_service.h"

#include <algorithm>

#include "api/action_messages.h"
#include "api/action_stream.h"
#include "api/wanted_leases.h"
#include "engine/queries.h"
#include "wire/definition_proto.h"
#include "wire/leaf.h"

namespace spotter::api {
namespace {

// A stream has a thread of its own while it lasts.
constexpr int kStreamsMax = 64;
constexpr Duration kWaitMax = Seconds(60);
constexpr int kDeliveriesDefault = 100;

std::string SubscriptionOf(const std::string& asked) { return asked.empty() ? "default" : asked; }

Status ValidateSubscriptionId(std::string_view id) {
  const bool is_valid =
      !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (is_valid) return OkStatus();
  return InvalidArgument("subscription '{}': expected 1 to 64 of [a-z0-9-]", id);
}

StatusOr<model::Subscription> Find(const ShardPorts& shard, const Caller& caller,
                                   const std::string& id) {
  SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSubscriptions(shard.store, caller.tenant));
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == id; });
  if (found != all.end()) return *found;
  return NotFound("tenant '{}' has no subscription '{}'", caller.tenant.value(), id);
}

// A stream that ends before it begins.
class RefusedStream final
    : public grpc::ServerBidiReactor<v1::StreamActionsRequest, v1::StreamActionsResponse> {
 public:
  explicit RefusedStream(const Status& status) { Finish(ToGrpc(status)); }

 private:
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<v1::StreamActionsRequest, v1::StreamActionsResponse>*
ActionServiceImpl::StreamActions(grpc::CallbackServerContext* context) {
  constexpr std::string_view kMethod = "ActionService/StreamActions";
  StatusOr<Caller> caller = ports_.gate.Admit(*context, kMethod);
  if (caller.ok() && draining_) caller = Unavailable("the server stops");
  if (caller.ok() && streams_.fetch_add(1) >= kStreamsMax) {
    streams_--;
    caller = ResourceExhausted("{} streams are open, which is the most there may be", kStreamsMax);
  }
  Status refused = caller.status();
  if (caller.ok()) {
    StatusOr<ShardHandle> shard = ports_.shards.Of(caller->tenant);
    if (shard.ok()) {
      return new ActionStream({ports_, *std::move(shard), *std::move(caller)}, *context, draining_,
                              streams_);
    }
    streams_--;
    refused = shard.status();
  }
  ports_.gate.Count(kMethod, refused);
  AddHints(refused, *context);
  return new RefusedStream(refused);
}

grpc::Status ActionServiceImpl::PullActions(grpc::ServerContext* context,
                                            const v1::PullActionsRequest* request,
                                            v1::PullActionsResponse* response) {
  return ServeAtShard(ports_, *context, "ActionService/PullActions",
                      [&](const Caller& caller, const ShardPorts& shard) -> Status {
                        if (request->max_deliveries() < 0) {
                          return InvalidArgument("max_deliveries {}: expected 0 or more",
                                                 request->max_deliveries());
                        }
                        wire::Reader reader;
                        const Duration wait = reader.Span(request->wait(), "wait");
                        const Duration ack_deadline =
                            reader.Span(request->ack_deadline(), "ack_deadline");
                        if (!reader.ok()) return reader.status();
                        const int max = request->max_deliveries() == 0 ? kDeliveriesDefault
                                                                       : request->max_deliveries();
                        SPOTTER_ASSIGN_OR_RETURN(
                            const auto leases,
                            PullUnlessGone(shard.delivery, caller.tenant,
                                           {.subscription = SubscriptionOf(request->subscription()),
                                            .max = static_cast<size_t>(max),
                                            .ack_deadline = ack_deadline,
                                            .wait = std::clamp(wait, Duration(0), kWaitMax)},
                                           [context] { return context->IsCancelled(); }));
                        for (const engine::Lease& lease : leases)
                          Write(lease, *response->add_deliveries());
                        return OkStatus();
                      });
}

grpc::Status ActionServiceImpl::SettleActions(grpc::ServerContext* context,
                                              const v1::SettleActionsRequest* request,
                                              v1::SettleActionsResponse* response) {
  return ServeAtShard(
      ports_, *context, "ActionService/SettleActions",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto requests, ReadSettlements(request->settlements()));
        SPOTTER_ASSIGN_OR_RETURN(
            const auto results,
            shard.delivery.Settle(caller.tenant, SubscriptionOf(request->subscription()),
                                  caller.principal.name, requests));
        Write(results, *response->mutable_settled());
        return OkStatus();
      });
}

grpc::Status ActionServiceImpl::SeekSubscription(grpc::ServerContext* context,
                                                 const v1::SeekSubscriptionRequest* request,
                                                 v1::SeekSubscriptionResponse* response) {
  return ServeAtShard(ports_, *context, "ActionService/SeekSubscription",
                      [&](const Caller& caller, const ShardPorts& shard) -> Status {
                        const std::string id = SubscriptionOf(request->subscription());
                        SPOTTER_RETURN_IF_ERROR(Submit(ports_, shard, caller, request->request_id(),
                                                       model::SeekSubscription{id})
                                                    .status());
                        SPOTTER_ASSIGN_OR_RETURN(const auto subscription, Find(shard, caller, id));
                        *response->mutable_subscription() = wire::ToProto(subscription);
                        return OkStatus();
                      });
}

grpc::Status ActionServiceImpl::CreateSubscription(grpc::ServerContext* context,
                                                   const v1::CreateSubscriptionRequest* request,
                                                   v1::CreateSubscriptionResponse* response) {
  return ServeAtShard(
      ports_, *context, "ActionService/CreateSubscription",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_RETURN_IF_ERROR(ValidateSubscriptionId(request->subscription()));
        const model::PutSubscription put{{.id = request->subscription()}};
        SPOTTER_RETURN_IF_ERROR(Submit(ports_, shard, caller, request->request_id(), put).status());
        SPOTTER_ASSIGN_OR_RETURN(const auto subscription,
                                 Find(shard, caller, request->subscription()));
        *response->mutable_subscription() = wire::ToProto(subscription);
        return OkStatus();
      });
}

// A tenant has few subscriptions: they are always one page.
grpc::Status ActionServiceImpl::ListSubscriptions(grpc::ServerContext* context,
                                                  const v1::ListSubscriptionsRequest* request,
                                                  v1::ListSubscriptionsResponse* response) {
  return ServeAtShard(ports_, *context, "ActionService/ListSubscriptions",
                      [&](const Caller& caller, const ShardPorts& shard) -> Status {
                        SPOTTER_RETURN_IF_ERROR(PageSize(request->page_size()).status());
                        SPOTTER_ASSIGN_OR_RETURN(
                            const auto all, engine::ListSubscriptions(shard.store, caller.tenant));
                        for (const model::Subscription& one : all) {
                          v1::SubscriptionStatus& status = *response->add_subscriptions();
                          *status.mutable_subscription() = wire::ToProto(one);
                          if (one.has_expired()) {
                            wire::Write(one.expired_at, *status.mutable_expired_at());
                          }
                          const engine::QueueStatus queue =
                              shard.delivery.StatusOf(caller.tenant, one.id);
                          status.set_waiting(static_cast<int64_t>(queue.waiting));
                          status.set_leased(static_cast<int64_t>(queue.leased));
                        }
                        return OkStatus();
                      });
}

}  // namespace spotter::api
