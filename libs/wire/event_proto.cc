// SPDX-License-Identifier: Apache-2.0
#include "wire/event_proto.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace spotter::wire {
namespace {

using model::AttributeId;
using model::Scalar;

template <typename T>
const T& Held(const Scalar& value) {
  const T* held = std::get_if<T>(&value);
  Assert(held != nullptr, "an attribute's value has the type that the table declares");
  return *held;
}

void WriteScalar(const Scalar& from, v1::Field& to) {
  if (const auto* flag = std::get_if<bool>(&from)) to.set_bool_value(*flag);
  if (const auto* number = std::get_if<int64_t>(&from)) to.set_int_value(*number);
  if (const auto* real = std::get_if<double>(&from)) to.set_double_value(*real);
  if (const auto* text = std::get_if<std::string>(&from)) to.set_string_value(*text);
  if (const auto* time = std::get_if<EventTime>(&from)) Write(*time, *to.mutable_time_value());
}

Scalar ReadScalar(const v1::Field& from, Reader& reader) {
  switch (from.value_case()) {
    case v1::Field::kBoolValue:
      return from.bool_value();
    case v1::Field::kIntValue:
      return int64_t{from.int_value()};
    case v1::Field::kDoubleValue:
      return from.double_value();
    case v1::Field::kStringValue:
      return from.string_value();
    case v1::Field::kTimeValue:
      return reader.Time(from.time_value(), from.name());
    case v1::Field::VALUE_NOT_SET:
      break;
  }
  reader.Fail(InvalidArgument("field '{}' has no value", from.name()));
  return Scalar();
}

std::vector<model::Field> ReadFields(const v1::MemberEvent& from, Reader& reader) {
  std::vector<model::Field> fields;
  fields.reserve(static_cast<size_t>(from.fields_size()));
  for (const v1::Field& field : from.fields()) {
    fields.push_back({field.name(), ReadScalar(field, reader)});
  }
  const auto by_name = [](const model::Field& a, const model::Field& b) { return a.name < b.name; };
  std::sort(fields.begin(), fields.end(), by_name);
  const auto twice = std::adjacent_find(
      fields.begin(), fields.end(),
      [](const model::Field& a, const model::Field& b) { return a.name == b.name; });
  if (twice != fields.end()) {
    reader.Fail(InvalidArgument("field '{}' is given twice", twice->name));
  }
  return fields;
}

model::EntityReference ReadEntity(const v1::EntityReference& from, Reader& reader) {
  model::EntityReference to{.type = from.type(), .id = from.id(), .version = from.version()};
  if (from.has_update_time()) {
    to.update_time = reader.Time(from.update_time(), "entity.update_time");
  }
  return to;
}

void WriteEntity(const model::EntityReference& from, v1::EntityReference& to) {
  to.set_type(from.type);
  to.set_id(from.id);
  to.set_version(from.version);
  if (from.update_time != EventTime{}) Write(from.update_time, *to.mutable_update_time());
}

}  // namespace

// One statement per attribute and direction, generated from the table: no reflection.
#define SPOTTER_WRITE_kBool(name) to.set_##name(Held<bool>(value))
#define SPOTTER_WRITE_kInt(name) to.set_##name(Held<int64_t>(value))
#define SPOTTER_WRITE_kDouble(name) to.set_##name(Held<double>(value))
#define SPOTTER_WRITE_kString(name) to.set_##name(Held<std::string>(value))
#define SPOTTER_WRITE_kTime(name) Write(Held<EventTime>(value), *to.mutable_##name())

#define SPOTTER_READ_kBool(name) from.name()
#define SPOTTER_READ_kInt(name) \
  int64_t { from.name() }
#define SPOTTER_READ_kDouble(name) from.name()
#define SPOTTER_READ_kString(name) from.name()
#define SPOTTER_READ_kTime(name) reader.Time(from.name(), #name)

void Write(const model::AttributeSet& from, v1::Attributes& to) {
  for (const auto& [id, value] : from.items()) {
    switch (id) {
#define X(number, name, type, trait) \
  case AttributeId::name:            \
    SPOTTER_WRITE_##type(name);      \
    break;
      SPOTTER_ATTRIBUTES(X)
#undef X
    }
  }
}

model::AttributeSet ReadAttributes(const v1::Attributes& from, Reader& reader) {
  model::AttributeSet to;
#define X(number, name, type, trait) \
  if (from.has_##name()) to.Set(AttributeId::name, Scalar(SPOTTER_READ_##type(name)));
  SPOTTER_ATTRIBUTES(X)
#undef X
  return to;
}

void Write(const model::MemberEvent& from, v1::MemberEvent& to) {
  to.set_tenant(from.tenant.value());
  to.set_source(from.source);
  to.set_source_event_id(from.source_event_id);
  to.set_kind(static_cast<v1::EventKind>(from.kind));
  if (from.event_time != EventTime{}) Write(from.event_time, *to.mutable_event_time());
  if (from.entity != model::EntityReference{}) WriteEntity(from.entity, *to.mutable_entity());
  to.set_customer_id(from.customer_id);
  for (const model::Identifier& identifier : from.identifiers) {
    v1::Identifier& added = *to.add_identifiers();
    added.set_type(static_cast<v1::IdentifierType>(identifier.type));
    added.set_raw(identifier.raw);
    added.set_normalized(identifier.normalized);
    added.set_normalizer_version(identifier.normalizer_version);
  }
  to.set_site(from.site);
  if (!from.attributes.empty()) Write(from.attributes, *to.mutable_attributes());
  for (const model::Field& field : from.fields) {
    v1::Field& added = *to.add_fields();
    added.set_name(field.name);
    WriteScalar(field.value, added);
  }
  to.set_backfill(from.backfill);
}

v1::MemberEvent ToProto(const model::MemberEvent& event) {
  v1::MemberEvent to;
  Write(event, to);
  return to;
}

v1::Attributes ToProto(const model::AttributeSet& attributes) {
  v1::Attributes to;
  Write(attributes, to);
  return to;
}

v1::Field ToField(std::string_view name, const Scalar& value) {
  v1::Field to;
  to.set_name(std::string(name));
  WriteScalar(value, to);
  return to;
}

StatusOr<model::MemberEvent> FromProto(const v1::MemberEvent& from) {
  Reader reader;
  model::MemberEvent to;
  to.tenant = model::TenantId(from.tenant());
  to.source = from.source();
  to.source_event_id = from.source_event_id();
  to.kind = reader.Enum<model::EventKind>(from.kind(), v1::EventKind_IsValid(from.kind()), "kind");
  if (from.has_event_time()) to.event_time = reader.Time(from.event_time(), "event_time");
  if (from.has_entity()) to.entity = ReadEntity(from.entity(), reader);
  to.customer_id = from.customer_id();
  to.identifiers.reserve(static_cast<size_t>(from.identifiers_size()));
  for (const v1::Identifier& identifier : from.identifiers()) {
    const bool known = v1::IdentifierType_IsValid(identifier.type());
    to.identifiers.push_back(
        {.type = reader.Enum<model::IdentifierType>(identifier.type(), known, "identifiers.type"),
         .raw = identifier.raw(),
         .normalized = identifier.normalized(),
         .normalizer_version = identifier.normalizer_version()});
  }
  to.site = from.site();
  if (from.has_attributes()) to.attributes = ReadAttributes(from.attributes(), reader);
  if (from.fields_size() > 0) to.fields = ReadFields(from, reader);
  to.backfill = from.backfill();
  if (!reader.ok()) {
    return InvalidArgument("event '{}' of source '{}': {}", from.source_event_id(), from.source(),
                           MessageOf(reader.status()));
  }
  return to;
}

}  // namespace spotter::wire
