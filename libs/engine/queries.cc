// SPDX-License-Identifier: Apache-2.0
#include "engine/queries.h"

#include <algorithm>
#include <set>

#include "base/codec.h"
#include "state/keys.h"
#include "state/verify_hash.h"

namespace spotter::engine {
namespace {

using state::Table;
using store::Family;

// An answer of several rows is taken when the profile's row is the same before and after.
constexpr int kReadsMax = 10;
// Redirects cannot form a cycle; this only bounds the work on damaged rows.
constexpr int kRedirectsMax = 100;

// Reads rows of one table in key order, behind `after`, until `take` has had enough.
// `take(key, value)` returns whether it wants another row.
Status ScanTable(const store::Reader& store, std::string_view prefix, std::string_view after,
                 const std::function<StatusOr<bool>(std::string_view, std::string_view)>& take) {
  // The smallest key greater than `after` is `after` and a zero byte.
  const std::string begin =
      after.empty() ? std::string(prefix) : std::string(prefix).append(after).append(1, '\0');
  Status status = OkStatus();
  SPOTTER_RETURN_IF_ERROR(store.Scan(Family::kState, begin, store::PrefixEnd(prefix),
                                     [&](std::string_view key, std::string_view value) {
                                       StatusOr<bool> more = take(key.substr(prefix.size()), value);
                                       if (!more.ok()) status = more.status();
                                       return more.ok() && *more;
                                     }));
  return status;
}

// A page of decoded rows; `wanted` filters, and turns a stored row into the listed one.
template <typename Row>
StatusOr<Page<Row>> ListPage(
    const store::Reader& store, const std::string& prefix, size_t limit, std::string_view after,
    const std::function<StatusOr<std::optional<Row>>(std::string_view, std::string_view)>& read) {
  Page<Row> page;
  std::string last;
  SPOTTER_RETURN_IF_ERROR(ScanTable(
      store, prefix, after, [&](std::string_view key, std::string_view value) -> StatusOr<bool> {
        SPOTTER_ASSIGN_OR_RETURN(std::optional<Row> row, read(key, value));
        if (!row.has_value()) return true;
        if (page.rows.size() == limit) {
          page.next = last;
          return false;
        }
        page.rows.push_back(*std::move(row));
        last.assign(key);
        return true;
      }));
  return page;
}

template <typename Row, typename Decode>
StatusOr<std::vector<Row>> ListAll(const store::Reader& store, const model::TenantId& tenant,
                                   Table table, const Decode& decode) {
  std::vector<Row> rows;
  SPOTTER_RETURN_IF_ERROR(
      ScanTable(store, state::TablePrefix(tenant.value(), table), "",
                [&](std::string_view, std::string_view value) -> StatusOr<bool> {
                  SPOTTER_ASSIGN_OR_RETURN(Row row, decode(value));
                  rows.push_back(std::move(row));
                  return true;
                }));
  return rows;
}

// Where an id has several revisions, the newest stands for it. `rows` ascend by id.
template <typename Row>
std::vector<Row> NewestOfEach(std::vector<Row> rows) {
  std::vector<Row> newest;
  for (Row& row : rows) {
    if (newest.empty() || newest.back().id != row.id) {
      newest.push_back(std::move(row));
    } else if (newest.back().revision < row.revision) {
      newest.back() = std::move(row);
    }
  }
  return newest;
}

StatusOr<std::optional<std::string>> ReadProfileRow(const store::Reader& store,
                                                    const model::TenantId& tenant,
                                                    model::ProfileId id) {
  return store.Get(Family::kState, state::ProfileKey(tenant.value(), id));
}

// Reads what hangs on the profile row. False: a record is gone, so a commit fell in between.
StatusOr<bool> LoadRecords(const store::Reader& store, const model::TenantId& tenant,
                           StoredMember& member) {
  member.records.clear();
  member.anchors.clear();
  for (const model::RecordKey key : member.profile.records) {
    SPOTTER_ASSIGN_OR_RETURN(auto stored, state::ReadRecord(store, tenant.value(), key));
    if (!stored.has_value()) return false;
    member.records.push_back(*std::move(stored));
    SPOTTER_ASSIGN_OR_RETURN(auto bytes,
                             store.Get(Family::kState, state::AnchorKey(tenant.value(), key)));
    if (!bytes.has_value()) continue;
    SPOTTER_ASSIGN_OR_RETURN(state::Anchor anchor, state::DecodeAnchor(*bytes));
    member.anchors.push_back(std::move(anchor));
  }
  return true;
}

// The profile behind all redirects, and its row's bytes.
StatusOr<std::string> FollowRedirects(const store::Reader& store, const model::TenantId& tenant,
                                      model::ProfileId id, StoredMember& member) {
  for (int i = 0; i < kRedirectsMax; ++i) {
    SPOTTER_ASSIGN_OR_RETURN(auto bytes, ReadProfileRow(store, tenant, id));
    if (!bytes.has_value()) return NotFound("profile '{}' is not known", ToText(id));
    SPOTTER_ASSIGN_OR_RETURN(member.profile, state::DecodeProfile(*bytes));
    if (member.profile.merged_into.value().is_zero()) return *std::move(bytes);
    member.redirected.push_back(id);
    id = member.profile.merged_into;
  }
  return DataLoss("profile '{}' is redirected more than {} times", ToText(id), kRedirectsMax);
}

}  // namespace

model::MemberView StoredMember::View() const {
  pointers_.clear();
  for (const state::StoredRecord& stored : records) pointers_.push_back(&stored.record);
  return {.profile = profile.id, .records = pointers_};
}

StatusOr<StoredMember> LoadMember(const store::Reader& store, const model::TenantId& tenant,
                                  model::ProfileId id) {
  for (int i = 0; i < kReadsMax; ++i) {
    StoredMember member;
    SPOTTER_ASSIGN_OR_RETURN(const std::string row, FollowRedirects(store, tenant, id, member));
    SPOTTER_ASSIGN_OR_RETURN(const bool complete, LoadRecords(store, tenant, member));
    SPOTTER_ASSIGN_OR_RETURN(auto again, ReadProfileRow(store, tenant, member.profile.id));
    if (complete && again == row) return member;
  }
  return Unavailable("profile '{}' changes too quickly to be read", ToText(id));
}

StatusOr<identity::Partition> ResolveMember(const store::Reader& store,
                                            const model::TenantSettings& settings,
                                            const StoredMember& member) {
  std::vector<identity::Node> nodes;
  std::vector<identity::Assertion> assertions;
  for (const state::StoredRecord& stored : member.records) {
    const model::RecordKey key = stored.record.key;
    nodes.push_back({.key = key, .links = identity::LinkKeysOf(stored.record, settings.kind)});
    SPOTTER_RETURN_IF_ERROR(
        ScanTable(store, state::AssertionPrefix(settings.id.value(), key), "",
                  [&](std::string_view row, std::string_view value) -> StatusOr<bool> {
                    const model::RecordKey other = state::LastRecordKey(row);
                    const auto& records = member.profile.records;
                    if (key < other && std::binary_search(records.begin(), records.end(), other)) {
                      assertions.push_back({.same = value == "same", .a = key, .b = other});
                    }
                    return true;
                  }));
  }
  return identity::ResolveRecords(nodes, assertions);
}

StatusOr<model::ProfileId> FindProfileByRecord(const store::Reader& store,
                                               const model::TenantId& tenant,
                                               std::string_view source,
                                               std::string_view customer_id) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto stored,
      state::ReadRecord(store, tenant.value(), model::MakeRecordKey(source, customer_id)));
  if (!stored.has_value()) {
    return NotFound("source '{}' has no customer '{}' that we know", source, customer_id);
  }
  return stored->profile;
}

StatusOr<std::vector<model::ProfileId>> FindProfilesByIdentifier(const store::Reader& store,
                                                                 const model::TenantId& tenant,
                                                                 model::IdentifierType type,
                                                                 std::string_view normalized) {
  std::vector<model::RecordKey> records;
  const std::string prefix = state::IdentifierPrefix(tenant.value(), type, normalized);
  SPOTTER_RETURN_IF_ERROR(
      ScanTable(store, prefix, "", [&](std::string_view key, std::string_view) -> StatusOr<bool> {
        records.push_back(state::LastRecordKey(key));
        return true;
      }));
  std::set<model::ProfileId> profiles;
  for (const model::RecordKey record : records) {
    SPOTTER_ASSIGN_OR_RETURN(auto stored, state::ReadRecord(store, tenant.value(), record));
    if (stored.has_value()) profiles.insert(stored->profile);
  }
  return std::vector<model::ProfileId>(profiles.begin(), profiles.end());
}

StatusOr<Page<state::Profile>> ListProfiles(const store::Reader& store,
                                            const model::TenantId& tenant, size_t limit,
                                            std::string_view after) {
  return ListPage<state::Profile>(
      store, state::TablePrefix(tenant.value(), Table::kProfile), limit, after,
      [](std::string_view, std::string_view value) -> StatusOr<std::optional<state::Profile>> {
        SPOTTER_ASSIGN_OR_RETURN(state::Profile profile, state::DecodeProfile(value));
        if (!profile.merged_into.value().is_zero()) return std::optional<state::Profile>();
        return std::optional(std::move(profile));
      });
}

StatusOr<Page<state::Profile>> ListSegmentMembers(const store::Reader& store,
                                                  const model::TenantId& tenant,
                                                  std::string_view segment, size_t limit,
                                                  std::string_view after) {
  return ListPage<state::Profile>(
      store, state::TablePrefix(tenant.value(), Table::kProfile), limit, after,
      [&](std::string_view, std::string_view value) -> StatusOr<std::optional<state::Profile>> {
        SPOTTER_ASSIGN_OR_RETURN(state::Profile profile, state::DecodeProfile(value));
        const bool is_member = profile.merged_into.value().is_zero() &&
                               std::any_of(profile.memberships.begin(), profile.memberships.end(),
                                           [&](const model::Membership& m) {
                                             return m.segment == segment && m.is_member;
                                           });
        if (!is_member) return std::optional<state::Profile>();
        return std::optional(std::move(profile));
      });
}

Status ScanEnrolments(const store::Reader& store, const model::TenantId& tenant,
                      const std::function<void(const model::Enrolment&)>& visit) {
  return ScanTable(store, state::TablePrefix(tenant.value(), Table::kAnchor), "",
                   [&](std::string_view, std::string_view value) -> StatusOr<bool> {
                     SPOTTER_ASSIGN_OR_RETURN(const state::Anchor anchor,
                                              state::DecodeAnchor(value));
                     for (const model::Enrolment& one : anchor.enrolments) visit(one);
                     return true;
                   });
}

StatusOr<Page<RefusalRow>> ListRefusals(const store::Reader& store, const model::TenantId& tenant,
                                        std::optional<model::ProfileId> profile, size_t limit,
                                        std::string_view after) {
  // Cursors count from the table's prefix or the profile's: they are not exchanged between calls
  // of different filters.
  const std::string table = state::TablePrefix(tenant.value(), Table::kRefusal);
  const std::string prefix =
      profile.has_value() ? state::RefusalPrefix(tenant.value(), *profile) : table;
  return ListPage<RefusalRow>(
      store, prefix, limit, after,
      [&](std::string_view key, std::string_view value) -> StatusOr<std::optional<RefusalRow>> {
        Decoder in(key);
        RefusalRow row;
        row.profile = profile.has_value() ? *profile : model::ProfileId(in.Hash());
        row.offset = static_cast<int64_t>(in.Fixed64());
        SPOTTER_ASSIGN_OR_RETURN(row.refusal, state::DecodeRefusal(value));
        return std::optional(std::move(row));
      });
}

StatusOr<Page<state::DeadLetter>> ListDeadLetters(const store::Reader& store,
                                                  const model::TenantId& tenant, size_t limit,
                                                  std::string_view after) {
  return ListPage<state::DeadLetter>(
      store, state::TablePrefix(tenant.value(), Table::kDeadLetter), limit, after,
      [](std::string_view, std::string_view value) -> StatusOr<std::optional<state::DeadLetter>> {
        SPOTTER_ASSIGN_OR_RETURN(state::DeadLetter row, state::DecodeDeadLetter(value));
        return std::optional(std::move(row));
      });
}

StatusOr<std::vector<std::pair<model::TenantId, state::TenantMove>>> ListMoves(
    const store::Reader& store) {
  std::vector<std::pair<model::TenantId, state::TenantMove>> moves;
  const std::string prefix = state::TablePrefix("", state::Table::kMove);
  Status status;
  SPOTTER_RETURN_IF_ERROR(
      store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                 [&](std::string_view key, std::string_view value) {
                   StatusOr<state::TenantMove> move = state::DecodeTenantMove(value);
                   status = move.status();
                   if (!status.ok()) return false;
                   moves.emplace_back(std::string(key.substr(prefix.size())), *std::move(move));
                   return true;
                 }));
  SPOTTER_RETURN_IF_ERROR(status);
  return moves;
}

StatusOr<MovesUnderWay> ReadMovesUnderWay(const store::Reader& store) {
  SPOTTER_ASSIGN_OR_RETURN(const auto moves, ListMoves(store));
  MovesUnderWay found;
  for (const auto& [tenant, move] : moves) {
    found.kept_back += move.kept_back;
    if (move.state == state::MoveState::kArriving) found.arriving++;
    if (move.state != state::MoveState::kFrozen) continue;
    found.leaving++;
    const bool is_oldest = found.frozen_since.ms == 0 || move.frozen_at < found.frozen_since;
    if (is_oldest) found.frozen_since = move.frozen_at;
  }
  return found;
}

StatusOr<std::optional<state::TenantMove>> FindMove(const store::Reader& store,
                                                    const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                           store.Get(store::Family::kState, state::MoveKey(tenant.value())));
  if (!row.has_value()) return std::nullopt;
  SPOTTER_ASSIGN_OR_RETURN(state::TenantMove move, state::DecodeTenantMove(*row));
  return move;
}

StatusOr<std::vector<std::pair<int64_t, std::string>>> ListKeptBack(const store::Reader& store,
                                                                    const model::TenantId& tenant,
                                                                    size_t limit) {
  std::vector<std::pair<int64_t, std::string>> found;
  const std::string prefix = state::KeptBackPrefix(tenant.value());
  SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view key, std::string_view record) {
                                       Decoder in(key.substr(prefix.size()));
                                       found.emplace_back(static_cast<int64_t>(in.Fixed64()),
                                                          record);
                                       return found.size() < limit;
                                     }));
  return found;
}

StatusOr<std::optional<model::TenantSettings>> FindTenant(const store::Reader& store,
                                                          const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto bytes, store.Get(Family::kState, state::Key(tenant.value(), Table::kSettings, "")));
  if (!bytes.has_value()) return std::optional<model::TenantSettings>();
  SPOTTER_ASSIGN_OR_RETURN(model::TenantSettings settings, state::DecodeTenantSettings(*bytes));
  return std::optional(std::move(settings));
}

StatusOr<std::vector<model::TenantSettings>> ListTenants(const store::Reader& store) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<std::string> ids, state::ReadTenants(store));
  SPOTTER_ASSIGN_OR_RETURN(const auto moves, ListMoves(store));
  std::set<std::string, std::less<>> gone;  // another shard has it; its rows are being dropped
  for (const auto& [tenant, move] : moves) {
    if (move.state == state::MoveState::kDropping) gone.insert(tenant.value());
  }
  std::vector<model::TenantSettings> tenants;
  for (const std::string& id : ids) {
    if (gone.contains(id)) continue;
    SPOTTER_ASSIGN_OR_RETURN(auto settings, FindTenant(store, model::TenantId(id)));
    if (settings.has_value()) tenants.push_back(*std::move(settings));
  }
  return tenants;
}

StatusOr<std::vector<model::SegmentDefinition>> ListSegments(const store::Reader& store,
                                                             const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(auto rows,
                           ListAll<model::SegmentDefinition>(store, tenant, Table::kSegment,
                                                             state::DecodeSegmentDefinition));
  return NewestOfEach(std::move(rows));
}

StatusOr<std::vector<model::JourneyDefinition>> ListJourneys(const store::Reader& store,
                                                             const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(auto rows,
                           ListAll<model::JourneyDefinition>(store, tenant, Table::kJourney,
                                                             state::DecodeJourneyDefinition));
  return NewestOfEach(std::move(rows));
}

StatusOr<std::optional<model::JourneyDefinition>> FindJourney(const store::Reader& store,
                                                              const model::TenantId& tenant,
                                                              std::string_view id) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto bytes, store.Get(Family::kState, state::Key(tenant.value(), Table::kJourney, id)));
  if (!bytes.has_value()) return std::optional<model::JourneyDefinition>();
  SPOTTER_ASSIGN_OR_RETURN(model::JourneyDefinition definition,
                           state::DecodeJourneyDefinition(*bytes));
  return std::optional(std::move(definition));
}

StatusOr<std::vector<model::Subscription>> ListSubscriptions(const store::Reader& store,
                                                             const model::TenantId& tenant) {
  return ListAll<model::Subscription>(store, tenant, Table::kSubscription,
                                      state::DecodeSubscription);
}

StatusOr<state::TenantProgress> ReadProgress(const store::Reader& store,
                                             const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto bytes, store.Get(Family::kState, state::Key(tenant.value(), Table::kProgress, "")));
  if (!bytes.has_value()) return state::TenantProgress{};
  return state::DecodeTenantProgress(*bytes);
}

StatusOr<std::optional<std::string>> FindZoneRules(const store::Reader& store,
                                                   const model::TenantId& tenant,
                                                   std::string_view zone) {
  return store.Get(Family::kState, state::Key(tenant.value(), Table::kZone, zone));
}

StatusOr<ZoneRules> ReadZones(const store::Reader& store, const model::TenantId& tenant) {
  ZoneRules zones;
  Status status;
  const std::string prefix = state::TablePrefix(tenant.value(), Table::kZone);
  SPOTTER_RETURN_IF_ERROR(store.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view key, std::string_view tzif) {
                                       const std::string_view name = key.substr(prefix.size());
                                       const auto zone = govern::Zone::FromRules(name, tzif);
                                       status = zone.status();
                                       if (zone.ok())
                                         zones.insert_or_assign(std::string(name), *zone);
                                       return status.ok();
                                     }));
  SPOTTER_RETURN_IF_ERROR(status);
  return zones;
}

StatusOr<bool> IsSuppressed(const store::Reader& store, const model::TenantId& tenant,
                            std::string_view key, std::string_view channel,
                            std::string_view contact) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto bytes, store.Get(Family::kState, state::SuppressionKey(tenant.value(), channel,
                                                                  KeyedHashOf(key, contact))));
  return bytes.has_value();
}

StatusOr<std::optional<model::OutboxEntry>> FindOutboxEntry(const store::Reader& store,
                                                            const model::TenantId& tenant,
                                                            std::string_view subscription,
                                                            model::ProfileId profile,
                                                            int64_t sequence) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto bytes, store.Get(Family::kOutbox,
                            state::OutboxKey(tenant.value(), subscription, profile, sequence)));
  if (!bytes.has_value()) return std::optional<model::OutboxEntry>();
  SPOTTER_ASSIGN_OR_RETURN(model::OutboxEntry entry, state::DecodeOutboxEntry(*bytes));
  return std::optional(std::move(entry));
}

StatusOr<std::vector<model::OutboxEntry>> ListOutbox(const store::Reader& store,
                                                     const model::TenantId& tenant,
                                                     std::string_view subscription,
                                                     model::ProfileId profile) {
  const std::string prefix = state::OutboxPrefix(tenant.value(), subscription, profile);
  std::vector<model::OutboxEntry> entries;
  Status status = OkStatus();
  SPOTTER_RETURN_IF_ERROR(store.Scan(Family::kOutbox, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view, std::string_view value) {
                                       StatusOr<model::OutboxEntry> entry =
                                           state::DecodeOutboxEntry(value);
                                       status = entry.status();
                                       if (entry.ok()) entries.push_back(*std::move(entry));
                                       return status.ok();
                                     }));
  SPOTTER_RETURN_IF_ERROR(status);
  return entries;
}

static Status ScanOutboxRange(
    const store::Reader& store, std::string_view begin, std::string_view end,
    const std::function<void(const model::TenantId& tenant, model::OutboxEntry entry)>& visit) {
  Status status = OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      store.Scan(Family::kOutbox, begin, end, [&](std::string_view key, std::string_view value) {
        StatusOr<model::OutboxEntry> entry = state::DecodeOutboxEntry(value);
        if (!entry.ok()) {
          status = entry.status();
          return false;
        }
        visit(model::TenantId(Decoder(key).Terminated()), *std::move(entry));
        return true;
      }));
  return status;
}

Status ScanOutbox(
    const store::Reader& store,
    const std::function<void(const model::TenantId& tenant, model::OutboxEntry entry)>& visit) {
  return ScanOutboxRange(store, "", "", visit);
}

Status ScanOutboxOf(const store::Reader& store, const model::TenantId& tenant,
                    const std::function<void(model::OutboxEntry entry)>& visit) {
  const std::string prefix = Encoder().Terminated(tenant.value()).Take();
  return ScanOutboxRange(
      store, prefix, store::PrefixEnd(prefix),
      [&](const model::TenantId&, model::OutboxEntry entry) { visit(std::move(entry)); });
}

}  // namespace spotter::engine
