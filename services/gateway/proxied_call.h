// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/gateway/proxy.h"

namespace spotter::service {

// One call on its way through. gRPC's threads run its reactions; no operation is started while
// mutex_ is held. Deletes itself when the call is over.
class ProxiedCall final : public grpc::ServerGenericBidiReactor {
 public:
  // The caller is admitted, or nobody asks who calls (reflection: nullopt).
  ProxiedCall(Proxy& proxy, grpc::GenericCallbackServerContext& context, std::string method,
              std::optional<api::Caller> caller);

  // It is a stream to an engine that does not own the shard any more, or of a tenant that has left
  // the shard.
  bool HasMoved();
  // Ends the call in two steps, because gRPC may finish it inside the second: true: do
  // CompleteEnd, until which the call lives on.
  bool BeginEnd(const Status& why);
  void CompleteEnd();

 private:
  class Leg;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Dial();
  std::unique_ptr<grpc::ClientContext> MakeContext() const;
  void Forward();             // what was read last, to the leg
  void CloseRequests();       // if the client has no more and the leg has taken all
  void OnForwarded(bool ok);  // the leg took a message
  void OnLegDone(const grpc::Status& status);
  bool ShouldRetry(const grpc::Status& status) const;
  void FinishWith(const Status& status);
  void FinishWith(const grpc::Status& status);

  Proxy& proxy_;
  grpc::GenericCallbackServerContext& context_;
  const std::string path_;    // "/spotter.v1.ActionService/PullActions"
  const std::string method_;  // "ActionService/PullActions"
  const std::optional<api::Caller> caller_;
  const bool is_unary_;

  grpc::ByteBuffer from_client_;
  grpc::ByteBuffer first_;  // of a unary call, to send again
  grpc::ByteBuffer to_client_;

  std::mutex mutex_;
  Route route_;
  std::vector<std::unique_ptr<Leg>> legs_;  // the last is the current one
  bool has_first_ = false;                  // a first message was read
  bool reading_ = true;                     // from the client
  bool client_done_ = false;                // half-closed
  bool answered_ = false;                   // a message went to the client
  bool cancelled_ = false;
  Status ended_;  // why we ended it ourselves
  grpc::Alarm pause_;
};

}  // namespace spotter::service
