// SPDX-License-Identifier: Apache-2.0
#include "dispatch/dispatcher.h"

#include <algorithm>

#include "base/codec.h"
#include "base/log_message.h"
#include "govern/decide_proposal.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::dispatch {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(100);  // a window opens without a notification
// By then the record about an undeliverable entry has been applied, or is written again.
constexpr Duration kUndeliverableRepeat = Seconds(30);
constexpr Duration kFailureDelay = Seconds(1);

Waiting WaitingOf(const model::OutboxEntry& entry) {
  const auto* action = std::get_if<model::Action>(&entry.what);
  return {.from = action == nullptr ? entry.decided_at : action->not_before,
          .kind = static_cast<uint8_t>(entry.what.index())};
}

std::string ScopeText(const model::TenantId& tenant, std::string_view subscription) {
  return Encoder().Bytes(tenant.value()).Bytes(subscription).Take();
}

model::ActionId ActionOf(const model::OutboxEntry& entry) {
  const auto* action = std::get_if<model::Action>(&entry.what);
  return action == nullptr ? model::ActionId() : action->id;
}

model::RecordKey AnchorOf(const model::OutboxEntry& entry) {
  const auto* action = std::get_if<model::Action>(&entry.what);
  return action == nullptr ? model::RecordKey() : action->proposal.anchor;
}

}  // namespace

Dispatcher::Dispatcher(const store::Store& store, log::Log& log, const Clock& clock,
                       Options options)
    : store_(store),
      log_(log),
      clock_(clock),
      options_(options),
      next_lease_(std::max<uint64_t>(options.first_lease, 1)) {}

Status Dispatcher::Load() {
  const std::lock_guard lock(mutex_);
  SPOTTER_ASSIGN_OR_RETURN(const auto moves, engine::ListMoves(store_));
  for (const auto& [tenant, move] : moves) {
    if (move.state != state::MoveState::kHere) away_.insert(tenant);
  }
  return engine::ScanOutbox(
      store_, [&](const model::TenantId& tenant, const model::OutboxEntry& entry) {
        if (away_.contains(tenant)) return;
        lines_[{tenant, entry.subscription}].Put(entry.profile, entry.sequence, WaitingOf(entry));
      });
}

Status Dispatcher::LoadTenant(const model::TenantId& tenant) {
  return engine::ScanOutboxOf(store_, tenant, [&](const model::OutboxEntry& entry) {
    lines_[{tenant, entry.subscription}].Put(entry.profile, entry.sequence, WaitingOf(entry));
  });
}

void Dispatcher::ForgetTenant(const model::TenantId& tenant) {
  std::erase_if(lines_, [&](const auto& one) { return one.first.first == tenant; });
}

size_t Dispatcher::Hold(const model::TenantId& tenant) {
  const EventTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  held_.insert(tenant);
  size_t out = 0;
  for (const auto& [scope, lines] : lines_) {
    if (scope.first == tenant) out += lines.CountOut(now);
  }
  return out;
}

void Dispatcher::OnResidence(std::span<const engine::Residence> changes) {
  const std::lock_guard lock(mutex_);
  for (const engine::Residence& change : changes) {
    ForgetTenant(change.tenant);
    held_.erase(change.tenant);
    if (!change.is_here) {
      away_.insert(change.tenant);
      continue;
    }
    away_.erase(change.tenant);
    if (const Status loaded = LoadTenant(change.tenant); !loaded.ok()) {
      // What is not in a line is not delivered before the shard is opened again.
      LogError("outbox of an arrived tenant not read, tenant={} reason=\"{}\"",
               change.tenant.value(), MessageOf(loaded));
    }
  }
  changed_.notify_all();
}

Status Dispatcher::Begin(engine::Owner& owner) {
  SPOTTER_ASSIGN_OR_RETURN(const state::Meta meta, state::ReadMeta(store_));
  const int64_t claimed = owner.status().generation;
  const std::lock_guard lock(mutex_);
  generation_ = claimed > 0 ? claimed : meta.generation;
  owner_ = &owner;
  changed_.notify_all();
  return OkStatus();
}

void Dispatcher::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void Dispatcher::Wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Dispatcher::ObserveDelay(std::function<void(double)> observer) {
  const std::lock_guard lock(mutex_);
  observe_delay_ = std::move(observer);
}

Counts Dispatcher::counts() const {
  const EventTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  for (const auto& [scope, lines] : lines_) {
    counts.pending += lines.entries();
    counts.outstanding += lines.CountOut(now);
  }
  return counts;
}

engine::QueueStatus Dispatcher::StatusOf(const model::TenantId& tenant,
                                         std::string_view subscription) const {
  const EventTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(Scope(tenant, subscription));
  if (found == lines_.end()) return {};
  return {.waiting = found->second.entries(), .leased = found->second.CountOut(now)};
}

void Dispatcher::OnOutbox(std::span<const engine::OutboxChange> changes) {
  const std::lock_guard lock(mutex_);
  for (const engine::OutboxChange& change : changes) {
    const model::OutboxEntry& entry = change.entry;
    MemberLines& lines = lines_[{change.tenant, entry.subscription}];
    if (change.removed) {
      lines.Remove(entry.profile, entry.sequence);
    } else {
      lines.Put(entry.profile, entry.sequence, WaitingOf(entry));
    }
  }
  changed_.notify_all();
}

// Under mutex_.
Status Dispatcher::CheckHere(const model::TenantId& tenant) const {
  if (!away_.contains(tenant)) return OkStatus();
  return Unavailable("tenant '{}' is moving to another shard: come again in a few seconds",
                     tenant.value());
}

// Lease tokens are sealed with the tenant's secret.
StatusOr<std::string> Dispatcher::KeyOf(const model::TenantId& tenant) const {
  SPOTTER_ASSIGN_OR_RETURN(const auto settings, engine::FindTenant(store_, tenant));
  if (!settings.has_value()) return NotFound("tenant '{}' is not known", tenant.value());
  return settings->suppression_key;
}

StatusOr<std::vector<engine::Lease>> Dispatcher::Pull(const model::TenantId& tenant,
                                                      std::string_view subscription, size_t max,
                                                      Duration ack_deadline, Duration wait) {
  const Scope scope(tenant, subscription);
  {
    const std::lock_guard lock(mutex_);
    SPOTTER_RETURN_IF_ERROR(CheckHere(tenant));
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::string key, KeyOf(tenant));
  SPOTTER_ASSIGN_OR_RETURN(const auto subscriptions, engine::ListSubscriptions(store_, tenant));
  const auto reader =
      std::find_if(subscriptions.begin(), subscriptions.end(),
                   [&](const model::Subscription& s) { return s.id == subscription; });
  if (reader == subscriptions.end()) {
    return NotFound(
        "tenant '{}' has no subscription '{}': create it; what is decided from then on "
        "belongs to it",
        tenant.value(), subscription);
  }
  if (reader->has_expired()) {
    return FailedPrecondition(
        "subscription '{}' expired at {}: nobody had settled anything in it; create it again",
        subscription, FormatTime(reader->expired_at));
  }
  if (ack_deadline <= Duration(0)) ack_deadline = options_.ack_deadline;
  ack_deadline = std::clamp(ack_deadline, options_.ack_deadline_min, options_.ack_deadline_max);
  max = std::clamp<size_t>(max, 1, options_.pull_max);

  const auto deadline = std::chrono::steady_clock::now() + wait;
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopped_) return Unavailable("deliveries have stopped: the server is going down");
    if (owner_ == nullptr) return Unavailable("deliveries have not begun: the shard catches up");
    const Status may = owner_->MayDeliver();
    if (!may.ok() && (std::chrono::steady_clock::now() >= deadline || owner_->status().fenced)) {
      return Unavailable("nothing is delivered here now: {}", MessageOf(may));
    }
    SPOTTER_RETURN_IF_ERROR(CheckHere(tenant));
    SPOTTER_ASSIGN_OR_RETURN(Taken taken, TakeReady(scope, key, max, ack_deadline));
    if (!taken.undeliverable.empty()) {
      lock.unlock();
      AppendUndeliverable(scope, taken.undeliverable);
      lock.lock();
    }
    if (!taken.leases.empty()) return std::move(taken.leases);
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return std::vector<engine::Lease>();
    changed_.wait_until(lock, std::min(deadline, now + kPoll));
  }
}

StatusOr<Dispatcher::Taken> Dispatcher::TakeReady(const Scope& scope, const std::string& key,
                                                  size_t max, Duration ack_deadline) {
  Taken taken;
  if (held_.contains(scope.first)) return taken;
  const EventTime now = clock_.Now();
  MemberLines& lines = lines_[scope];
  while (taken.leases.size() < max && taken.undeliverable.size() < options_.pull_max) {
    const std::optional<model::ProfileId> profile = lines.Ready(now);
    if (!profile.has_value() || !owner_->may_deliver()) break;
    SPOTTER_RETURN_IF_ERROR(TakeFirst(scope, key, *profile, now, ack_deadline, taken).status());
  }
  return taken;
}

// Takes the first entry of a member that is ready. False: it is not there any more.
StatusOr<bool> Dispatcher::TakeFirst(const Scope& scope, const std::string& key,
                                     model::ProfileId profile, EventTime now, Duration ack_deadline,
                                     Taken& taken) {
  MemberLines& lines = lines_[scope];
  Line& line = *lines.Find(profile);
  const int64_t sequence = line.waiting.begin()->first;
  SPOTTER_ASSIGN_OR_RETURN(
      auto entry, engine::FindOutboxEntry(store_, scope.first, scope.second, profile, sequence));
  if (!entry.has_value()) {
    lines.Remove(profile, sequence);
    return false;
  }
  if (const auto* action = std::get_if<model::Action>(&entry->what)) {
    SPOTTER_ASSIGN_OR_RETURN(const auto reason, WhyNot(scope.first, key, *action, now));
    if (reason.has_value()) {
      (*reason == model::RefusalReason::kExpired      ? counts_.expired
       : *reason == model::RefusalReason::kSuppressed ? counts_.suppressed
                                                      : counts_.halted)++;
      taken.undeliverable.push_back({.subscription = scope.second,
                                     .profile = profile,
                                     .sequence = sequence,
                                     .action = action->id,
                                     .reason = *reason,
                                     .generation = generation_});
      lines.Hide(profile, now + kUndeliverableRepeat, 0);
      return true;
    }
    if (line.attempts == 0 && observe_delay_) {
      const EventTime possible = std::max(entry->decided_at, action->not_before);
      observe_delay_(std::max(0.0, static_cast<double>((now - possible).count()) / 1000));
    }
  }
  counts_.leases++;
  if (line.attempts > 0) counts_.redeliveries++;
  line.attempts++;
  const LeaseToken token{.generation = generation_,
                         .lease = next_lease_++,
                         .profile = profile,
                         .sequence = sequence,
                         .kind = static_cast<uint8_t>(entry->what.index()),
                         .action = ActionOf(*entry),
                         .anchor = AnchorOf(*entry)};
  taken.leases.push_back({.entry = *std::move(entry),
                          .token = PrintToken(token, key, ScopeText(scope.first, scope.second)),
                          .attempt = line.attempts,
                          .expires_at = now + ack_deadline});
  lines.Hide(profile, now + ack_deadline, token.lease);
  return true;
}

// The checks of every attempt. An action that may not go out yet is never ready, so it is only
// asked whether it still may.
StatusOr<std::optional<model::RefusalReason>> Dispatcher::WhyNot(const model::TenantId& tenant,
                                                                 const std::string& key,
                                                                 const model::Action& action,
                                                                 EventTime now) const {
  if (now >= action.not_after) return std::optional(model::RefusalReason::kExpired);
  SPOTTER_ASSIGN_OR_RETURN(
      const bool suppressed,
      engine::IsSuppressed(store_, tenant, key, model::NameOf(action.proposal.channel),
                           action.address));
  if (suppressed) return std::optional(model::RefusalReason::kSuppressed);
  SPOTTER_ASSIGN_OR_RETURN(const auto journey,
                           engine::FindJourney(store_, tenant, action.proposal.journey));
  if (!journey.has_value()) return std::optional<model::RefusalReason>();
  return govern::HaltOf(journey->state);
}

// The shard decides what becomes of them; nobody waits for it. A record that is lost with an
// append that failed is written again when the entry shows up next.
void Dispatcher::AppendUndeliverable(const Scope& scope,
                                     const std::vector<model::Undeliverable>& found) {
  std::vector<std::string> records;
  if (!owner_->may_deliver()) return;  // the owner that is finds out for itself
  for (const model::Undeliverable& one : found) {
    uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = next_lease_++;
    }
    records.push_back(wire::Encode(
        model::Command{.request_id = fmt::format("undeliverable-{:x}-{:x}", generation_, number),
                       .tenant = scope.first,
                       .principal = "",
                       .what = one}));
  }
  const std::vector<std::string_view> payloads(records.begin(), records.end());
  const Status appended = log_.Append(payloads).status();
  if (appended.ok()) return;
  LogWarn("undeliverable actions not recorded, count={} error=\"{}\"", found.size(),
          MessageOf(appended));
  const std::lock_guard lock(mutex_);
  for (const model::Undeliverable& one : found) {
    lines_[scope].Hide(one.profile, clock_.Now() + kFailureDelay, 0);
  }
}

StatusOr<std::vector<engine::SettleResult>> Dispatcher::Settle(
    const model::TenantId& tenant, std::string_view subscription, std::string_view principal,
    std::span<const engine::SettleRequest> requests) {
  const Scope scope(tenant, subscription);
  const StatusOr<std::string> found_key = KeyOf(tenant);
  if (found_key.status().code() == StatusCode::kNotFound) {
    const std::lock_guard lock(mutex_);  // one that has gone is not unknown: its new shard takes it
    SPOTTER_RETURN_IF_ERROR(CheckHere(tenant));
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::string key, found_key);
  std::vector<engine::SettleResult> results;
  std::map<int64_t, model::Settle> settles;  // by generation
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return Unavailable("deliveries have stopped: the server is going down");
    if (owner_ == nullptr) return Unavailable("deliveries have not begun: the shard catches up");
    for (const engine::SettleRequest& request : requests) {
      const StatusOr<LeaseToken> token =
          ParseToken(request.token, key, ScopeText(tenant, subscription));
      results.push_back(
          {.token = request.token,
           .refusal = token.ok() ? SettleOne(scope, request, *token, settles) : "LEASE_UNKNOWN"});
      if (!results.back().refusal.empty()) counts_.refused_settlements++;
    }
  }
  SPOTTER_RETURN_IF_ERROR(SubmitSettles(scope, principal, requests, settles));
  return results;
}

// Retry and extend happen here; ack and reject are added to `settles`. The refusal, or "".
std::string Dispatcher::SettleOne(const Scope& scope, const engine::SettleRequest& request,
                                  const LeaseToken& token,
                                  std::map<int64_t, model::Settle>& settles) {
  const EventTime now = clock_.Now();
  MemberLines& lines = lines_[scope];
  const StatusOr<std::optional<model::OutboxEntry>> entry =
      engine::FindOutboxEntry(store_, scope.first, scope.second, token.profile, token.sequence);
  const bool is_ack = request.wish == engine::SettleWish::kAck;
  if (!entry.ok()) return "LEASE_FENCED";
  if (!entry->has_value()) {
    if (!is_ack) return "LEASE_EXPIRED";
    // Settled already; but where a Void took the action's place, it is that which was settled.
    if (token.action.value().is_zero()) return "";
  }
  // Of a subscription that was removed and created again since: its entry is gone.
  if (const auto* action = std::get_if<model::Action>(&(*entry)->what);
      action != nullptr && action->id != token.action) {
    return is_ack ? "" : "LEASE_EXPIRED";
  }
  // An ack always counts: where the action has become Void because it stands again elsewhere, the
  // shard withdraws it there. Whatever else is said of an entry must be about what stands there.
  if (!is_ack) {
    if ((*entry)->what.index() != token.kind) return "LEASE_FENCED";
    std::string refusal = RefusalOf(token, lines, now);
    if (!refusal.empty()) return refusal;
  }
  switch (request.wish) {
    case engine::SettleWish::kRetry:
      counts_.retries++;
      lines.Hide(token.profile,
                 now + std::clamp(request.delay, Duration(0), options_.retry_delay_max), 0);
      return "";
    case engine::SettleWish::kExtend:
      counts_.extensions++;
      lines.Hide(token.profile,
                 now + std::min(request.delay > Duration(0) ? request.delay : options_.ack_deadline,
                                options_.ack_deadline_max),
                 token.lease);
      return "";
    case engine::SettleWish::kAck:
    case engine::SettleWish::kReject:
      break;
  }
  (is_ack ? counts_.acks : counts_.rejects)++;
  model::Settle& settle = settles[token.generation];
  settle.subscription = scope.second;
  settle.generation = token.generation;
  settle.settlements.push_back(
      {.profile = token.profile,
       .sequence = token.sequence,
       .action = token.action,
       .outcome = is_ack ? model::SettleOutcome::kAck : model::SettleOutcome::kReject,
       .reason = request.reason,
       .anchor = token.anchor});
  return "";
}

// Whether the holder of `token` may still decide about it; acks are not asked.
std::string Dispatcher::RefusalOf(const LeaseToken& token, MemberLines& lines,
                                  EventTime now) const {
  if (token.generation != generation_ || !owner_->may_deliver()) return "LEASE_FENCED";
  const Line* line = lines.Find(token.profile);
  const bool holds = line != nullptr && line->lease == token.lease && line->hidden_until > now &&
                     line->waiting.begin()->first == token.sequence;
  return holds ? "" : "LEASE_EXPIRED";
}

Status Dispatcher::SubmitSettles(const Scope& scope, std::string_view principal,
                                 std::span<const engine::SettleRequest> requests,
                                 const std::map<int64_t, model::Settle>& settles) {
  if (settles.empty()) return OkStatus();
  // The same request sent again is the same command: it gets the first answer.
  Encoder content;
  content.Bytes(scope.second);
  for (const engine::SettleRequest& request : requests) {
    content.Bytes(request.token).Byte(static_cast<uint8_t>(request.wish));
  }
  const std::string id = Base32(HashOf(content.view()));
  for (const auto& [generation, settle] : settles) {
    const model::Command command{.request_id = fmt::format("settle-{}-{}", id, generation),
                                 .tenant = scope.first,
                                 .principal = std::string(principal),
                                 .what = settle};
    SPOTTER_RETURN_IF_ERROR(owner_->Submit(command, options_.submit_timeout).status());
  }
  return OkStatus();
}

}  // namespace spotter::dispatch
