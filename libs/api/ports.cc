// SPDX-License-Identifier: Apache-2.0
#include "api/ports.h"

#include <algorithm>

namespace spotter::api {
namespace {

constexpr Duration kSubmitTimeout = Seconds(30);
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string ToHex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

}  // namespace

grpc::Status ServeAtShard(const Ports& ports, grpc::ServerContext& context, std::string_view method,
                          const std::function<Status(const Caller&, const ShardPorts&)>& serve) {
  return ports.gate.Serve(context, method, [&](const Caller& caller) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(const ShardHandle shard, ports.shards.Of(caller.tenant));
    return serve(caller, *shard);
  });
}

StatusOr<state::Answer> Submit(const Ports& ports, const ShardPorts& shard, const Caller& caller,
                               std::string request_id, decltype(model::Command::what) what) {
  if (shard.owner == nullptr) {
    return Unavailable("the shard stands still: {}", shard.operations.problem());
  }
  if (request_id.empty()) request_id = "srv-" + ToHex(ports.operations.RandomBytes(16));
  if (caller.tenant.value().empty()) {
    return InvalidArgument("no tenant: expected metadata 'spotter-tenant: TENANT'");
  }
  return shard.owner->Submit({.request_id = std::move(request_id),
                              .tenant = caller.tenant,
                              .principal = caller.principal.name,
                              .what = std::move(what)},
                             kSubmitTimeout);
}

StatusOr<size_t> PageSize(int asked) {
  if (asked < 0) return InvalidArgument("page_size {}: expected 0 or more", asked);
  return static_cast<size_t>(asked == 0 ? kPageDefault : std::min(asked, kPageMax));
}

std::string PrintPageToken(std::string_view position) {
  return position.empty() ? "" : ToHex(position);
}

StatusOr<std::string> ParsePageToken(std::string_view token) {
  std::string position;
  for (size_t i = 0; i + 1 < token.size(); i += 2) {
    const size_t high = kHexDigits.find(token[i]);
    const size_t low = kHexDigits.find(token[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) break;
    position += static_cast<char>(high << 4 | low);
  }
  if (position.size() * 2 != token.size()) {
    return InvalidArgument("page_token '{}' is not one of ours", token);
  }
  return position;
}

}  // namespace spotter::api
