// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/client.h"

#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

namespace spotter::ctl {

StatusOr<Client> Client::Make(const Connection& connection) {
  Client client;
  client.connection_ = connection;
  if (!connection.token_file.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(client.token_, ReadWholeFile(connection.token_file));
    client.token_.erase(client.token_.find_last_not_of(" \r\n\t") + 1);
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!connection.tls_ca.empty()) {
    grpc::SslCredentialsOptions options;
    SPOTTER_ASSIGN_OR_RETURN(options.pem_root_certs, ReadWholeFile(connection.tls_ca));
    if (options.pem_root_certs.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      return InvalidArgument("--tls-ca '{}' holds no certificate, expected PEM", connection.tls_ca);
    }
    credentials = grpc::SslCredentials(options);
  }
  client.channel_ = grpc::CreateChannel(connection.address, credentials);
  return client;
}

void Client::Prepare(grpc::ClientContext& context, Duration timeout) const {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
  if (!connection_.tenant.empty()) context.AddMetadata("spotter-tenant", connection_.tenant);
}

// What gRPC's words mean to somebody who typed a command; "" = nothing that it does not say itself.
std::string Client::HintAt(std::string_view message) const {
  const auto says = [&](std::string_view words) { return message.find(words) != message.npos; };
  if (says("certificate verify failed")) {
    return fmt::format(": its certificate is not of the authority in '{}'", connection_.tls_ca);
  }
  if (says("wrong version number")) return ": it has no TLS, leave --tls-ca away";
  if (connection_.tls_ca.empty() && (says("Socket closed") || says("Connection reset"))) {
    return ": if it speaks TLS, --tls-ca FILE is needed";
  }
  return "";
}

Status Client::FromGrpc(const grpc::Status& status) const {
  // Both enumerations are gRPC's.
  const auto code = static_cast<StatusCode>(status.error_code());
  if (code == StatusCode::kUnavailable) {
    return Unavailable("{}{} ({})", connection_.address, HintAt(status.error_message()),
                       status.error_message());
  }
  if (code == StatusCode::kUnimplemented && status.error_message().empty()) {  // gRPC's own
    return MakeStatus(code, "{} does not serve this: ask a gateway, an engine or a spotter",
                      connection_.address);
  }
  return MakeStatus(code, "{}", status.error_message());
}

std::string NewRequestId() {
  std::random_device random;
  return fmt::format("ctl-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return InvalidArgument("file '{}' cannot be read", path);
  text << file.rdbuf();
  return text.str();
}

}  // namespace spotter::ctl
