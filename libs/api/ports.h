// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/gate.h"
#include "api/shards.h"
#include "base/clock.h"
#include "control/directory.h"
#include "intake/intake.h"

namespace spotter::api {

// What the services stand on. Everything outlives them.
struct Ports {
  const Shards& shards;
  intake::Intake& intake;
  control::Directory& directory;
  intake::DeadLetters& dead_letters;
  Operations& operations;
  const Clock& clock;
  Gate& gate;
};

// What the services of a program that only takes events in stand on.
struct IngestPorts {
  intake::Intake& intake;
  intake::DeadLetters& dead_letters;
  const Clock& clock;
  Gate& gate;
};

// Serves a call of a tenant at the shard where the tenant lives.
grpc::Status ServeAtShard(const Ports& ports, grpc::ServerContext& context, std::string_view method,
                          const std::function<Status(const Caller&, const ShardPorts&)>& serve);

// Appends `what` as a command of the caller and waits for its answer. Without a `request_id` the
// command gets one of its own.
StatusOr<state::Answer> Submit(const Ports& ports, const ShardPorts& shard, const Caller& caller,
                               std::string request_id, decltype(model::Command::what) what);

inline constexpr int kPageDefault = 50;
inline constexpr int kPageMax = 500;
// Negative is InvalidArgument; 0 is the default; too many is the most.
StatusOr<size_t> PageSize(int asked);
// Tokens are opaque and fit into a URL. InvalidArgument: not one of ours.
std::string PrintPageToken(std::string_view position);
StatusOr<std::string> ParsePageToken(std::string_view token);

}  // namespace spotter::api
