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
  std::string title;
  std::string kind = "studio";
  std::string zone;
  std::string region;
  std::string source;
  std::string to;
  std::string reason;
  uint32_t logic_version = 0;
  std::vector<std::string> sources;
  int64_t offset = 0;
  int max = 100;
  bool verify = false;
};
using Shared = std::shared_ptr<Options>;
using Admin = v1::AdminService;
constexpr Duration kSlow = Minutes(30);  // snapshots, catching up, scans

Status CreateTenant(const Client& client, const Options& options) {
  v1::CreateTenantRequest request;
  request.set_request_id(NewRequestId());
  v1::Tenant& tenant = *request.mutable_tenant();
  tenant.set_id(options.id);
  tenant.set_title(options.title);
  tenant.set_kind(options.kind == "mentor"  ? v1::TENANT_KIND_MENTOR
                  : options.kind == "coach" ? v1::TENANT_KIND_COACH
                                            : v1::TENANT_KIND_STUDIO);
  if (!options.zone.empty()) tenant.set_time_zone(options.zone);
  if (!options.region.empty()) tenant.set_region(options.region);
  for (const std::string& source : options.sources) tenant.add_sources()->set_name(source);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::CreateTenant, request));
  if (client.json()) {
    PrintJson(response.tenant());
  } else {
    fmt::print("tenant {}\n", response.tenant().id());
  }
  return OkStatus();
}

StatusOr<v1::GetStatusResponse> GetStatus(const Client& client) {
  return client.Call<Admin>(&Admin::Stub::GetStatus, v1::GetStatusRequest());
}

Status ListTenants(const Client& client, const Options&) {
  SPOTTER_ASSIGN_OR_RETURN(const auto status, GetStatus(client));
  std::vector<std::vector<std::string>> rows = {{"TENANT", "KIND", "ZONE", "TITLE"}};
  for (const v1::Tenant& tenant : status.tenants()) {
    if (client.json()) PrintJson(tenant);
    rows.push_back({tenant.id(), Short(v1::TenantKind_Name(tenant.kind()), "TENANT_KIND_"),
                    tenant.time_zone(), tenant.title()});
  }
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status ShowStatus(const Client& client, const Options&) {
  SPOTTER_ASSIGN_OR_RETURN(const auto status, GetStatus(client));
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

Status TakeSnapshot(const Client& client, const Options&) {
  v1::TakeSnapshotRequest request;
  request.set_request_id(NewRequestId());
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::TakeSnapshot, request, kSlow));
  PrintSnapshot(client, response.snapshot());
  return OkStatus();
}

Status ListSnapshots(const Client& client, const Options&) {
  SPOTTER_ASSIGN_OR_RETURN(const auto response, client.Call<Admin>(&Admin::Stub::ListSnapshots,
                                                                   v1::ListSnapshotsRequest()));
  for (const v1::Snapshot& snapshot : response.snapshots()) PrintSnapshot(client, snapshot);
  return OkStatus();
}

Status StateHash(const Client& client, const Options& options) {
  v1::GetStateHashRequest request;
  request.set_verify(options.verify);
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
  }
  return OkStatus();
}

CLI::App* Bind(CLI::App* app, Run& run, const Shared& options,
               Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
  return app;
}

void AddTenantCommands(CLI::App& app, Run& run, const Shared& options) {
  CLI::App* tenant = app.add_subcommand("tenant", "studios and mentors");
  tenant->require_subcommand(1);
  tenant->fallthrough();
  CLI::App* create =
      Bind(tenant->add_subcommand("create", "create a tenant"), run, options, CreateTenant);
  create->add_option("id", options->id, "1 to 64 of [a-z0-9-]")->required();
  create->add_option("--title", options->title, "its name as people know it");
  create->add_option("--kind", options->kind, "studio, mentor or coach (studio)")
      ->check(CLI::IsMember({"studio", "mentor", "coach"}));
  create->add_option("--time-zone", options->zone, "IANA zone of its members (UTC)");
  create->add_option("--region", options->region, "country of its national phone numbers (US)");
  create->add_option("--source", options->sources, "a system that sends its events; repeatable");
  Bind(tenant->add_subcommand("list", "tenants"), run, options, ListTenants);
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
  AddTenantCommands(app, run, options);
  AddDeadLetterCommands(app, run, options);
  Bind(app.add_subcommand("snapshot", "take a snapshot of the state"), run, options, TakeSnapshot);
  Bind(app.add_subcommand("snapshots", "snapshots kept, newest first"), run, options,
       ListSnapshots);

  CLI::App* state = app.add_subcommand("state", "the state of the shard");
  state->require_subcommand(1);
  state->fallthrough();
  Bind(state->add_subcommand("hash", "one hash over the whole state"), run, options, StateHash)
      ->add_flag("--verify", options->verify, "recompute it from every row and compare");

  Bind(app.add_subcommand("status", "where the shard stands"), run, options, ShowStatus);
  CLI::App* skip = Bind(app.add_subcommand("skip",
                                           "pass over a record not yet applied, after the "
                                           "next start"),
                        run, options, Skip);
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
