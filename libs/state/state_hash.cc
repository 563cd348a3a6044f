// SPDX-License-Identifier: Apache-2.0
#include "state/state_hash.h"

#include "base/codec.h"

namespace spotter::state {
namespace {

using Wide = unsigned __int128;

Wide ToWide(Hash128 h) { return (static_cast<Wide>(h.high) << 64) | h.low; }
Hash128 FromWide(Wide w) { return {static_cast<uint64_t>(w >> 64), static_cast<uint64_t>(w)}; }

Wide HashElement(Element element, std::string_view tenant, std::string_view key,
                 std::string_view value) {
  thread_local Encoder bytes;
  bytes.Clear();
  bytes.Byte(static_cast<uint8_t>(element)).Bytes(tenant).Bytes(key).Raw(value);
  return ToWide(HashOf(bytes.view()));
}

constexpr std::array<std::string_view, kElements> kNames = {
    "record",    "entity", "identifier",  "retired",   "profile",    "membership",  "due",
    "enrolment", "sent",   "outbox",      "sequence",  "definition", "suppression", "answer",
    "refusal",   "orphan", "dead letter", "assertion", "audit",      "progress",    "consents"};

}  // namespace

void StateHash::Add(Element element, std::string_view tenant, std::string_view key,
                    std::string_view value) {
  Hash128& sum = sums_[static_cast<size_t>(element)];
  sum = FromWide(ToWide(sum) + HashElement(element, tenant, key, value));
}

void StateHash::Subtract(Element element, std::string_view tenant, std::string_view key,
                         std::string_view value) {
  Hash128& sum = sums_[static_cast<size_t>(element)];
  sum = FromWide(ToWide(sum) - HashElement(element, tenant, key, value));
}

void StateHash::Add(const StateHash& other) {
  for (size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = FromWide(ToWide(sums_[i]) + ToWide(other.sums_[i]));
  }
}

void StateHash::Subtract(const StateHash& other) {
  for (size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = FromWide(ToWide(sums_[i]) - ToWide(other.sums_[i]));
  }
}

Hash128 StateHash::Total() const {
  Encoder bytes;
  for (const Hash128& sum : sums_) bytes.Hash(sum);
  return HashOf(bytes.view());
}

Hash128 StateHash::Facts() const {
  Encoder bytes;
  bytes.Hash(Of(Element::kEntity)).Hash(Of(Element::kRetired));
  return HashOf(bytes.view());
}

std::string StateHash::FirstDifference(const StateHash& a, const StateHash& b) {
  for (size_t i = 0; i < a.sums_.size(); ++i) {
    if (a.sums_[i] != b.sums_[i]) return std::string(kNames[i]);
  }
  return "";
}

}  // namespace spotter::state
