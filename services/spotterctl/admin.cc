// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/admin_service.grpc.pb.h"
#include "wire/leaf.h"

namespace spotter::ctl {
namespace {

struct Options {
  std::string id;
  std::string source;
  std::string to;
  std::string reason;
  uint32_t logic_version = 0;
  int64_t offset = 0;
  int shard = 0;
  int max = 100;
  bool verify = false;
};
using Shared = std::shared_ptr<Options>;
using Admin = v1::AdminService;
constexpr Duration kSlow = Minutes(30);  // snapshots, catching up, scans

StatusOr<v1::GetStatusResponse> GetStatus(const Client& client, const Options& options) {
  v1::GetStatusRequest request;
  request.set_shard(options.shard);
  return client.Call<Admin>(&Admin::Stub::GetStatus, request);
}

Status ShowStatus(const Client& client, const Options& options) {
  SPOTTER_ASSIGN_OR_RETURN(const auto status, GetStatus(client, options));
  if (client.json()) {
    PrintJson(status);
    return OkStatus();
  }
  fmt::print(
      "version={} logic_version={} generation={} healthy={}{}\n"
      "applied_offset={} log_start={} log_end={} lag_seconds={:.3f}\n"
      "shard_time={} now={}\n"
      "profiles={} pending_work={} orphans={} dead_letters={} tenants={}\n",
      status.version(), status.logic_version(), status.generation(), status.healthy(),
      status.problem().empty() ? "" : fmt::format(" problem=\"{}\"", status.problem()),
      status.applied_offset(), status.log_start_offset(), status.log_end_offset(),
      status.lag_seconds(), TimeText(status.shard_time()), TimeText(status.now()),
      status.profiles(), status.pending_work(), status.orphans(), status.dead_letters(),
      status.tenants_size());
  return OkStatus();
}

Status ListDeadLetters(const Client& client, const Options& options) {
  v1::ListDeadLettersRequest request;
  request.set_source(options.source);
  std::vector<std::vector<std::string>> rows = {{"ID", "RECEIVED", "TENANT", "SOURCE", "REASON"}};
  int left = options.max;
  do {
    request.set_page_size(std::min(left, 500));
    SPOTTER_ASSIGN_OR_RETURN(const auto response,
                             client.Call<Admin>(&Admin::Stub::ListDeadLetters, request));
    for (const v1::DeadLetter& letter : response.dead_letters()) {
      if (client.json()) PrintJson(letter);
      rows.push_back({letter.id(), TimeText(letter.received_at()), letter.tenant(), letter.source(),
                      letter.reason()});
    }
    left -= response.dead_letters_size();
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status ShowDeadLetter(const Client& client, const Options& options) {
  v1::ListDeadLettersRequest request;
  do {
    request.set_page_size(500);
    SPOTTER_ASSIGN_OR_RETURN(const auto response,
                             client.Call<Admin>(&Admin::Stub::ListDeadLetters, request));
    for (const v1::DeadLetter& letter : response.dead_letters()) {
      if (letter.id() != options.id) continue;
      if (client.json()) {
        PrintJson(letter);
      } else {
        fmt::print("{}\nreceived {} tenant {} source {}\n{}\n---\n{}\n", letter.id(),
                   TimeText(letter.received_at()), letter.tenant(), letter.source(),
                   letter.reason(), letter.body());
      }
      return OkStatus();
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return NotFound("dead letter '{}' is not kept", options.id);
}

Status Redrive(const Client& client, const Options& options) {
  v1::RedriveDeadLetterRequest request;
  request.set_request_id(NewRequestId());
  request.set_dead_letter(options.id);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::RedriveDeadLetter, request));
  if (client.json()) PrintJson(response);
  if (!response.accepted()) {
    return FailedPrecondition("dead letter '{}' is still refused: {}", options.id,
                              response.reason());
  }
  if (!client.json()) fmt::print("accepted, events={}\n", response.events());
  return OkStatus();
}

Status Discard(const Client& client, const Options& options) {
  v1::DiscardDeadLetterRequest request;
  request.set_request_id(NewRequestId());
  request.set_dead_letter(options.id);
  return client.Call<Admin>(&Admin::Stub::DiscardDeadLetter, request).status();
}

void PrintSnapshot(const Client& client, const v1::Snapshot& snapshot) {
  if (client.json()) {
    PrintJson(snapshot);
  } else {
    fmt::print("{} offset={} hash={} bytes={}\n", snapshot.path(), snapshot.offset(),
               snapshot.state_hash(), snapshot.bytes());
  }
}

Status TakeSnapshot(const Client& client, const Options& options) {
  v1::TakeSnapshotRequest request;
  request.set_shard(options.shard);
  request.set_request_id(NewRequestId());
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::TakeSnapshot, request, kSlow));
  PrintSnapshot(client, response.snapshot());
  return OkStatus();
}

Status ListSnapshots(const Client& client, const Options& options) {
  v1::ListSnapshotsRequest request;
  request.set_shard(options.shard);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::ListSnapshots, request));
  std::vector<std::vector<std::string>> rows = {{"SNAPSHOT", "OFFSET", "BYTES", "HASH"}};
  for (const v1::Snapshot& snapshot : response.snapshots()) {
    if (client.json()) PrintJson(snapshot);
    rows.push_back({snapshot.path(), std::to_string(snapshot.offset()),
                    std::to_string(snapshot.bytes()), snapshot.state_hash()});
  }
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status StateHash(const Client& client, const Options& options) {
  v1::GetStateHashRequest request;
  request.set_verify(options.verify);
  request.set_shard(options.shard);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::GetStateHash, request, kSlow));
  if (client.json()) {
    PrintJson(response);
  } else {
    fmt::print("hash={} facts={} offset={}{}\n", response.hash(), response.facts_hash(),
               response.offset(), options.verify ? " verified" : "");
  }
  for (const v1::TableHash& table : response.tables()) {
    if (options.verify && table.hash() != table.recomputed()) {
      return DataLoss("state hash of {}: kept {}, recomputed {}", table.table(), table.hash(),
                      table.recomputed());
    }
  }
  return OkStatus();
}

Status Skip(const Client& client, const Options& options) {
  v1::SkipOffsetRequest request;
  request.set_request_id(NewRequestId());
  request.set_offset(options.offset);
  request.set_shard(options.shard);
  request.set_reason(options.reason);
  return client.Call<Admin>(&Admin::Stub::SkipOffset, request).status();
}

Status WriteBarrier(const Client& client, const Options& options) {
  v1::WriteBarrierRequest request;
  request.set_request_id(NewRequestId());
  request.set_logic_version(options.logic_version);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::WriteBarrier, request));
  if (client.json()) {
    PrintJson(response);
  } else if (response.logic_version() == 0) {
    fmt::print("taken back offset={}; start again\n", response.offset());
  } else {
    fmt::print("barrier offset={} logic_version={}\n", response.offset(), response.logic_version());
  }
  return OkStatus();
}

Status Advance(const Client& client, const Options& options) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime to, ParseTime(options.to));
  v1::AdvanceTimeRequest request;
  request.set_request_id(NewRequestId());
  *request.mutable_to() = wire::ToProto(to);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::AdvanceTime, request, kSlow));
  if (client.json()) {
    PrintJson(response);
  } else {
    fmt::print("now={}{}\n", TimeText(response.now()),
               response.reached_wall() ? " (the wall clock)" : "");
    const EventTime now{response.now().seconds() * 1000 + response.now().nanos() / 1'000'000};
    if (to < now && !response.reached_wall()) {
      fmt::print(stderr, "{} lies before it: the clock does not go back\n", FormatTime(to));
    }
  }
  return OkStatus();
}

Status TakeShard(const Client& client, const Options& options) {
  v1::TakeShardRequest request;
  request.set_shard(options.shard);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::TakeShard, request, kSlow));
  if (client.json()) {
    PrintJson(response);
  } else {
    fmt::print("shard={} generation={}\n", options.shard, response.generation());
  }
  return OkStatus();
}

Status ReleaseShard(const Client& client, const Options& options) {
  v1::ReleaseShardRequest request;
  request.set_shard(options.shard);
  return client.Call<Admin>(&Admin::Stub::ReleaseShard, request, kSlow).status();
}

CLI::App* Bind(CLI::App* app, Run& run, const Shared& options,
               Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
  return app;
}

// What concerns a shard as a whole; a program of one shard has number 0.
CLI::App* OfShard(CLI::App* app, const Shared& options) {
  app->add_option("--shard", options->shard, "its number, where there are several (0)");
  return app;
}

void AddShardCommands(CLI::App& app, Run& run, const Shared& options) {
  CLI::App* shard =
      app.add_subcommand("shard", "which engine owns a shard; --grpc names the engine");
  shard->require_subcommand(1);
  shard->fallthrough();
  for (const auto& [name, help, act] :
       {std::tuple("take", "make the engine the owner, whoever is now", &TakeShard),
        std::tuple("release", "make the engine give it up", &ReleaseShard)}) {
    Bind(shard->add_subcommand(name, help), run, options, act)
        ->add_option("shard", options->shard, "its number")
        ->required();
  }
}

void AddDeadLetterCommands(CLI::App& app, Run& run, const Shared& options) {
  CLI::App* letters = app.add_subcommand("deadletter", "what could not be read");
  letters->require_subcommand(1);
  letters->fallthrough();
  CLI::App* list = Bind(letters->add_subcommand("list", "dead letters, newest first"), run, options,
                        ListDeadLetters);
  list->add_option("--source", options->source, "only of this source");
  list->add_option("--max", options->max, "at most this many (100)");
  for (const auto& [name, help, act] : {std::tuple("show", "one, with its bytes", &ShowDeadLetter),
                                        std::tuple("redrive", "read it again", &Redrive),
                                        std::tuple("discard", "forget it", &Discard)}) {
    Bind(letters->add_subcommand(name, help), run, options, act)
        ->add_option("id", options->id, "its id")
        ->required();
  }
}

}  // namespace

void AddAdminCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  AddDeadLetterCommands(app, run, options);
  AddShardCommands(app, run, options);
  OfShard(Bind(app.add_subcommand("snapshot", "take a snapshot of the state"), run, options,
               TakeSnapshot),
          options);
  OfShard(Bind(app.add_subcommand("snapshots", "snapshots kept, newest first"), run, options,
               ListSnapshots),
          options);

  CLI::App* state = app.add_subcommand("state", "the state of the shard");
  state->require_subcommand(1);
  state->fallthrough();
  OfShard(
      Bind(state->add_subcommand("hash", "one hash over the whole state"), run, options, StateHash),
      options)
      ->add_flag("--verify", options->verify, "recompute it from every row and compare");

  OfShard(Bind(app.add_subcommand("status", "where the shard stands"), run, options, ShowStatus),
          options);
  CLI::App* skip = Bind(app.add_subcommand("skip",
                                           "pass over a record not yet applied, after the "
                                           "next start"),
                        run, options, Skip);
  OfShard(skip, options);
  skip->add_option("offset", options->offset, "its offset")->required();
  skip->add_option("--reason", options->reason, "why, for the audit")->required();
  Bind(app.add_subcommand("barrier",
                          "stop the shard at the log's end for a binary of a later logic version"),
       run, options, WriteBarrier)
      ->add_option("--logic-version", options->logic_version,
                   "who goes on (the next); the server's own takes a barrier back");
  CLI::App* advance = Bind(app.add_subcommand("advance", "move the clock of a time-lapse server"),
                           run, options, Advance);
  advance->add_option("--to", options->to, "RFC 3339 instant")->required();
}

}  // namespace spotter::ctl
