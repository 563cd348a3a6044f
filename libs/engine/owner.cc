// SPDX-License-Identifier: Apache-2.0
#include "engine/owner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <thread>

#include "base/log_message.h"
#include "engine/ownership.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kReopenInterval = std::chrono::seconds(1);
// For a record of its own, on a log that others write too: well within a lease, and the thread that
// waits neither reads nor stops meanwhile.
constexpr Duration kOwnPatience = Seconds(2);
constexpr std::string_view kNoSnapshotYet = "; its snapshot is not taken yet";

double SecondsSince(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

// An answer that somebody waits for.
struct Waiter {
  std::optional<state::Answer> answer;
};

class OwnerThread final : public Owner {
 public:
  OwnerThread(store::Store& store, log::Log& log, const Clock& clock, Options options,
              std::set<int64_t> skips, EffectListener* listener, Observers observers,
              BarrierPlan barriers)
      : store_(store),
        log_(log),
        clock_(clock),
        options_(std::move(options)),
        skips_(std::move(skips)),
        listener_(listener),
        observers_(std::move(observers)),
        barriers_(std::move(barriers)),
        boot_clock_(options_.boot_clock != nullptr ? *options_.boot_clock : own_boot_clock_),
        ownership_(options_, boot_clock_) {}

  ~OwnerThread() override { (void)Stop(); }

  Status Begin() {
    SPOTTER_ASSIGN_OR_RETURN(shard_, Shard::Open(store_, options_, skips_, barriers_.at));
    last_record_ = clock_.Now();
    if (is_at_barrier()) SayBarrier(kNoSnapshotYet);
    Publish();
    thread_ = std::thread([this] { Run(); });
    return OkStatus();
  }

  Status Claim(Duration timeout) override {
    if (options_.standby) {
      return FailedPrecondition("this process is a standby: promote it to make it the owner");
    }
    return Claim(timeout, &Ownership::Ask);
  }
  Status Promote(Duration timeout) override { return Claim(timeout, &Ownership::Promote); }

  Status MayDeliver() const override {
    std::lock_guard lock(mutex_);
    return MayDeliverLocked();
  }

  StatusOr<state::Answer> Submit(const model::Command& command, Duration timeout) override {
    SPOTTER_RETURN_IF_ERROR(Standing());
    const std::string id = command.tenant.value() + '\0' + command.request_id;
    auto waiter = std::make_shared<Waiter>();
    {
      std::lock_guard lock(mutex_);
      SPOTTER_RETURN_IF_ERROR(ownership_.MayAppend());
      waiters_.emplace(id, waiter);
    }
    const auto forget = [&] {
      std::lock_guard lock(mutex_);
      auto [it, end] = waiters_.equal_range(id);
      for (; it != end; ++it) {
        if (it->second == waiter) {
          waiters_.erase(it);
          return;
        }
      }
    };
    const StatusOr<log::Offset> offset =
        log::AppendDurable(log_, wire::Encode(model::LogRecord(command)));
    if (!offset.ok()) {
      forget();
      return offset.status();
    }
    std::unique_lock lock(mutex_);
    applied_.wait_for(lock, timeout, [&] {
      return waiter->answer.has_value() || stopping_ || stands_still_ || ownership_.is_fenced();
    });
    const std::optional<state::Answer> answer = waiter->answer;
    const std::string fenced_by = ownership_.fenced_by();
    const Status standing = StandingLocked();
    lock.unlock();
    forget();
    if (!answer.has_value()) {
      SPOTTER_RETURN_IF_ERROR(standing);
      if (!fenced_by.empty()) return Unavailable("fenced by {}", fenced_by);
      return DeadlineExceeded(
          "request '{}' is in the log at offset {} but was not applied within {}; ask again with "
          "the same request id",
          command.request_id, *offset, FormatDuration(timeout));
    }
    if (answer->code != 0) {
      return MakeStatus(static_cast<StatusCode>(answer->code), "{}", answer->message);
    }
    return *answer;
  }

  Status WaitApplied(int64_t offset, Duration timeout) override {
    std::unique_lock lock(mutex_);
    const bool done = applied_.wait_for(
        lock, timeout, [&] { return status_.next_offset > offset || stopping_ || stands_still_; });
    if (status_.next_offset > offset) return OkStatus();
    SPOTTER_RETURN_IF_ERROR(StandingLocked());
    if (!done || status_.next_offset <= offset) {
      return DeadlineExceeded("offset {} was not applied within {}; the shard is at {}", offset,
                              FormatDuration(timeout), status_.next_offset);
    }
    return OkStatus();
  }

  Status CatchUp(Duration timeout) override {
    std::unique_lock lock(mutex_);
    const EventTime goal = clock_.Now();
    catch_up_to_ = std::max(catch_up_to_, goal);
    const uint64_t round = ++rounds_wanted_;
    const bool done = applied_.wait_for(
        lock, timeout, [&] { return rounds_done_ >= round || stopping_ || stands_still_; });
    SPOTTER_RETURN_IF_ERROR(StandingLocked());
    if (!done) {
      return DeadlineExceeded("shard time {} has not reached {} within {}",
                              FormatTime(status_.shard_time), FormatTime(goal),
                              FormatDuration(timeout));
    }
    return OkStatus();
  }

  Status BetweenBatches(std::function<Status(const state::Meta&)> work) override {
    std::unique_lock lock(mutex_);
    if (stopping_) return FailedPrecondition("the owner has stopped");
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    jobs_.push_back(job);
    applied_.wait(lock, [&] { return job->result.has_value() || stopped_; });
    return job->result.value_or(FailedPrecondition("the owner has stopped"));
  }

  Status AddBarrier(int64_t offset, uint32_t logic_version) override {
    if (shard_ == nullptr) return Unavailable("the shard is paused");
    if (offset < shard_->next_offset()) {
      return FailedPrecondition("offset {} is applied already; the shard is at {}", offset,
                                shard_->next_offset());
    }
    barriers_.at[offset] = logic_version;
    return OkStatus();
  }

  OwnerStatus status() const override {
    std::lock_guard lock(mutex_);
    OwnerStatus status = status_;
    status.log_end = log_.durable_end();
    status.caught_up = status.next_offset >= status.log_end;
    status.quarantine = quarantine_;
    status.is_owner = ownership_.is_owner();
    status.is_standby = ownership_.is_standby();
    status.generation = ownership_.generation();
    status.heartbeats = ownership_.heartbeats();
    status.fenced = ownership_.is_fenced();
    status.fenced_by = ownership_.fenced_by();
    status.not_delivering = std::string(MessageOf(MayDeliverLocked()));
    return status;
  }

  Status Standing() const override {
    if (!stands_still_) return OkStatus();
    std::lock_guard lock(mutex_);
    return StandingLocked();
  }

  Status Stop() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    applied_.notify_all();
    std::lock_guard joining(join_mutex_);
    if (!thread_.joinable()) return stop_result_;
    thread_.join();
    if (shard_ != nullptr && quarantine_.empty()) stop_result_ = shard_->Close();
    return stop_result_;
  }

 private:
  Status Claim(Duration timeout, void (Ownership::*ask)()) {
    std::unique_lock lock(mutex_);
    (ownership_.*ask)();
    applied_.wait_for(lock, timeout, [&] {
      return ownership_.is_owner() || ownership_.is_fenced() || stopping_ || stands_still_;
    });
    if (ownership_.is_fenced()) return FailedPrecondition("fenced by {}", ownership_.fenced_by());
    SPOTTER_RETURN_IF_ERROR(StandingLocked());
    if (ownership_.is_owner()) return OkStatus();
    return DeadlineExceeded("the claim was not read back within {}; the shard is at {}{}",
                            FormatDuration(timeout), status_.next_offset, claim_failure_);
  }

  struct Job {
    std::function<Status(const state::Meta&)> work;
    std::optional<Status> result;
  };

  void Run() {
    std::vector<log::Record> records;
    last_sync_ = Steady::now();
    while (true) {
      {
        std::unique_lock lock(mutex_);
        if (stopping_) break;
      }
      RunJobs();
      ReopenIfDue();
      records.clear();
      if (shard_ != nullptr) {
        if (!stands_still_) AppendClaimIfDue();
        if (const Status step = Step(records); !step.ok()) OnError(step);
      }
      SyncIfDue(false);
      if (records.empty()) Idle();
    }
    AppendRelease();
    SyncIfDue(true);
    RunJobs();
    std::lock_guard lock(mutex_);
    stopped_ = true;
    applied_.notify_all();
  }

  // Reads and applies one batch. Leaves `records` empty if there was nothing to read.
  Status Step(std::vector<log::Record>& records) {
    if (is_at_barrier()) return StandAtBarrier();
    const auto ahead = static_cast<size_t>(NextBarrier() - shard_->next_offset());
    SPOTTER_RETURN_IF_ERROR(log_.Read(shard_->next_offset(),
                                      std::min(options_.batch_records_max, ahead),
                                      options_.batch_bytes_max, records));
    if (records.empty()) return OkStatus();
    const auto start = Steady::now();
    SPOTTER_RETURN_IF_ERROR(shard_->Apply(records));
    const double apply_seconds = SecondsSince(start);
    const auto applied = Steady::now();
    SPOTTER_ASSIGN_OR_RETURN(Effects effects, shard_->Commit());
    const double commit_seconds = SecondsSince(applied);
    const auto applied_records =
        static_cast<size_t>(shard_->next_offset() - records.front().offset);
    last_record_ = records[applied_records - 1].append_time;
    HearClaims(effects.claims);
    if (listener_ != nullptr && !effects.residences.empty()) {
      listener_->OnResidence(effects.residences);
    }
    if (listener_ != nullptr && !effects.outbox.empty()) listener_->OnOutbox(effects.outbox);
    if (observers_.apply_seconds) observers_.apply_seconds(apply_seconds);
    if (observers_.commit_seconds) observers_.commit_seconds(commit_seconds);
    {
      std::lock_guard lock(mutex_);
      status_.batches++;
      status_.records += applied_records;
      status_.apply_seconds_sum += apply_seconds;
      status_.commit_seconds_sum += commit_seconds;
      status_.last_append_time = last_record_;
      for (CommandAnswer& answer : effects.answers) {
        const std::string id = answer.tenant.value() + '\0' + answer.request_id;
        auto [it, end] = waiters_.equal_range(id);
        for (; it != end; ++it) it->second->answer = answer.answer;
      }
    }
    if (is_at_barrier()) SayBarrier(kNoSnapshotYet);
    Publish();
    TryAppendTimeRecords();
    return OkStatus();
  }

  // Where this binary's logic ends.
  int64_t NextBarrier() const {
    for (auto it = barriers_.at.lower_bound(shard_->next_offset()); it != barriers_.at.end();
         ++it) {
      if (it->second > options_.logic_version) return it->first;
    }
    return std::numeric_limits<int64_t>::max();
  }
  bool is_at_barrier() const { return shard_->next_offset() == NextBarrier(); }

  // From here on nothing is appended or applied.
  void SayBarrier(std::string_view addition) {
    const int64_t offset = shard_->next_offset();
    std::lock_guard lock(mutex_);
    barrier_ = fmt::format(
        "barrier: all below offset {} is applied by logic version {}; start a binary of logic "
        "version {}{}",
        offset, options_.logic_version, barriers_.at.at(offset), addition);
    stands_still_ = true;
    applied_.notify_all();
  }

  // A barrier is a synced commit and a snapshot.
  Status StandAtBarrier() {
    if (barrier_is_done_ || Steady::now() < barrier_retry_at_) return OkStatus();
    barrier_retry_at_ = Steady::now() + kReopenInterval;
    SayBarrier(kNoSnapshotYet);
    SPOTTER_RETURN_IF_ERROR(store_.Sync());
    SPOTTER_ASSIGN_OR_RETURN(const state::Meta meta, state::ReadMeta(store_));
    const Status taken = barriers_.take_snapshot ? barriers_.take_snapshot(meta) : OkStatus();
    if (!taken.ok()) {
      SayBarrier(fmt::format("; its snapshot cannot be taken: {}", MessageOf(taken)));
      return OkStatus();
    }
    barrier_is_done_ = true;
    SayBarrier("");
    LogInfo("shard stands at a barrier, offset={} logic_version={}", meta.next_offset,
            barriers_.at.at(meta.next_offset));
    return OkStatus();
  }

  // Before anything that follows from the batch is released: a fence holds from here on.
  void HearClaims(const std::vector<AppliedClaim>& claims) {
    if (claims.empty()) return;
    std::lock_guard lock(mutex_);
    const bool was_fenced = ownership_.is_fenced();
    const bool was_owner = ownership_.is_owner();
    for (const AppliedClaim& claim : claims) ownership_.Applied(claim);
    if (!was_owner && ownership_.is_owner()) {
      LogInfo("shard claimed, owner={} generation={}", options_.owner, ownership_.generation());
    }
    if (!was_fenced && ownership_.is_fenced()) {
      LogWarn("shard lost, fenced_by={} own_generation={}", ownership_.fenced_by(),
              ownership_.generation());
    }
    applied_.notify_all();
  }

  // The boot clock is read before the append: from there on the lease counts.
  void AppendClaimIfDue() {
    std::optional<model::Claim> claim;
    {
      std::lock_guard lock(mutex_);
      claim = ownership_.Next(shard_->newest_claim());
    }
    if (!claim.has_value()) return;
    const EventTime began = boot_clock_.Now();
    // One that comes into the log after all, unknown, is nobody's: it delivers nothing.
    const StatusOr<log::Offset> offset =
        log_.AppendWithin(wire::Encode(model::LogRecord(*claim)), kOwnPatience);
    std::lock_guard lock(mutex_);
    if (offset.ok()) {
      claim_failure_.clear();
      return ownership_.Appended(*offset, began);
    }
    if (claim_failure_.empty()) {
      LogWarn("claim not appended, reason=\"{}\"", MessageOf(offset.status()));
    }
    claim_failure_ = fmt::format("; the log refuses it: {}", MessageOf(offset.status()));
  }

  // A clean stop tells the next owner that it need not wait. Not waited for: unless it becomes
  // durable the next owner waits, as after a crash.
  void AppendRelease() {
    std::optional<model::Claim> claim;
    {
      std::lock_guard lock(mutex_);
      claim = ownership_.Release();
    }
    if (!claim.has_value()) return;
    (void)log_.AppendWithin(wire::Encode(model::LogRecord(*claim)), kOwnPatience);
  }

  // Under mutex_.
  Status StandingLocked() const {
    if (!quarantine_.empty()) return Unavailable("the shard is quarantined: {}", quarantine_);
    return barrier_.empty() ? OkStatus() : Unavailable("{}", barrier_);
  }

  // A shard that applies nothing hears of no opt-out, and no ack could be kept.
  Status MayDeliverLocked() const {
    SPOTTER_RETURN_IF_ERROR(StandingLocked());
    if (!status_.paused.empty()) return Unavailable("the shard is paused: {}", status_.paused);
    return ownership_.MayDeliver();
  }

  bool may_append() const {
    std::lock_guard lock(mutex_);
    return ownership_.MayAppend().ok();
  }

  // The owner's own records: a tick when a timer is due, a jump waits to be confirmed, or silence
  // has lasted; work while any is pending and no event waits. One at a time: the next is appended
  // once this one is applied, so bulk work is paced by the shard itself.
  Status AppendTimeRecords() {
    if (shard_->next_offset() <= own_offset_ || stands_still_ || !may_append()) return OkStatus();
    const EventTime now = clock_.Now();
    const bool is_behind = shard_->next_offset() < log_.end();
    const bool due = shard_->next_due() <= now || shard_->has_due();
    const bool unconfirmed = shard_->time_candidate().ms != 0 && now >= shard_->time_candidate();
    bool wanted = false;
    {
      std::lock_guard lock(mutex_);
      wanted = rounds_wanted_ > rounds_done_;
      if (wanted && !is_behind && !due && !unconfirmed && !shard_->has_work() &&
          shard_->shard_time() >= catch_up_to_) {
        rounds_done_ = rounds_wanted_;
        wanted = false;
        applied_.notify_all();
      }
    }
    const bool silent = now - last_record_ >= options_.idle_tick;
    if (due || unconfirmed) return AppendOwn(model::Tick{});
    if (is_behind) return OkStatus();
    const bool lags = wanted && shard_->shard_time() < catch_up_to_;
    if (lags) return AppendOwn(model::Tick{});
    if (shard_->has_work()) return AppendOwn(model::Work{});
    if (silent) return AppendOwn(model::Tick{});
    return OkStatus();
  }

  // A log that takes nothing, as on a full disk, is said once; the shard goes on with what is
  // there.
  void TryAppendTimeRecords() {
    const Status appended = AppendTimeRecords();
    const std::string failure(MessageOf(appended));
    if (failure == append_failure_) return;
    append_failure_ = failure;
    if (appended.ok()) return LogInfo("ticks are appended again");
    LogWarn("ticks are not appended, reason=\"{}\"", failure);
  }

  // Not waited for: the shard reads it back once it is durable.
  Status AppendOwn(const model::LogRecord& record) {
    SPOTTER_ASSIGN_OR_RETURN(own_offset_, log_.AppendWithin(wire::Encode(record), kOwnPatience));
    return OkStatus();
  }

  void Idle() {
    if (shard_ == nullptr) {
      std::unique_lock lock(mutex_);
      applied_.wait_for(lock, Duration(50), [&] { return stopping_ || !jobs_.empty(); });
      return;
    }
    TryAppendTimeRecords();
    // Short: a timer, a job or a stop may come due while no record arrives.
    (void)log_.WaitReadable(shard_->next_offset(), Duration(5));
  }

  void SyncIfDue(bool at_once) {
    if (shard_ == nullptr) return;
    const auto since = Steady::now() - last_sync_;
    if (!at_once && since < options_.sync_interval) return;
    last_sync_ = Steady::now();
    if (const Status synced = store_.Sync(); !synced.ok()) OnError(synced);
    if (observers_.sync_seconds) observers_.sync_seconds(SecondsSince(last_sync_));
  }

  void RunJobs() {
    while (true) {
      std::shared_ptr<Job> job;
      {
        std::lock_guard lock(mutex_);
        if (jobs_.empty()) return;
        job = jobs_.front();
        jobs_.pop_front();
      }
      Status result = store_.Sync();
      if (result.ok()) {
        const StatusOr<state::Meta> meta = state::ReadMeta(store_);
        result = meta.ok() ? job->work(*meta) : meta.status();
      }
      std::lock_guard lock(mutex_);
      job->result = result;
      applied_.notify_all();
    }
  }

  // A failed commit destroys the shard in memory and opens store and shard again, for as long as it
  // takes: the log keeps what waits. Damage stops the shard until an operator acts.
  void OnError(const Status& error) {
    shard_.reset();
    if (error.code() != StatusCode::kUnavailable) return Quarantine(error);
    LogWarn("shard paused, reason=\"{}\"", MessageOf(error));
    {
      std::lock_guard lock(mutex_);
      status_.paused = std::string(MessageOf(error));
    }
    reopen_at_ = Steady::now();
  }

  void ReopenIfDue() {
    if (shard_ != nullptr || !reopen_at_.has_value() || Steady::now() < *reopen_at_) return;
    reopen_at_ = Steady::now() + kReopenInterval;
    const Status opened = [&]() -> Status {
      SPOTTER_RETURN_IF_ERROR(store_.Reopen());
      SPOTTER_ASSIGN_OR_RETURN(shard_, Shard::Open(store_, options_, skips_, barriers_.at));
      return OkStatus();
    }();
    if (opened.code() == StatusCode::kUnavailable) return;  // and again
    reopen_at_.reset();
    if (!opened.ok()) return Quarantine(opened);
    LogInfo("shard reopened, offset={}", shard_->next_offset());
    {
      std::lock_guard lock(mutex_);
      status_.paused.clear();
    }
    Publish();
  }

  void Quarantine(const Status& error) {
    LogError("shard quarantined, reason=\"{}\"", MessageOf(error));
    std::lock_guard lock(mutex_);
    quarantine_ = std::string(MessageOf(error));
    stands_still_ = true;
    applied_.notify_all();
  }

  void Publish() {
    std::vector<double> lateness;
    shard_->TakeTimerLateness(lateness);
    if (observers_.timer_lateness_seconds) {
      for (const double seconds : lateness) observers_.timer_lateness_seconds(seconds);
    }
    std::lock_guard lock(mutex_);
    status_.next_offset = shard_->next_offset();
    status_.shard_time = shard_->shard_time();
    status_.state_hash = shard_->state_hash();
    status_.counters = shard_->counters();
    applied_.notify_all();
  }

  store::Store& store_;
  log::Log& log_;
  const Clock& clock_;
  const Options options_;
  const std::set<int64_t> skips_;
  EffectListener* const listener_;
  const Observers observers_;
  BarrierPlan barriers_;  // changed on the thread only
  const BootClock own_boot_clock_;
  const Clock& boot_clock_;

  // Of the thread.
  std::unique_ptr<Shard> shard_;
  Steady::time_point last_sync_;
  std::optional<Steady::time_point> reopen_at_;  // paused: when to try again
  EventTime last_record_;
  log::Offset own_offset_ = -1;  // of the newest tick or work of ours
  std::string append_failure_;   // of the newest attempt; "" = none
  bool barrier_is_done_ = false;
  Steady::time_point barrier_retry_at_;

  mutable std::mutex mutex_;
  std::condition_variable applied_;
  std::multimap<std::string, std::shared_ptr<Waiter>> waiters_;
  std::deque<std::shared_ptr<Job>> jobs_;
  OwnerStatus status_;
  Ownership ownership_;
  std::string claim_failure_;  // of the newest append
  std::string quarantine_;
  std::string barrier_;
  std::atomic<bool> stands_still_ = false;  // quarantine_ or barrier_ is not empty
  EventTime catch_up_to_;
  uint64_t rounds_wanted_ = 0;  // of CatchUp
  uint64_t rounds_done_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;

  std::mutex join_mutex_;
  Status stop_result_;
  std::thread thread_;
};

}  // namespace

StatusOr<std::unique_ptr<Owner>> Owner::Start(store::Store& store, log::Log& log,
                                              const Clock& clock, Options options,
                                              std::set<int64_t> skips, EffectListener* listener,
                                              Observers observers, BarrierPlan barriers) {
  auto owner =
      std::make_unique<OwnerThread>(store, log, clock, std::move(options), std::move(skips),
                                    listener, std::move(observers), std::move(barriers));
  SPOTTER_RETURN_IF_ERROR(owner->Begin());
  return owner;
}

}  // namespace spotter::engine
