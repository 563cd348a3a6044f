// SPDX-License-Identifier: Apache-2.0
#include "state/keys.h"

#include "base/codec.h"

namespace spotter::state {
namespace {

Encoder Start(std::string_view tenant, Table table) {
  Encoder key;
  key.Terminated(tenant).Byte(static_cast<uint8_t>(table));
  return key;
}

}  // namespace

std::string TablePrefix(std::string_view tenant, Table table) {
  return Start(tenant, table).Take();
}
std::string Key(std::string_view tenant, Table table, std::string_view rest) {
  return Start(tenant, table).Raw(rest).Take();
}
std::string MetaKey() { return Encoder().Terminated("").Raw("meta").Take(); }
std::string ClaimKey() { return Encoder().Terminated("").Raw("newest-claim").Take(); }
std::string CleanStopKey() { return Encoder().Terminated("").Raw("clean").Take(); }

std::string MoveKey(std::string_view tenant) { return Key("", Table::kMove, tenant); }
std::string KeptBackPrefix(std::string_view tenant) {
  return Start("", Table::kKeptBack).Terminated(tenant).Take();
}
std::string KeptBackKey(std::string_view tenant, int64_t offset) {
  return Start("", Table::kKeptBack)
      .Terminated(tenant)
      .Fixed64(static_cast<uint64_t>(offset))
      .Take();
}

std::string ForwardedSeenKey(std::string_view tenant, int32_t from_shard, int64_t offset) {
  return Start(tenant, Table::kForwardedSeen)
      .Fixed32(static_cast<uint32_t>(from_shard))
      .Fixed64(static_cast<uint64_t>(offset))
      .Take();
}
std::string RecordPrefix(std::string_view tenant, model::RecordKey record) {
  return Start(tenant, Table::kRecord).Hash(record.value()).Take();
}
std::string RecordRowKey(std::string_view tenant, model::RecordKey record, uint32_t row) {
  return Start(tenant, Table::kRecord).Hash(record.value()).Fixed32(row).Take();
}
std::string ProfileKey(std::string_view tenant, model::ProfileId profile) {
  return Start(tenant, Table::kProfile).Hash(profile.value()).Take();
}
std::string AnchorKey(std::string_view tenant, model::RecordKey record) {
  return Start(tenant, Table::kAnchor).Hash(record.value()).Take();
}
std::string SequenceKey(std::string_view tenant, model::ProfileId profile,
                        std::string_view subscription) {
  return Start(tenant, Table::kSequence).Hash(profile.value()).Raw(subscription).Take();
}
std::string LinkPrefix(std::string_view tenant, Hash128 link) {
  return Start(tenant, Table::kLink).Hash(link).Take();
}
std::string LinkKeyOf(std::string_view tenant, Hash128 link, model::RecordKey record) {
  return Start(tenant, Table::kLink).Hash(link).Hash(record.value()).Take();
}
std::string IdentifierPrefix(std::string_view tenant, model::IdentifierType type,
                             std::string_view normalized) {
  return Start(tenant, Table::kIdentifier)
      .Byte(static_cast<uint8_t>(type))
      .Hash(HashOf(normalized))
      .Take();
}
std::string IdentifierKey(std::string_view tenant, model::IdentifierType type,
                          std::string_view normalized, model::RecordKey record) {
  return IdentifierPrefix(tenant, type, normalized) + Encoder().Hash(record.value()).Take();
}
std::string AssertionPrefix(std::string_view tenant, model::RecordKey record) {
  return Start(tenant, Table::kAssertion).Hash(record.value()).Take();
}
std::string AssertionKey(std::string_view tenant, model::RecordKey record, model::RecordKey other) {
  return Start(tenant, Table::kAssertion).Hash(record.value()).Hash(other.value()).Take();
}
Hash128 EntityHash(std::string_view source, std::string_view type, std::string_view id) {
  return HashOf(Encoder().Bytes(source).Bytes(type).Bytes(id).view());
}
std::string EntityIndexKey(std::string_view tenant, Hash128 entity) {
  return Start(tenant, Table::kEntityIndex).Hash(entity).Take();
}
std::string OrphanPrefix(std::string_view tenant, Hash128 entity) {
  return Start(tenant, Table::kOrphan).Hash(entity).Take();
}
std::string OrphanKey(std::string_view tenant, Hash128 entity, int64_t offset) {
  return Start(tenant, Table::kOrphan).Hash(entity).Fixed64(static_cast<uint64_t>(offset)).Take();
}
std::string SegmentDayPrefix(std::string_view tenant, std::string_view segment) {
  return Start(tenant, Table::kSegmentDay).Terminated(segment).Take();
}
std::string SegmentDayKey(std::string_view tenant, std::string_view segment, int64_t day) {
  return Start(tenant, Table::kSegmentDay)
      .Terminated(segment)
      .Fixed64(static_cast<uint64_t>(day))
      .Take();
}
std::string TransitionKey(std::string_view tenant, int64_t offset, uint32_t ordinal) {
  return Start(tenant, Table::kTransition)
      .Fixed64(static_cast<uint64_t>(offset))
      .Fixed32(ordinal)
      .Take();
}
TransitionPlace ParseTransitionKey(std::string_view tenant, std::string_view key) {
  Decoder in(key.substr(TablePrefix(tenant, Table::kTransition).size()));
  TransitionPlace place;
  place.offset = static_cast<int64_t>(in.Fixed64());
  place.ordinal = in.Fixed32();
  return place;
}
std::string SuppressionKey(std::string_view tenant, std::string_view channel, Hash128 contact) {
  return Start(tenant, Table::kSuppression).Terminated(channel).Hash(contact).Take();
}
std::string RefusalPrefix(std::string_view tenant, model::ProfileId profile) {
  return Start(tenant, Table::kRefusal).Hash(profile.value()).Take();
}
std::string RefusalKey(std::string_view tenant, model::ProfileId profile, int64_t offset,
                       uint32_t ordinal) {
  return Start(tenant, Table::kRefusal)
      .Hash(profile.value())
      .Fixed64(static_cast<uint64_t>(offset))
      .Fixed32(ordinal)
      .Take();
}
std::string OutboxPrefix(std::string_view tenant, std::string_view subscription,
                         model::ProfileId profile) {
  return Encoder().Terminated(tenant).Terminated(subscription).Hash(profile.value()).Take();
}
std::string OutboxSubscriptionPrefix(std::string_view tenant, std::string_view subscription) {
  return Encoder().Terminated(tenant).Terminated(subscription).Take();
}
std::string OutboxKey(std::string_view tenant, std::string_view subscription,
                      model::ProfileId profile, int64_t sequence) {
  return Encoder()
      .Terminated(tenant)
      .Terminated(subscription)
      .Hash(profile.value())
      .Fixed64(static_cast<uint64_t>(sequence))
      .Take();
}

std::string TimerPrefix(EventTime due) { return Encoder().OrderedTime(due).Take(); }
std::string TimerKey(EventTime due, std::string_view tenant, model::ProfileId profile) {
  return Encoder().OrderedTime(due).Terminated(tenant).Hash(profile.value()).Take();
}
StatusOr<Timer> ParseTimerKey(std::string_view key) {
  Decoder in(key);
  Timer timer;
  timer.due = in.OrderedTime();
  timer.tenant = in.Terminated();
  timer.profile = model::ProfileId(in.Hash());
  SPOTTER_RETURN_IF_ERROR(in.Done("timer key"));
  return timer;
}
model::RecordKey LastRecordKey(std::string_view key) {
  if (key.size() < 16) return {};
  Decoder in(key.substr(key.size() - 16));
  return model::RecordKey(in.Hash());
}

}  // namespace spotter::state
