// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "spotter/v1/event.pb.h"
#include "unit/wire/sample_records.h"
#include "wire/event_proto.h"
#include "wire/wire.h"

namespace spotter::wire {
namespace {

using google::protobuf::FieldDescriptor;

// mission: C1, D6 (typed attributes for what profiles and history show), X19 (one spelling)
TEST(Contract, AttributesAreThoseOfTheModel) {
  const auto* type = v1::Attributes::descriptor();
  ASSERT_EQ(static_cast<size_t>(type->field_count()), model::AllAttributes().size());
  for (const model::AttributeInfo& info : model::AllAttributes()) {
    SCOPED_TRACE(info.name);
    const FieldDescriptor* field = type->FindFieldByNumber(static_cast<int>(info.id));
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->name(), info.name);
    EXPECT_TRUE(field->has_presence());
    switch (info.type) {
      case model::ScalarType::kBool:
        EXPECT_EQ(field->type(), FieldDescriptor::TYPE_BOOL);
        break;
      case model::ScalarType::kInt:
        EXPECT_EQ(field->type(), FieldDescriptor::TYPE_INT64);
        break;
      case model::ScalarType::kDouble:
        EXPECT_EQ(field->type(), FieldDescriptor::TYPE_DOUBLE);
        break;
      case model::ScalarType::kString:
        EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING);
        break;
      case model::ScalarType::kTime:
        EXPECT_EQ(field->message_type()->full_name(), "google.protobuf.Timestamp");
        break;
    }
  }
}

// mission: C2
TEST(Contract, EventKindsAreThoseOfTheModel) {
  const auto* type = v1::EventKind_descriptor();
  for (int i = 1; i < type->value_count(); ++i) {
    std::string name = type->value(i)->name().substr(std::string("EVENT_KIND_").size());
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(static_cast<int>(model::FindEventKind(name)), type->value(i)->number()) << name;
  }
#define X(number, name) EXPECT_TRUE(v1::EventKind_IsValid(number));
  SPOTTER_EVENT_KINDS(X)
#undef X
}

TEST(Event, ReadsBackAsProtobufAndAsJson) {
  const model::MemberEvent event = SampleEvent();
  EXPECT_EQ(DecodeEvent(EncodeEvent(event)).value(), event);
  EXPECT_EQ(DecodeEventJson(EncodeEventJson(event)).value(), event);
}

TEST(Event, IsReadableAsJson) {
  model::MemberEvent event{.tenant = model::TenantId("studio"),
                           .source = "square",
                           .source_event_id = "e1",
                           .kind = model::EventKind::purchase,
                           .event_time = {1'700'000'000'500}};
  event.attributes.Set(model::AttributeId::amount_minor, int64_t{1250});
  EXPECT_EQ(EncodeEventJson(event),
            R"({"tenant":"studio","source":"square","source_event_id":"e1",)"
            R"("kind":"EVENT_KIND_PURCHASE","event_time":"2023-11-14T22:13:20.500Z",)"
            R"("attributes":{"amount_minor":"1250"}})");
}

TEST(Event, SaysWhatIsWrongWithJson) {
  const struct {
    std::string json;
    std::string expected;  // part of the message
  } cases[] = {
      {R"({"kind":"EVENT_KIND_PURCHASE","sauce":"square"})", "unknown field 'sauce'"},
      {R"({"kind":"EVENT_KIND_PURCHASE","attributes":{"clas_title":"Spin"}})",
       "unknown field 'attributes.clas_title'"},
      {R"({"kind":"EVENT_KIND_PARTY"})", "EVENT_KIND_PARTY"},
      {R"({"kind":77})", "77"},
      {R"({"source_event_id":"e1","source":"square"})", "'e1' of source 'square': kind is missing"},
      {R"({"kind":1,"event_time":"yesterday"})", "yesterday"},
      {R"({"kind":1,"attributes":{"amount_minor":"ten"}})", "ten"},
      {R"({"kind":1,"fields":[{"name":"a"}]})", "field 'a' has no value"},
      {R"({"kind":1,"fields":[{"name":"a","int_value":1},{"name":"a","int_value":2}]})",
       "field 'a' is given twice"},
      {R"({"kind":1,"identifiers":[{"raw":"x"}]})", "identifiers.type is missing"},
      {R"({"kind":1)", "JSON"},
      {R"([])", "JSON"},
      {"", "JSON"},
      {"{\"kind\":1,\"site\":\"\xff\xfe\"}", "JSON"},
  };
  for (const auto& [json, expected] : cases) {
    const Status status = DecodeEventJson(json).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_NE(MessageOf(status).find(expected), std::string::npos) << json << "\n" << status;
    EXPECT_EQ(MessageOf(status).find_first_of("\n\xff"), std::string::npos) << "quotes raw input";
  }
}

TEST(Event, RefusesWhatThisVersionDoesNotKnow) {
  v1::MemberEvent event = ToProto(SampleEvent());
  event.set_kind(static_cast<v1::EventKind>(99));
  EXPECT_EQ(MessageOf(DecodeEvent(event.SerializeAsString()).status()),
            "event 'evt-1' of source 'square': kind: 99 is not a value this version knows");
  event.set_kind(v1::EVENT_KIND_REFUND);
  event.mutable_event_time()->set_seconds(999'999'999'999);
  EXPECT_FALSE(DecodeEvent(event.SerializeAsString()).ok());
  EXPECT_FALSE(DecodeEvent("\x0a\x02\xff\xfe").ok());  // a tenant that is not UTF-8
}

TEST(Event, SortsFreeFields) {
  const auto event = DecodeEventJson(
      R"({"kind":1,"fields":[{"name":"b","int_value":1},{"name":"a","bool_value":true}]})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->fields[0].name, "a");
  EXPECT_EQ(event->fields[1].name, "b");
}

TEST(Event, ClampsInstantsThatProtobufHasNot) {
  model::MemberEvent event = SampleEvent();
  event.event_time = EventTime::Max();
  event.entity.update_time = EventTime::Min();
  const model::MemberEvent back = DecodeEvent(EncodeEvent(event)).value();
  EXPECT_EQ(FormatTime(back.event_time), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(back, DecodeEventJson(EncodeEventJson(back)).value());
}

// --- the law, over random events --------------------------------------------------------------

rc::Gen<std::string> AnyText() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
}
rc::Gen<EventTime> AnyTime() {
  return rc::gen::map(rc::gen::inRange<int64_t>(-60'000'000'000'000, 250'000'000'000'000),
                      [](int64_t ms) { return EventTime{ms}; });
}
model::Scalar AnyValue(model::ScalarType type) {
  switch (type) {
    case model::ScalarType::kBool:
      return *rc::gen::arbitrary<bool>();
    case model::ScalarType::kInt:
      return *rc::gen::arbitrary<int64_t>();
    case model::ScalarType::kDouble:
      return *rc::gen::arbitrary<double>();
    case model::ScalarType::kString:
      return *AnyText();
    case model::ScalarType::kTime:
      return *AnyTime();
  }
  return false;
}

RC_GTEST_PROP(EventLaw, DecodeUndoesEncode, ()) {
  model::MemberEvent event{
      .tenant = model::TenantId(*AnyText()),
      .source = *AnyText(),
      .source_event_id = *AnyText(),
      .kind = static_cast<model::EventKind>(*rc::gen::inRange(1, 34)),
      .event_time = *AnyTime(),
      .entity = {*AnyText(), *AnyText(), *rc::gen::arbitrary<int64_t>(), *AnyTime()},
      .customer_id = *AnyText(),
      .site = *AnyText(),
      .backfill = *rc::gen::arbitrary<bool>()};
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    event.identifiers.push_back(
        {static_cast<model::IdentifierType>(*rc::gen::inRange(1, 6)), *AnyText(), *AnyText(), 1});
  }
  for (const model::AttributeInfo& info : model::AllAttributes()) {
    if (*rc::gen::inRange(0, 8) == 0) event.attributes.Set(info.id, AnyValue(info.type));
  }
  for (const char* name : {"a", "b", "c"}) {
    const int type = *rc::gen::inRange(0, 8);
    if (type < 5) event.fields.push_back({name, AnyValue(static_cast<model::ScalarType>(type))});
  }
  RC_ASSERT(DecodeEvent(EncodeEvent(event)).value() == event);
  RC_ASSERT(DecodeEventJson(EncodeEventJson(event)).value() == event);
  RC_ASSERT(std::get<model::MemberEvent>(
                DecodeLogRecord(Encode(model::LogRecord(event))).value()) == event);
}

}  // namespace
}  // namespace spotter::wire
