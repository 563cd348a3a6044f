// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/backends.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

namespace spotter::service {
namespace {

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // An engine that comes back is found again within a second, one that hangs is given up on in 15.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(-1);  // what an engine answers is for the client to bound
  arguments.SetMaxSendMessageSize(-1);
  return arguments;
}

const char* NameOf(grpc_connectivity_state state) {
  switch (state) {
    case GRPC_CHANNEL_CONNECTING:
      return "connecting";
    case GRPC_CHANNEL_READY:
      return "ready";
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
    case GRPC_CHANNEL_SHUTDOWN:
      return "failing";
    case GRPC_CHANNEL_IDLE:
      break;
  }
  return "idle";
}

}  // namespace

std::shared_ptr<grpc::GenericStub> Backends::At(const std::string& address) {
  const std::lock_guard lock(mutex_);
  Backend& backend = backends_[address];
  if (backend.channel == nullptr) {
    backend.channel = grpc::CreateCustomChannel(address, credentials_, Arguments());
    backend.stub = std::make_shared<grpc::GenericStub>(backend.channel);
  }
  return backend.stub;
}

void Backends::Keep(std::span<const std::string> addresses) {
  const std::lock_guard lock(mutex_);
  std::erase_if(backends_, [&](const auto& backend) {
    return std::find(addresses.begin(), addresses.end(), backend.first) == addresses.end();
  });
}

std::map<std::string, int> Backends::CountStates() const {
  std::map<std::string, int> states = {
      {"connecting", 0}, {"failing", 0}, {"idle", 0}, {"ready", 0}};
  const std::lock_guard lock(mutex_);
  for (const auto& [address, backend] : backends_) {
    states[NameOf(backend.channel->GetState(/*try_to_connect=*/false))]++;
  }
  return states;
}

}  // namespace spotter::service
