// SPDX-License-Identifier: Apache-2.0
#include "services/program/access_files.h"

#include "services/program/certificate.h"
#include "services/program/host.h"
#include "services/program/secrets.h"

namespace spotter::service {

void AccessFiles::AddTo(Settings& settings) {
  settings.Add("tokens", "YAML file of principals and their tokens", tokens);
  settings.Add("tls-cert", "PEM file of the server's certificate chain", tls_cert);
  settings.Add("tls-key", "PEM file of the certificate's key", tls_key);
}

void AccessFiles::AddPlainHttpTo(Settings& settings) {
  settings.Add(
      "plain-http",
      "--http and --admin beyond loopback without TLS, e.g. behind a network policy; needs "
      "--tokens",
      plain_http);
}

Status AccessFiles::Check(const Address& grpc) const {
  if (tls_cert.empty() != tls_key.empty()) {
    return InvalidArgument("--tls-cert and --tls-key belong together");
  }
  const bool is_guarded = !tls_cert.empty() && !tokens.empty();
  if (grpc.is_loopback() || is_guarded) return OkStatus();
  return InvalidArgument("--grpc {} is not loopback: that needs --tls-cert, --tls-key and --tokens",
                         grpc.text());
}

Status AccessFiles::CheckHttp(std::string_view name, const Address& address) const {
  if (address.is_loopback() || (plain_http && !tokens.empty())) return OkStatus();
  return InvalidArgument(
      "--{} {} is not loopback: it has no TLS of its own, so a proxy with TLS has to stand before "
      "it; give that proxy a loopback address, and --tokens to tell callers apart",
      name, address.text());
}

StatusOr<Access> ReadAccess(const AccessFiles& files) {
  Access access;
  if (!files.tokens.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(access.token_table, ReadTokenFile(files.tokens));
  }
  if (files.tls_cert.empty()) return access;
  SPOTTER_ASSIGN_OR_RETURN(access.tls_cert_pem, ReadFile(files.tls_cert));
  SPOTTER_ASSIGN_OR_RETURN(access.tls_key_pem, ReadFile(files.tls_key));
  SPOTTER_RETURN_IF_ERROR(CheckCertificate(files, access.tls_cert_pem, access.tls_key_pem));
  return access;
}

}  // namespace spotter::service
