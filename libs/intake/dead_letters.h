// SPDX-License-Identifier: Apache-2.0
//
// Bytes that could not become events. They never reach the log, so they are kept here until
// someone re-drives or discards them, or their time is over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace spotter::intake {

// `source` of CloudEvents, whose own source may be what cannot be read.
inline constexpr std::string_view kCloudEventsSource = "cloudevents";
// `content_type` of one spotter.v1.MemberEvent in protobuf bytes.
inline constexpr std::string_view kMemberEventType =
    "application/vnd.spotter.member-event+protobuf";

struct DeadLetter {
  std::string id;  // "dlq_..."; set by Add
  std::string tenant;
  std::string source;
  std::string reason;  // one of a few words
  std::string detail;  // where, what was found, what was expected
  std::string content_type;
  bool backfill = false;
  EventTime received_at;
  std::string origin;  // "studio.pos[3]@17": where else the bytes are; "" = nowhere
  std::string bytes;
  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

// The same bytes of the same source are the same letter, however often they come.
std::string DeadLetterId(const DeadLetter& letter);

enum class Resolution : uint8_t { kRedriven, kDiscarded };
std::string_view NameOf(Resolution resolution);

struct DeadLetterPage {
  std::vector<DeadLetter> letters;  // the newest first, without `bytes`
  std::string next;                 // for the next page; "" = this is the last
  size_t total = 0;                 // of the tenant and source
};

// Thread safety: any thread.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;
  // Keeps the letter and returns its id once it is durable. Unavailable: it could not be kept, and
  // the sender must be told to come again.
  virtual StatusOr<std::string> Add(DeadLetter letter) = 0;
  // The same for several, which may become durable together; their ids, in order. After an error
  // some may be kept: adding them again is harmless.
  virtual StatusOr<std::vector<std::string>> AddAll(std::vector<DeadLetter> letters);
  // Those not yet resolved; an empty `source` means all, `after` is a page's `next`.
  virtual StatusOr<DeadLetterPage> List(std::string_view tenant, std::string_view source,
                                        size_t max, std::string_view after) const = 0;
  // NotFound: no such letter of the tenant, or it is resolved.
  virtual StatusOr<DeadLetter> Get(std::string_view tenant, std::string_view id) const = 0;
  virtual Status Resolve(std::string_view tenant, std::string_view id, Resolution how) = 0;
  // Drops what is older than the retention. Cheap: called with every request.
  virtual void Expire() = 0;
};

}  // namespace spotter::intake
