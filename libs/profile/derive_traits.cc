// SPDX-License-Identifier: Apache-2.0
#include "profile/derive_traits.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace spotter::profile {
namespace {

using model::Attribute;
using model::AttributeId;
using model::Entity;
using model::Timeline;
using model::Trait;

bool IsEarlier(const Trait& a, const Trait& b) {
  return std::tie(a.at, a.entity) < std::tie(b.at, b.entity);
}

std::vector<Trait>::iterator PlaceOf(AttributeId id, std::vector<Trait>& traits) {
  return std::lower_bound(traits.begin(), traits.end(), id,
                          [](const Trait& trait, AttributeId wanted) { return trait.id < wanted; });
}

Trait TraitFrom(const Entity& entity, const Attribute& attribute) {
  return {attribute.id, attribute.value, SetAt(entity, attribute.id), entity.id};
}

Trait LatestOf(AttributeId id, const Timeline& timeline) {
  std::optional<Trait> latest;
  for (const Entity& entity : timeline.entities()) {
    const model::Scalar* value = entity.attributes.Find(id);
    if (value == nullptr) continue;
    Trait trait = TraitFrom(entity, {id, *value});
    if (!latest || IsEarlier(*latest, trait)) latest = std::move(trait);
  }
  return *latest;  // only asked for attributes that an entity has
}

}  // namespace

std::vector<Trait> TraitsOf(const Timeline& timeline) {
  std::vector<Trait> traits;
  for (const Entity& entity : timeline.entities()) UpdateTraits(entity, timeline, traits);
  return traits;
}

std::vector<AttributeId> UpdateTraits(const Entity& entity, const Timeline& timeline,
                                      std::vector<Trait>& traits) {
  std::vector<AttributeId> changed;
  for (const Attribute& attribute : entity.attributes.items()) {
    if (!model::InfoOf(attribute.id).is_trait) continue;
    Trait trait = TraitFrom(entity, attribute);
    const auto at = PlaceOf(attribute.id, traits);
    if (at == traits.end() || at->id != attribute.id) {
      changed.push_back(attribute.id);
      traits.insert(at, std::move(trait));
      continue;
    }
    const bool steps_back = at->entity == entity.id && trait.at < at->at;
    if (steps_back) {
      trait = LatestOf(attribute.id, timeline);  // another entity may be the latest now
    } else if (IsEarlier(trait, *at)) {
      continue;
    }
    if (trait.value != at->value) changed.push_back(attribute.id);
    *at = std::move(trait);
  }
  return changed;
}

std::vector<std::string> TagsOf(const Timeline& timeline) {
  std::map<std::string_view, const Entity*> latest;
  for (const Entity& entity : timeline.entities()) {
    if (entity.type != "tag") continue;
    const std::string_view tag = entity.attributes.Text(AttributeId::tag);
    if (tag.empty()) continue;
    const Entity*& newest = latest[tag];  // entities ascend by id, so a tie goes to the larger
    if (newest == nullptr || newest->changed_at <= entity.changed_at) newest = &entity;
  }
  std::vector<std::string> tags;
  for (const auto& [tag, entity] : latest) {
    if (!entity->attributes.Flag(AttributeId::removed)) tags.emplace_back(tag);
  }
  return tags;
}

}  // namespace spotter::profile
