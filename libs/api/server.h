// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "api/ports.h"

namespace spotter::api {

struct ServerOptions {
  std::string address = "127.0.0.1:7071";  // port 0 picks one
  std::string tls_cert_pem;                // both: TLS; neither: none
  std::string tls_key_pem;
  bool reflection = true;  // describes the services to anyone who can connect
};

// The gRPC listener with its services, health and reflection.
// Thread safety: Start and Stop from one thread.
class Server {
 public:
  // Unavailable names the address, e.g. when the port is in use.
  static StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, const Ports& ports);
  // Of IngestService alone.
  static StatusOr<std::unique_ptr<Server>> StartIngest(const ServerOptions& options,
                                                       const IngestPorts& ports);
  virtual ~Server() = default;
  virtual int port() const = 0;
  virtual void SetServing(bool serving) = 0;  // what health says
  // Ends streams with Revoked, lets calls under way finish for at most `grace`.
  virtual void Stop(Duration grace) = 0;
};

}  // namespace spotter::api
