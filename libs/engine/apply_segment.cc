// SPDX-License-Identifier: Apache-2.0
//
// Segments come, change and go (docs/adr/0032-life-of-a-segment.md). A definition changes at once;
// members follow in Work records. So a segment's count is always that of the memberships stored,
// and the transitions, read in their order, always lead to it: also of a segment that was deleted
// and came back before everybody had left it.
#include <algorithm>

#include "base/assert.h"
#include "engine/shard_impl.h"

namespace spotter::engine {
namespace {

int64_t DayOf(EventTime time) { return time.ms / Days(1).count(); }

Status CheckEtag(const std::string& id, std::string_view found, std::string_view expected) {
  if (expected.empty() || expected == found) return OkStatus();
  if (found == model::kEtagOfNone) {
    return Aborted("segment '{}' does not exist, the change was made from etag '{}'", id, expected);
  }
  return Aborted(
      "segment '{}' has etag '{}', the change was made from etag '{}': somebody changed it "
      "meanwhile; read it again",
      id, found, expected);
}

// The entry condition of a journey stands beside segments as "journey:ID".
bool IsOfJourney(std::string_view segment) { return segment.find(':') != std::string_view::npos; }

}  // namespace

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::PutSegment& put,
                                      const model::Command& command) {
  model::SegmentDefinition definition = put.definition;
  definition.quarantine.clear();
  const auto existing = tenant.segment_definitions.find(definition.id);
  const std::optional<model::SegmentDefinition> before =
      existing == tenant.segment_definitions.end() ? std::nullopt : std::optional(existing->second);
  SPOTTER_RETURN_IF_ERROR(
      CheckEtag(definition.id,
                before.has_value() ? EtagOf(*before) : std::string(model::kEtagOfNone), put.etag));
  if (before.has_value()) {
    definition.revision = before->revision;
    if (definition == *before) return std::to_string(before->revision);  // nothing changes
  } else if (tenant.segment_definitions.size() >= kSegmentsMax) {
    return ResourceExhausted(
        "segment '{}': the tenant has {} segments, which is the most there may be; delete one "
        "that nobody reads",
        definition.id, kSegmentsMax);
  }
  if (const auto compiled =
          segment::Expression::Compile(definition.expression, segment::Scope::kSegment);
      compiled.ok()) {
    const Status known = CheckZones(compiled->dependencies(), tenant.zones);
    if (!known.ok()) return InvalidArgument("segment '{}': {}", definition.id, MessageOf(known));
    SPOTTER_RETURN_IF_ERROR(tenant.Admit(definition));
  }
  definition.revision = tenant.progress.definitions + 1;
  tenant.segment_definitions.insert_or_assign(definition.id, definition);
  if (const Status built = tenant.Rebuild(); !built.ok()) {
    if (before.has_value()) {
      tenant.segment_definitions.insert_or_assign(definition.id, *before);
    } else {
      tenant.segment_definitions.erase(definition.id);
    }
    return built;
  }
  tenant.progress.definitions++;
  SPOTTER_RETURN_IF_ERROR(
      overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                         state::Key(IdOf(tenant), state::Table::kSegment, definition.id),
                         state::EncodeRow(definition)));
  CountOf(tenant, definition.id);
  SPOTTER_RETURN_IF_ERROR(BeginWork(tenant));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("segment {} revision {}", definition.id, definition.revision)));
  return std::to_string(definition.revision);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::DeleteSegment& deletion,
                                      const model::Command& command) {
  const auto found = tenant.segment_definitions.find(deletion.id);
  if (found == tenant.segment_definitions.end()) {
    return NotFound("segment '{}' does not exist", deletion.id);
  }
  SPOTTER_RETURN_IF_ERROR(CheckEtag(deletion.id, EtagOf(found->second), deletion.etag));
  if (const std::vector<std::string> readers = tenant.ReadersOf(deletion.id); !readers.empty()) {
    return FailedPrecondition("segment '{}' is in use by {}: change or delete that first",
                              deletion.id, fmt::join(readers, ", "));
  }
  const model::SegmentDefinition definition = found->second;
  tenant.segment_definitions.erase(found);
  const Status built = tenant.Rebuild();
  Assert(built.ok(), "what nobody reads can go");
  tenant.progress.definitions++;
  SPOTTER_RETURN_IF_ERROR(
      overlay_.DeleteHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                            state::Key(IdOf(tenant), state::Table::kSegment, definition.id)));
  if (CountOf(tenant, definition.id).count.members == 0) {
    SPOTTER_RETURN_IF_ERROR(RemoveCount(tenant, definition.id));
  }
  SPOTTER_RETURN_IF_ERROR(BeginWork(tenant));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("segment {} revision {} deleted", definition.id, definition.revision)));
  return std::to_string(definition.revision);
}

// Its members stay who they are, right or wrong: nobody is told of a change that is in doubt, and
// no journey begins by it. Only to put it again decides everybody anew.
StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::QuarantineSegment& found,
                                      const model::Command& command) {
  const auto at = tenant.segment_definitions.find(found.id);
  if (at == tenant.segment_definitions.end()) {
    return NotFound("segment '{}' does not exist", found.id);
  }
  model::SegmentDefinition& definition = at->second;
  if (definition.revision != found.revision) {
    return FailedPrecondition("segment '{}' has revision {}, found wrong was {}", found.id,
                              definition.revision, found.revision);
  }
  if (!definition.quarantine.empty()) return std::to_string(definition.revision);
  definition.quarantine = found.reason;
  const Status built = tenant.Rebuild();
  Assert(built.ok(), "what stands still compiles as before");
  SPOTTER_RETURN_IF_ERROR(
      overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                         state::Key(IdOf(tenant), state::Table::kSegment, definition.id),
                         state::EncodeRow(definition)));
  SPOTTER_RETURN_IF_ERROR(Audit(tenant, command.principal,
                                fmt::format("segment {} revision {} quarantined: {}", definition.id,
                                            definition.revision, found.reason)));
  return std::to_string(definition.revision);
}

// --- who enters and leaves ----------------------------------------------------------------------

Status Shard::Impl::Transit(Tenant& tenant, model::ProfileId profile,
                            const model::Membership& after, EventTime before_since,
                            model::Cause cause) {
  CountedSegment& counted = CountOf(tenant, after.segment);
  SPOTTER_RETURN_IF_ERROR(BeginCountDay(tenant, after.segment, counted));
  counted.count.members += after.is_member ? 1 : -1;
  counted.dirty = true;
  Assert(counted.count.members >= 0, "nobody leaves a segment who is not in it");
  const state::TransitionRow row{.segment = after.segment,
                                 .profile = profile,
                                 .entered = after.is_member,
                                 .effective_time = after.since,
                                 .cause = cause,
                                 .revision = after.revision,
                                 .at = meta_.shard_time,
                                 .before_since = before_since,
                                 .members = counted.count.members};
  overlay_.AddHashed(IdOf(tenant), state::Element::kMembership, Family::kState,
                     state::TransitionKey(IdOf(tenant), OffsetFor(tenant), ordinal_++),
                     state::EncodeRow(row));
  if (counted.count.members == 0 && !tenant.segment_definitions.contains(after.segment)) {
    return RemoveCount(tenant, after.segment);
  }
  return OkStatus();
}

Status Shard::Impl::Leave(Tenant& tenant, const Member& member, const model::Membership& membership,
                          EventTime now, model::Cause cause) {
  if (!membership.is_member || IsOfJourney(membership.segment)) return OkStatus();
  model::Membership after = membership;
  after.is_member = false;
  after.since = now;
  counters_.transitions_by_cause[static_cast<size_t>(cause)]++;
  return Transit(tenant, member.profile.id, after, membership.since, cause);
}

Status Shard::Impl::LeaveDeleted(Tenant& tenant, Member& member, EventTime now) {
  const auto is_deleted = [&](const model::Membership& membership) {
    return !IsOfJourney(membership.segment) &&
           !tenant.segment_definitions.contains(membership.segment);
  };
  if (std::ranges::none_of(member.profile.memberships, is_deleted)) return OkStatus();
  Change(tenant, member);
  for (const model::Membership& membership : member.profile.memberships) {
    if (!is_deleted(membership)) continue;
    SPOTTER_RETURN_IF_ERROR(Leave(tenant, member, membership, now, model::Cause::kDefinition));
  }
  std::erase_if(member.profile.memberships, is_deleted);
  return OkStatus();
}

// --- how many there are -------------------------------------------------------------------------

CountedSegment& Shard::Impl::CountOf(Tenant& tenant, const std::string& segment) {
  const auto [counted, is_new] = tenant.counts.try_emplace(segment);
  if (is_new) counted->second = {.count = {.day = DayOf(meta_.shard_time)}, .dirty = true};
  return counted->second;
}

// What a day ended with becomes history when the count first changes on a later one.
Status Shard::Impl::BeginCountDay(Tenant& tenant, const std::string& segment,
                                  CountedSegment& counted) {
  const int64_t today = DayOf(meta_.shard_time);
  const int64_t members = counted.count.members;
  if (counted.count.day == today) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      overlay_.PutHashed(IdOf(tenant), state::Element::kProgress, Family::kState,
                         state::SegmentDayKey(IdOf(tenant), segment, counted.count.day),
                         state::EncodeRow(counted.count)));
  counted.count = {.day = today, .before = members, .members = members};
  return OkStatus();
}

Status Shard::Impl::RemoveCount(Tenant& tenant, const std::string& segment) {
  tenant.counts.erase(segment);
  return overlay_.DeleteHashed(IdOf(tenant), state::Element::kProgress, Family::kState,
                               state::Key(IdOf(tenant), state::Table::kSegmentCount, segment));
}

Status Shard::Impl::SaveCounts(Tenant& tenant) {
  for (auto& [segment, counted] : tenant.counts) {
    if (!std::exchange(counted.dirty, false)) continue;
    SPOTTER_RETURN_IF_ERROR(
        overlay_.PutHashed(IdOf(tenant), state::Element::kProgress, Family::kState,
                           state::Key(IdOf(tenant), state::Table::kSegmentCount, segment),
                           state::EncodeRow(counted.count)));
  }
  return OkStatus();
}

Status Shard::Impl::LoadCounts(Tenant& tenant) {
  Status status;
  const std::string prefix = state::TablePrefix(IdOf(tenant), state::Table::kSegmentCount);
  SPOTTER_RETURN_IF_ERROR(
      store_.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                  [&](std::string_view key, std::string_view value) {
                    const StatusOr<state::SegmentCount> count = state::DecodeSegmentCount(value);
                    status = count.status();
                    if (count.ok())
                      tenant.counts[std::string(key.substr(prefix.size()))].count = *count;
                    return status.ok();
                  }));
  if (!status.ok() || tenant.progress.counts_members) return status;
  return CountOnce(tenant);
}

// A state that an earlier version left has no counts: they are those of its memberships.
Status Shard::Impl::CountOnce(Tenant& tenant) {
  for (const auto& [id, definition] : tenant.segment_definitions) CountOf(tenant, id);
  const std::string prefix = state::TablePrefix(IdOf(tenant), state::Table::kProfile);
  Status status;
  SPOTTER_RETURN_IF_ERROR(
      store_.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                  [&](std::string_view, std::string_view value) {
                    const StatusOr<state::Profile> profile = state::DecodeProfile(value);
                    status = profile.status();
                    if (!status.ok()) return false;
                    for (const model::Membership& membership : profile->memberships) {
                      const auto counted = tenant.counts.find(membership.segment);
                      if (!membership.is_member || counted == tenant.counts.end()) continue;
                      counted->second.count.members++;
                    }
                    return true;
                  }));
  tenant.progress.counts_members = true;
  tenant.progress.work_revision = tenant.progress.work_pending ? 0 : tenant.progress.definitions;
  tenant.progress.transitions_from = meta_.next_offset + tenant.offset_base;
  tenant.progress_dirty = true;
  return status;
}

}  // namespace spotter::engine
