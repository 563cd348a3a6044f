// SPDX-License-Identifier: Apache-2.0
//
// Carries calls from clients to the engines that own their shards. Messages pass as bytes.
//
// A call is two reactors: one towards the client, one (a leg) towards the engine. The client's
// first message is read before an engine is chosen, and kept while the call may still be sent
// again: a unary call whose engine says that the shard is elsewhere, which means that nothing was
// done, gets one more leg after a short pause in which the directory has caught up. After that each
// side reads its next message only when the other has taken the one before, so a slow side holds
// back the fast one and nothing piles up here.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <set>

#include "api/gate.h"
#include "services/gateway/backends.h"
#include "services/gateway/routes.h"

namespace spotter::service {

class ProxiedCall;

// Thread safety: all methods from any thread. Outlives the server it is registered with.
class Proxy final : public grpc::CallbackGenericService {
 public:
  Proxy(const Routes& routes, Backends& backends, api::Gate& gate, bool reflection)
      : routes_(routes), backends_(backends), gate_(gate), reflection_(reflection) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  // Ends streams whose shard has another owner by now, or their tenant another shard, with
  // Unavailable and a hint to come again.
  void EndMovedStreams();
  // Ends all calls under way: the gateway goes down.
  void EndAll();
  size_t open_calls() const;

 private:
  friend class ProxiedCall;
  void Forget(ProxiedCall* call);
  void EndThose(const Status& why, const std::function<bool(ProxiedCall&)>& are_meant);

  const Routes& routes_;
  Backends& backends_;
  api::Gate& gate_;
  const bool reflection_;
  mutable std::mutex mutex_;
  std::set<ProxiedCall*> calls_;
};

}  // namespace spotter::service
