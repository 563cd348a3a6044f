// SPDX-License-Identifier: Apache-2.0
#include "services/shard/segment_watch.h"

#include "api/self_check.h"
#include "base/log_message.h"
#include "engine/queries.h"

namespace spotter::service {
namespace {

constexpr size_t kMembersAtOnce = 50;  // of a tenant: some milliseconds
constexpr Duration kPatience = Seconds(10);

}  // namespace

SegmentWatch::SegmentWatch(const store::Store& store, engine::Owner& owner, Duration interval)
    : store_(store), owner_(owner) {
  if (interval > Duration(0)) thread_ = std::thread([this, interval] { Run(interval); });
}

SegmentWatch::~SegmentWatch() { Stop(); }

void SegmentWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  const std::lock_guard joining(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void SegmentWatch::Run(Duration interval) {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval, [&] { return stopping_; })) {
    lock.unlock();
    const auto tenants = engine::ListTenants(store_);
    for (size_t i = 0; tenants.ok() && i < tenants->size(); ++i) {
      if (const Status looked = LookAt((*tenants)[i].id); !looked.ok()) {
        LogWarn("segments not checked, tenant={} error=\"{}\"", (*tenants)[i].id.value(),
                MessageOf(looked));
      }
    }
    lock.lock();
  }
}

Status SegmentWatch::LookAt(const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(const auto view, store_.View());
  SPOTTER_ASSIGN_OR_RETURN(const api::SelfCheck check,
                           api::CheckMembers(*view, tenant, next_[tenant.value()], kMembersAtOnce));
  next_[tenant.value()] = check.next;
  checks_ += static_cast<uint64_t>(check.checks);
  for (const api::Divergence& one : check.divergences) {
    divergences_++;
    const std::string reason =
        fmt::format("at {} {} was stored as {}, and the facts say {}", FormatTime(one.at),
                    model::ToText(one.profile), one.is_stored ? "in it" : "not in it",
                    one.is_stored ? "not" : "in it");
    LogError("segment diverged, tenant={} segment={} revision={} reason=\"{}\"", tenant.value(),
             one.segment, one.revision, reason);
    if (!owner_.status().is_owner) continue;
    SPOTTER_RETURN_IF_ERROR(
        owner_
            .Submit({.request_id = fmt::format("self-check/{}/{}", one.segment, one.revision),
                     .tenant = tenant,
                     .principal = "self-check",
                     .what = model::QuarantineSegment{one.segment, one.revision, reason}},
                    kPatience)
            .status());
  }
  return OkStatus();
}

}  // namespace spotter::service
