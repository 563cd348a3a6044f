// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/admin_service.grpc.pb.h"

namespace spotter::ctl {
namespace {

using Admin = v1::AdminService;

constexpr auto kMoveLook = std::chrono::milliseconds(200);
constexpr int kShardsMax = 256;

struct Options {
  std::string id;
  std::string kind = "studio";
  std::string title;
  std::string zone;
  std::string region;
  std::vector<std::string> sources;
  std::optional<int> sms_per_week;
  std::string quiet_from;
  std::string quiet_until;
  int to_shard = -1;
};
using Shared = std::shared_ptr<Options>;

std::string MinuteText(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

StatusOr<int> ParseMinute(std::string_view what, const std::string& text) {
  int hour = 0;
  int minute = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &end) == 2 &&
      static_cast<size_t>(end) == text.size() && hour >= 0 && hour < 24 && minute >= 0 &&
      minute < 60) {
    return hour * 60 + minute;
  }
  return InvalidArgument("{} '{}': expected HH:MM, 00:00 to 23:59", what, text);
}

// The settings that were given; the others are not in it.
StatusOr<v1::Tenant> TenantOf(const Options& options) {
  v1::Tenant tenant;
  tenant.set_id(options.id);
  tenant.set_title(options.title);
  if (!options.zone.empty()) tenant.set_time_zone(options.zone);
  if (!options.region.empty()) tenant.set_region(options.region);
  for (const std::string& source : options.sources) tenant.add_sources()->set_name(source);
  if (options.sms_per_week.has_value()) tenant.set_sms_per_week(*options.sms_per_week);
  if (!options.quiet_from.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(const int minute, ParseMinute("--quiet-from", options.quiet_from));
    tenant.set_quiet_from_minute(minute);
  }
  if (!options.quiet_until.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(const int minute, ParseMinute("--quiet-until", options.quiet_until));
    tenant.set_quiet_until_minute(minute);
  }
  return tenant;
}

std::string SourcesText(const v1::Tenant& tenant) {
  std::string text;
  for (const v1::SourceDeclaration& source : tenant.sources()) {
    text += (text.empty() ? "" : ",") + source.name();
  }
  return text;
}

void Print(const Client& client, const v1::Tenant& tenant) {
  if (client.json()) {
    PrintJson(tenant);
    return;
  }
  fmt::print("tenant {} zone={} region={} sources={} sms_per_week={} quiet={}-{} title=\"{}\"\n",
             tenant.id(), tenant.time_zone(), tenant.region(), SourcesText(tenant),
             tenant.sms_per_week(), MinuteText(tenant.quiet_from_minute()),
             MinuteText(tenant.quiet_until_minute()), tenant.title());
}

Status Create(const Client& client, const Options& options) {
  v1::CreateTenantRequest request;
  request.set_request_id(NewRequestId());
  SPOTTER_ASSIGN_OR_RETURN(*request.mutable_tenant(), TenantOf(options));
  request.mutable_tenant()->set_kind(options.kind == "mentor"  ? v1::TENANT_KIND_MENTOR
                                     : options.kind == "coach" ? v1::TENANT_KIND_COACH
                                                               : v1::TENANT_KIND_STUDIO);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::CreateTenant, request));
  Print(client, response.tenant());
  return OkStatus();
}

Status Set(const Client& client, const Options& options) {
  v1::UpdateTenantRequest request;
  request.set_request_id(NewRequestId());
  SPOTTER_ASSIGN_OR_RETURN(*request.mutable_tenant(), TenantOf(options));
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<Admin>(&Admin::Stub::UpdateTenant, request));
  Print(client, response.tenant());
  return OkStatus();
}

// Of every shard. One that does not answer is named, and the others are listed.
Status List(const Client& client) {
  std::vector<std::vector<std::string>> rows = {
      {"TENANT", "SHARD", "KIND", "ZONE", "REGION", "SOURCES", "SMS/WEEK", "QUIET", "TITLE"}};
  v1::GetStatusRequest request;
  // Nobody has this one: who says so is there to answer for the others.
  request.set_shard(kShardsMax);
  if (const auto none = client.Call<Admin>(&Admin::Stub::GetStatus, request);
      !none.ok() && none.status().code() != StatusCode::kInvalidArgument) {
    return none.status();
  }
  std::set<std::string> listed;  // one that moves is in two shards for an instant
  std::vector<int> silent;
  std::string reason;
  for (int shard = 0; shard < kShardsMax; ++shard) {
    request.set_shard(shard);
    const auto status = client.Call<Admin>(&Admin::Stub::GetStatus, request);
    if (!status.ok() && status.status().code() == StatusCode::kUnavailable) {
      silent.push_back(shard);
      reason = MessageOf(status.status());
      continue;
    }
    if (!status.ok() && status.status().code() == StatusCode::kInvalidArgument) break;  // no more
    if (!status.ok()) return status.status();
    for (const v1::Tenant& tenant : status->tenants()) {
      if (!listed.insert(tenant.id()).second) continue;
      if (client.json()) PrintJson(tenant);
      rows.push_back(
          {tenant.id(), std::to_string(shard),
           Short(v1::TenantKind_Name(tenant.kind()), "TENANT_KIND_"), tenant.time_zone(),
           tenant.region(), SourcesText(tenant), std::to_string(tenant.sms_per_week()),
           MinuteText(tenant.quiet_from_minute()) + "-" + MinuteText(tenant.quiet_until_minute()),
           tenant.title()});
    }
  }
  if (!client.json()) PrintTable(rows);
  if (silent.empty()) return OkStatus();
  return Unavailable("tenants of shard {} are not listed: {}", fmt::join(silent, ", "), reason);
}

// --- moves --------------------------------------------------------------------------------------

std::string TextOf(const v1::GetTenantMoveResponse& move) {
  const std::string note = move.note().empty() ? "" : fmt::format(" ({})", move.note());
  switch (move.step()) {
    case v1::TENANT_MOVE_STEP_CLOSING:
      return "closing: no new events, leases that are out are waited for" + note;
    case v1::TENANT_MOVE_STEP_COPYING:
      return fmt::format("copying: {} rows{}", move.rows(), note);
    case v1::TENANT_MOVE_STEP_ARRIVING:
      return fmt::format("arriving: {} rows are read by shard {}{}", move.rows(), move.to_shard(),
                         note);
    case v1::TENANT_MOVE_STEP_MOVED:
      return fmt::format("moved: shard={} rows={} hash={}", move.to_shard(), move.rows(),
                         move.hash());
    case v1::TENANT_MOVE_STEP_TAKEN_BACK:
      return fmt::format("stays on shard {}{}", move.to_shard(), note);
    default:
      return fmt::format("shard {}, never moved", move.from_shard());
  }
}

bool IsUnderWay(const v1::GetTenantMoveResponse& move, int64_t revision) {
  return move.revision() < revision || move.step() == v1::TENANT_MOVE_STEP_CLOSING ||
         move.step() == v1::TENANT_MOVE_STEP_COPYING ||
         move.step() == v1::TENANT_MOVE_STEP_ARRIVING;
}

// Shows how the move goes on until it is over. A gap in the answers (an engine goes down, the
// tenant changes its shard) is waited out: the move needs nobody who watches it.
Status Watch(const Client& client, const std::string& tenant, int64_t revision) {
  v1::GetTenantMoveRequest request;
  request.set_tenant(tenant);
  std::string shown;
  while (true) {
    const auto move = client.Call<Admin>(&Admin::Stub::GetTenantMove, request);
    if (!move.ok() && move.status().code() != StatusCode::kUnavailable) return move.status();
    const std::string text =
        move.ok() ? TextOf(*move) : fmt::format("no answer ({})", MessageOf(move.status()));
    const bool is_over = move.ok() && !IsUnderWay(*move, revision);
    if (client.json()) {
      if (is_over) PrintJson(*move);
    } else if (text != shown) {
      fmt::print("{}\n", text);
      std::fflush(stdout);
      shown = text;
    }
    if (is_over && move->step() == v1::TENANT_MOVE_STEP_TAKEN_BACK) {
      return Status(StatusCode::kAborted,
                    fmt::format("tenant '{}' was not moved: {}", tenant, move->note()));
    }
    if (is_over) return OkStatus();
    std::this_thread::sleep_for(kMoveLook);
  }
}

Status Move(const Client& client, const Options& options) {
  v1::MoveTenantRequest request;
  request.set_tenant(options.id);
  request.set_to_shard(options.to_shard);
  SPOTTER_ASSIGN_OR_RETURN(const auto begun, client.Call<Admin>(&Admin::Stub::MoveTenant, request));
  if (!client.json()) {
    fmt::print("tenant {} moves from shard {} to shard {}; it goes on without this command\n",
               options.id, begun.from_shard(), options.to_shard);
  }
  return Watch(client, options.id, begun.revision());
}

Status Where(const Client& client, const Options& options) {
  v1::GetTenantMoveRequest request;
  request.set_tenant(options.id);
  SPOTTER_ASSIGN_OR_RETURN(const auto move,
                           client.Call<Admin>(&Admin::Stub::GetTenantMove, request));
  if (client.json()) {
    PrintJson(move);
  } else {
    fmt::print("{}\n", TextOf(move));
  }
  return OkStatus();
}

CLI::App* AddSettings(CLI::App* app, Run& run, const Shared& options,
                      Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
  app->add_option("id", options->id, "1 to 64 of [a-z0-9-]")->required();
  app->add_option("--title", options->title, "its name as people know it");
  app->add_option("--time-zone", options->zone, "IANA zone of its members (UTC)");
  app->add_option("--region", options->region, "country of its national phone numbers (US)");
  app->add_option("--source", options->sources, "a system that sends its events; repeatable");
  app->add_option("--sms-per-week", options->sms_per_week, "text messages a member may get (2)");
  app->add_option("--quiet-from", options->quiet_from,
                  "HH:MM of the member's day from which nothing is sent (21:00)");
  app->add_option("--quiet-until", options->quiet_until, "HH:MM until which nothing is (09:00)");
  return app;
}

}  // namespace

void AddTenantCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* tenant = app.add_subcommand("tenant", "studios and mentors");
  tenant->require_subcommand(1);
  tenant->fallthrough();
  AddSettings(tenant->add_subcommand("create", "create a tenant"), run, options, Create)
      ->add_option("--kind", options->kind, "studio, mentor or coach (studio)")
      ->check(CLI::IsMember({"studio", "mentor", "coach"}));
  AddSettings(tenant->add_subcommand("set", "change settings; what is not named stays"), run,
              options, Set);
  CLI::App* move = tenant->add_subcommand("move", "move a tenant to another shard");
  move->add_option("id", options->id, "the tenant")->required();
  move->add_option("--to", options->to_shard, "the shard that it goes to")->required();
  move->callback([&run, options] {
    run = [options](const Client& client) { return Move(client, *options); };
  });
  CLI::App* where =
      tenant->add_subcommand("where", "a tenant's shard, and how its newest move stands");
  where->add_option("id", options->id, "the tenant")->required();
  where->callback([&run, options] {
    run = [options](const Client& client) { return Where(client, *options); };
  });
  tenant->add_subcommand("list", "tenants and their settings")->callback([&run] {
    run = [](const Client& client) { return List(client); };
  });
}

}  // namespace spotter::ctl
