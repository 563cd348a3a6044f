// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "state/record_rows.h"
#include "state/rows.h"
#include "store/store.h"

namespace spotter::state {

// The hash elements of a profile and of an anchor; `add` false subtracts them.
void ChangeProfileElements(std::string_view tenant, const Profile& profile, bool add,
                           StateHash& hash);
void ChangeAnchorElements(std::string_view tenant, const Anchor& anchor, bool add, StateHash& hash);

// Which element the rows of a key-value table are; rows are hashed as (key, value).
struct RowKind {
  bool hashed = false;
  Element element = Element::kProgress;
};
RowKind KindOfStateRow(std::string_view tenant, std::string_view key);

// The state hash recomputed from every row. DataLoss: a row does not decode.
StatusOr<StateHash> HashByScan(const store::Reader& store);

// The shard's own row; NotFound if the store is new.
StatusOr<Meta> ReadMeta(const store::Reader& store);
// The tenants of the shard, ascending.
StatusOr<std::vector<std::string>> ReadTenants(const store::Reader& store);

}  // namespace spotter::state
