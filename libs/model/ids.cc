// SPDX-License-Identifier: Apache-2.0
#include "model/ids.h"

#include <algorithm>

#include "base/codec.h"

namespace spotter::model {
namespace {

// Each kind of id has its own seed, so that equal parts of different kinds never meet.
enum Seed : uint64_t { kRecordSeed = 1, kProfileSeed = 2, kEnrolmentSeed = 3, kActionSeed = 4 };

constexpr size_t kTenantIdBytesMax = 64;

template <typename Id>
StatusOr<Id> ParseId(std::string_view prefix, std::string_view what, std::string_view text) {
  if (text.starts_with(prefix)) {
    auto hash = ParseBase32(text.substr(prefix.size()));
    if (hash.ok()) return Id(*hash);
  }
  return InvalidArgument("{} '{}': expected {} and 26 characters of a-z2-7", what, text, prefix);
}

}  // namespace

RecordKey MakeRecordKey(std::string_view source, std::string_view customer_id) {
  Encoder parts;
  parts.Bytes(source).Bytes(customer_id);
  return RecordKey(HashOf(parts.view(), kRecordSeed));
}

ProfileId MakeProfileId(const TenantId& tenant, RecordKey founder, uint32_t ordinal) {
  Encoder parts;
  parts.Bytes(tenant.value()).Hash(founder.value()).Varint(ordinal);
  return ProfileId(HashOf(parts.view(), kProfileSeed));
}

EnrolmentId MakeEnrolmentId(std::string_view journey, RecordKey anchor, uint32_t ordinal) {
  Encoder parts;
  parts.Bytes(journey).Hash(anchor.value()).Varint(ordinal);
  return EnrolmentId(HashOf(parts.view(), kEnrolmentSeed));
}

ActionId MakeActionId(const TenantId& tenant, std::string_view journey, EnrolmentId enrolment,
                      std::string_view step) {
  Encoder parts;
  parts.Bytes(tenant.value()).Bytes(journey).Hash(enrolment.value()).Bytes(step);
  return ActionId(HashOf(parts.view(), kActionSeed));
}

std::string ToText(ProfileId id) { return "prf_" + Base32(id.value()); }
std::string ToText(ActionId id) { return "act_" + Base32(id.value()); }
std::string ToText(RecordKey id) { return "rec_" + Base32(id.value()); }
std::string ToText(EnrolmentId id) { return "enr_" + Base32(id.value()); }

StatusOr<ProfileId> ParseProfileId(std::string_view text) {
  return ParseId<ProfileId>("prf_", "profile id", text);
}

StatusOr<ActionId> ParseActionId(std::string_view text) {
  return ParseId<ActionId>("act_", "action id", text);
}

Status ValidateTenantId(std::string_view text) {
  const bool spelled = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!spelled || text.empty() || text.size() > kTenantIdBytesMax) {
    return InvalidArgument("tenant '{}': expected 1 to 64 characters of a-z, 0-9 and -", text);
  }
  return OkStatus();
}

}  // namespace spotter::model
