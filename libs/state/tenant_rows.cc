// SPDX-License-Identifier: Apache-2.0
#include "state/tenant_rows.h"

#include "base/codec.h"
#include "state/keys.h"
#include "state/verify_hash.h"

namespace spotter::state {
namespace {

using store::Family;

constexpr size_t kRowNumberBytes = sizeof(uint32_t);  // at the end of a record row's key

char CursorOf(Family family) { return static_cast<char>('0' + static_cast<int>(family)); }

// Gathers rows until the limits are met; a record is met whole.
class Gatherer {
 public:
  Gatherer(Family family, std::string_view tenant, size_t rows_max, size_t bytes_max,
           TenantRows& found)
      : family_(family),
        records_(TablePrefix(tenant, Table::kRecord)),
        rows_max_(rows_max),
        bytes_max_(bytes_max),
        found_(found) {}

  // False: the limits are met, or `status` is not ok; the row was not taken.
  bool Take(std::string_view key, std::string_view value) {
    const bool is_record = family_ == Family::kState && key.starts_with(records_);
    const bool goes_on =
        is_record && !record_.empty() && key.starts_with(record_);  // the same record
    if (!goes_on) {
      FinishRecord();
      if (IsFull()) {
        found_.cursor = CursorOf(family_) + std::string(key);
        return false;
      }
    }
    if (!is_record) {
      Add(std::string(key), std::string(value), 0);
      return true;
    }
    if (!goes_on) record_ = key.substr(0, key.size() - kRowNumberBytes);
    status_ = FoldRecordRow(key, value, stored_);
    return status_.ok();
  }
  void FinishRecord() {
    if (!stored_.has_value()) return;
    const uint32_t deltas = stored_->deltas;
    Add(record_ + std::string(kRowNumberBytes, '\0'), EncodeRecord(*stored_), deltas);
    stored_.reset();
    record_.clear();
  }
  bool IsFull() const { return found_.rows.size() >= rows_max_ || bytes_ >= bytes_max_; }
  const Status& status() const { return status_; }

 private:
  void Add(std::string key, std::string value, uint32_t deltas) {
    bytes_ += key.size() + value.size();
    found_.rows.push_back({family_, std::move(key), std::move(value), deltas});
  }

  const Family family_;
  const std::string records_;
  const size_t rows_max_;
  const size_t bytes_max_;
  TenantRows& found_;
  std::string record_;  // the key of the record under way, without the row's number
  std::optional<StoredRecord> stored_;
  size_t bytes_ = 0;
  Status status_;
};

}  // namespace

StatusOr<TenantRows> ReadTenantRows(const store::Store& store, std::string_view tenant,
                                    const std::string& cursor, size_t rows_max, size_t bytes_max) {
  const std::string prefix = Encoder().Terminated(tenant).Take();
  TenantRows found;
  for (const Family family : {Family::kState, Family::kOutbox}) {
    if (!cursor.empty() && cursor[0] > CursorOf(family)) continue;
    const std::string begin =
        !cursor.empty() && cursor[0] == CursorOf(family) ? cursor.substr(1) : prefix;
    Gatherer gatherer(family, tenant, rows_max, bytes_max, found);
    SPOTTER_RETURN_IF_ERROR(store.Scan(
        family, begin, store::PrefixEnd(prefix),
        [&](std::string_view key, std::string_view value) { return gatherer.Take(key, value); }));
    SPOTTER_RETURN_IF_ERROR(gatherer.status());
    gatherer.FinishRecord();
    if (!found.cursor.empty()) return found;
    if (family == Family::kState && gatherer.IsFull()) {
      found.cursor = CursorOf(Family::kOutbox) + prefix;
      return found;
    }
  }
  return found;
}

StatusOr<StateHash> HashOfRow(std::string_view tenant, Family family, std::string_view key,
                              std::string_view value) {
  const std::string prefix = Encoder().Terminated(tenant).Take();
  if (!key.starts_with(prefix) || key.size() <= prefix.size() || family == Family::kTimers) {
    return InvalidArgument("a row of tenant '{}' has the key of something else", tenant);
  }
  StateHash hash;
  if (family == Family::kOutbox) {
    hash.Add(Element::kOutbox, tenant, key, value);
    return hash;
  }
  const auto table = static_cast<Table>(key[prefix.size()]);
  if (table == Table::kProfile) {
    SPOTTER_ASSIGN_OR_RETURN(const Profile profile, DecodeProfile(value));
    ChangeProfileElements(tenant, profile, true, hash);
  } else if (table == Table::kAnchor) {
    SPOTTER_ASSIGN_OR_RETURN(const Anchor anchor, DecodeAnchor(value));
    ChangeAnchorElements(tenant, anchor, true, hash);
  } else if (table == Table::kRecord) {
    if (key.size() < prefix.size() + 1 + kRowNumberBytes) {
      return InvalidArgument("a record of tenant '{}' has a key of {} bytes", tenant, key.size());
    }
    std::optional<StoredRecord> stored;
    SPOTTER_RETURN_IF_ERROR(FoldRecordRow(key, value, stored));
    AddRecordElements(tenant, *stored, hash);
  } else if (const RowKind kind = KindOfStateRow(tenant, key); kind.hashed) {
    hash.Add(kind.element, tenant, key, value);
  }
  return hash;
}

}  // namespace spotter::state
