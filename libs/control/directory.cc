// SPDX-License-Identifier: Apache-2.0
#include "control/directory.h"

#include <chrono>

#include "base/log_message.h"
#include "wire/wire.h"

namespace spotter::control {
namespace {

constexpr size_t kRecordsMax = 1000;  // in one reading
constexpr size_t kBytesMax = 1 << 20;
constexpr Duration kTurn = std::chrono::milliseconds(200);  // how soon a stop is noticed
constexpr Duration kRetry = Seconds(1);                     // after a failed reading

}  // namespace

Directory::Directory(log::Log& log) : log_(log) {}

Directory::~Directory() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Status Directory::Poll() {
  const std::lock_guard one_reader(read_mutex_);
  Status read = ReadOnce();
  const std::lock_guard lock(mutex_);
  if (!read.ok() && problem_.empty()) {
    LogWarn("control log not read, reason=\"{}\"", MessageOf(read));
  }
  problem_ = std::string(MessageOf(read));
  return read;
}

// A compacted log leaves offsets out, so the next one is told by the record, not by counting.
Status Directory::ReadOnce() {
  log::Offset next = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!next_.has_value()) next_ = log_.start();
    next = *next_;
  }
  std::vector<log::Record> records;
  while (next < log_.durable_end()) {
    records.clear();
    SPOTTER_RETURN_IF_ERROR(log_.Read(next, kRecordsMax, kBytesMax, records));
    if (records.empty()) break;  // what lay between here and the end was compacted away
    const std::lock_guard lock(mutex_);
    for (const log::Record& record : records) {
      StatusOr<model::ControlRecord> decoded = wire::DecodeControlRecord(record.payload);
      if (decoded.ok()) {
        view_.Fold(*std::move(decoded));
      } else {
        unknown_++;
        LogWarn("control record passed over, offset={} reason=\"{}\"", record.offset,
                MessageOf(decoded.status()));
      }
      next = record.offset + 1;
    }
    next_ = next;
    version_ += records.size();
    changed_.notify_all();
  }
  return OkStatus();
}

void Directory::Follow() {
  {
    const std::lock_guard lock(mutex_);
    if (follows_) return;
    follows_ = true;
  }
  thread_ = std::thread([this] { Run(); });
}

void Directory::Run() {
  while (true) {
    const Status read = Poll();
    std::unique_lock lock(mutex_);
    if (!read.ok()) changed_.wait_for(lock, kRetry, [&] { return stopping_; });
    if (stopping_) return;
    const log::Offset next = next_.value_or(0);
    lock.unlock();
    const std::lock_guard one_reader(read_mutex_);
    (void)log_.WaitReadable(next, kTurn);
  }
}

bool Directory::CaughtUp() const {
  const log::Offset end = log_.durable_end();
  const std::lock_guard lock(mutex_);
  return problem_.empty() && next_.value_or(-1) >= end;
}

std::string Directory::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

uint64_t Directory::unknown_records() const {
  const std::lock_guard lock(mutex_);
  return unknown_;
}

Status Directory::Append(const model::ControlRecord& record, Duration timeout) {
  if (const auto* count = std::get_if<model::ShardCount>(&record)) {
    const std::optional<model::ShardCount> known = Shards();
    if (known.has_value() && *known != *count) {
      return FailedPrecondition(
          "the log '{}' has {} partitions, a number that never changes: expected these, found "
          "'{}' with {}",
          known->log_topic, known->partitions, count->log_topic, count->partitions);
    }
  }
  SPOTTER_ASSIGN_OR_RETURN(const log::Offset offset,
                           log_.AppendWithin(wire::Encode(record), timeout));
  SPOTTER_RETURN_IF_ERROR(log_.WaitDurable(offset));
  bool follows = false;
  {
    const std::lock_guard lock(mutex_);
    follows = follows_;
  }
  if (!follows) SPOTTER_RETURN_IF_ERROR(Poll());
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return next_.value_or(-1) > offset || stopping_; });
  if (next_.value_or(-1) > offset) return OkStatus();
  return DeadlineExceeded("control record at offset {} was not read back within {}{}", offset,
                          FormatDuration(timeout), problem_.empty() ? "" : ": " + problem_);
}

std::set<int64_t> Directory::Skips(int32_t shard) const {
  const std::lock_guard lock(mutex_);
  std::set<int64_t> offsets;
  const auto found = view_.skips.find(shard);
  if (found == view_.skips.end()) return offsets;
  for (const auto& [offset, reason] : found->second) offsets.insert(offset);
  return offsets;
}

std::map<int64_t, uint32_t> Directory::Barriers(int32_t shard) const {
  const std::lock_guard lock(mutex_);
  const auto found = view_.barriers.find(shard);
  return found == view_.barriers.end() ? std::map<int64_t, uint32_t>() : found->second;
}

int32_t Directory::ShardOf(const model::TenantId& tenant) const {
  const std::lock_guard lock(mutex_);
  return view_.PlaceOf(tenant).shard;
}

std::optional<model::PlaceTenant> Directory::PlacedAt(const model::TenantId& tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = view_.places.find(tenant);
  return found == view_.places.end() ? std::nullopt : std::optional(found->second);
}

bool Directory::IsMoving(const model::TenantId& tenant) const {
  const std::lock_guard lock(mutex_);
  return view_.PlaceOf(tenant).move == model::MovePhase::kMoving;
}

std::vector<model::PlaceTenant> Directory::Moving() const {
  const std::lock_guard lock(mutex_);
  std::vector<model::PlaceTenant> moving;
  for (const auto& [tenant, place] : view_.places) {
    if (place.move == model::MovePhase::kMoving) moving.push_back(place);
  }
  return moving;
}

std::optional<model::TenantEntry> Directory::Find(const model::TenantId& tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = view_.tenants.find(tenant);
  return found == view_.tenants.end() ? std::nullopt : std::optional(found->second);
}

std::vector<model::TenantId> Directory::Tenants() const {
  const std::lock_guard lock(mutex_);
  std::vector<model::TenantId> ids;
  ids.reserve(view_.tenants.size());
  for (const auto& [id, entry] : view_.tenants) ids.push_back(id);
  return ids;
}

std::optional<model::ShardOwner> Directory::OwnerOf(int32_t shard) const {
  const std::lock_guard lock(mutex_);
  const model::ShardOwner* owner = view_.OwnerOf(shard);
  return owner == nullptr ? std::nullopt : std::optional(*owner);
}

std::vector<model::ShardOwner> Directory::StandbysOf(int32_t shard) const {
  const std::lock_guard lock(mutex_);
  return view_.StandbysOf(shard);
}

std::optional<model::ShardCount> Directory::Shards() const {
  const std::lock_guard lock(mutex_);
  return view_.count;
}

View Directory::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

uint64_t Directory::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

uint64_t Directory::WaitChange(uint64_t seen, Duration timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return version_ != seen || stopping_; });
  return version_;
}

}  // namespace spotter::control
