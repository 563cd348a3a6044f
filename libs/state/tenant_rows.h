// SPDX-License-Identifier: Apache-2.0
//
// All that a shard keeps of one tenant, row by row, for moving the tenant to another shard. Timers
// are not among it: they follow from the profiles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "state/state_hash.h"
#include "store/store.h"

namespace spotter::state {

struct TenantRow {
  store::Family family = store::Family::kState;
  std::string key;
  std::string value;    // a source record comes whole, as one base row
  uint32_t deltas = 0;  // rows behind it on disk that are part of it
};

struct TenantRows {
  std::vector<TenantRow> rows;
  std::string cursor;  // where to go on; "" = that was all
};

// Reads on at `cursor` ("" = from the start): at most `rows_max` rows and about `bytes_max` bytes,
// at least one row if there is one. DataLoss: a source record does not decode.
StatusOr<TenantRows> ReadTenantRows(const store::Store& store, std::string_view tenant,
                                    const std::string& cursor, size_t rows_max, size_t bytes_max);

// What the row adds to the state hash; of an index it is nothing. DataLoss: it does not decode.
// InvalidArgument: it is not a row of this tenant, or not one that ReadTenantRows gives.
StatusOr<StateHash> HashOfRow(std::string_view tenant, store::Family family, std::string_view key,
                              std::string_view value);

}  // namespace spotter::state
