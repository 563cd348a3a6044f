// SPDX-License-Identifier: Apache-2.0
//
// From our options to librdkafka's configuration, and to a handle whose callbacks are served.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "log_kafka/kafka_client.h"
#include "log_kafka/trouble.h"

namespace spotter::log_kafka {

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;
using Setting = std::pair<const char*, std::string>;

// `defaults` can be overridden by the operator's settings, `fixed` cannot. Errors and log lines of
// the handle go to `trouble`, which outlives it.
StatusOr<Conf> MakeConf(const ClientOptions& options, Trouble& trouble,
                        std::initializer_list<Setting> defaults,
                        std::initializer_list<Setting> fixed);

// A librdkafka instance.
struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;
StatusOr<Handle> MakeHandle(rd_kafka_type_t type, Conf conf);

// Serves the callbacks of a handle on a thread of its own until destroyed.
class Poller {
 public:
  explicit Poller(rd_kafka_t* handle);
  ~Poller();

 private:
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace spotter::log_kafka
