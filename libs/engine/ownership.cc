// SPDX-License-Identifier: Apache-2.0
#include "engine/ownership.h"

#include <algorithm>

namespace spotter::engine {
namespace {

constexpr Duration kAskAgain = Seconds(5);   // a claim that was not read back by then is repeated
constexpr Duration kLeaseMax = Minutes(10);  // a longer one in the log is damage or a joke
// Boot clocks of two machines differ in speed, and milliseconds are rounded.
constexpr Duration Margin(Duration wait) { return wait / 50 + Duration(2); }

}  // namespace

AppliedClaim FoldClaim(int64_t offset, const model::Claim& claim, model::Claim& newest) {
  AppliedClaim applied{.offset = offset,
                       .claim = claim,
                       .in_force = claim.generation > newest.generation,
                       .before = newest};
  applied.is_heartbeat =
      !applied.in_force && claim.generation == newest.generation && claim.owner == newest.owner;
  if (!applied.in_force && !applied.is_heartbeat) return applied;
  newest = claim;
  // An owner that still waits hands on what it waits for.
  if (claim.phase == model::ClaimPhase::kWaits) {
    newest.lease = std::max(claim.lease, applied.before.lease);
  }
  return applied;
}

Ownership::Ownership(const Options& options, const Clock& boot_clock)
    : owner_(options.owner),
      lease_(std::min(options.owner_lease, kLeaseMax)),
      waits_out_lease_(options.wait_out_lease),
      clock_(boot_clock),
      is_standby_(options.standby) {}

void Ownership::Promote() {
  is_standby_ = false;
  Ask();
}

// How long the owner before may still deliver after this process has read its own claim back.
// It may not when there was none, when it said that it has stopped, or when it was a process with
// our own name: it held the lock that we hold, so it is gone, and it had waited for those before.
Duration Ownership::WaitAfter(const model::Claim& before) const {
  if (lease_ == Duration(0) || !waits_out_lease_ || before.generation == 0) return Duration(0);
  if (before.phase == model::ClaimPhase::kReleased) return Duration(0);
  const bool is_own = !owner_.empty() && before.owner == owner_;
  if (is_own && before.phase == model::ClaimPhase::kDelivers) return Duration(0);
  const Duration wait = std::clamp(before.lease, lease_, kLeaseMax);
  return wait + Margin(wait);
}

model::Claim Ownership::Heartbeat(EventTime now) const {
  return {.generation = generation_,
          .owner = owner_,
          .phase = now < deliver_from_ ? model::ClaimPhase::kWaits : model::ClaimPhase::kDelivers,
          .lease = lease_};
}

std::optional<model::Claim> Ownership::Next(const model::Claim& newest) const {
  if (is_standby_ || is_fenced() || is_released_) return std::nullopt;
  const EventTime now = clock_.Now();
  if (generation_ == 0) {
    const bool asked = !appended_.empty() && now - last_append_ < kAskAgain;
    if (!is_wanted_ || asked) return std::nullopt;
    return model::Claim{.generation = newest.generation + 1,
                        .owner = owner_,
                        .phase = WaitAfter(newest) > Duration(0) ? model::ClaimPhase::kWaits
                                                                 : model::ClaimPhase::kDelivers,
                        .lease = lease_};
  }
  if (lease_ == Duration(0)) return std::nullopt;
  const bool has_news = !told_delivers_ && now >= deliver_from_;
  if (!has_news && now - last_append_ < lease_ / 3) return std::nullopt;
  return Heartbeat(now);
}

void Ownership::Appended(int64_t offset, EventTime began) {
  appended_[offset] = began;
  last_append_ = began;
  if (generation_ > 0 && began >= deliver_from_) told_delivers_ = true;
}

void Ownership::Applied(const AppliedClaim& applied) {
  const auto own = appended_.find(applied.offset);
  if (own == appended_.end()) {
    // Somebody else's. Before our own claim is in force it only raises what we have to exceed.
    if (applied.in_force && generation_ > 0 && fenced_by_.empty()) {
      fenced_by_ = fmt::format("'{}' generation {}", applied.claim.owner, applied.claim.generation);
    }
    return;
  }
  const EventTime began = own->second;
  appended_.erase(appended_.begin(), std::next(own));
  if (generation_ > 0 && applied.claim.generation == generation_) {
    read_back_ = std::max(read_back_, began);
    heartbeats_++;
  } else if (generation_ == 0 && applied.in_force) {
    generation_ = applied.claim.generation;
    read_back_ = began;
    const Duration wait = WaitAfter(applied.before);
    if (wait > Duration(0)) deliver_from_ = clock_.Now() + wait;
    told_delivers_ = wait == Duration(0);
  }
  // Else another claim came first: it is asked again, above it.
}

std::optional<model::Claim> Ownership::Release() {
  const bool is_told = is_owner() && lease_ > Duration(0) && clock_.Now() >= deliver_from_;
  is_released_ = true;
  if (!is_told) return std::nullopt;
  return model::Claim{.generation = generation_,
                      .owner = owner_,
                      .phase = model::ClaimPhase::kReleased,
                      .lease = lease_};
}

Status Ownership::MayAppend() const {
  if (is_standby_) return Unavailable("this process follows the shard as a standby");
  if (is_fenced()) return Unavailable("fenced by {}", fenced_by_);
  if (is_released_) return Unavailable("the owner stops");
  if (lease_ > Duration(0) && generation_ == 0) return Unavailable("the shard is not claimed yet");
  return OkStatus();
}

Status Ownership::MayDeliver() const {
  SPOTTER_RETURN_IF_ERROR(MayAppend());
  if (lease_ == Duration(0)) return OkStatus();
  const EventTime now = clock_.Now();
  if (now < deliver_from_) {
    return Unavailable("the lease of the shard's owner before this one may still run, for {}",
                       FormatDuration(deliver_from_ - now));
  }
  if (now - read_back_ >= lease_) {
    return Unavailable("the owner has read no heartbeat of its own back within {}",
                       FormatDuration(lease_));
  }
  return OkStatus();
}

}  // namespace spotter::engine
