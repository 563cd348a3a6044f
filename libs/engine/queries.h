// SPDX-License-Identifier: Apache-2.0
//
// Read-only questions about the state of a shard. Each reads committed rows from the store, from
// any thread; an answer that is made of several rows is read again if a commit fell in between.
// Errors: DataLoss if stored bytes do not decode, Unavailable if the store fails.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/tenant_zones.h"
#include "identity/resolve_records.h"
#include "model/definition.h"
#include "model/source_record.h"
#include "state/record_rows.h"
#include "state/rows.h"
#include "store/store.h"

namespace spotter::engine {

// Everything that is kept of one person. Owns what its view borrows; pinned where it stands.
class StoredMember {
 public:
  StoredMember() = default;
  StoredMember(StoredMember&&) = default;
  StoredMember& operator=(StoredMember&&) = default;

  state::Profile profile;
  std::vector<state::StoredRecord> records;  // ascending by key
  std::vector<state::Anchor> anchors;        // of those records that have one
  std::vector<model::ProfileId> redirected;  // merged profiles passed on the way here
  model::MemberView View() const;            // valid as long as the member is

 private:
  mutable std::vector<const model::SourceRecord*> pointers_;
};

// NotFound: "profile 'prf_…' is not known".
StatusOr<StoredMember> LoadMember(const store::Reader& store, const model::TenantId& tenant,
                                  model::ProfileId id);

// Why the member's records stand together: identity resolved anew over them and what people said.
StatusOr<identity::Partition> ResolveMember(const store::Reader& store,
                                            const model::TenantSettings& settings,
                                            const StoredMember& member);

// The profile that a customer of a source belongs to. NotFound otherwise.
StatusOr<model::ProfileId> FindProfileByRecord(const store::Reader& store,
                                               const model::TenantId& tenant,
                                               std::string_view source,
                                               std::string_view customer_id);

// Profiles that carry the normalised identifier, ascending, each once.
StatusOr<std::vector<model::ProfileId>> FindProfilesByIdentifier(const store::Reader& store,
                                                                 const model::TenantId& tenant,
                                                                 model::IdentifierType type,
                                                                 std::string_view normalized);

// A page in key order; `next` continues behind it, "" = that was all.
template <typename Row>
struct Page {
  std::vector<Row> rows;
  std::string next;
};

// `after` is the `next` of the page before, or "". Redirects of merged profiles are left out.
StatusOr<Page<state::Profile>> ListProfiles(const store::Reader& store,
                                            const model::TenantId& tenant, size_t limit,
                                            std::string_view after);
// Profiles that are in the segment now.
StatusOr<Page<state::Profile>> ListSegmentMembers(const store::Reader& store,
                                                  const model::TenantId& tenant,
                                                  std::string_view segment, size_t limit,
                                                  std::string_view after);

// Every enrolment of the tenant, under way or over.
Status ScanEnrolments(const store::Reader& store, const model::TenantId& tenant,
                      const std::function<void(const model::Enrolment&)>& visit);

struct RefusalRow {
  model::ProfileId profile;
  int64_t offset = 0;
  model::Refusal refusal;
};
StatusOr<Page<RefusalRow>> ListRefusals(const store::Reader& store, const model::TenantId& tenant,
                                        std::optional<model::ProfileId> profile, size_t limit,
                                        std::string_view after);

// What the shard itself could not apply. `tenant` is empty for records without a known one.
StatusOr<Page<state::DeadLetter>> ListDeadLetters(const store::Reader& store,
                                                  const model::TenantId& tenant, size_t limit,
                                                  std::string_view after);

// Where tenants stand that came to the shard or left it, ascending by tenant.
StatusOr<std::vector<std::pair<model::TenantId, state::TenantMove>>> ListMoves(
    const store::Reader& store);
// nullopt: it was always here, or never.
StatusOr<std::optional<state::TenantMove>> FindMove(const store::Reader& store,
                                                    const model::TenantId& tenant);
// What of moves is not over.
struct MovesUnderWay {
  size_t leaving = 0;      // tenants that stand still here: their copy goes to another shard
  size_t arriving = 0;     // tenants whose copy is being read
  EventTime frozen_since;  // shard time; of the one that has stood still longest; 0: none
  uint64_t kept_back = 0;  // records of tenants that are not here, to be forwarded
};
StatusOr<MovesUnderWay> ReadMovesUnderWay(const store::Reader& store);
// The oldest records that wait to be forwarded, with their offsets.
StatusOr<std::vector<std::pair<int64_t, std::string>>> ListKeptBack(const store::Reader& store,
                                                                    const model::TenantId& tenant,
                                                                    size_t limit);

StatusOr<std::optional<model::TenantSettings>> FindTenant(const store::Reader& store,
                                                          const model::TenantId& tenant);
StatusOr<std::vector<model::TenantSettings>> ListTenants(const store::Reader& store);
StatusOr<std::vector<model::SegmentDefinition>> ListSegments(const store::Reader& store,
                                                             const model::TenantId& tenant);
StatusOr<std::vector<model::JourneyDefinition>> ListJourneys(const store::Reader& store,
                                                             const model::TenantId& tenant);
// nullopt: there is none of this id.
StatusOr<std::optional<model::JourneyDefinition>> FindJourney(const store::Reader& store,
                                                              const model::TenantId& tenant,
                                                              std::string_view id);
StatusOr<std::vector<model::Subscription>> ListSubscriptions(const store::Reader& store,
                                                             const model::TenantId& tenant);
StatusOr<state::TenantProgress> ReadProgress(const store::Reader& store,
                                             const model::TenantId& tenant);
// nullopt: the rules of this zone have not been put.
StatusOr<std::optional<std::string>> FindZoneRules(const store::Reader& store,
                                                   const model::TenantId& tenant,
                                                   std::string_view zone);

// The rules of every zone that was put.
StatusOr<ZoneRules> ReadZones(const store::Reader& store, const model::TenantId& tenant);

// Whether the contact opted out of the channel. `key` is the tenant's suppression key.
StatusOr<bool> IsSuppressed(const store::Reader& store, const model::TenantId& tenant,
                            std::string_view key, std::string_view channel,
                            std::string_view contact);

// The entry at one place of a sequence; nullopt: settled, or never there.
StatusOr<std::optional<model::OutboxEntry>> FindOutboxEntry(const store::Reader& store,
                                                            const model::TenantId& tenant,
                                                            std::string_view subscription,
                                                            model::ProfileId profile,
                                                            int64_t sequence);
// Every entry not yet settled, by tenant, subscription, profile and sequence.
// What a member has in a subscription, by sequence.
StatusOr<std::vector<model::OutboxEntry>> ListOutbox(const store::Reader& store,
                                                     const model::TenantId& tenant,
                                                     std::string_view subscription,
                                                     model::ProfileId profile);
Status ScanOutbox(
    const store::Reader& store,
    const std::function<void(const model::TenantId& tenant, model::OutboxEntry entry)>& visit);
// The same of one tenant.
Status ScanOutboxOf(const store::Reader& store, const model::TenantId& tenant,
                    const std::function<void(model::OutboxEntry entry)>& visit);

}  // namespace spotter::engine
