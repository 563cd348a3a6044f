// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.h"
#include "log_kafka/settings.h"

namespace spotter::log_kafka {

// An idempotent producer: what it acknowledges is in every in-sync replica, once and in order.
// Thread safety: all methods from any thread; callers share batches.
class Producer {
 public:
  struct Message {
    std::optional<std::string_view> key;
    std::string_view value;
  };

  static StatusOr<std::shared_ptr<Producer>> Create(const ClientOptions& options, Trouble& trouble);
  explicit Producer(const ClientOptions& options, Handle handle);
  ~Producer();

  // Sends `messages` in order and waits for all acknowledgements: their offsets, which rise.
  // Unavailable: some were not acknowledged in time (the client's append_timeout, or `patience` if
  // that is less) and may or may not be in the log, or too much is under way and none was sent.
  // InvalidArgument: the broker refuses one as too large.
  StatusOr<std::vector<log::Offset>> Send(const std::string& topic, int32_t partition,
                                          std::span<const Message> messages, Duration patience);

  // A fatal error of idempotence: this producer sends no more, a new one can.
  bool is_broken() const;
  size_t bytes_under_way();
  rd_kafka_t* handle() const { return handle_.get(); }

 private:
  struct Call;
  struct Report;

  rd_kafka_topic_t* TopicOf(const std::string& name);
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*);
  void ForgetEnded();

  struct TopicDeleter {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };

  const size_t bytes_max_;
  const Duration timeout_;
  std::atomic<size_t> bytes_under_way_ = 0;
  std::mutex unawaited_mutex_;
  std::vector<std::unique_ptr<Call>> unawaited_;  // still under way; outlive the handle
  Handle handle_;
  std::mutex topics_mutex_;
  std::map<std::string, std::unique_ptr<rd_kafka_topic_t, TopicDeleter>> topics_;
  std::optional<Poller> poller_;
};

}  // namespace spotter::log_kafka
