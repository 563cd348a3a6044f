// SPDX-License-Identifier: Apache-2.0
#include "spotter/v1/log.pb.h"
#include "wire/leaf.h"
#include "wire/wire.h"

namespace spotter::wire {
namespace {

struct ControlWriter {
  v1::ControlRecord& to;
  void operator()(const model::SkipOffset& from) const {
    v1::SkipOffset& skip = *to.mutable_skip_offset();
    skip.set_offset(from.offset);
    skip.set_reason(from.reason);
    skip.set_shard(from.shard);
    skip.set_taken_back(from.taken_back);
  }
  void operator()(const model::Barrier& from) const {
    v1::Barrier& barrier = *to.mutable_barrier();
    barrier.set_offset(from.offset);
    barrier.set_logic_version(from.logic_version);
    barrier.set_shard(from.shard);
  }
  void operator()(const model::PlaceTenant& from) const {
    v1::PlaceTenant& place = *to.mutable_place_tenant();
    place.set_tenant(from.tenant.value());
    place.set_shard(from.shard);
    place.set_move(static_cast<v1::MovePhase>(from.move));
    place.set_revision(from.revision);
    place.set_to_shard(from.to_shard);
    place.set_note(from.note);
  }
  void operator()(const model::TenantEntry& from) const {
    v1::TenantEntry& entry = *to.mutable_tenant_entry();
    entry.set_tenant(from.tenant.value());
    entry.set_kind(Shifted<v1::TenantKind>(from.kind));
    entry.set_region(from.region);
    for (const model::TenantSource& source : from.sources) {
      v1::TenantSource& added = *entry.add_sources();
      added.set_name(source.name);
      added.set_site(source.site);
      for (const std::string& topic : source.topics) added.add_topics(topic);
    }
  }
  void operator()(const model::ShardOwner& from) const {
    v1::ShardOwner& owner = *to.mutable_shard_owner();
    owner.set_shard(from.shard);
    owner.set_generation(from.generation);
    owner.set_owner(from.owner);
    owner.set_address(from.address);
    owner.set_is_standby(from.is_standby);
  }
  void operator()(const model::ShardCount& from) const {
    to.mutable_shard_count()->set_partitions(from.partitions);
    to.mutable_shard_count()->set_log_topic(from.log_topic);
  }
};

StatusOr<model::ControlRecord> Read(const v1::PlaceTenant& from) {
  Reader reader;
  model::PlaceTenant place{.tenant = model::TenantId(from.tenant()),
                           .shard = from.shard(),
                           .revision = from.revision(),
                           .to_shard = from.to_shard(),
                           .note = from.note()};
  if (from.move() != v1::MOVE_PHASE_UNSPECIFIED) {
    place.move =
        reader.Enum<model::MovePhase>(from.move(), v1::MovePhase_IsValid(from.move()), "move");
  }
  SPOTTER_RETURN_IF_ERROR(reader.status());
  return place;
}

StatusOr<model::ControlRecord> Read(const v1::TenantEntry& from) {
  Reader reader;
  model::TenantEntry entry{.tenant = model::TenantId(from.tenant()),
                           .kind = reader.Unshifted<model::TenantKind>(
                               from.kind(), v1::TenantKind_IsValid(from.kind()), "kind"),
                           .region = from.region()};
  SPOTTER_RETURN_IF_ERROR(reader.status());
  for (const v1::TenantSource& source : from.sources()) {
    entry.sources.push_back({.name = source.name(),
                             .site = source.site(),
                             .topics = {source.topics().begin(), source.topics().end()}});
  }
  return entry;
}

}  // namespace

std::string Encode(const model::ControlRecord& record) {
  v1::ControlRecord message;
  std::visit(ControlWriter{message}, record);
  return message.SerializeAsString();
}

StatusOr<model::ControlRecord> DecodeControlRecord(std::string_view bytes) {
  v1::ControlRecord message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("control record: {} bytes are not this message, or a text is not UTF-8",
                           bytes.size());
  }
  switch (message.record_case()) {
    case v1::ControlRecord::kSkipOffset: {
      const v1::SkipOffset& skip = message.skip_offset();
      return model::SkipOffset{skip.offset(), skip.reason(), skip.shard(), skip.taken_back()};
    }
    case v1::ControlRecord::kBarrier: {
      const v1::Barrier& barrier = message.barrier();
      return model::Barrier{barrier.offset(), barrier.logic_version(), barrier.shard()};
    }
    case v1::ControlRecord::kPlaceTenant:
      return Read(message.place_tenant());
    case v1::ControlRecord::kTenantEntry:
      return Read(message.tenant_entry());
    case v1::ControlRecord::kShardOwner: {
      const v1::ShardOwner& owner = message.shard_owner();
      return model::ShardOwner{owner.shard(), owner.generation(), owner.owner(), owner.address(),
                               owner.is_standby()};
    }
    case v1::ControlRecord::kShardCount:
      return model::ShardCount{message.shard_count().partitions(),
                               message.shard_count().log_topic()};
    case v1::ControlRecord::RECORD_NOT_SET:
      break;
  }
  return InvalidArgument("control record: no kind of record that this version knows");
}

}  // namespace spotter::wire
