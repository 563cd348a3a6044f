// SPDX-License-Identifier: Apache-2.0
//
// Values as the public messages that the services answer with. An instant that means "never" or
// "none" is left out of the message.
#pragma once

#include <string_view>

#include "model/action.h"
#include "model/source_record.h"
#include "spotter/v1/action.pb.h"
#include "spotter/v1/profile.pb.h"
#include "wire/definition_proto.h"
#include "wire/event_proto.h"

namespace spotter::wire {

v1::Membership ToProto(const model::Membership& membership);
v1::Transition ToProto(const model::Transition& transition);
v1::Enrolment ToProto(const model::Enrolment& enrolment);

v1::Action ToProto(const model::Action& action);
v1::OutboxEntry ToProto(const model::OutboxEntry& entry);
v1::Refusal ToProto(const model::Refusal& refusal);  // without the profile

v1::MemberStatus ToProto(model::MemberStatus status);
v1::ConsentEntry ToProto(const model::ConsentEntry& entry);
v1::Trait ToProto(const model::Trait& trait);
v1::SourceRecord ToProto(const model::SourceRecord& record);
v1::HeldIdentifier ToProto(const model::HeldIdentifier& identifier, model::RecordKey record);
v1::FactTotals ToProto(model::FactKind kind, const model::Totals& totals);
v1::Money ToMoney(uint32_t currency, int64_t minor);
// `entity`: the one behind the fact; nullptr: it has left the timeline.
v1::TimelineEntry ToProto(const model::Fact& fact, const model::Entity* entity,
                          model::RecordKey record);

}  // namespace spotter::wire
