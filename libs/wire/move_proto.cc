// SPDX-License-Identifier: Apache-2.0
#include "wire/move_proto.h"

#include "base/codec.h"

namespace spotter::wire {
namespace {

constexpr size_t kHashBytes = 16;
constexpr uint32_t kFamilyMax = 2;  // store::Family

}  // namespace

void Write(const model::ImportTenant& from, v1::ImportTenant& to) {
  to.set_tenant(from.tenant.value());
  to.set_revision(from.revision);
  to.set_from_shard(from.from_shard);
  to.set_attempt(from.attempt);
  to.set_part(from.part);
  for (const model::TenantRow& row : from.rows) {
    v1::TenantRow& added = *to.add_rows();
    added.set_family(row.family);
    added.set_key(row.key);
    added.set_value(row.value);
  }
  if (from.end.has_value()) {
    v1::ImportEnd& end = *to.mutable_end();
    end.set_rows(from.end->rows);
    Encoder hash;
    for (const Hash128& sum : from.end->hash) hash.Hash(sum);
    end.set_hash(hash.Take());
    end.set_shard_time_ms(from.end->shard_time.ms);
    end.set_next_offset(from.end->next_offset);
  }
  to.set_abandoned(from.abandoned);
}

StatusOr<model::ImportTenant> FromProto(const v1::ImportTenant& import) {
  model::ImportTenant to{.tenant = model::TenantId(import.tenant()),
                         .revision = import.revision(),
                         .from_shard = import.from_shard(),
                         .attempt = import.attempt(),
                         .part = import.part(),
                         .abandoned = import.abandoned()};
  to.rows.reserve(static_cast<size_t>(import.rows_size()));
  for (const v1::TenantRow& row : import.rows()) {
    if (row.family() > kFamilyMax) {
      return InvalidArgument("import of '{}': row family {}, expected 0 to {}", import.tenant(),
                             row.family(), kFamilyMax);
    }
    to.rows.push_back(
        {.family = static_cast<uint8_t>(row.family()), .key = row.key(), .value = row.value()});
  }
  if (!import.has_end()) return to;
  const std::string& hash = import.end().hash();
  if (hash.size() % kHashBytes != 0) {
    return InvalidArgument("import of '{}': a hash of {} bytes, expected a multiple of {}",
                           import.tenant(), hash.size(), kHashBytes);
  }
  to.end = {.rows = import.end().rows(),
            .hash = {},
            .shard_time = EventTime{import.end().shard_time_ms()},
            .next_offset = import.end().next_offset()};
  Decoder in(hash);
  while (!in.at_end()) to.end->hash.push_back(in.Hash());
  return to;
}

void Write(const model::Forwarded& from, v1::Forwarded& to) {
  to.set_tenant(from.tenant.value());
  to.set_revision(from.revision);
  to.set_from_shard(from.from_shard);
  to.set_offset(from.offset);
  to.set_record(from.record);
}

model::Forwarded FromProto(const v1::Forwarded& forwarded) {
  return {.tenant = model::TenantId(forwarded.tenant()),
          .revision = forwarded.revision(),
          .from_shard = forwarded.from_shard(),
          .offset = forwarded.offset(),
          .record = forwarded.record()};
}

}  // namespace spotter::wire
