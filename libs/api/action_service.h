// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "api/ports.h"
#include "spotter/v1/action_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class ActionServiceImpl final
    : public v1::ActionService::WithCallbackMethod_StreamActions<v1::ActionService::Service> {
 public:
  explicit ActionServiceImpl(const Ports& ports) : ports_(ports) {}
  // Ends open streams with Revoked; new ones are refused.
  void Drain() { draining_ = true; }

  grpc::ServerBidiReactor<v1::StreamActionsRequest, v1::StreamActionsResponse>* StreamActions(
      grpc::CallbackServerContext* context) override;
  grpc::Status PullActions(grpc::ServerContext* context, const v1::PullActionsRequest* request,
                           v1::PullActionsResponse* response) override;
  grpc::Status SettleActions(grpc::ServerContext* context, const v1::SettleActionsRequest* request,
                             v1::SettleActionsResponse* response) override;
  grpc::Status SeekSubscription(grpc::ServerContext* context,
                                const v1::SeekSubscriptionRequest* request,
                                v1::SeekSubscriptionResponse* response) override;
  grpc::Status CreateSubscription(grpc::ServerContext* context,
                                  const v1::CreateSubscriptionRequest* request,
                                  v1::CreateSubscriptionResponse* response) override;
  grpc::Status ListSubscriptions(grpc::ServerContext* context,
                                 const v1::ListSubscriptionsRequest* request,
                                 v1::ListSubscriptionsResponse* response) override;

 private:
  const Ports ports_;
  std::atomic<bool> draining_ = false;
  std::atomic<int> streams_ = 0;
};

}  // namespace spotter::api
