// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "intake/dead_letters.h"
#include "intake/options.h"

namespace spotter::intake {

// Dead letters in append-only files, one a day of receipt: FOLDER/2026-11-22.ndjson, a JSON object
// a line, each synced before it is acknowledged. A resolved letter is marked by a further line. A
// file whose day is older than the retention is deleted whole, so bytes are gone by then.
//
// Thread safety: any thread; one lock, as dead letters are rare.
// Invariants: the index holds exactly the unresolved letters of the files that there are, by time.
class DeadLetterFiles final : public DeadLetters {
 public:
  // Reads the files of `options.folder`, which is created if need be. A torn last line (a crash
  // while it was written; nobody was told that it is kept) is cut off. Unavailable names the
  // folder or file that cannot be read or written.
  static StatusOr<std::unique_ptr<DeadLetterFiles>> Open(DeadLetterOptions options,
                                                         const Clock& clock);
  ~DeadLetterFiles() override;

  StatusOr<std::string> Add(DeadLetter letter) override;
  StatusOr<DeadLetterPage> List(std::string_view tenant, std::string_view source, size_t max,
                                std::string_view after) const override;
  StatusOr<DeadLetter> Get(std::string_view tenant, std::string_view id) const override;
  Status Resolve(std::string_view tenant, std::string_view id, Resolution how) override;
  void Expire() override;

  size_t size() const;  // unresolved letters of all tenants

 private:
  struct Place {
    DeadLetter letter;  // without bytes
    std::string day;    // its file
    size_t offset = 0;
    size_t length = 0;
  };
  // (received_at, id): the order of lists.
  using Key = std::pair<int64_t, std::string>;

  DeadLetterFiles(DeadLetterOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}
  Status ReadFiles();
  Status ReadFile(const std::string& day);
  void Index(DeadLetter letter, const std::string& day, size_t offset, size_t length);
  void Forget(std::string_view id);
  // Appends to the file of `day` and syncs; where the line begins. All or nothing.
  StatusOr<size_t> AppendLine(const std::string& day, std::string_view line);
  Status OpenDay(const std::string& day);
  void CloseDay();
  void DropOldDays();
  std::string PathOf(const std::string& day) const;
  const Place* FindLocked(std::string_view tenant, std::string_view id) const;

  const DeadLetterOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Place> letters_;
  std::map<std::string, Key, std::less<>> keys_;          // by id
  std::map<std::string, size_t, std::less<>> day_bytes_;  // of each file there is
  std::string open_day_;
  int open_file_ = -1;
};

}  // namespace spotter::intake
