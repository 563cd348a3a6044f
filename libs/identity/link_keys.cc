// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/codec.h"
#include "identity/resolve_records.h"

namespace spotter::identity {
namespace {

using model::HeldIdentifier;
using model::IdentifierType;
using model::SourceRecord;
using model::TenantKind;

constexpr uint8_t kEmailTier = 2;
constexpr uint8_t kPhoneTier = 3;

// The rule is part of the hash, so that values of different rules never meet.
enum class Rule : uint8_t { kEmailAndName = 1, kPhoneAndName = 2, kEmailAlone = 3 };

std::vector<std::string_view> CurrentValues(const SourceRecord& record, IdentifierType type) {
  std::vector<std::string_view> values;
  for (const HeldIdentifier& held : record.identifiers) {
    if (held.type == type && held.current && !held.normalized.empty()) {
      values.push_back(held.normalized);
    }
  }
  return values;
}

LinkKey MakeKey(uint8_t tier, Rule rule, std::string_view contact, std::string_view name) {
  Encoder parts;
  parts.Byte(static_cast<uint8_t>(rule)).Bytes(contact).Bytes(name);
  return {HashOf(parts.view()), tier};
}

}  // namespace

std::vector<LinkKey> LinkKeysOf(const SourceRecord& record, TenantKind kind) {
  std::vector<LinkKey> keys;
  const auto emails = CurrentValues(record, IdentifierType::kEmail);
  if (kind == TenantKind::kStudio) {
    const auto names = CurrentValues(record, IdentifierType::kName);
    const auto phones = CurrentValues(record, IdentifierType::kPhone);
    for (const auto name : names) {
      for (const auto email : emails) {
        keys.push_back(MakeKey(kEmailTier, Rule::kEmailAndName, email, name));
      }
      for (const auto phone : phones) {
        keys.push_back(MakeKey(kPhoneTier, Rule::kPhoneAndName, phone, name));
      }
    }
  } else {
    for (const auto email : emails) {
      keys.push_back(MakeKey(kEmailTier, Rule::kEmailAlone, email, ""));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace spotter::identity
