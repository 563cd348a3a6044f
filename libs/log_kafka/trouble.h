// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

namespace spotter::log_kafka {

// The newest trouble with the brokers, in librdkafka's words. Thread safety: any thread.
class Trouble {
 public:
  void Note(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  // A summary ("1/1 brokers are down") does not hide the cause that came before it.
  void NoteSummary(std::string text) {
    const std::lock_guard lock(mutex_);
    if (text_.empty()) text_ = std::move(text);
  }
  // librdkafka's own text says only that a certificate "could not be verified".
  void NoteCertificate(std::string text) {
    const std::lock_guard lock(mutex_);
    certificate_ = std::move(text);
  }
  void NoteRefusedCertificate(std::string otherwise) {
    const std::lock_guard lock(mutex_);
    text_ = certificate_.empty() ? std::move(otherwise) : certificate_;
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    text_.clear();
    certificate_.clear();
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
  std::string certificate_;  // why OpenSSL refused the last one it refused
};

}  // namespace spotter::log_kafka
