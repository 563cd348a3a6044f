// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "intake/intake.h"

namespace spotter::intake {

// The HTTP listener:
//   POST /v1/events                      CloudEvents; the tenant is the token's (header
//                                        spotter-tenant picks one where it lists several)
//   POST /v1/webhooks/{tenant}/{source}  a source's own body; its signature is checked
// A 2xx means durable. Errors are JSON {"error", "detail"}: 400 a body that cannot be read (kept as
// a dead letter), 401 token or signature, 403 role or tenant, 404 tenant, source or path, 413 size,
// 503 with Retry-After when the log cannot take it.
//
// Thread safety: Start and Stop from one thread; requests run on threads of its own.
class HttpIntake {
 public:
  // `tokens` may be nullptr: then every caller is the loopback principal. Both outlive this.
  HttpIntake(Intake& intake, const access::TokenTable* tokens, HttpOptions options);
  ~HttpIntake();  // stops

  // Binds and serves. Unavailable names the address, e.g. when the port is in use.
  Status Start();
  // Takes no more requests and returns once those under way are answered.
  void Stop();
  int port() const;  // the one that was bound

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace spotter::intake
