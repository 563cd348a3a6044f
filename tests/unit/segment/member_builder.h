// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "model/source_record.h"

namespace spotter::segment {

inline EventTime At(std::string_view text) { return ParseTime(text).value(); }

// A member of one or more source records, fact by fact.
class MemberBuilder {
 public:
  MemberBuilder() { Record(); }

  // What follows goes to a further source record.
  MemberBuilder& Record() {
    model::SourceRecord& record = records_.emplace_back();
    record.key = model::RecordKey(Hash128{.high = records_.size(), .low = 7});
    return *this;
  }
  MemberBuilder& Fact(model::FactKind kind, EventTime time, int64_t amount = 0,
                      std::string_view currency = "USD",
                      const model::AttributeSet& attributes = {}) {
    using A = model::AttributeId;
    model::Entity entity{
        .id = ++last_entity_, .time = time, .changed_at = time, .attributes = attributes};
    const auto set = [&](std::string_view type, std::string_view status) {
      entity.type = type;
      if (!status.empty()) entity.attributes.Set(A::status, std::string(status));
    };
    switch (kind) {
      case model::FactKind::visit:
        set("attendance", "completed");
        break;
      case model::FactKind::no_show:
        set("attendance", "no_show");
        break;
      case model::FactKind::booking:
        set("booking", "booked");
        break;
      case model::FactKind::purchase:
        set("payment", "completed");
        break;
      case model::FactKind::refund:
        set("refund", "completed");
        break;
      case model::FactKind::signup:
        set("member", "");
        break;
      default:
        set(model::NameOf(kind), "");
    }
    if (amount != 0) {
      entity.attributes.Set(A::amount_minor, amount);
      entity.attributes.Set(A::currency, std::string(currency));
    }
    records_.back().timeline.Put(std::move(entity));
    return *this;
  }
  // One with attributes of its own.
  MemberBuilder& Fact(model::FactKind kind, EventTime time, const model::AttributeSet& attributes) {
    return Fact(kind, time, 0, "USD", attributes);
  }
  MemberBuilder& Visit(EventTime time) { return Fact(model::FactKind::visit, time); }
  MemberBuilder& Trait(model::AttributeId id, model::Scalar value) {
    std::vector<model::Trait>& traits = records_.back().traits;
    const auto at = std::ranges::lower_bound(traits, id, {}, &model::Trait::id);
    traits.insert(at, {.id = id, .value = std::move(value)});
    return *this;
  }
  MemberBuilder& Tag(std::string tag) {
    std::vector<std::string>& tags = records_.back().tags;
    tags.insert(std::ranges::lower_bound(tags, tag), std::move(tag));
    return *this;
  }
  MemberBuilder& Consent(std::string channel, std::string purpose, model::ConsentState state) {
    records_.back().consents.push_back(
        {.channel = std::move(channel), .purpose = std::move(purpose), .state = state});
    return *this;
  }
  // Drops what is older, as the engine does from time to time.
  MemberBuilder& ExpireBefore(EventTime cutoff) {
    for (model::SourceRecord& record : records_) record.timeline.ExpireBefore(cutoff);
    return *this;
  }

  // Valid until the builder changes.
  model::MemberView View() const {
    pointers_.clear();
    for (const model::SourceRecord& record : records_) pointers_.push_back(&record);
    return {.profile = model::ProfileId(Hash128{.high = 1, .low = 1}), .records = pointers_};
  }

 private:
  std::deque<model::SourceRecord> records_;
  uint64_t last_entity_ = 0;
  mutable std::vector<const model::SourceRecord*> pointers_;
};

}  // namespace spotter::segment
