// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "access/principal.h"
#include "services/program/settings.h"

namespace spotter::service {

// The files that say who may call, and prove who we are.
struct AccessFiles {
  std::string tokens;    // YAML file of principals; "" = loopback owns `studio`
  std::string tls_cert;  // PEM; both or neither
  std::string tls_key;

  // HTTP listeners beyond loopback without TLS: something else, a mesh or a network policy, guards
  // the way to them. Callers must still show a token.
  bool plain_http = false;

  void AddTo(Settings& settings);
  void AddPlainHttpTo(Settings& settings);
  // InvalidArgument: half a pair, or a gRPC address beyond loopback that they do not guard.
  Status Check(const Address& grpc) const;
  // InvalidArgument: an HTTP address beyond loopback, unless `plain_http` and `tokens` allow it.
  Status CheckHttp(std::string_view name, const Address& address) const;
};

// What the files hold.
struct Access {
  std::optional<access::TokenTable> token_table;
  std::string tls_cert_pem;
  std::string tls_key_pem;
  const access::TokenTable* tokens() const { return token_table ? &*token_table : nullptr; }
};
StatusOr<Access> ReadAccess(const AccessFiles& files);

}  // namespace spotter::service
