// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/hash.h"
#include "base/strong_id.h"

namespace spotter::model {

// A studio brand or an independent mentor: the isolation boundary. 1 to 64 of [a-z0-9-].
using TenantId = StrongId<std::string, struct TenantTag>;
// One customer in one source system: hash of (source, the source's own customer id).
using RecordKey = StrongId<Hash128, struct RecordTag>;
// One person, as far as we know: hash of (tenant, founding record, split ordinal); never reused.
using ProfileId = StrongId<Hash128, struct ProfileTag>;
// Hash of (tenant, journey, enrolment, step): the same after a crash, replay, failover or edit.
using ActionId = StrongId<Hash128, struct ActionTag>;
using EnrolmentId = StrongId<Hash128, struct EnrolmentTag>;

RecordKey MakeRecordKey(std::string_view source, std::string_view customer_id);
ProfileId MakeProfileId(const TenantId& tenant, RecordKey founder, uint32_t ordinal);
EnrolmentId MakeEnrolmentId(std::string_view journey, RecordKey anchor, uint32_t ordinal);
ActionId MakeActionId(const TenantId& tenant, std::string_view journey, EnrolmentId enrolment,
                      std::string_view step);

// "prf_", "act_", "rec_", "enr_" and 26 base32 characters; InvalidArgument names a bad one.
std::string ToText(ProfileId id);
std::string ToText(ActionId id);
std::string ToText(RecordKey id);
std::string ToText(EnrolmentId id);
StatusOr<ProfileId> ParseProfileId(std::string_view text);
StatusOr<ActionId> ParseActionId(std::string_view text);

Status ValidateTenantId(std::string_view text);

}  // namespace spotter::model
