// SPDX-License-Identifier: Apache-2.0
#include "model/attribute.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace spotter::model {
namespace {

constexpr AttributeInfo kById[] = {
#define X(id, name, type, trait) {AttributeId::name, #name, ScalarType::type, trait},
    SPOTTER_ATTRIBUTES(X)
#undef X
};
constexpr size_t kCount = std::size(kById);

constexpr bool Ascends() {
  for (size_t i = 1; i < kCount; ++i) {
    if (kById[i - 1].id >= kById[i].id) return false;
  }
  return true;
}
static_assert(Ascends(), "SPOTTER_ATTRIBUTES is ascending by id");

constexpr auto SortedByName() {
  std::array<uint16_t, kCount> order{};
  for (size_t i = 0; i < kCount; ++i) order[i] = static_cast<uint16_t>(i);
  std::sort(order.begin(), order.end(),
            [](uint16_t a, uint16_t b) { return kById[a].name < kById[b].name; });
  return order;
}
constexpr auto kByName = SortedByName();

bool HasSmallerId(const Attribute& attribute, AttributeId id) { return attribute.id < id; }

template <typename T>
const T* FindAs(const AttributeSet& set, AttributeId id) {
  const Scalar* value = set.Find(id);
  return value == nullptr ? nullptr : std::get_if<T>(value);
}

}  // namespace

std::string ToText(const Scalar& value) {
  struct Printer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(EventTime v) const { return FormatTime(v); }
  };
  return std::visit(Printer{}, value);
}

std::span<const AttributeInfo> AllAttributes() { return kById; }

const AttributeInfo* FindAttribute(std::string_view name) {
  const auto* at = std::lower_bound(
      kByName.begin(), kByName.end(), name,
      [](uint16_t index, std::string_view wanted) { return kById[index].name < wanted; });
  return at != kByName.end() && kById[*at].name == name ? &kById[*at] : nullptr;
}

const AttributeInfo& InfoOf(AttributeId id) {
  const auto* at = std::lower_bound(
      std::begin(kById), std::end(kById), id,
      [](const AttributeInfo& info, AttributeId wanted) { return info.id < wanted; });
  Assert(at != std::end(kById) && at->id == id, "an AttributeId is one of the table");
  return *at;
}

AttributeSet::AttributeSet(std::initializer_list<Attribute> attributes) {
  items_.reserve(attributes.size());
  for (const Attribute& attribute : attributes) Set(attribute.id, attribute.value);
}

void AttributeSet::Set(AttributeId id, Scalar value) {
  if (items_.empty() || items_.back().id < id) {
    items_.push_back({id, std::move(value)});
    return;
  }
  const auto at = std::lower_bound(items_.begin(), items_.end(), id, HasSmallerId);
  if (at->id == id) {
    at->value = std::move(value);
  } else {
    items_.insert(at, {id, std::move(value)});
  }
}

const Scalar* AttributeSet::Find(AttributeId id) const {
  const auto at = std::lower_bound(items_.begin(), items_.end(), id, HasSmallerId);
  return at != items_.end() && at->id == id ? &at->value : nullptr;
}

std::string_view AttributeSet::Text(AttributeId id) const {
  const auto* text = FindAs<std::string>(*this, id);
  return text == nullptr ? std::string_view() : *text;
}

int64_t AttributeSet::Int(AttributeId id, int64_t otherwise) const {
  const auto* number = FindAs<int64_t>(*this, id);
  return number == nullptr ? otherwise : *number;
}

std::optional<EventTime> AttributeSet::TimeOf(AttributeId id) const {
  const auto* time = FindAs<EventTime>(*this, id);
  return time == nullptr ? std::nullopt : std::optional(*time);
}

bool AttributeSet::Flag(AttributeId id) const {
  const auto* flag = FindAs<bool>(*this, id);
  return flag != nullptr && *flag;
}

void AttributeSet::Overlay(const AttributeSet& newer) {
  for (const Attribute& attribute : newer.items_) Set(attribute.id, attribute.value);
}

}  // namespace spotter::model
