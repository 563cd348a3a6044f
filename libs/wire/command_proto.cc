// SPDX-License-Identifier: Apache-2.0
#include "wire/command_proto.h"

#include <utility>

#include "base/codec.h"
#include "wire/definition_proto.h"
#include "wire/leaf.h"
#include "wire/view.h"

namespace spotter::wire {
namespace {

struct CommandWriter {
  v1::Command& to;

  void operator()(const model::PutTenant& from) const {
    *to.mutable_put_tenant()->mutable_settings() = ToProto(from.settings);
  }
  void operator()(const model::PutZoneRules& from) const {
    to.mutable_put_zone_rules()->set_zone(from.zone);
    to.mutable_put_zone_rules()->set_tzif(from.tzif);
  }
  void operator()(const model::PutSegment& from) const {
    *to.mutable_put_segment()->mutable_segment() = ToProto(from.definition);
    to.mutable_put_segment()->set_etag(from.etag);
  }
  void operator()(const model::PutJourney& from) const {
    *to.mutable_put_journey()->mutable_journey() = ToProto(from.definition);
    to.mutable_put_journey()->set_include_existing(from.include_existing);
  }
  void operator()(const model::PutSubscription& from) const {
    *to.mutable_put_subscription()->mutable_subscription() = ToProto(from.subscription);
  }
  void operator()(const model::ChangeConsent& from) const {
    to.mutable_change_consent()->set_profile(IdText(from.profile));
    *to.mutable_change_consent()->mutable_entry() = ToProto(from.entry);
  }
  void operator()(const model::ChangeSuppression& from) const {
    v1::ChangeSuppression& change = *to.mutable_change_suppression();
    change.set_channel(from.channel);
    change.set_contact_hash(Encoder().Hash(from.contact_hash).bytes());
    change.set_suppressed(from.suppressed);
    change.set_reason(from.reason);
  }
  void operator()(const model::MergeProfiles& from) const {
    to.mutable_merge_profiles()->set_survivor(IdText(from.survivor));
    to.mutable_merge_profiles()->set_loser(IdText(from.loser));
    to.mutable_merge_profiles()->set_reason(from.reason);
  }
  void operator()(const model::SplitProfile& from) const {
    to.mutable_split_profile()->set_profile(IdText(from.profile));
    for (model::RecordKey record : from.records) {
      to.mutable_split_profile()->add_records(model::ToText(record));
    }
    to.mutable_split_profile()->set_reason(from.reason);
  }
  void operator()(const model::Settle& from) const {
    to.mutable_settle()->set_subscription(from.subscription);
    to.mutable_settle()->set_generation(from.generation);
    for (const model::Settlement& settlement : from.settlements) {
      v1::Settle::Settlement& added = *to.mutable_settle()->add_settlements();
      added.set_profile(IdText(settlement.profile));
      added.set_sequence(settlement.sequence);
      added.set_action(IdText(settlement.action));
      added.set_outcome(static_cast<v1::SettleOutcome>(settlement.outcome));
      added.set_reason(settlement.reason);
      added.set_anchor(IdText(settlement.anchor));
    }
  }
  void operator()(const model::Undeliverable& from) const {
    v1::Undeliverable& undeliverable = *to.mutable_undeliverable();
    undeliverable.set_subscription(from.subscription);
    undeliverable.set_profile(IdText(from.profile));
    undeliverable.set_sequence(from.sequence);
    undeliverable.set_action(IdText(from.action));
    undeliverable.set_reason(static_cast<v1::RefusalReason>(from.reason));
    undeliverable.set_generation(from.generation);
  }
  void operator()(const model::SeekSubscription& from) const {
    to.mutable_seek_subscription()->set_subscription(from.subscription);
  }
  void operator()(const model::AddNote& from) const {
    to.mutable_add_note()->set_profile(IdText(from.profile));
    to.mutable_add_note()->set_author(from.author);
    to.mutable_add_note()->set_text(from.text);
  }
  void operator()(const model::DeleteSegment& from) const {
    to.mutable_delete_segment()->set_segment(from.id);
    to.mutable_delete_segment()->set_etag(from.etag);
  }
  void operator()(const model::QuarantineSegment& from) const {
    to.mutable_quarantine_segment()->set_segment(from.id);
    to.mutable_quarantine_segment()->set_revision(from.revision);
    to.mutable_quarantine_segment()->set_reason(from.reason);
  }
};

// Keeps the failure of a nested conversion in the reader.
template <typename T>
T Keep(StatusOr<T> value, Reader& reader) {
  reader.Fail(value.status());
  return value.ok() ? *std::move(value) : T{};
}

model::ChangeConsent Read(const v1::ChangeConsent& from, Reader& reader) {
  const v1::ConsentEntry& entry = from.entry();
  model::ChangeConsent to{.profile = reader.Profile(from.profile())};
  to.entry = {.channel = entry.channel(),
              .purpose = entry.purpose(),
              .source = entry.source(),
              .text = entry.text(),
              .entity = entry.entity()};
  if (entry.state() != v1::CONSENT_STATE_UNSPECIFIED) {
    const bool known = v1::ConsentState_IsValid(entry.state());
    to.entry.state = reader.Enum<model::ConsentState>(entry.state(), known, "state");
  }
  if (entry.has_time()) to.entry.time = reader.Time(entry.time(), "time");
  return to;
}

model::ChangeSuppression Read(const v1::ChangeSuppression& from, Reader& reader) {
  Decoder hash(from.contact_hash());
  model::ChangeSuppression to{.channel = from.channel(),
                              .contact_hash = hash.Hash(),
                              .suppressed = from.suppressed(),
                              .reason = from.reason()};
  if (!hash.ok() || !hash.at_end()) {
    reader.Fail(
        InvalidArgument("contact_hash has {} bytes, expected 16", from.contact_hash().size()));
  }
  return to;
}

model::SplitProfile Read(const v1::SplitProfile& from, Reader& reader) {
  model::SplitProfile to{.profile = reader.Profile(from.profile()), .reason = from.reason()};
  for (const std::string& record : from.records()) to.records.push_back(reader.Record(record));
  return to;
}

model::Settlement Read(const v1::Settle::Settlement& from, Reader& reader) {
  const bool known =
      from.outcome() == v1::SETTLE_OUTCOME_ACK || from.outcome() == v1::SETTLE_OUTCOME_REJECT;
  return {.profile = reader.Profile(from.profile()),
          .sequence = from.sequence(),
          .action = reader.Action(from.action()),
          .outcome = reader.Enum<model::SettleOutcome>(from.outcome(), known, "outcome"),
          .reason = from.reason(),
          .anchor = from.anchor().empty() ? model::RecordKey() : reader.Record(from.anchor())};
}

model::Settle Read(const v1::Settle& from, Reader& reader) {
  model::Settle to{.subscription = from.subscription(), .generation = from.generation()};
  to.settlements.reserve(static_cast<size_t>(from.settlements_size()));
  for (const v1::Settle::Settlement& settlement : from.settlements()) {
    to.settlements.push_back(Read(settlement, reader));
  }
  return to;
}

model::Undeliverable Read(const v1::Undeliverable& from, Reader& reader) {
  const bool known = v1::RefusalReason_IsValid(from.reason());
  return {.subscription = from.subscription(),
          .profile = reader.Profile(from.profile()),
          .sequence = from.sequence(),
          .action = reader.Action(from.action()),
          .reason = reader.Enum<model::RefusalReason>(from.reason(), known, "reason"),
          .generation = from.generation()};
}

using What = decltype(model::Command::what);

What ReadWhat(const v1::Command& from, Reader& reader) {
  switch (from.what_case()) {
    case v1::Command::kPutTenant:
      return model::PutTenant{Keep(FromProto(from.put_tenant().settings()), reader)};
    case v1::Command::kPutZoneRules:
      return model::PutZoneRules{from.put_zone_rules().zone(), from.put_zone_rules().tzif()};
    case v1::Command::kPutSegment:
      return model::PutSegment{FromProto(from.put_segment().segment()), from.put_segment().etag()};
    case v1::Command::kPutJourney:
      return model::PutJourney{Keep(FromProto(from.put_journey().journey()), reader),
                               from.put_journey().include_existing()};
    case v1::Command::kPutSubscription:
      return model::PutSubscription{FromProto(from.put_subscription().subscription())};
    case v1::Command::kChangeConsent:
      return Read(from.change_consent(), reader);
    case v1::Command::kChangeSuppression:
      return Read(from.change_suppression(), reader);
    case v1::Command::kMergeProfiles:
      return model::MergeProfiles{reader.Profile(from.merge_profiles().survivor()),
                                  reader.Profile(from.merge_profiles().loser()),
                                  from.merge_profiles().reason()};
    case v1::Command::kSplitProfile:
      return Read(from.split_profile(), reader);
    case v1::Command::kSettle:
      return Read(from.settle(), reader);
    case v1::Command::kUndeliverable:
      return Read(from.undeliverable(), reader);
    case v1::Command::kSeekSubscription:
      return model::SeekSubscription{from.seek_subscription().subscription()};
    case v1::Command::kAddNote:
      return model::AddNote{reader.Profile(from.add_note().profile()), from.add_note().author(),
                            from.add_note().text()};
    case v1::Command::kDeleteSegment:
      return model::DeleteSegment{from.delete_segment().segment(), from.delete_segment().etag()};
    case v1::Command::kQuarantineSegment:
      return model::QuarantineSegment{from.quarantine_segment().segment(),
                                      from.quarantine_segment().revision(),
                                      from.quarantine_segment().reason()};
    case v1::Command::WHAT_NOT_SET:
      break;
  }
  reader.Fail(InvalidArgument("no kind of command that this version knows"));
  return {};
}

}  // namespace

void Write(const model::Command& from, v1::Command& to) {
  to.set_request_id(from.request_id);
  to.set_tenant(from.tenant.value());
  to.set_principal(from.principal);
  std::visit(CommandWriter{to}, from.what);
}

StatusOr<model::Command> FromProto(const v1::Command& from) {
  Reader reader;
  model::Command to{.request_id = from.request_id(),
                    .tenant = model::TenantId(from.tenant()),
                    .principal = from.principal(),
                    .what = ReadWhat(from, reader)};
  if (!reader.ok()) {
    return InvalidArgument("command '{}': {}", from.request_id(), MessageOf(reader.status()));
  }
  return to;
}

}  // namespace spotter::wire
