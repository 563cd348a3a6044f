// SPDX-License-Identifier: Apache-2.0
#include "wire/view.h"

#include <gtest/gtest.h>

#include "unit/wire/sample_records.h"

namespace spotter::wire {
namespace {

model::Action SampleAction(model::Channel channel) {
  return {.id = model::ActionId(Hash128{1, 1}),
          .profile = model::ProfileId(Hash128{2, 2}),
          .proposal = {.journey = "winback",
                       .revision = 3,
                       .enrolment = model::EnrolmentId(Hash128{3, 3}),
                       .anchor = model::RecordKey(Hash128{4, 4}),
                       .step = "nudge",
                       .channel = channel,
                       .template_id = "we-miss-you",
                       .text = "Hi Ana",
                       .tokens = {{"first_name", "Ana"}},
                       .purpose = "marketing",
                       .message_class = "reengagement",
                       .role = "trainer",
                       .task_kind = "call",
                       .effective_time = {1'000},
                       .expires_at = {9'000},
                       .cause = model::Cause::kTime},
          .address = "+13125550100",
          .decided_at = {2'000},
          .not_before = {3'000},
          .not_after = {8'000}};
}

EventTime TimeOf(const google::protobuf::Timestamp& time) {
  Reader reader;
  return reader.Time(time, "time");
}

// mission: E3 (what a journey action tells its subscriber)
TEST(View, ActionCarriesAllThatASenderNeeds) {
  const v1::Action action = ToProto(SampleAction(model::Channel::kSms));
  EXPECT_EQ(action.id(), model::ToText(model::ActionId(Hash128{1, 1})));
  EXPECT_EQ(action.profile(), model::ToText(model::ProfileId(Hash128{2, 2})));
  EXPECT_EQ(action.enrolment(), model::ToText(model::EnrolmentId(Hash128{3, 3})));
  EXPECT_EQ(action.journey(), "winback");
  EXPECT_EQ(action.revision(), 3u);
  EXPECT_EQ(action.step(), "nudge");
  EXPECT_EQ(action.channel(), v1::CHANNEL_SMS);
  EXPECT_EQ(action.address(), "+13125550100");
  EXPECT_EQ(action.purpose(), "marketing");
  EXPECT_EQ(action.message_class(), "reengagement");
  EXPECT_EQ(action.cause(), v1::CAUSE_TIME);
  EXPECT_EQ(TimeOf(action.effective_time()).ms, 1'000);
  EXPECT_EQ(TimeOf(action.decided_at()).ms, 2'000);
  EXPECT_EQ(TimeOf(action.not_before()).ms, 3'000);
  EXPECT_EQ(TimeOf(action.not_after()).ms, 8'000);
  ASSERT_TRUE(action.has_sms());
  EXPECT_EQ(action.sms().template_id(), "we-miss-you");
  EXPECT_EQ(action.sms().text(), "Hi Ana");
  EXPECT_EQ(action.sms().tokens(0).name(), "first_name");
  EXPECT_EQ(action.sms().tokens(0).value(), "Ana");
}

TEST(View, PayloadFollowsTheChannel) {
  const struct {
    model::Channel channel;
    v1::Action::PayloadCase payload;
  } cases[] = {{model::Channel::kEmail, v1::Action::kEmail},
               {model::Channel::kSms, v1::Action::kSms},
               {model::Channel::kPush, v1::Action::kPush},
               {model::Channel::kTask, v1::Action::kTask},
               {model::Channel::kInApp, v1::Action::kInApp}};
  for (const auto& [channel, payload] : cases) {
    EXPECT_EQ(ToProto(SampleAction(channel)).payload_case(), payload);
  }
  const v1::TaskPayload task = ToProto(SampleAction(model::Channel::kTask)).task();
  EXPECT_EQ(task.role(), "trainer");
  EXPECT_EQ(task.task_kind(), "call");
  EXPECT_EQ(TimeOf(task.due_at()).ms, 9'000);
}

TEST(View, OutboxEntryIsAnActionAVoidOrAMerge) {
  model::OutboxEntry entry{.subscription = "crm",
                           .profile = model::ProfileId(Hash128{2, 2}),
                           .sequence = 7,
                           .decided_at = {2'000},
                           .what = SampleAction(model::Channel::kEmail)};
  EXPECT_TRUE(ToProto(entry).has_action());
  EXPECT_EQ(ToProto(entry).sequence(), 7);
  entry.what = model::Void{"expired", model::ActionId(Hash128{1, 1})};
  EXPECT_EQ(ToProto(entry).voided().reason(), "expired");
  EXPECT_EQ(ToProto(entry).voided().action(), model::ToText(model::ActionId(Hash128{1, 1})));
  entry.what = model::MergedInto{model::ProfileId(Hash128{8, 8})};
  EXPECT_EQ(ToProto(entry).merged_into().survivor(),
            model::ToText(model::ProfileId(Hash128{8, 8})));
}

TEST(View, RefusalSaysWhatAndWhy) {
  const v1::Refusal refusal =
      ToProto(model::Refusal{.proposal = SampleAction(model::Channel::kSms).proposal,
                             .action = model::ActionId(Hash128{1, 1}),
                             .reason = model::RefusalReason::kCap,
                             .detail = "sms cap: 2 of 2",
                             .decided_at = {2'000}});
  EXPECT_EQ(refusal.reason(), v1::REFUSAL_REASON_CAP);
  EXPECT_EQ(refusal.detail(), "sms cap: 2 of 2");
  EXPECT_EQ(refusal.step(), "nudge");
  EXPECT_EQ(refusal.template_id(), "we-miss-you");
}

// Every enum of the model has its word in the contract under the same name.
TEST(View, EnumsHaveTheirWords) {
  const auto upper = [](std::string_view name) {
    std::string text(name);
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return text;
  };
  for (int i = 1; i <= model::kRefusalReasonMax; ++i) {
    EXPECT_EQ(v1::RefusalReason_Name(i),
              "REFUSAL_REASON_" + upper(model::NameOf(static_cast<model::RefusalReason>(i))));
  }
  EXPECT_EQ(v1::RefusalReason_ARRAYSIZE, model::kRefusalReasonMax + 1);
  for (int i = 1; i <= 7; ++i) {
    EXPECT_EQ(v1::Cause_Name(i), "CAUSE_" + upper(model::NameOf(static_cast<model::Cause>(i))));
  }
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(v1::Channel_Name(i),
              "CHANNEL_" + upper(model::NameOf(static_cast<model::Channel>(i))));
    EXPECT_EQ(v1::IdentifierType_Name(i),
              "IDENTIFIER_TYPE_" + upper(model::NameOf(static_cast<model::IdentifierType>(i))));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(v1::JourneyState_Name(i + 1),
              "JOURNEY_STATE_" + upper(model::NameOf(static_cast<model::JourneyState>(i))));
    const auto status = static_cast<model::MemberStatus>(i);
    EXPECT_EQ(v1::MemberStatus_Name(ToProto(status)), "MEMBER_STATUS_" + upper(NameOf(status)));
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(v1::TenantKind_Name(i + 1),
              "TENANT_KIND_" + upper(model::NameOf(static_cast<model::TenantKind>(i))));
  }
}

TEST(View, NeverIsLeftOut) {
  EXPECT_FALSE(ToProto(model::Membership{.segment = "s"}).has_valid_until());
  EXPECT_TRUE(ToProto(model::Membership{.segment = "s", .valid_until = {5}}).has_valid_until());
  const v1::Enrolment active = ToProto(model::Enrolment{.step = "a"});
  EXPECT_FALSE(active.has_valid_until());
  EXPECT_FALSE(active.has_ended_at());
  EXPECT_FALSE(ToProto(model::FactKind::visit, model::Totals{}).has_first());
}

TEST(View, TotalsAndFactsSayAmountsWithTheirCurrency) {
  model::Totals totals;
  totals.count = 2;
  totals.first = {1'000};
  totals.last = {2'000};
  totals.sums = {{model::PackCurrency("USD"), -1250}};
  const v1::FactTotals view = ToProto(model::FactKind::refund, totals);
  EXPECT_EQ(view.kind(), "refund");
  EXPECT_EQ(view.sums(0).currency(), "USD");
  EXPECT_EQ(view.sums(0).minor(), -1250);

  model::Entity entity{.last_kind = model::EventKind::purchase, .type = "payment"};
  entity.attributes.Set(model::AttributeId::item, std::string("10-pack"));
  const model::Fact fact{.kind = model::FactKind::purchase,
                         .time = {1'000},
                         .amount_minor = 9900,
                         .currency = model::PackCurrency("USD")};
  const v1::TimelineEntry entry = ToProto(fact, &entity, model::RecordKey(Hash128{4, 4}));
  EXPECT_EQ(entry.kind(), "purchase");
  EXPECT_EQ(entry.event_kind(), v1::EVENT_KIND_PURCHASE);
  EXPECT_EQ(entry.amount().minor(), 9900);
  EXPECT_EQ(entry.attributes().item(), "10-pack");
  EXPECT_FALSE(ToProto(fact, nullptr, {}).has_attributes());
}

TEST(View, TraitKeepsItsType) {
  const v1::Trait trait =
      ToProto(model::Trait{.id = model::AttributeId::auto_renews, .value = true, .at = {1'000}});
  EXPECT_EQ(trait.field().name(), "auto_renews");
  EXPECT_TRUE(trait.field().bool_value());
}

// --- definitions ------------------------------------------------------------------------------

TEST(Definition, LeftOutSettingsAreTheDefaults) {
  v1::Tenant tenant;
  tenant.set_id("solo");
  const model::TenantSettings settings = FromProto(tenant).value();
  const model::TenantSettings defaults;
  EXPECT_EQ(settings.id.value(), "solo");
  EXPECT_EQ(settings.kind, model::TenantKind::kStudio);
  EXPECT_EQ(settings.region, defaults.region);
  EXPECT_EQ(settings.time_zone, defaults.time_zone);
  EXPECT_EQ(settings.sms_per_week, defaults.sms_per_week);
  EXPECT_EQ(settings.quiet_from_minute, defaults.quiet_from_minute);
  EXPECT_EQ(settings.quiet_until_minute, defaults.quiet_until_minute);
  tenant.set_sms_per_week(0);  // none at all is not the default
  EXPECT_EQ(FromProto(tenant)->sms_per_week, 0);

  v1::Journey journey;
  journey.add_steps()->mutable_send()->set_channel(v1::CHANNEL_EMAIL);
  journey.add_steps()->mutable_task()->set_role("trainer");
  const model::JourneyDefinition definition = FromProto(journey).value();
  EXPECT_EQ(definition.purpose, "marketing");
  EXPECT_EQ(definition.state, model::JourneyState::kDraft);
  EXPECT_EQ(std::get<model::SendStep>(definition.steps[0].what).expires_after, Days(1));
  EXPECT_EQ(std::get<model::TaskStep>(definition.steps[1].what).due_in, Days(2));
}

TEST(Definition, TenantIsShownWithoutItsKey) {
  const v1::Tenant tenant = ToTenant(SampleTenant());
  EXPECT_EQ(tenant.SerializeAsString().find("key of 32"), std::string::npos);
  EXPECT_EQ(ToTenant(FromProto(tenant).value()).SerializeAsString(), tenant.SerializeAsString());
}

TEST(Definition, NamesWhatItDoesNotKnow) {
  v1::Journey journey;
  journey.set_id("j");
  v1::JourneyStep& step = *journey.add_steps();
  step.set_id("s");
  step.mutable_send();
  EXPECT_EQ(MessageOf(FromProto(journey).status()), "journey 'j': step 's': channel is missing");
  step.mutable_send()->set_channel(static_cast<v1::Channel>(42));
  EXPECT_EQ(MessageOf(FromProto(journey).status()),
            "journey 'j': step 's': channel: 42 is not a value this version knows");
  step.mutable_wait()->mutable_duration()->set_seconds(999'999'999'999);
  EXPECT_FALSE(FromProto(journey).ok());
  journey.clear_steps();
  journey.set_state(static_cast<v1::JourneyState>(9));
  EXPECT_EQ(MessageOf(FromProto(journey).status()),
            "journey 'j': state: 9 is not a value this version knows");
}

}  // namespace
}  // namespace spotter::wire
