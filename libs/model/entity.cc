// SPDX-License-Identifier: Apache-2.0
#include "model/entity.h"

#include <algorithm>

namespace spotter::model {
namespace {

constexpr uint64_t kEntitySeed = 5;
constexpr uint64_t kTagBits = 3;  // Scalar's index, below the attribute id
constexpr uint64_t kTagMask = (1U << kTagBits) - 1;

// Malformed bytes that a Decoder cannot know of: reads to the end and past it.
void Spoil(Decoder& in) {
  while (in.ok()) in.Byte();
}

struct ScalarEncoder {
  Encoder& out;
  void operator()(bool v) const { out.Bool(v); }
  void operator()(int64_t v) const { out.Signed(v); }
  void operator()(double v) const { out.Double(v); }
  void operator()(const std::string& v) const { out.Bytes(v); }
  void operator()(EventTime v) const { out.Time(v); }
};

bool IsKnown(AttributeId id) {
  const auto all = AllAttributes();
  const auto at = std::lower_bound(
      all.begin(), all.end(), id,
      [](const AttributeInfo& info, AttributeId wanted) { return info.id < wanted; });
  return at != all.end() && at->id == id;
}

Scalar DecodeScalar(ScalarType type, Decoder& in) {
  switch (type) {
    case ScalarType::kBool:
      return in.Bool();
    case ScalarType::kInt:
      return in.Signed();
    case ScalarType::kDouble:
      return in.Double();
    case ScalarType::kString:
      return std::string(in.Bytes());
    case ScalarType::kTime:
      return in.Time();
  }
  Spoil(in);
  return false;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string_view NameOf(FactKind kind) {
  switch (kind) {
    case FactKind::unspecified:
      return "unspecified";
#define X(number, name) \
  case FactKind::name:  \
    return #name;
      SPOTTER_FACT_KINDS(X)
#undef X
  }
  return "unknown";
}

FactKind FindFactKind(std::string_view name) {
#define X(number, spelled) \
  if (name == #spelled) return FactKind::spelled;
  SPOTTER_FACT_KINDS(X)
#undef X
  return FactKind::unspecified;
}

uint64_t MakeEntityId(std::string_view source, std::string_view type, std::string_view id) {
  Encoder parts;
  parts.Bytes(source).Bytes(type).Bytes(id);
  return Hash64Of(parts.view(), kEntitySeed);
}

EventTime SetAt(const Entity& entity, AttributeId id) {
  const auto at = std::find_if(entity.older.begin(), entity.older.end(),
                               [id](const AttributeStamp& stamp) { return stamp.id == id; });
  return at == entity.older.end() ? entity.changed_at : at->time;
}

uint32_t PackCurrency(std::string_view code) {
  if (code.size() != 3) return 0;
  uint32_t packed = 0;
  for (const char c : code) {
    if (!IsLetter(c)) return 0;
    packed = (packed << 8) | (static_cast<uint8_t>(c) & 0xdfU);  // clears the lower-case bit
  }
  return packed;
}

std::string UnpackCurrency(uint32_t currency) {
  std::string code;
  for (const int shift : {16, 8, 0}) {
    const char c = static_cast<char>((currency >> shift) & 0xffU);
    if (c != 0) code.push_back(c);
  }
  return code;
}

void Encode(const AttributeSet& attributes, Encoder& out) {
  out.Varint(attributes.items().size());
  for (const auto& [id, value] : attributes.items()) {
    out.Varint((static_cast<uint64_t>(id) << kTagBits) | value.index());
    std::visit(ScalarEncoder{out}, value);
  }
}

AttributeSet DecodeAttributes(Decoder& in) {
  AttributeSet attributes;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint64_t head = in.Varint();
    const auto id = static_cast<AttributeId>(head >> kTagBits);
    if (!IsKnown(id)) Spoil(in);
    attributes.Set(id, DecodeScalar(static_cast<ScalarType>(head & kTagMask), in));
  }
  return attributes;
}

void Encode(const Entity& entity, Encoder& out) {
  out.Fixed64(entity.id).Bytes(entity.type).Byte(static_cast<uint8_t>(entity.last_kind));
  out.Time(entity.time).Signed(entity.changed_at.ms - entity.time.ms);
  out.Signed(entity.version).Fixed64(entity.version_tie);
  Encode(entity.attributes, out);
  out.Varint(entity.older.size());
  for (const AttributeStamp& stamp : entity.older) {
    out.Varint(static_cast<uint64_t>(stamp.id)).Signed(stamp.version).Fixed64(stamp.tie);
    out.Signed(stamp.time.ms - entity.time.ms);
  }
  out.Varint(entity.seen_events.size());
  for (const uint64_t event : entity.seen_events) out.Fixed64(event);
}

Entity DecodeEntity(Decoder& in) {
  Entity entity;
  entity.id = in.Fixed64();
  entity.type = in.Bytes();
  entity.last_kind = static_cast<EventKind>(in.Byte());
  entity.time = in.Time();
  entity.changed_at = entity.time + Duration(in.Signed());
  entity.version = in.Signed();
  entity.version_tie = in.Fixed64();
  entity.attributes = DecodeAttributes(in);
  const uint64_t stamps = in.Varint();
  for (uint64_t i = 0; i < stamps && in.ok(); ++i) {
    AttributeStamp stamp;
    stamp.id = static_cast<AttributeId>(in.Varint());
    stamp.version = in.Signed();
    stamp.tie = in.Fixed64();
    stamp.time = entity.time + Duration(in.Signed());
    entity.older.push_back(stamp);
  }
  const uint64_t seen = in.Varint();
  for (uint64_t i = 0; i < seen && in.ok(); ++i) entity.seen_events.push_back(in.Fixed64());
  return entity;
}

}  // namespace spotter::model
