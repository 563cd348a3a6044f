// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "profile/fold_event.h"
#include "unit/profile/events.h"

namespace spotter::profile {
namespace {

using A = model::AttributeId;
using K = model::EventKind;
using model::AttributeSet;
using model::MakeEntityId;
using std::string_literals::operator""s;

TEST(EntityIdOf, IsTheEntityNamedElseTheEventItself) {
  const AttributeSet of_booking{{A::booking_id, "b7"s}};
  const struct {
    K kind;
    model::EntityReference entity;
    AttributeSet attributes;
    std::string type;
    std::string id;
  } cases[] = {
      // kind               named            attributes    addresses
      {K::booking_created, {"booking", "b1"}, {}, "booking", "b1"},
      {K::booking_cancelled, {"", "b1"}, {}, "booking", "b1"},
      {K::attendance, {"booking", "b1"}, {}, "booking", "b1"},
      {K::attendance, {"", "b1"}, {}, "booking", "b1"},
      {K::attendance, {}, of_booking, "booking", "b7"},
      {K::attendance, {}, {}, "attendance", "evt"},
      {K::purchase, {"", "p1"}, of_booking, "payment", "p1"},
      {K::payment_failed, {"invoice", "i1"}, {}, "invoice", "i1"},
      {K::scan_recorded, {}, {}, "scan", "evt"},
      {K::member_updated, {"member", "c1"}, {}, "member", "c1"},
      {K::unspecified, {}, {}, "", "evt"},
  };
  for (const auto& [kind, entity, attributes, type, id] : cases) {
    EXPECT_EQ(EntityIdOf(MakeEvent({kind, "evt", Day(0), entity, attributes})),
              MakeEntityId("square", type, id))
        << NameOf(kind) << ' ' << type << ' ' << id;
  }
}

TEST(OwnerOf, IsWhatTheEventNamesBesideTheCustomer) {
  const AttributeSet of_payment{{A::payment_id, "p9"s}};
  const AttributeSet of_booking{{A::booking_id, "b7"s}};
  const struct {
    K kind;
    model::EntityReference entity;
    AttributeSet attributes;
    std::string expected;
  } cases[] = {
      {K::refund, {"refund", "r1"}, of_payment, "payment p9"},
      {K::refund, {"refund", "r1"}, {}, " "},
      {K::refund, {"payment", "p1"}, {}, "payment p1"},
      {K::dispute, {"dispute", "d1"}, of_payment, "payment p9"},
      {K::booking_cancelled, {"booking", "b1"}, {}, "booking b1"},
      {K::attendance, {}, of_booking, "booking b7"},
      {K::attendance, {}, {}, " "},
      {K::purchase, {"payment", "p1"}, {}, "payment p1"},
      {K::invoice_changed, {"invoice", "i1"}, {}, "invoice i1"},
      {K::member_updated, {"member", "c1"}, {}, " "},
      {K::scan_recorded, {}, {}, " "},
  };
  for (const auto& [kind, entity, attributes, expected] : cases) {
    const model::MemberEvent event = MakeEvent({kind, "evt", Day(0), entity, attributes});
    const OwnerReference owner = OwnerOf(event);
    EXPECT_EQ(fmt::format("{} {}", owner.type, owner.id), expected) << NameOf(kind);
  }
}

TEST(NeedsEntityIndex, IsForEntitiesWhoseLaterEventsMayLackTheCustomer) {
  const struct {
    K kind;
    bool expected;
  } cases[] = {{K::booking_created, true}, {K::purchase, true},       {K::invoice_changed, true},
               {K::refund, false},         {K::scan_recorded, false}, {K::member_updated, false}};
  for (const auto& [kind, expected] : cases) {
    EXPECT_EQ(NeedsEntityIndex(MakeEvent({kind, "evt", Day(0), {"", "x1"}, {}})), expected);
  }
}

}  // namespace
}  // namespace spotter::profile
