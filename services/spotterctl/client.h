// SPDX-License-Identifier: Apache-2.0
//
// The connection that every command uses.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"

namespace spotter::ctl {

struct Connection {
  std::string address = "127.0.0.1:7071";
  std::string tenant;  // "" = the token's only one, or `studio`
  std::string token_file;
  std::string tls_ca;  // PEM; "" = no TLS
  bool json = false;   // of the answers: one JSON object a line
};

class Client {
 public:
  // InvalidArgument: a file cannot be read. Connects at the first call.
  static StatusOr<Client> Make(const Connection& connection);

  template <typename Service>
  std::unique_ptr<typename Service::Stub> Stub() const {
    return Service::NewStub(channel_);
  }

  // One unary call: Call<v1::X>(&v1::X::Stub::GetY, request) gives the response or its error.
  template <typename Service, typename Request, typename Response>
  StatusOr<Response> Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                          const Request& request, Duration timeout = Seconds(60)) const {
    const auto stub = Stub<Service>();
    grpc::ClientContext context;
    Prepare(context, timeout);
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  bool json() const { return connection_.json; }
  void Prepare(grpc::ClientContext& context, Duration timeout) const;
  Status FromGrpc(const grpc::Status& status) const;

 private:
  Client() = default;
  std::string HintAt(std::string_view message) const;
  Connection connection_;
  std::string token_;
  std::shared_ptr<grpc::Channel> channel_;
};

// 128 random bits: a new one for each mutation that the user asks for.
std::string NewRequestId();
StatusOr<std::string> ReadWholeFile(const std::string& path);  // "-" is stdin

}  // namespace spotter::ctl
