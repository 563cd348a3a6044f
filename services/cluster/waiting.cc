// SPDX-License-Identifier: Apache-2.0
#include "services/cluster/waiting.h"

#include "base/log_message.h"

namespace spotter::service {

void Waiting::For(std::string_view what, std::string_view reason) {
  // librdkafka adds "(after 12ms in state CONNECT, 3 identical error(s) suppressed)".
  reason = reason.substr(0, reason.find(" (after "));
  std::string text = fmt::format("waiting for Kafka, {}: {}", what, reason);
  const std::lock_guard lock(mutex_);
  if (text == text_) return;
  LogWarn("waiting for Kafka, for=\"{}\" reason=\"{}\"", what, reason);
  text_ = std::move(text);
}

std::string Waiting::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

}  // namespace spotter::service
