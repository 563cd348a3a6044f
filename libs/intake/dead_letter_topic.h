// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "intake/dead_letters.h"
#include "log/log.h"

namespace spotter::intake {

// Dead letters in a log of their own, `spotter.deadletters` on Kafka: a JSON object a record, as in
// the files of DeadLetterFiles, keyed and placed by tenant like the tenant's events. Whoever may
// read the topic may read them all; `retention.ms` ends them. They are kept here, not listed: List,
// Get and Resolve are Unimplemented and say which command shows them.
//
// Thread safety: any thread.
class DeadLetterTopic final : public DeadLetters {
 public:
  // `partitions`: all of the topic's, in order.
  DeadLetterTopic(std::string topic, std::vector<std::shared_ptr<log::Log>> partitions)
      : topic_(std::move(topic)), partitions_(std::move(partitions)) {}

  StatusOr<std::string> Add(DeadLetter letter) override;
  StatusOr<std::vector<std::string>> AddAll(std::vector<DeadLetter> letters) override;
  StatusOr<DeadLetterPage> List(std::string_view tenant, std::string_view source, size_t max,
                                std::string_view after) const override;
  StatusOr<DeadLetter> Get(std::string_view tenant, std::string_view id) const override;
  Status Resolve(std::string_view tenant, std::string_view id, Resolution how) override;
  void Expire() override {}

  // The key of a record: its tenant.
  static std::string KeyOf(std::string_view record);

 private:
  Status AppendTo(size_t partition, const std::vector<const DeadLetter*>& letters);
  Status NotHere(std::string_view tenant) const;

  const std::string topic_;
  const std::vector<std::shared_ptr<log::Log>> partitions_;
};

}  // namespace spotter::intake
