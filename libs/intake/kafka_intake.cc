// SPDX-License-Identifier: Apache-2.0
#include "intake/kafka_intake.h"

#include <algorithm>
#include <chrono>

#include "base/log_message.h"

namespace spotter::intake {
namespace {

using log_kafka::SourceMessage;
using Steady = std::chrono::steady_clock;

constexpr Duration kReadWait = Duration(500);        // how soon a stop is noticed
constexpr Duration kCommitInterval = Duration(200);  // a source that trickles costs five a second

}  // namespace

KafkaIntake::KafkaIntake(log_kafka::SourceConsumer& consumer, Intake& intake, const Clock& clock,
                         TopicOptions options)
    : consumer_(consumer), intake_(intake), clock_(clock), options_(std::move(options)) {}

void KafkaIntake::Start() {
  thread_ = std::thread([this] {
    while (!stopping_) Step();
    Drain();
  });
}

void KafkaIntake::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void KafkaIntake::Step() {
  Read();
  ServeLines(/*only_due=*/true);
  if (is_marked_ &&
      (clock_.Now() - committed_at_ >= kCommitInterval || clock_.Now() < committed_at_)) {
    Commit(/*waits=*/false);
  }
}

void KafkaIntake::Drain() {
  ServeLines(/*only_due=*/false);
  Commit(/*waits=*/true);
}

// --- Reading ---------------------------------------------------------------------------------

Duration KafkaIntake::TimeToRead() const {
  Duration wait = is_marked_ ? kCommitInterval : kReadWait;
  const EventTime now = clock_.Now();
  for (const auto& [tenant, line] : lines_) {
    if (IsDue(line)) return Duration(0);
    wait = std::min(wait, line.failed_at + line.backoff - now);
  }
  return wait;
}

void KafkaIntake::Read() {
  const bool is_full =
      in_hand_ >= options_.messages_in_hand_max || bytes_in_hand_ >= options_.bytes_in_hand_max;
  // None asked for: our place in the group is kept, nothing is taken.
  const size_t messages_max =
      is_full ? 0 : std::min(options_.poll_messages_max, options_.messages_in_hand_max - in_hand_);
  const size_t bytes_max = is_full ? 0 : options_.bytes_in_hand_max - bytes_in_hand_;
  std::vector<SourceMessage> messages;
  const Status read = consumer_.Poll(messages_max, bytes_max, TimeToRead(), messages);
  if (!read.ok() && read_problem_ != MessageOf(read)) {
    read_problem_ = std::string(MessageOf(read));
    LogWarn("source topics not read, reason=\"{}\"", read_problem_);
  }
  DropWhatIsNotOurs(messages);
  for (SourceMessage& message : messages) {
    if (consumer_.IsOurs(message)) Take(std::move(message));
  }
  counters_.in_hand = static_cast<int64_t>(in_hand_);
}

// After partitions have moved, those that we hold now begin again where they were committed, and
// the rest is somebody else's: whatever is in hand will be read again.
void KafkaIntake::DropWhatIsNotOurs(const std::vector<SourceMessage>& messages) {
  const SourceMessage held{.generation = generation_};
  if (generation_ >= 0 && !consumer_.IsOurs(held)) {
    if (in_hand_ > 0) LogInfo("source partitions moved, messages_given_up={}", in_hand_);
    lines_.clear();
    ledger_.Forget();
    in_hand_ = bytes_in_hand_ = 0;
    is_marked_ = false;  // what could be committed was, when they moved
  }
  if (!messages.empty()) generation_ = messages.back().generation;
}

void KafkaIntake::Take(SourceMessage message) {
  InHand taken{.partition = {message.topic, message.partition}, .offset = message.offset};
  ledger_.Take(taken.partition, taken.offset);
  Binding binding = BindMessage(std::move(message), options_);
  if (std::holds_alternative<Tombstone>(binding)) {
    intake_.counters().ignored.Add("kafka.tombstone");
    return MarkDone(taken.partition, taken.offset);
  }
  std::string tenant;
  if (auto* body = std::get_if<BoundBody>(&binding)) {
    tenant = body->tenant.value();
    taken.bytes = body->body.size();
    taken.what = std::move(*body);
  } else {
    auto& letter = std::get<DeadLetter>(binding);
    taken.bytes = letter.bytes.size();
    taken.what = std::move(letter);
  }
  ++in_hand_;
  bytes_in_hand_ += taken.bytes;
  lines_[tenant].waiting.push_back(std::move(taken));
}

// --- Into the log ----------------------------------------------------------------------------

bool KafkaIntake::IsDue(const Line& line) const {
  const EventTime now = clock_.Now();
  return now - line.failed_at >= line.backoff || now < line.failed_at;  // or it was set back
}

// Lines wait for their appends together; each is served by one thread, one append at most.
void KafkaIntake::ServeLines(bool only_due) {
  std::vector<std::pair<const std::string, Line>*> due;
  for (auto& entry : lines_) {
    if (!only_due || IsDue(entry.second)) due.push_back(&entry);
  }
  if (due.empty()) return;
  // Another one is first each time: a turn may end before it comes to the last.
  std::rotate(due.begin(), due.begin() + static_cast<ptrdiff_t>(turns_++ % due.size()), due.end());
  std::vector<std::optional<Served>> served(due.size());
  std::atomic<size_t> next = 0;
  const auto end = Steady::now() + options_.turn;
  const auto serve_some = [&] {
    for (size_t i = next++; i < due.size() && Steady::now() < end; i = next++) {
      served[i] = Serve(due[i]->first, due[i]->second);
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min(options_.threads, due.size()); ++i) {
      helpers.emplace_back(serve_some);
    }
    serve_some();
  }
  for (size_t i = 0; i < due.size(); ++i) {
    if (served[i].has_value()) Settle(due[i]->second, *served[i]);
  }
  std::erase_if(lines_, [](const auto& entry) { return entry.second.waiting.empty(); });
  TellTrouble();
}

KafkaIntake::Served KafkaIntake::Serve(const std::string& tenant, Line& line) {
  return tenant.empty() ? ServeLetters(line) : ServeBodies(model::TenantId(tenant), line);
}

size_t KafkaIntake::CountOfOneAppend(const Line& line) const {
  size_t count = 0;
  size_t bytes = 0;
  while (count < line.waiting.size() && count < options_.append_messages_max) {
    bytes += line.waiting[count].bytes;
    if (count > 0 && bytes > options_.append_bytes_max) break;
    ++count;
  }
  return count;
}

KafkaIntake::Served KafkaIntake::ServeLetters(const Line& line) {
  const size_t count = CountOfOneAppend(line);
  std::vector<DeadLetter> letters;
  for (size_t i = 0; i < count; ++i) {
    letters.push_back(std::get<DeadLetter>(line.waiting[i].what));
  }
  const Status kept = intake_.KeepUnread(std::move(letters));
  return {.done = kept.ok() ? count : 0, .trouble = kept};
}

TrustedBody KafkaIntake::TrustedOf(InHand& in_hand) {
  const auto& body = std::get<BoundBody>(in_hand.what);
  return {.source = body.source,
          .content_type = body.content_type,
          .headers = body.headers,
          .body = body.body,
          .origin = body.origin,
          .letters_kept = &in_hand.letters_kept};
}

KafkaIntake::Served KafkaIntake::ServeBodies(const model::TenantId& tenant, Line& line) {
  const size_t count = CountOfOneAppend(line);
  std::vector<TrustedBody> bodies;
  for (size_t i = 0; i < count; ++i) {
    bodies.push_back(TrustedOf(line.waiting[i]));
  }
  const Status stored = intake_.HandleTrusted(tenant, bodies).status();
  if (stored.ok()) return {.done = count, .trouble = stored};
  if (stored.code() == StatusCode::kInvalidArgument) return ServeOneByOne(tenant, line, count);
  const bool is_unknown = stored.code() == StatusCode::kNotFound;
  const bool was_patient = line.backoff > Duration(0) &&
                           clock_.Now() - line.failing_since >= options_.unknown_tenant_patience;
  if (!is_unknown || !was_patient) return {.done = 0, .trouble = stored};
  std::vector<DeadLetter> letters;
  for (size_t i = 0; i < count; ++i) {
    letters.push_back(UnreadLetter(std::get<BoundBody>(line.waiting[i].what), "unknown_tenant",
                                   "kafka message: the control log knows no such tenant"));
  }
  const Status kept = intake_.KeepUnread(std::move(letters));
  return {.done = kept.ok() ? count : 0, .trouble = kept};
}

KafkaIntake::Served KafkaIntake::ServeOneByOne(const model::TenantId& tenant, Line& line,
                                               size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const auto& body = std::get<BoundBody>(line.waiting[i].what);
    const TrustedBody one = TrustedOf(line.waiting[i]);
    Status stored = intake_.HandleTrusted(tenant, {&one, 1}).status();
    if (stored.code() == StatusCode::kInvalidArgument) {
      std::vector<DeadLetter> letter;
      letter.push_back(UnreadLetter(body, "too_large", std::string(MessageOf(stored))));
      stored = intake_.KeepUnread(std::move(letter));
    }
    if (!stored.ok()) return {.done = i, .trouble = stored};
  }
  return {.done = count, .trouble = OkStatus()};
}

// --- Afterwards ------------------------------------------------------------------------------

void KafkaIntake::Settle(Line& line, const Served& served) {
  for (size_t i = 0; i < served.done; ++i) {
    const InHand& done = line.waiting.front();
    --in_hand_;
    bytes_in_hand_ -= done.bytes;
    MarkDone(done.partition, done.offset);
    line.waiting.pop_front();
  }
  counters_.in_hand = static_cast<int64_t>(in_hand_);
  if (served.trouble.ok()) {
    line.backoff = Duration(0);
    return;
  }
  const EventTime now = clock_.Now();
  if (line.backoff == Duration(0)) line.failing_since = now;
  line.failed_at = now;
  line.backoff = std::clamp(line.backoff * 2, options_.retry_first, options_.retry_max);
  trouble_ = std::string(MessageOf(served.trouble));
}

void KafkaIntake::MarkDone(const OffsetLedger::Partition& partition, int64_t offset) {
  counters_.messages.Add(partition.first);
  const std::optional<int64_t> last = ledger_.Done(partition, offset);
  if (!last.has_value()) return;
  consumer_.MarkDone({.topic = partition.first,
                      .partition = partition.second,
                      .offset = *last,
                      .generation = generation_});
  is_marked_ = true;
}

// A turn does not wait for the answer: what has come meanwhile would wait with it.
void KafkaIntake::Commit(bool waits) {
  committed_at_ = clock_.Now();
  const StatusOr<bool> all = waits ? StatusOr<bool>(true) : consumer_.CommitSoon();
  const Status committed = waits ? consumer_.Commit() : all.status();
  if (committed.ok()) {
    is_marked_ = !*all;
    read_problem_.clear();
    return;
  }
  if (read_problem_ == MessageOf(committed)) return;
  read_problem_ = std::string(MessageOf(committed));
  LogWarn("source offsets not committed, reason=\"{}\"", read_problem_);
}

// Once when it begins and once when it is over, however many lines and tries there are.
void KafkaIntake::TellTrouble() {
  const auto waiting = std::count_if(lines_.begin(), lines_.end(), [](const auto& entry) {
    return entry.second.backoff > Duration(0);
  });
  counters_.waiting_tenants = waiting;
  if (is_troubled_ == (waiting > 0)) return;
  is_troubled_ = waiting > 0;
  if (is_troubled_) {
    LogWarn("source messages wait, tenants={} reason=\"{}\"", waiting, trouble_);
  } else {
    LogInfo("source messages no longer wait");
  }
}

}  // namespace spotter::intake
