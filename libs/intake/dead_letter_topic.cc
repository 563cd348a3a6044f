// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letter_topic.h"

#include "intake/dead_letter_lines.h"
#include "log/placement.h"

namespace spotter::intake {
namespace {

// What is left of a body that the topic does not take whole: with base64 and the words around it
// well below any topic's limit.
constexpr size_t kCutBytes = 64u << 10;

std::string RecordOf(const DeadLetter& letter) {
  std::string record = FormatLetter(letter);
  record.pop_back();  // the newline of a file
  return record;
}

DeadLetter Cut(DeadLetter letter) {
  letter.detail +=
      fmt::format(" (the first {} of {} bytes are kept)", kCutBytes, letter.bytes.size());
  letter.bytes.resize(kCutBytes);
  return letter;
}

}  // namespace

std::string DeadLetterTopic::KeyOf(std::string_view record) {
  const auto line = ParseLine(record);
  return line.ok() ? line->letter.tenant : "";
}

StatusOr<std::string> DeadLetterTopic::Add(DeadLetter letter) {
  std::vector<DeadLetter> one;
  one.push_back(std::move(letter));
  SPOTTER_ASSIGN_OR_RETURN(std::vector<std::string> ids, AddAll(std::move(one)));
  return std::move(ids.front());
}

StatusOr<std::vector<std::string>> DeadLetterTopic::AddAll(std::vector<DeadLetter> letters) {
  std::vector<std::string> ids;
  std::vector<std::vector<const DeadLetter*>> by_partition(partitions_.size());
  for (DeadLetter& letter : letters) {
    letter.id = DeadLetterId(letter);
    ids.push_back(letter.id);
    const auto count = static_cast<int32_t>(partitions_.size());
    by_partition[static_cast<size_t>(log::ShardOf(letter.tenant, count))].push_back(&letter);
  }
  for (size_t i = 0; i < by_partition.size(); ++i) {
    if (by_partition[i].empty()) continue;
    SPOTTER_RETURN_IF_ERROR(AppendTo(i, by_partition[i]));
  }
  return ids;
}

Status DeadLetterTopic::AppendTo(size_t partition, const std::vector<const DeadLetter*>& letters) {
  log::Log& log = *partitions_[partition];
  std::vector<std::string> records;
  records.reserve(letters.size());
  for (const DeadLetter* letter : letters) records.push_back(RecordOf(*letter));
  const std::vector<std::string_view> views(records.begin(), records.end());
  StatusOr<std::vector<log::Offset>> appended = log.Append(views);
  if (appended.ok()) return log.WaitDurable(appended->back());
  if (appended.status().code() != StatusCode::kInvalidArgument) return appended.status();
  // One is larger than a record of the topic may be. Some may be there twice now: the same id.
  for (const DeadLetter* letter : letters) {
    const bool is_large = letter->bytes.size() > kCutBytes;
    SPOTTER_RETURN_IF_ERROR(
        log::AppendDurable(log, RecordOf(is_large ? Cut(*letter) : *letter)).status());
  }
  return OkStatus();
}

Status DeadLetterTopic::NotHere(std::string_view tenant) const {
  return absl::UnimplementedError(fmt::format(
      "dead letters of tenant '{}' are in the Kafka topic '{}', which is not listed here: "
      "kcat -b BROKERS -C -e -t {} -f '%k %s\\n', or its records keyed '{}'",
      tenant, topic_, topic_, tenant));
}

StatusOr<DeadLetterPage> DeadLetterTopic::List(std::string_view tenant, std::string_view, size_t,
                                               std::string_view) const {
  return NotHere(tenant);
}

StatusOr<DeadLetter> DeadLetterTopic::Get(std::string_view tenant, std::string_view) const {
  return NotHere(tenant);
}

Status DeadLetterTopic::Resolve(std::string_view tenant, std::string_view, Resolution) {
  return NotHere(tenant);
}

}  // namespace spotter::intake
