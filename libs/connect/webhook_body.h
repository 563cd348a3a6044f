// SPDX-License-Identifier: Apache-2.0
//
// What the decoders of sources share. Private to connect.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/json_object.h"
#include "model/event.h"

namespace spotter::connect {

using Events = std::vector<model::MemberEvent>;

// A body type that we read: its name, the member of `data.object` that holds the thing ("" = it is
// the object itself), and what makes events of it.
struct BodyType {
  std::string_view name;
  std::string_view object;
  void (*decode)(const JsonObject& envelope, const JsonObject& object, Events& events);
};
std::span<const BodyType> SquareBodies();
std::span<const BodyType> StripeBodies();

// A word of a source and ours.
struct Word {
  std::string_view theirs;
  std::string_view ours;
};
// Rejects the body, naming what is known, if `word` (the value at `key`) is in no row.
std::string TranslateWord(const JsonObject& object, std::string_view key, std::string_view word,
                          std::span<const Word> dictionary);

// Sets the attribute unless `text` is empty.
void SetText(model::MemberEvent& event, model::AttributeId id, std::string text);
// card_expiry as "2027-03"; absent or absurd numbers leave it out.
void SetCardExpiry(model::MemberEvent& event, std::optional<int64_t> year,
                   std::optional<int64_t> month);

}  // namespace spotter::connect
