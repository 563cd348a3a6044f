// SPDX-License-Identifier: Apache-2.0
//
// What was decided is looked at again when the world has changed before it went out: a window was
// missed, two members turned out to be one, a provider says that the member opted out.
#include <gtest/gtest.h>

#include "engine/shard.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const model::TenantId kTenant{"studio"};
const EventTime kMonday = *ParseTime("2026-03-02T12:00:00Z");  // UTC, where quiet is 21:00 to 09:00

// An SMS to whoever comes to visit, for three days.
model::JourneyDefinition SmsJourney(std::string id, std::string entry) {
  model::JourneyDefinition journey;
  journey.id = std::move(id);
  journey.state = model::JourneyState::kLive;
  journey.purpose = "transactional";
  journey.entry_when = std::move(entry);
  journey.steps = {
      {.id = "hello",
       .what = model::SendStep{
           .channel = model::Channel::kSms, .template_id = "hello", .expires_after = Days(10)}}};
  return journey;
}

class SecondLookTest : public testing::Test {
 protected:
  SecondLookTest() {
    shard_ = *Shard::Open(store_, {});
    Apply(model::PutTenant{{.id = kTenant, .suppression_key = std::string(32, 'k')}});
  }

  void Append(const model::LogRecord& record) {
    const log::Record one{
        .offset = shard_->next_offset(), .append_time = now_, .payload = wire::Encode(record)};
    StatusOr<Effects> effects = shard_->ApplyBatch({&one, 1});
    ASSERT_TRUE(effects.ok()) << effects.status();
    answers_ = effects->answers;
  }
  void Apply(decltype(model::Command::what) what) {
    Append(model::Command{.request_id = fmt::format("r{}", shard_->next_offset()),
                          .tenant = kTenant,
                          .principal = "test",
                          .what = std::move(what)});
  }
  // Twice: the first record far ahead is only a candidate.
  void MoveTo(EventTime time) {
    now_ = time;
    Append(model::Tick{});
    Append(model::Tick{});
  }

  model::MemberEvent Event(std::string customer, model::EventKind kind) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "square";
    event.source_event_id = fmt::format("e{}", shard_->next_offset());
    event.kind = kind;
    event.event_time = now_;
    event.customer_id = std::move(customer);
    return event;
  }
  void Join(const std::string& customer, const std::string& phone) {
    model::MemberEvent event = Event(customer, model::EventKind::member_created);
    event.entity = {.type = "member", .id = customer};
    event.identifiers = {
        {.type = model::IdentifierType::kPhone, .raw = phone, .normalized = phone}};
    Append(event);
  }
  void Visit(const std::string& customer) {
    model::MemberEvent event = Event(customer, model::EventKind::attendance);
    event.attributes.Set(model::AttributeId::status, std::string("checked_in"));
    Append(event);
  }
  static model::ProfileId ProfileOf(const std::string& customer) {
    return model::MakeProfileId(kTenant, model::MakeRecordKey("square", customer), 0);
  }

  std::vector<model::OutboxEntry> Outbox() const {
    std::vector<model::OutboxEntry> entries;
    EXPECT_TRUE(store_
                    .Scan(store::Family::kOutbox, "", "",
                          [&](auto, std::string_view value) {
                            entries.push_back(*state::DecodeOutboxEntry(value));
                            return true;
                          })
                    .ok());
    return entries;
  }
  std::vector<model::Action> Pending() const {
    std::vector<model::Action> actions;
    for (const model::OutboxEntry& entry : Outbox()) {
      if (const auto* action = std::get_if<model::Action>(&entry.what)) actions.push_back(*action);
    }
    return actions;
  }
  void MissWindow(const model::OutboxEntry& entry) {
    Apply(model::Undeliverable{.subscription = entry.subscription,
                               .profile = entry.profile,
                               .sequence = entry.sequence,
                               .action = std::get<model::Action>(entry.what).id});
  }

  store::InMemoryStore store_;
  std::unique_ptr<Shard> shard_;
  EventTime now_ = kMonday;
  std::vector<CommandAnswer> answers_;
};

// mission: C28
TEST_F(SecondLookTest, AMissedWindowDoesNotPassTheCapOfTheNextWeek) {
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1")});
  Apply(model::PutJourney{SmsJourney("second", "events('visit').count() == 2")});
  Apply(model::PutJourney{SmsJourney("third", "events('visit').count() == 3")});
  Join("ada", "+14155550100");
  now_ = *ParseTime("2026-03-08T20:00:00Z");  // Sunday evening
  MoveTo(now_);
  Visit("ada");
  const std::vector<model::OutboxEntry> waiting = Outbox();
  ASSERT_EQ(waiting.size(), 1u);
  MoveTo(*ParseTime("2026-03-09T10:00:00Z"));  // a new week, and nobody pulled in time
  Visit("ada");
  Visit("ada");
  ASSERT_EQ(Pending().size(), 3u);  // of which two fill this week
  MissWindow(waiting.front());
  EXPECT_EQ(answers_.front().answer.result, "refused");
  EXPECT_EQ(Pending().size(), 2u);
}

// mission: C20
TEST_F(SecondLookTest, AMissedWindowIsDecidedAgainByTheConsentOfNow) {
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1")});
  Join("ada", "+14155550100");
  MoveTo(*ParseTime("2026-03-03T20:00:00Z"));
  Visit("ada");
  const std::vector<model::OutboxEntry> waiting = Outbox();
  ASSERT_EQ(waiting.size(), 1u);
  MoveTo(*ParseTime("2026-03-04T10:00:00Z"));
  MissWindow(waiting.front());
  EXPECT_EQ(answers_.front().answer.result, "again");
  const std::vector<model::Action> again = Pending();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again.front().id, std::get<model::Action>(waiting.front().what).id);
  EXPECT_EQ(FormatTime(again.front().not_after), "2026-03-04T21:00:00.000Z");
}

// mission: C20
TEST_F(SecondLookTest, ADenialThatAMergeBringsInWithdrawsWhatWaits) {
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1")});
  Join("ada", "+14155550100");
  Join("ada-by-web", "+14155550111");
  Apply(model::ChangeConsent{
      ProfileOf("ada-by-web"),
      {.channel = "sms", .purpose = "transactional", .state = model::ConsentState::kDenied}});
  Visit("ada");
  ASSERT_EQ(Pending().size(), 1u);
  Apply(model::MergeProfiles{ProfileOf("ada"), ProfileOf("ada-by-web"), "same person"});
  EXPECT_TRUE(Pending().empty());
}

// mission: C23
TEST_F(SecondLookTest, AnOptOutThatTheProviderReportsSuppressesAtOnce) {
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1")});
  Apply(model::PutJourney{SmsJourney("second", "events('visit').count() == 2")});
  Join("ada", "+14155550100");
  Visit("ada");
  ASSERT_EQ(Pending().size(), 1u);
  model::MemberEvent outcome = Event("ada", model::EventKind::message_outcome);
  outcome.attributes.Set(model::AttributeId::channel, std::string("sms"));
  outcome.attributes.Set(model::AttributeId::outcome, std::string("opted_out"));
  Append(outcome);
  EXPECT_TRUE(Pending().empty());
  Visit("ada");
  EXPECT_TRUE(Pending().empty());
}

TEST_F(SecondLookTest, ADefinitionMoreDoesNotUninviteExistingMembers) {
  Join("ada", "+14155550100");
  Visit("ada");
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1"), true});
  Apply(model::PutSegment{{.id = "other", .title = "", .expression = "events('scan').exists()"}});
  EXPECT_TRUE(Pending().empty());
  Append(model::Work{});
  EXPECT_EQ(Pending().size(), 1u);
  EXPECT_FALSE(shard_->has_work());
}

TEST_F(SecondLookTest, ARejectedActionLeavesItsReason) {
  Apply(model::PutJourney{SmsJourney("first", "events('visit').count() == 1")});
  Join("ada", "+14155550100");
  Visit("ada");
  const model::OutboxEntry entry = Outbox().at(0);
  Apply(model::Settle{.subscription = "default",
                      .settlements = {{.profile = entry.profile,
                                       .sequence = entry.sequence,
                                       .action = std::get<model::Action>(entry.what).id,
                                       .outcome = model::SettleOutcome::kReject,
                                       .reason = "template unknown"}}});
  EXPECT_TRUE(Outbox().empty());
  std::string audit;
  const std::string rows = state::TablePrefix(kTenant.value(), state::Table::kAudit);
  ASSERT_TRUE(store_
                  .Scan(store::Family::kState, rows, store::PrefixEnd(rows),
                        [&](auto, std::string_view value) {
                          audit += state::DecodeAuditRow(value)->what + "\n";
                          return true;
                        })
                  .ok());
  EXPECT_NE(audit.find("template unknown"), std::string::npos) << audit;
}

}  // namespace
}  // namespace spotter::engine
