// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/proxy.h"

#include "api/grpc_status.h"
#include "services/gateway/proxied_call.h"

namespace spotter::service {
namespace {

constexpr std::string_view kOurs = "/spotter.v1.";
constexpr std::string_view kReflection = "/grpc.reflection.";

// A call that ends before it begins.
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }

 private:
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* Proxy::CreateReactor(grpc::GenericCallbackServerContext* context) {
  const std::string& path = context->method();
  const bool is_ours = path.starts_with(kOurs);
  const std::string method = is_ours ? path.substr(kOurs.size()) : "reflection";
  std::optional<api::Caller> caller;
  if (is_ours && api::OperationOf(method).has_value()) {
    StatusOr<api::Caller> admitted = gate_.Admit(*context, method);
    if (!admitted.ok()) {
      gate_.Count(method, admitted.status());
      return new RefusedCall(api::ToGrpc(admitted.status()));
    }
    caller = *std::move(admitted);
  } else if (!reflection_ || !path.starts_with(kReflection)) {
    return new RefusedCall({grpc::StatusCode::UNIMPLEMENTED, "there is no method " + path});
  }
  auto* call = new ProxiedCall(*this, *context, method, std::move(caller));
  const std::lock_guard lock(mutex_);
  calls_.insert(call);
  return call;
}

void Proxy::Forget(ProxiedCall* call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

void Proxy::EndThose(const Status& why, const std::function<bool(ProxiedCall&)>& are_meant) {
  std::vector<ProxiedCall*> ending;
  {
    const std::lock_guard lock(mutex_);
    for (ProxiedCall* call : calls_) {
      if (are_meant(*call) && call->BeginEnd(why)) ending.push_back(call);
    }
  }
  for (ProxiedCall* call : ending) call->CompleteEnd();
}

void Proxy::EndMovedStreams() {
  EndThose(api::Elsewhere("the shard has another owner now, or the tenant another shard"),
           [](ProxiedCall& call) { return call.HasMoved(); });
}

void Proxy::EndAll() {
  EndThose(api::Elsewhere("the gateway goes down"), [](ProxiedCall&) { return true; });
}

size_t Proxy::open_calls() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

}  // namespace spotter::service
