// SPDX-License-Identifier: Apache-2.0
#include "segment/member_values.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/assert.h"
#include "base/hash.h"
#include "segment/workspace.h"

namespace spotter::segment {
namespace {

using model::Fact;
using model::FactKind;
using model::MemberView;

// What is summed over the ledger, and what stands in the way of a sum.
struct Balance {
  int64_t sum = 0;
  uint32_t currency = 0;
  bool is_mixed = false;
  bool is_overflow = false;

  void Add(uint32_t code, int64_t amount) {
    if (amount == 0) return;
    is_mixed = is_mixed || (currency != 0 && code != currency);
    currency = code;
    is_overflow = is_overflow || __builtin_add_overflow(sum, amount, &sum);
  }
};

char* PutBigEndian(uint64_t word, char* out) {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(word >> shift & 0xFF);
  return out;
}

}  // namespace

Value ScalarValue(const model::Scalar& scalar, EventTime now) {
  if (const auto* text = std::get_if<std::string>(&scalar)) return StringValue(*text);
  if (const auto* number = std::get_if<int64_t>(&scalar)) return IntValue(*number);
  if (const auto* flag = std::get_if<bool>(&scalar)) return BoolValue(*flag);
  if (const auto* time = std::get_if<EventTime>(&scalar)) {
    return TimeValue(time->ms, 0, EventTime::Max(), now);
  }
  return DoubleValue(std::get<double>(scalar));
}

Value TraitValue(const MemberView& member, model::AttributeId id, EventTime now) {
  const model::Trait* trait = member.FindTrait(id);
  return trait == nullptr ? ErrorValue("the member lacks the attribute")
                          : ScalarValue(trait->value, now);
}

Value Tags(const MemberView& member, Workspace& work) {
  std::vector<std::string_view> tags;
  for (const model::SourceRecord* record : member.records) {
    tags.insert(tags.end(), record->tags.begin(), record->tags.end());
  }
  std::ranges::sort(tags);
  tags.erase(std::ranges::unique(tags).begin(), tags.end());
  const std::span<Value> values = work.NewValues(tags.size());
  if (values.size() < tags.size()) return Workspace::OverBound();
  std::ranges::transform(tags, values.begin(),
                         [](std::string_view tag) { return StringValue(tag); });
  return ListValue(values);
}

Value HasTags(const MemberView& member) {
  return BoolValue(std::ranges::any_of(member.records,
                                       [](const auto* record) { return !record->tags.empty(); }));
}

Value HasTag(const MemberView& member, const Value& tag) {
  if (tag.is_error()) return tag;
  if (tag.kind != ValueKind::kString) return BoolValue(false, tag.valid_until);
  const bool is_tagged = std::ranges::any_of(member.records, [&tag](const auto* record) {
    return std::ranges::find(record->tags, tag.text) != record->tags.end();
  });
  return BoolValue(is_tagged, tag.valid_until);
}

std::string_view ConsentName(model::ConsentState state) {
  switch (state) {
    case model::ConsentState::kGranted:
      return "granted";
    case model::ConsentState::kDenied:
      return "denied";
    case model::ConsentState::kUnknown:
      break;
  }
  return "unknown";
}

Value LifetimeSpend(const MemberView& member, EventTime now) {
  constexpr std::array kLedger = {FactKind::purchase, FactKind::refund, FactKind::dispute};
  Balance balance;
  EventTime until = EventTime::Max();
  for (const model::SourceRecord* record : member.records) {
    for (const auto& [kind, totals] : record->timeline.retired_totals()) {
      if (std::ranges::find(kLedger, kind) == kLedger.end()) continue;
      for (const auto& [currency, amount] : totals.sums) balance.Add(currency, amount);
    }
    for (const FactKind kind : kLedger) {
      for (const Fact& fact : record->timeline.Of(kind)) {
        if (fact.time > now) {
          until = std::min(until, fact.time);
          break;
        }
        balance.Add(fact.currency, fact.amount_minor);
      }
    }
  }
  if (balance.is_mixed) return ErrorValue("the member has spent in several currencies", until);
  if (balance.is_overflow) return ErrorValue("integer overflow", until);
  return IntValue(balance.sum, until);
}

double Bucket(const MemberView& member, std::string_view tenant, std::string_view salt) {
  Assert(!member.records.empty(), "a member has at least one record");
  std::array<char, 256> buffer;
  const size_t size = tenant.size() + 1 + salt.size() + 1 + sizeof(Hash128);
  std::string longer(size > buffer.size() ? size : 0, '\0');
  char* const begin = longer.empty() ? buffer.data() : longer.data();
  char* out = std::ranges::copy(tenant, begin).out;
  *out++ = '\0';
  out = std::ranges::copy(salt, out).out;
  *out++ = '\0';
  const Hash128 key = member.records.front()->key.value();
  out = PutBigEndian(key.low, PutBigEndian(key.high, out));
  Assert(out == begin + size, "the draw is made of all its bytes");
  // The 53 bits that a double holds exactly: always below 1.
  const uint64_t bits = HashOf(std::string_view(begin, size)).high >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace spotter::segment
