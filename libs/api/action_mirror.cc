// SPDX-License-Identifier: Apache-2.0
#include "api/action_mirror.h"

#include "api/wanted_leases.h"
#include "base/log_message.h"
#include "engine/queries.h"
#include "log/placement.h"
#include "spotter/v1/action_service.pb.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

constexpr Duration kAckDeadline = Seconds(30);
constexpr std::string_view kPrincipal = "mirror";

}  // namespace

ActionMirror::ActionMirror(const ShardPorts& shard,
                           const std::vector<std::shared_ptr<log::Log>>& topic,
                           MirrorOptions options)
    : shard_(shard), topic_(topic), options_(std::move(options)), thread_([this] { Run(); }) {}

ActionMirror::~ActionMirror() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

std::string ActionMirror::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

std::string ActionMirror::KeyOf(std::string_view record) {
  v1::MirroredEntry entry;
  return entry.ParseFromString(std::string(record)) ? entry.entry().profile() : "";
}

void ActionMirror::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, options_.interval, [&] { return stopping_; })) {
    lock.unlock();
    const Status round = MirrorAll();
    lock.lock();
    std::string problem(MessageOf(round));
    if (!problem.empty() && problem_.empty()) {
      LogWarn("actions not mirrored, shard={} reason=\"{}\"", shard_.number, problem);
    }
    problem_ = std::move(problem);
  }
}

Status ActionMirror::MirrorAll() {
  SPOTTER_ASSIGN_OR_RETURN(const auto tenants, engine::ListTenants(shard_.store));
  Status first = OkStatus();
  for (const model::TenantSettings& tenant : tenants) {
    Status mirrored = Mirror(tenant.id);
    if (first.ok()) first = std::move(mirrored);
  }
  return first;
}

Status ActionMirror::Mirror(const model::TenantId& tenant) {
  const std::string& subscription = options_.subscription;
  for (size_t i = 0; i < options_.pulls_max; ++i) {
    if (shard_.delivery.StatusOf(tenant, subscription).waiting == 0) return OkStatus();
    SPOTTER_ASSIGN_OR_RETURN(
        const std::vector<engine::Lease> leases,
        shard_.delivery.Pull(tenant, subscription, options_.pull_max, kAckDeadline, Duration(0)));
    if (leases.empty()) return OkStatus();
    if (Status appended = Append(tenant, leases); !appended.ok()) {
      GiveBack(shard_.delivery, tenant, subscription, leases);
      return appended;
    }
    std::vector<engine::SettleRequest> acks;
    acks.reserve(leases.size());
    for (const engine::Lease& lease : leases) acks.push_back({.token = lease.token});
    SPOTTER_RETURN_IF_ERROR(
        shard_.delivery.Settle(tenant, subscription, kPrincipal, acks).status());
    mirrored_ += leases.size();
  }
  return OkStatus();
}

Status ActionMirror::Append(const model::TenantId& tenant,
                            const std::vector<engine::Lease>& leases) {
  std::vector<std::vector<std::string>> by_partition(topic_.size());
  for (const engine::Lease& lease : leases) {
    v1::MirroredEntry mirrored;
    mirrored.set_tenant(tenant.value());
    *mirrored.mutable_entry() = wire::ToProto(lease.entry);
    const int32_t partition =
        log::ShardOf(mirrored.entry().profile(), static_cast<int32_t>(topic_.size()));
    by_partition[static_cast<size_t>(partition)].push_back(mirrored.SerializeAsString());
  }
  for (size_t i = 0; i < topic_.size(); ++i) {
    if (by_partition[i].empty()) continue;
    const std::vector<std::string_view> records(by_partition[i].begin(), by_partition[i].end());
    SPOTTER_ASSIGN_OR_RETURN(const std::vector<log::Offset> offsets, topic_[i]->Append(records));
    SPOTTER_RETURN_IF_ERROR(topic_[i]->WaitDurable(offsets.back()));
  }
  return OkStatus();
}

}  // namespace spotter::api
