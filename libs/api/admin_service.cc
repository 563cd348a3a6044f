// SPDX-License-Identifier: Apache-2.0
#include "api/admin_service.h"

#include <algorithm>

#include "api/tenant_settings.h"
#include "control/announce_tenant.h"
#include "engine/queries.h"
#include "state/verify_hash.h"
#include "wire/definition_proto.h"
#include "wire/leaf.h"

namespace spotter::api {
namespace {

constexpr std::string_view kShardLetter = "dlq_offset_";  // and the offset of the record

void Write(const SnapshotInfo& from, v1::Snapshot& to) {
  to.set_name(from.name);
  to.set_path(from.path);
  to.set_offset(from.offset);
  to.set_logic_version(from.logic_version);
  to.set_state_hash(from.state_hash);
  wire::Write(from.taken_at, *to.mutable_taken_at());
  to.set_bytes(from.bytes);
}

void Write(const intake::DeadLetter& from, v1::DeadLetter& to) {
  to.set_id(from.id);
  to.set_tenant(from.tenant);
  to.set_source(from.source);
  to.set_reason(from.detail.empty() ? from.reason
                                    : fmt::format("{}: {}", from.reason, from.detail));
  wire::Write(from.received_at, *to.mutable_received_at());
  to.set_content_type(from.content_type);
  to.set_body(from.bytes);
  to.set_offset(-1);
}

void Write(const state::DeadLetter& from, const std::string& tenant, v1::DeadLetter& to) {
  to.set_id(fmt::format("{}{}", kShardLetter, from.offset));
  to.set_tenant(tenant);
  to.set_reason(from.detail.empty() ? from.reason
                                    : fmt::format("{}: {}", from.reason, from.detail));
  wire::Write(from.at, *to.mutable_received_at());
  to.set_content_type("application/vnd.spotter.log-record+protobuf");
  to.set_body(from.payload);
  to.set_offset(from.offset);
}

Status RefuseShardLetter(const std::string& id) {
  if (!id.starts_with(kShardLetter)) return OkStatus();
  return FailedPrecondition(
      "dead letter '{}' is a record of the log: it stays for 14 days and goes by itself", id);
}

// The table's name, which only a difference in it tells.
std::string NameOf(state::Element element) {
  state::StateHash different;
  different.sums()[static_cast<size_t>(element)] = Hash128{0, 1};
  return state::StateHash::FirstDifference(different, {});
}

void Write(const state::StateHash& kept, const state::StateHash* recomputed,
           v1::GetStateHashResponse& out) {
  out.set_hash(Hex(kept.Total()));
  out.set_facts_hash(Hex(kept.Facts()));
  for (int i = 0; i < state::kElements; ++i) {
    const auto element = static_cast<state::Element>(i);
    v1::TableHash& table = *out.add_tables();
    table.set_table(NameOf(element));
    table.set_hash(Hex(kept.Of(element)));
    if (recomputed != nullptr) table.set_recomputed(Hex(recomputed->Of(element)));
  }
}

}  // namespace

Status AdminServiceImpl::PutZone(const ShardPorts& shard, const Caller& caller,
                                 const std::string& request_id, const std::string& zone,
                                 std::string tzif) {
  if (tzif.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(tzif, ports_.operations.ZoneRules(zone));
  }
  return Submit(ports_, shard, caller, request_id,
                model::PutZoneRules{.zone = zone, .tzif = std::move(tzif)})
      .status();
}

// Serves what concerns a shard as a whole.
grpc::Status AdminServiceImpl::ServeShard(
    grpc::ServerContext& context, std::string_view method, int number,
    const std::function<Status(const Caller&, const ShardPorts&)>& serve) {
  return ports_.gate.Serve(context, method, [&](const Caller& caller) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(const ShardHandle shard, ports_.shards.At(number));
    return serve(caller, *shard);
  });
}

// The one operation whose tenant comes from the message: the tenant is not there yet.
grpc::Status AdminServiceImpl::CreateTenant(grpc::ServerContext* context,
                                            const v1::CreateTenantRequest* request,
                                            v1::CreateTenantResponse* response) {
  return ports_.gate.Serve(
      *context, "AdminService/CreateTenant", [&](const Caller& caller) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(model::TenantSettings settings,
                                 wire::FromProto(request->tenant()));
        SPOTTER_RETURN_IF_ERROR(model::ValidateTenantId(settings.id.value()));
        SPOTTER_ASSIGN_OR_RETURN(const ShardHandle shard, ports_.shards.Of(settings.id));
        SPOTTER_RETURN_IF_ERROR(CheckSettings(settings));
        SPOTTER_ASSIGN_OR_RETURN(const auto standing,
                                 engine::FindTenant(shard->store, settings.id));
        if (standing.has_value() && !SameSettings(*standing, settings)) {
          return AlreadyExists(
              "tenant '{}' is there already, with other settings: expected UpdateTenant "
              "(spotterctl tenant set) to change them",
              settings.id.value());
        }
        settings.suppression_key = ports_.operations.RandomBytes(32);
        const Caller creator{.principal = caller.principal, .tenant = settings.id};
        // Before the tenant: an unknown zone refuses the whole request.
        SPOTTER_ASSIGN_OR_RETURN(const std::string tzif,
                                 ports_.operations.ZoneRules(settings.time_zone));
        SPOTTER_RETURN_IF_ERROR(
            Submit(ports_, *shard, creator, request->request_id(), model::PutTenant{settings})
                .status());
        const std::string zone_request =
            request->request_id().empty() ? "" : request->request_id() + "-zone";
        SPOTTER_RETURN_IF_ERROR(PutZone(*shard, creator, zone_request, settings.time_zone, tzif));
        SPOTTER_ASSIGN_OR_RETURN(const auto stored, engine::FindTenant(shard->store, settings.id));
        SPOTTER_RETURN_IF_ERROR(
            control::AnnounceTenant(ports_.directory, stored.value_or(settings)));
        *response->mutable_tenant() = wire::ToTenant(stored.value_or(settings));
        return OkStatus();
      });
}

grpc::Status AdminServiceImpl::UpdateTenant(grpc::ServerContext* context,
                                            const v1::UpdateTenantRequest* request,
                                            v1::UpdateTenantResponse* response) {
  return ports_.gate.Serve(
      *context, "AdminService/UpdateTenant", [&](const Caller& caller) -> Status {
        const model::TenantId id(request->tenant().id());
        SPOTTER_ASSIGN_OR_RETURN(const ShardHandle shard, ports_.shards.Of(id));
        SPOTTER_ASSIGN_OR_RETURN(const auto standing, engine::FindTenant(shard->store, id));
        if (!standing.has_value()) return NotFound("tenant '{}' is not known", id.value());
        SPOTTER_ASSIGN_OR_RETURN(const model::TenantSettings settings,
                                 Amend(*standing, request->tenant()));
        SPOTTER_RETURN_IF_ERROR(CheckSettings(settings));
        const Caller changer{.principal = caller.principal, .tenant = id};
        if (settings.time_zone != standing->time_zone) {  // its rules first: none is worse
          const std::string& zone_request = request->request_id();
          SPOTTER_RETURN_IF_ERROR(PutZone(*shard, changer,
                                          zone_request.empty() ? "" : zone_request + "-zone",
                                          settings.time_zone, ""));
        }
        SPOTTER_RETURN_IF_ERROR(
            Submit(ports_, *shard, changer, request->request_id(), model::PutTenant{settings})
                .status());
        SPOTTER_RETURN_IF_ERROR(control::AnnounceTenant(ports_.directory, settings));
        SPOTTER_ASSIGN_OR_RETURN(const auto stored, engine::FindTenant(shard->store, id));
        *response->mutable_tenant() = wire::ToTenant(stored.value_or(settings));
        return OkStatus();
      });
}

grpc::Status AdminServiceImpl::PutZoneRules(grpc::ServerContext* context,
                                            const v1::PutZoneRulesRequest* request,
                                            v1::PutZoneRulesResponse*) {
  return ServeShard(
      *context, "AdminService/PutZoneRules", request->shard(),
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto tenants, engine::ListTenants(shard.store));
        for (const model::TenantSettings& tenant : tenants) {
          const std::string& id = request->request_id();
          SPOTTER_RETURN_IF_ERROR(PutZone(shard,
                                          {.principal = caller.principal, .tenant = tenant.id}, id,
                                          request->zone(), request->tzif()));
        }
        return OkStatus();
      });
}

// What intake could not read, newest first; behind it what the shard could not apply.
grpc::Status AdminServiceImpl::ListDeadLetters(grpc::ServerContext* context,
                                               const v1::ListDeadLettersRequest* request,
                                               v1::ListDeadLettersResponse* response) {
  return ServeAtShard(
      ports_, *context, "AdminService/ListDeadLetters",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        const std::string& tenant = caller.tenant.value();
        SPOTTER_ASSIGN_OR_RETURN(const intake::DeadLetterPage page,
                                 ports_.dead_letters.List(tenant, request->source(), size, after));
        for (const intake::DeadLetter& letter : page.letters) {
          const auto whole = ports_.dead_letters.Get(tenant, letter.id);
          Write(whole.ok() ? *whole : letter, *response->add_dead_letters());
        }
        response->set_next_page_token(PrintPageToken(page.next));
        response->set_total(static_cast<int64_t>(page.total));
        if (!page.next.empty() || !request->source().empty()) return OkStatus();
        SPOTTER_ASSIGN_OR_RETURN(const auto rows,
                                 engine::ListDeadLetters(shard.store, caller.tenant, kPageMax, ""));
        for (const state::DeadLetter& row : rows.rows) {
          Write(row, tenant, *response->add_dead_letters());
        }
        response->set_total(response->total() + static_cast<int64_t>(rows.rows.size()));
        return OkStatus();
      });
}

grpc::Status AdminServiceImpl::RedriveDeadLetter(grpc::ServerContext* context,
                                                 const v1::RedriveDeadLetterRequest* request,
                                                 v1::RedriveDeadLetterResponse* response) {
  return ports_.gate.Serve(
      *context, "AdminService/RedriveDeadLetter", [&](const Caller& caller) -> Status {
        SPOTTER_RETURN_IF_ERROR(RefuseShardLetter(request->dead_letter()));
        SPOTTER_ASSIGN_OR_RETURN(const auto result,
                                 ports_.intake.Redrive(caller.tenant, request->dead_letter()));
        response->set_accepted(result.refused.empty());
        response->set_events(static_cast<int32_t>(result.accepted));
        if (!result.refused.empty()) response->set_reason(result.refused.front().detail);
        return OkStatus();
      });
}

grpc::Status AdminServiceImpl::DiscardDeadLetter(grpc::ServerContext* context,
                                                 const v1::DiscardDeadLetterRequest* request,
                                                 v1::DiscardDeadLetterResponse*) {
  return ports_.gate.Serve(
      *context, "AdminService/DiscardDeadLetter", [&](const Caller& caller) -> Status {
        SPOTTER_RETURN_IF_ERROR(RefuseShardLetter(request->dead_letter()));
        return ports_.dead_letters.Resolve(caller.tenant.value(), request->dead_letter(),
                                           intake::Resolution::kDiscarded);
      });
}

grpc::Status AdminServiceImpl::TakeSnapshot(grpc::ServerContext* context,
                                            const v1::TakeSnapshotRequest* request,
                                            v1::TakeSnapshotResponse* response) {
  return ServeShard(*context, "AdminService/TakeSnapshot", request->shard(),
                    [&](const Caller&, const ShardPorts& shard) -> Status {
                      SPOTTER_ASSIGN_OR_RETURN(const SnapshotInfo snapshot,
                                               shard.operations.TakeSnapshot());
                      Write(snapshot, *response->mutable_snapshot());
                      return OkStatus();
                    });
}

grpc::Status AdminServiceImpl::ListSnapshots(grpc::ServerContext* context,
                                             const v1::ListSnapshotsRequest* request,
                                             v1::ListSnapshotsResponse* response) {
  return ServeShard(*context, "AdminService/ListSnapshots", request->shard(),
                    [&](const Caller&, const ShardPorts& shard) -> Status {
                      SPOTTER_ASSIGN_OR_RETURN(const auto snapshots,
                                               shard.operations.ListSnapshots());
                      for (const SnapshotInfo& snapshot : snapshots)
                        Write(snapshot, *response->add_snapshots());
                      return OkStatus();
                    });
}

// With `verify` the shard stands still while every row is read.
grpc::Status AdminServiceImpl::GetStateHash(grpc::ServerContext* context,
                                            const v1::GetStateHashRequest* request,
                                            v1::GetStateHashResponse* response) {
  return ServeShard(
      *context, "AdminService/GetStateHash", request->shard(),
      [&](const Caller&, const ShardPorts& shard) -> Status {
        const auto read = [&](const state::Meta& meta) -> Status {
          response->set_offset(meta.next_offset);
          if (!request->verify()) {
            Write(meta.hash, nullptr, *response);
            return OkStatus();
          }
          SPOTTER_ASSIGN_OR_RETURN(const state::StateHash scanned, state::HashByScan(shard.store));
          Write(meta.hash, &scanned, *response);
          response->set_verified(scanned == meta.hash);
          return OkStatus();
        };
        if (shard.owner != nullptr) return shard.owner->BetweenBatches(read);
        SPOTTER_ASSIGN_OR_RETURN(const state::Meta meta, state::ReadMeta(shard.store));
        return read(meta);
      });
}

grpc::Status AdminServiceImpl::SkipOffset(grpc::ServerContext* context,
                                          const v1::SkipOffsetRequest* request,
                                          v1::SkipOffsetResponse*) {
  return ServeShard(*context, "AdminService/SkipOffset", request->shard(),
                    [&](const Caller&, const ShardPorts& shard) -> Status {
                      return shard.operations.SkipOffset(request->offset(), request->reason());
                    });
}

grpc::Status AdminServiceImpl::WriteBarrier(grpc::ServerContext* context,
                                            const v1::WriteBarrierRequest* request,
                                            v1::WriteBarrierResponse* response) {
  return ServeShard(*context, "AdminService/WriteBarrier", request->shard(),
                    [&](const Caller&, const ShardPorts& shard) -> Status {
                      SPOTTER_ASSIGN_OR_RETURN(
                          const BarrierInfo barrier,
                          shard.operations.WriteBarrier(request->logic_version()));
                      response->set_offset(barrier.offset);
                      response->set_logic_version(barrier.logic_version);
                      return OkStatus();
                    });
}

grpc::Status AdminServiceImpl::TakeShard(grpc::ServerContext* context,
                                         const v1::TakeShardRequest* request,
                                         v1::TakeShardResponse* response) {
  return ports_.gate.Serve(*context, "AdminService/TakeShard", [&](const Caller&) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(const int64_t generation,
                             ports_.operations.TakeShard(request->shard()));
    response->set_generation(generation);
    return OkStatus();
  });
}

grpc::Status AdminServiceImpl::ReleaseShard(grpc::ServerContext* context,
                                            const v1::ReleaseShardRequest* request,
                                            v1::ReleaseShardResponse*) {
  return ports_.gate.Serve(*context, "AdminService/ReleaseShard", [&](const Caller&) -> Status {
    return ports_.operations.ReleaseShard(request->shard());
  });
}

grpc::Status AdminServiceImpl::MoveTenant(grpc::ServerContext* context,
                                          const v1::MoveTenantRequest* request,
                                          v1::MoveTenantResponse* response) {
  return ports_.gate.Serve(*context, "AdminService/MoveTenant", [&](const Caller&) -> Status {
    SPOTTER_RETURN_IF_ERROR(model::ValidateTenantId(request->tenant()));
    SPOTTER_ASSIGN_OR_RETURN(
        const TenantMoveInfo move,
        ports_.operations.MoveTenant(model::TenantId(request->tenant()), request->to_shard()));
    response->set_revision(move.revision);
    response->set_from_shard(move.from_shard);
    return OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetTenantMove(grpc::ServerContext* context,
                                             const v1::GetTenantMoveRequest* request,
                                             v1::GetTenantMoveResponse* response) {
  return ports_.gate.Serve(*context, "AdminService/GetTenantMove", [&](const Caller&) -> Status {
    SPOTTER_RETURN_IF_ERROR(model::ValidateTenantId(request->tenant()));
    SPOTTER_ASSIGN_OR_RETURN(const TenantMoveInfo move,
                             ports_.operations.TenantMoveOf(model::TenantId(request->tenant())));
    response->set_step(static_cast<v1::TenantMoveStep>(move.step));
    response->set_revision(move.revision);
    response->set_from_shard(move.from_shard);
    response->set_to_shard(move.to_shard);
    response->set_rows(static_cast<int64_t>(move.rows));
    response->set_hash(move.hash);
    response->set_note(move.note);
    return OkStatus();
  });
}

grpc::Status AdminServiceImpl::AdvanceTime(grpc::ServerContext* context,
                                           const v1::AdvanceTimeRequest* request,
                                           v1::AdvanceTimeResponse* response) {
  return ports_.gate.Serve(*context, "AdminService/AdvanceTime", [&](const Caller&) -> Status {
    wire::Reader reader;
    const EventTime to = reader.Time(request->to(), "to");
    if (!reader.ok()) return reader.status();
    SPOTTER_ASSIGN_OR_RETURN(const bool reached_wall, ports_.operations.AdvanceTime(to));
    wire::Write(ports_.clock.Now(), *response->mutable_now());
    response->set_reached_wall(reached_wall);
    return OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetStatus(grpc::ServerContext* context,
                                         const v1::GetStatusRequest* request,
                                         v1::GetStatusResponse* response) {
  return ServeShard(
      *context, "AdminService/GetStatus", request->shard(),
      [&](const Caller&, const ShardPorts& shard) -> Status {
        response->set_version(ports_.operations.version());
        response->set_logic_version(engine::kLogicVersion);
        const EventTime now = ports_.clock.Now();
        wire::Write(now, *response->mutable_now());
        response->set_problem(shard.operations.problem());
        response->set_healthy(response->problem().empty());
        response->set_log_start_offset(shard.log.start());
        response->set_log_end_offset(shard.log.durable_end());
        const StatusOr<state::Meta> meta = state::ReadMeta(shard.store);
        if (meta.ok()) {
          response->set_applied_offset(meta->next_offset);
          response->set_generation(meta->generation);
          wire::Write(meta->shard_time, *response->mutable_shard_time());
        }
        if (shard.owner != nullptr) {
          const engine::OwnerStatus status = shard.owner->status();
          response->set_dead_letters(static_cast<int64_t>(status.counters.dead_letters));
          if (!status.caught_up) {
            response->set_lag_seconds(
                static_cast<double>(std::max<int64_t>((now - status.last_append_time).count(), 0)) /
                1000);
          }
        }
        SPOTTER_ASSIGN_OR_RETURN(const auto tenants, engine::ListTenants(shard.store));
        for (const model::TenantSettings& tenant : tenants) {
          *response->add_tenants() = wire::ToTenant(tenant);
          SPOTTER_ASSIGN_OR_RETURN(const auto progress,
                                   engine::ReadProgress(shard.store, tenant.id));
          response->set_orphans(response->orphans() + static_cast<int64_t>(progress.orphans));
          response->set_profiles(response->profiles() + static_cast<int64_t>(progress.profiles));
          if (progress.work_pending) {
            response->set_pending_work(response->pending_work() +
                                       static_cast<int64_t>(progress.profiles));
          }
          const auto letters = ports_.dead_letters.List(tenant.id.value(), "", 1, "");
          if (!letters.ok()) continue;  // what cannot be listed here is not counted here
          response->set_dead_letters(response->dead_letters() +
                                     static_cast<int64_t>(letters->total));
        }
        return OkStatus();
      });
}

}  // namespace spotter::api
