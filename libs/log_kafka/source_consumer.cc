// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/source_consumer.h"

#include <deque>
#include <map>
#include <mutex>

#include "base/log_message.h"
#include "log_kafka/settings.h"

namespace spotter::log_kafka {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration kProbeTimeout = Duration(500);
constexpr auto kProbeInterval = std::chrono::seconds(1);
constexpr auto kEndsInterval = std::chrono::seconds(2);

using Partition = std::pair<std::string, int32_t>;

// What we know of a partition that we hold; -1: not yet.
struct Progress {
  int64_t first = -1;      // the first message handed out
  int64_t polled = -1;     // one past the newest message handed out
  int64_t done = -1;       // one past the newest marked
  int64_t committed = -1;  // what we last committed
  int64_t end = -1;        // of the partition, as last asked for
};

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct ListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter>;

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
// One commit until it is answered.
struct CommitUnderWay {
  PartitionList offsets;
  std::unique_ptr<rd_kafka_queue_t, QueueDeleter> answers;
  Steady::time_point began;
};

class GroupConsumer;
// What librdkafka's callbacks are given.
struct GroupTrouble : Trouble {
  GroupConsumer* consumer = nullptr;
};

class GroupConsumer final : public SourceConsumer {
 public:
  explicit GroupConsumer(SourceOptions options) : options_(std::move(options)) {
    trouble_.consumer = this;
  }
  ~GroupConsumer() override;
  Status Join();

  Status Poll(size_t max_messages, size_t max_bytes, Duration timeout,
              std::vector<SourceMessage>& messages) override;
  bool IsOurs(const SourceMessage& message) const override;
  void MarkDone(const SourceMessage& message) override;
  Status Commit() override;
  StatusOr<bool> CommitSoon() override;
  std::vector<PartitionLag> lags() const override;
  SourceCounters counters() const override;
  std::string problem() const override { return trouble_.text(); }

 private:
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void Assign(rd_kafka_topic_partition_list_t* partitions);
  void Revoke();
  Status Take(const rd_kafka_message_t& message, std::vector<SourceMessage>& messages);
  void ProbeIfDue();
  void AskEndsIfDue();
  Status KeepPlace(Duration timeout);
  Status BeginCommit();
  Status HearOfCommit(Duration timeout);
  void Pause(bool pause);

  const SourceOptions options_;
  GroupTrouble trouble_;
  Handle handle_;
  Steady::time_point probed_at_;
  Steady::time_point ends_asked_at_;
  bool is_paused_ = false;
  std::optional<CommitUnderWay> commit_;
  std::deque<Message> early_;  // came while nothing was asked for; the next to be handed out

  mutable std::mutex mutex_;
  std::map<Partition, Progress> held_;
  int64_t generation_ = 0;
  SourceCounters counters_;
};

// --- Membership ----------------------------------------------------------------------------------

Status GroupConsumer::Join() {
  if (options_.group.empty()) return InvalidArgument("kafka group: no name given");
  if (options_.topics.empty()) return InvalidArgument("kafka group: no topics given");
  // Eager: librdkafka 2.0.2 can spin in the cooperative protocol. A member that dies is replaced
  // after the session's timeout.
  SPOTTER_ASSIGN_OR_RETURN(Conf conf,
                           MakeConf(options_.client, trouble_,
                                    {{"session.timeout.ms", "10000"},
                                     {"heartbeat.interval.ms", "2000"},
                                     {"fetch.wait.max.ms", "100"}},
                                    {{"group.id", options_.group},
                                     {"partition.assignment.strategy", "range"},
                                     {"auto.offset.reset", "earliest"},
                                     {"isolation.level", "read_committed"},
                                     {"check.crcs", "true"},
                                     {"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"queued.max.messages.kbytes",
                                      std::to_string(options_.client.prefetch_bytes_max / 1024)}}));
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  SPOTTER_ASSIGN_OR_RETURN(handle_, MakeHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(handle_.get());
  const PartitionList topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
  for (const std::string& topic : options_.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(handle_.get(), topics.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return OkStatus();
  return InvalidArgument("kafka group '{}': cannot subscribe: {}", options_.group,
                         rd_kafka_err2str(error));
}

// Not rd_kafka_consumer_close(): that waits for a coordinator that is away as long as it takes.
GroupConsumer::~GroupConsumer() {
  if (handle_ == nullptr) return;
  early_.clear();
  commit_.reset();
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(handle_.get());
  rd_kafka_error_t* const refused = rd_kafka_consumer_close_queue(handle_.get(), queue);
  if (refused != nullptr) rd_kafka_error_destroy(refused);
  const auto end = Steady::now() + options_.client.answer_timeout;
  while (rd_kafka_consumer_closed(handle_.get()) == 0 && Steady::now() < end) {
    rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, 100);
    if (event == nullptr) continue;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) Revoke();  // that commits
    rd_kafka_event_destroy(event);
  }
  rd_kafka_queue_destroy(queue);
  // Who could not say goodbye is missed after the session's timeout.
  rd_kafka_destroy_flags(handle_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

// On the thread of Poll (or of the destructor), between two messages.
void GroupConsumer::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  GroupConsumer& self = *static_cast<GroupTrouble*>(static_cast<Trouble*>(opaque))->consumer;
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return self.Assign(partitions);
  self.Revoke();
}

void GroupConsumer::Assign(rd_kafka_topic_partition_list_t* partitions) {
  early_.clear();
  commit_.reset();
  is_paused_ = false;
  // Where each begins is known before its first message: a partition of which nothing was read yet
  // has a lag too.
  const PartitionList begins(rd_kafka_topic_partition_list_copy(partitions));
  (void)rd_kafka_committed(handle_.get(), begins.get(),
                           static_cast<int>(options_.client.answer_timeout.count()));
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    ++counters_.rebalances;
    held_.clear();
    for (int i = 0; i < begins->cnt; ++i) {
      const rd_kafka_topic_partition_t& one = begins->elems[i];
      const int64_t begin =
          one.err == RD_KAFKA_RESP_ERR_NO_ERROR && one.offset >= 0 ? one.offset : -1;
      held_[{one.topic, one.partition}] = {.done = begin, .committed = begin};
    }
  }
  LogInfo("source partitions assigned, group={} partitions={}", options_.group, partitions->cnt);
  rd_kafka_assign(handle_.get(), partitions);
}

void GroupConsumer::Revoke() {
  early_.clear();
  is_paused_ = false;
  // Lost ones belong to somebody already: a commit would only be refused.
  if (rd_kafka_assignment_lost(handle_.get()) == 0) {
    if (const Status committed = Commit(); !committed.ok()) {
      LogWarn("source offsets not committed, group={} reason=\"{}\"", options_.group,
              MessageOf(committed));
    }
  }
  commit_.reset();  // its answer would be about partitions that are not ours any more
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    held_.clear();
  }
  rd_kafka_assign(handle_.get(), nullptr);
}

// --- Messages ------------------------------------------------------------------------------------

Status GroupConsumer::Poll(size_t max_messages, size_t max_bytes, Duration timeout,
                           std::vector<SourceMessage>& messages) {
  if (max_messages == 0) return KeepPlace(timeout);
  if (is_paused_) Pause(false);
  const size_t before = messages.size();
  size_t bytes = 0;
  while (messages.size() - before < max_messages && bytes < max_bytes) {
    const bool is_first = messages.size() == before;
    Message message;
    if (early_.empty()) {
      message.reset(
          rd_kafka_consumer_poll(handle_.get(), is_first ? static_cast<int>(timeout.count()) : 0));
    } else {
      message = std::move(early_.front());
      early_.pop_front();
    }
    if (message == nullptr) break;
    bytes += message->len;
    if (Status taken = Take(*message, messages); !taken.ok()) {
      trouble_.Note(std::string(MessageOf(taken)));
      return messages.size() > before ? OkStatus() : taken;
    }
  }
  if (messages.size() > before) {
    trouble_.Clear();
  } else {
    ProbeIfDue();
  }
  return OkStatus();
}

// A paused partition is not fetched; what was on its way when it was paused still comes.
Status GroupConsumer::KeepPlace(Duration timeout) {
  if (!is_paused_) Pause(true);
  Message message(rd_kafka_consumer_poll(handle_.get(), static_cast<int>(timeout.count())));
  if (message != nullptr) early_.push_back(std::move(message));
  ProbeIfDue();
  AskEndsIfDue();
  return OkStatus();
}

// Ends come with what is fetched. Whose hands are full fetches nothing, and what piles up meanwhile
// is what somebody has to see.
void GroupConsumer::AskEndsIfDue() {
  if (Steady::now() - ends_asked_at_ < kEndsInterval) return;
  ends_asked_at_ = Steady::now();
  const PartitionList list(rd_kafka_topic_partition_list_new(0));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [partition, progress] : held_) {
      rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
          ->offset = RD_KAFKA_OFFSET_END;
    }
  }
  if (list->cnt == 0) return;
  if (rd_kafka_offsets_for_times(handle_.get(), list.get(),
                                 static_cast<int>(kProbeTimeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    if (one.err == RD_KAFKA_RESP_ERR_NO_ERROR) held_[{one.topic, one.partition}].end = one.offset;
  }
}

void GroupConsumer::Pause(bool pause) {
  rd_kafka_topic_partition_list_t* held = nullptr;
  if (rd_kafka_assignment(handle_.get(), &held) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionList partitions(held);
  is_paused_ = pause;
  if (partitions->cnt == 0) return;
  pause ? rd_kafka_pause_partitions(handle_.get(), held)
        : rd_kafka_resume_partitions(handle_.get(), held);
}

std::optional<std::string> BytesOf(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(bytes), size);
}

std::vector<std::pair<std::string, std::string>> HeadersOf(const rd_kafka_message_t& message) {
  std::vector<std::pair<std::string, std::string>> headers;
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(&message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    headers.emplace_back(name, BytesOf(value, size).value_or(""));
  }
  return headers;
}

Status GroupConsumer::Take(const rd_kafka_message_t& message,
                           std::vector<SourceMessage>& messages) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* const topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
    return Unavailable("kafka group '{}', topic '{}': {}", options_.group, topic,
                       rd_kafka_message_errstr(&message));
  }
  SourceMessage taken{.topic = rd_kafka_topic_name(message.rkt),
                      .partition = message.partition,
                      .offset = message.offset,
                      .time = {rd_kafka_message_timestamp(&message, nullptr)},
                      .key = BytesOf(message.key, message.key_len),
                      .headers = HeadersOf(message),
                      .value = BytesOf(message.payload, message.len)};
  const std::lock_guard lock(mutex_);
  taken.generation = generation_;
  Progress& progress = held_[{taken.topic, taken.partition}];
  if (progress.polled >= 0) counters_.offsets_passed_over += message.offset - progress.polled;
  if (progress.first < 0) progress.first = message.offset;
  progress.polled = message.offset + 1;
  messages.push_back(std::move(taken));
  return OkStatus();
}

// A quiet topic would keep a trouble that is over.
void GroupConsumer::ProbeIfDue() {
  if (trouble_.text().empty() || Steady::now() - probed_at_ < kProbeInterval) return;
  probed_at_ = Steady::now();
  const rd_kafka_metadata_t* found = nullptr;
  if (rd_kafka_metadata(handle_.get(), 0, nullptr, &found,
                        static_cast<int>(kProbeTimeout.count())) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(found);
    trouble_.Clear();
  }
}

// --- Progress ------------------------------------------------------------------------------------

bool GroupConsumer::IsOurs(const SourceMessage& message) const {
  const std::lock_guard lock(mutex_);
  return message.generation == generation_;
}

void GroupConsumer::MarkDone(const SourceMessage& message) {
  const std::lock_guard lock(mutex_);
  if (message.generation != generation_) {
    ++counters_.redelivered_later;
    return;
  }
  Progress& progress = held_[{message.topic, message.partition}];
  progress.done = std::max(progress.done, message.offset + 1);
}

Status GroupConsumer::Commit() {
  SPOTTER_RETURN_IF_ERROR(BeginCommit());  // of all: what is under way says less
  SPOTTER_RETURN_IF_ERROR(HearOfCommit(options_.client.answer_timeout));
  if (!std::exchange(commit_, std::nullopt).has_value()) return OkStatus();
  return Unavailable("kafka group '{}': not committed: no answer in {}", options_.group,
                     FormatDuration(options_.client.answer_timeout));
}

StatusOr<bool> GroupConsumer::CommitSoon() {
  if (commit_.has_value()) {
    SPOTTER_RETURN_IF_ERROR(HearOfCommit(Duration(0)));
    if (commit_.has_value()) return false;
  }
  SPOTTER_RETURN_IF_ERROR(BeginCommit());
  return !commit_.has_value();
}

// Nothing is under way afterwards if there was nothing to commit.
Status GroupConsumer::BeginCommit() {
  commit_.reset();
  PartitionList list(rd_kafka_topic_partition_list_new(0));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [partition, progress] : held_) {
      if (progress.done <= progress.committed) continue;
      rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
          ->offset = progress.done;
    }
  }
  if (list->cnt == 0) return OkStatus();
  commit_.emplace(CommitUnderWay{.offsets = std::move(list), .began = Steady::now()});
  commit_->answers.reset(rd_kafka_queue_new(handle_.get()));
  const rd_kafka_resp_err_t error = rd_kafka_commit_queue(handle_.get(), commit_->offsets.get(),
                                                          commit_->answers.get(), nullptr, nullptr);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return OkStatus();
  commit_.reset();
  return Unavailable("kafka group '{}': not committed: {}", options_.group,
                     rd_kafka_err2str(error));
}

// Not rd_kafka_commit(): that waits for a broker that is away as long as it takes. Ok with a commit
// still under way: no answer within `timeout`, and its time is not over.
Status GroupConsumer::HearOfCommit(Duration timeout) {
  if (!commit_.has_value()) return OkStatus();
  rd_kafka_event_t* const event =
      rd_kafka_queue_poll(commit_->answers.get(), static_cast<int>(timeout.count()));
  if (event == nullptr && Steady::now() - commit_->began < options_.client.answer_timeout) {
    return OkStatus();
  }
  const CommitUnderWay over = *std::exchange(commit_, std::nullopt);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (event != nullptr) {
    error = rd_kafka_event_error(event);
    rd_kafka_event_destroy(event);
  }
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      break;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
      return Aborted("kafka group '{}': not committed: {}", options_.group,
                     rd_kafka_err2str(error));
    default:
      return Unavailable("kafka group '{}': not committed: {}", options_.group,
                         rd_kafka_err2str(error));
  }
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < over.offsets->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = over.offsets->elems[i];
    held_[{one.topic, one.partition}].committed = one.offset;
  }
  return OkStatus();
}

std::vector<PartitionLag> GroupConsumer::lags() const {
  const std::lock_guard lock(mutex_);
  std::vector<PartitionLag> lags;
  for (const auto& [partition, progress] : held_) {
    int64_t start = 0, end = -1;
    (void)rd_kafka_get_watermark_offsets(handle_.get(), partition.first.c_str(), partition.second,
                                         &start, &end);
    end = std::max(end, progress.end);
    if (end < 0) continue;  // 0 would say that there is nothing to do
    // Never committed by this group: it begins at the topic's start.
    const int64_t from = progress.done >= 0    ? progress.done
                         : progress.first >= 0 ? progress.first
                                               : start;
    lags.push_back({.topic = partition.first,
                    .partition = partition.second,
                    .records = std::max<int64_t>(0, end - std::max<int64_t>(from, 0))});
  }
  return lags;
}

SourceCounters GroupConsumer::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace

StatusOr<std::unique_ptr<SourceConsumer>> SourceConsumer::Open(SourceOptions options) {
  auto consumer = std::make_unique<GroupConsumer>(std::move(options));
  SPOTTER_RETURN_IF_ERROR(consumer->Join());
  return consumer;
}

}  // namespace spotter::log_kafka
