// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace spotter::service {

// The connections to engines and ingest processes, one each, opened when first needed.
// Thread safety: all methods from any thread.
class Backends {
 public:
  explicit Backends(std::shared_ptr<grpc::ChannelCredentials> credentials)
      : credentials_(std::move(credentials)) {}

  // Shared by calls under way: a connection that is dropped lives as long as they do.
  std::shared_ptr<grpc::GenericStub> At(const std::string& address);
  // Drops the connections to all others.
  void Keep(std::span<const std::string> addresses);
  // How many connections are "idle", "connecting", "ready" or "failing" now.
  std::map<std::string, int> CountStates() const;

 private:
  struct Backend {
    std::shared_ptr<grpc::Channel> channel;
    std::shared_ptr<grpc::GenericStub> stub;
  };
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  mutable std::mutex mutex_;
  std::map<std::string, Backend> backends_;
};

}  // namespace spotter::service
