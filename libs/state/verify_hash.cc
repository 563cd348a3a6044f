// SPDX-License-Identifier: Apache-2.0
#include "state/verify_hash.h"

#include "state/fields.h"
#include "state/keys.h"

namespace spotter::state {
namespace {

class Change {
 public:
  Change(std::string_view tenant, bool add, StateHash& hash)
      : tenant_(tenant), add_(add), hash_(hash) {}
  void operator()(Element element, std::string_view key, std::string_view value) {
    if (add_) {
      hash_.Add(element, tenant_, key, value);
    } else {
      hash_.Subtract(element, tenant_, key, value);
    }
  }

 private:
  std::string_view tenant_;
  bool add_;
  StateHash& hash_;
};

template <typename... T>
std::string Encoded(const T&... values) {
  Encoder out;
  Writer write(out);
  write(values...);
  return out.Take();
}

}  // namespace

void ChangeProfileElements(std::string_view tenant, const Profile& profile, bool add,
                           StateHash& hash) {
  Change change(tenant, add, hash);
  const std::string key = Encoded(profile.id);
  change(Element::kProfile, key,
         Encoded(profile.founder, profile.founded_offset, profile.merged_into, profile.records,
                 profile.definitions));
  for (const model::Membership& membership : profile.memberships) {
    change(Element::kMembership, key, Encoded(membership));
  }
  if (profile.armed != EventTime::Max()) change(Element::kDue, key, Encoded(profile.armed));
}

void ChangeAnchorElements(std::string_view tenant, const Anchor& anchor, bool add,
                          StateHash& hash) {
  Change change(tenant, add, hash);
  const std::string key = Encoded(anchor.record);
  for (const model::Enrolment& enrolment : anchor.enrolments) {
    change(Element::kEnrolment, key, Encoded(enrolment));
  }
  for (const model::SentMessage& sent : anchor.sent) {
    change(Element::kSent, key, Encoded(sent));
  }
}

RowKind KindOfStateRow(std::string_view tenant, std::string_view key) {
  if (key.starts_with(TablePrefix("", Table::kSettings))) return {};  // the list of tenants
  switch (static_cast<Table>(key[Encoder().Terminated(tenant).view().size()])) {
    case Table::kAnswer:
      return {true, Element::kAnswer};
    case Table::kAudit:
      return {true, Element::kAudit};
    case Table::kRefusal:
      return {true, Element::kRefusal};
    case Table::kAssertion:
      return {true, Element::kAssertion};
    case Table::kDeadLetter:
      return {true, Element::kDeadLetter};
    case Table::kOrphan:
    case Table::kKeptBack:
      return {true, Element::kOrphan};
    case Table::kSequence:
      return {true, Element::kSequence};
    case Table::kSegment:
    case Table::kSettings:
    case Table::kSubscription:
    case Table::kJourney:
    case Table::kZone:
      return {true, Element::kDefinition};
    case Table::kTransition:
      return {true, Element::kMembership};
    case Table::kProgress:
    case Table::kSegmentCount:
    case Table::kSegmentDay:
    case Table::kMove:
    case Table::kForwardedSeen:
      return {true, Element::kProgress};
    case Table::kSuppression:
      return {true, Element::kSuppression};
    case Table::kProfile:  // by their elements
    case Table::kAnchor:
    case Table::kRecord:
    case Table::kEntityIndex:  // indexes, derived from records
    case Table::kIdentifier:
    case Table::kLink:
      return {};
  }
  return {};
}

StatusOr<StateHash> HashByScan(const store::Reader& store) {
  StateHash hash;
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, ReadTenants(store));
  Status status = OkStatus();
  std::vector<std::string> scopes = tenants;
  scopes.insert(scopes.begin(), "");
  for (const std::string& tenant : scopes) {
    const std::string prefix = Encoder().Terminated(tenant).Take();
    SPOTTER_RETURN_IF_ERROR(
        store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                   [&](std::string_view key, std::string_view value) {
                     if (key == MetaKey() || key == CleanStopKey()) return true;
                     const auto table = static_cast<Table>(key[prefix.size()]);
                     if (table == Table::kProfile) {
                       StatusOr<Profile> profile = DecodeProfile(value);
                       if (profile.ok()) ChangeProfileElements(tenant, *profile, true, hash);
                       status = profile.status();
                     } else if (table == Table::kAnchor) {
                       StatusOr<Anchor> anchor = DecodeAnchor(value);
                       if (anchor.ok()) ChangeAnchorElements(tenant, *anchor, true, hash);
                       status = anchor.status();
                     } else if (const RowKind kind = KindOfStateRow(tenant, key); kind.hashed) {
                       hash.Add(kind.element, tenant, key, value);
                     }
                     return status.ok();
                   }));
    SPOTTER_RETURN_IF_ERROR(status);
    SPOTTER_RETURN_IF_ERROR(ScanRecords(store, tenant, [&](const StoredRecord& stored) {
      AddRecordElements(tenant, stored, hash);
      return OkStatus();
    }));
    if (tenant.empty()) continue;
    SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kOutbox, prefix, store::PrefixEnd(prefix),
                                       [&](std::string_view key, std::string_view value) {
                                         hash.Add(Element::kOutbox, tenant, key, value);
                                         return true;
                                       }));
  }
  return hash;
}

StatusOr<Meta> ReadMeta(const store::Reader& store) {
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                           store.Get(store::Family::kState, MetaKey()));
  if (!row.has_value()) return NotFound("the state is empty");
  return DecodeMeta(*row);
}

StatusOr<std::vector<std::string>> ReadTenants(const store::Reader& store) {
  std::vector<std::string> tenants;
  const std::string prefix = TablePrefix("", Table::kSettings);
  SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view key, std::string_view) {
                                       tenants.emplace_back(key.substr(prefix.size()));
                                       return true;
                                     }));
  return tenants;
}

}  // namespace spotter::state
