// SPDX-License-Identifier: Apache-2.0
#include "model/attribute.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/codec.h"
#include "model/entity.h"

namespace spotter::model {
namespace {

using A = AttributeId;
using std::string_literals::operator""s;

TEST(Attributes, AreFoundByNameAndById) {
  for (const AttributeInfo& info : AllAttributes()) {
    EXPECT_EQ(FindAttribute(info.name), &info);
    EXPECT_EQ(&InfoOf(info.id), &info);
  }
  EXPECT_EQ(FindAttribute("payment_status")->id, A::payment_status);
  EXPECT_TRUE(FindAttribute("payment_status")->is_trait);
  EXPECT_EQ(FindAttribute("totl_spend"), nullptr);
  EXPECT_EQ(FindAttribute(""), nullptr);
}

TEST(AttributeSet, KeepsOneValuePerIdInOrder) {
  AttributeSet set{{A::status, "booked"s}, {A::class_id, "c1"s}, {A::fee_kept, true}};
  set.Set(A::amount_minor, int64_t{1200});
  set.Set(A::status, "completed"s);
  ASSERT_EQ(set.items().size(), 4U);
  for (size_t i = 1; i < set.items().size(); ++i) {
    EXPECT_LT(set.items()[i - 1].id, set.items()[i].id);
  }
  EXPECT_EQ(set.Text(A::status), "completed");
  EXPECT_EQ(set.Int(A::amount_minor), 1200);
  EXPECT_TRUE(set.Flag(A::fee_kept));
}

TEST(AttributeSet, AnswersAbsentAndOtherTypesWithTheDefault) {
  const AttributeSet set{{A::amount_minor, "12"s}, {A::class_start, EventTime{5}}};
  EXPECT_EQ(set.Int(A::amount_minor, -1), -1);
  EXPECT_EQ(set.Text(A::status), "");
  EXPECT_FALSE(set.Flag(A::fee_kept));
  EXPECT_EQ(set.TimeOf(A::class_end), std::nullopt);
  EXPECT_EQ(set.TimeOf(A::class_start), EventTime{5});
  EXPECT_EQ(set.Find(A::joined_at), nullptr);
}

TEST(AttributeSet, OverlayLetsTheNewerWinAndKeepsTheRest) {
  AttributeSet set{{A::status, "booked"s}, {A::genre, "yoga"s}};
  set.Overlay({{A::status, "completed"s}, {A::instructor, "Ana"s}});
  EXPECT_EQ(
      set, (AttributeSet{{A::genre, "yoga"s}, {A::instructor, "Ana"s}, {A::status, "completed"s}}));
}

TEST(Scalar, PrintsAsAReaderExpects) {
  EXPECT_EQ(ToText(Scalar(true)), "true");
  EXPECT_EQ(ToText(Scalar(int64_t{-5})), "-5");
  EXPECT_EQ(ToText(Scalar(71.5)), "71.5");
  EXPECT_EQ(ToText(Scalar("yoga"s)), "yoga");
  EXPECT_EQ(ToText(Scalar(EventTime{0})), "1970-01-01T00:00:00.000Z");
}

AttributeSet SetOfEveryType() {
  return {{A::fee_kept, true},
          {A::amount_minor, std::numeric_limits<int64_t>::min()},
          {A::weight_kg, 71.25},
          {A::class_title, "Yin \0 Yoga"s},
          {A::class_start, EventTime{-1}}};
}

TEST(AttributeSet, SurvivesEncoding) {
  Encoder out;
  Encode(SetOfEveryType(), out);
  Decoder in(out.view());
  EXPECT_EQ(DecodeAttributes(in), SetOfEveryType());
  EXPECT_TRUE(in.Done("attributes").ok());
}

TEST(AttributeSet, DecodingNeverTrustsItsBytes) {
  Encoder out;
  Encode(SetOfEveryType(), out);
  for (size_t size = 0; size < out.view().size(); ++size) {  // every truncation
    Decoder in(out.view().substr(0, size));
    DecodeAttributes(in);
    EXPECT_FALSE(in.Done("attributes").ok()) << size;
  }
  Encoder unknown_id;
  unknown_id.Varint(1).Varint((uint64_t{9999} << 3) | 1).Signed(5);
  Decoder by_id(unknown_id.view());
  DecodeAttributes(by_id);
  EXPECT_FALSE(by_id.Done("attributes").ok());
  Encoder unknown_type;
  unknown_type.Varint(1).Varint((8U << 3) | 7).Signed(5);
  Decoder by_type(unknown_type.view());
  DecodeAttributes(by_type);
  EXPECT_FALSE(by_type.Done("attributes").ok());
}

}  // namespace
}  // namespace spotter::model
