// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace spotter::service {

// What a program that starts waits for: /readyz says it, and the log, once for each reason.
// Thread safety: any thread.
class Waiting {
 public:
  void For(std::string_view what, std::string_view reason);
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_ = "waiting for Kafka";
};

}  // namespace spotter::service
