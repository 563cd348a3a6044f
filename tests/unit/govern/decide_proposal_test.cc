// SPDX-License-Identifier: Apache-2.0
#include "govern/decide_proposal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "host_zone.h"

namespace spotter::govern {
namespace {

using model::Channel;
using model::ConsentState;
using model::RefusalReason;

model::ActionId Id(uint64_t n) { return model::ActionId(Hash128{1, n}); }

// A member who may be written to on every channel, and a proposal that may go out now.
class Decide : public testing::Test {
 protected:
  Decide() {
    record_.key = model::MakeRecordKey("square", "1");
    record_.identifiers = {Held(model::IdentifierType::kEmail, "ana@example.com"),
                           Held(model::IdentifierType::kPhone, "+12125550100")};
    for (const char* channel : {"email", "sms", "push", "in_app"}) {
      Consent(channel, "marketing", ConsentState::kGranted);
    }
    proposal_.channel = Channel::kSms;
    proposal_.purpose = "marketing";
    proposal_.role = "front_desk";
    proposal_.effective_time = now_;
    proposal_.expires_at = now_ + Days(1);
  }

  static model::HeldIdentifier Held(model::IdentifierType type, std::string value) {
    return {.type = type, .normalized = value, .raw = value, .first = {1}, .last = {1}};
  }
  void Consent(std::string channel, std::string purpose, ConsentState state) {
    consent_time_ = consent_time_ + Seconds(1);
    record_.consents.push_back({.channel = std::move(channel),
                                .purpose = std::move(purpose),
                                .state = state,
                                .time = consent_time_,
                                .source = "web",
                                .text = "I agree",
                                .entity = 1});
  }
  void Sent(std::string_view at, Channel channel = Channel::kSms, std::string message_class = "") {
    sent_.push_back({channel, std::move(message_class), At(at), Id(100 + sent_.size())});
  }

  Decision Ask() {
    const model::SourceRecord* records[] = {&record_};
    const model::MemberView member{model::ProfileId(Hash128{7, 7}), records};
    const Facts facts{.settings = settings_,
                      .member = member,
                      .zone = zone_,
                      .missing_zone = missing_zone_,
                      .sent = sent_,
                      .contact_suppressed = suppressed_,
                      .contact_disputed = disputed_,
                      .profile_pending = pending_};
    return DecideProposal(proposal_, Id(1), facts, now_);
  }
  std::string Reason() {
    const Decision decision = Ask();
    const auto* refusal = std::get_if<model::Refusal>(&decision);
    return refusal == nullptr ? "sent" : std::string(NameOf(refusal->reason));
  }
  std::string Detail() { return std::get<model::Refusal>(Ask()).detail; }

  EventTime now_ = At("2026-11-18T15:00:00Z");  // a Wednesday
  EventTime consent_time_ = At("2026-01-01T00:00:00Z");
  model::SourceRecord record_;
  model::TenantSettings settings_;
  Zone zone_ = Zone::Utc();
  std::string missing_zone_;
  model::Proposal proposal_;
  std::vector<SentMessage> sent_;
  bool suppressed_ = false, disputed_ = false, pending_ = false;
};

TEST_F(Decide, SendsWithAddressAndWindow) {
  const model::Action action = std::get<model::Action>(Ask());
  EXPECT_EQ(action.id, Id(1));
  EXPECT_EQ(action.address, "+12125550100");
  EXPECT_EQ(action.decided_at, now_);
  EXPECT_EQ(action.not_before, now_);
  EXPECT_EQ(action.not_after, At("2026-11-18T21:00:00Z"));
}

TEST_F(Decide, AddressIsTheChannels) {
  const std::pair<Channel, std::string> table[] = {
      {Channel::kEmail, "ana@example.com"},
      {Channel::kSms, "+12125550100"},
      {Channel::kPush, model::ToText(model::ProfileId(Hash128{7, 7}))},
      {Channel::kInApp, model::ToText(model::ProfileId(Hash128{7, 7}))},
      {Channel::kTask, "front_desk"},
  };
  for (const auto& [channel, address] : table) {
    proposal_.channel = channel;
    EXPECT_EQ(std::get<model::Action>(Ask()).address, address);
  }
}

// mission: C40 (the same checks in the same order, whatever else is wrong)
TEST_F(Decide, FirstNoOfTheOrderIsTheReason) {
  Sent("2026-11-16T12:00:00Z");
  Sent("2026-11-17T12:00:00Z");
  EXPECT_EQ(Reason(), "cap");
  now_ = At("2026-11-18T23:00:00Z");
  proposal_.expires_at = At("2026-11-19T03:00:00Z");
  EXPECT_EQ(Reason(), "quiet_hours");
  proposal_.expires_at = now_;
  EXPECT_EQ(Reason(), "expired");
  Consent("sms", "marketing", ConsentState::kDenied);
  EXPECT_EQ(Reason(), "no_consent");
  suppressed_ = true;
  EXPECT_EQ(Reason(), "suppressed");
  disputed_ = true;
  EXPECT_EQ(Reason(), "no_contact");
  pending_ = true;
  EXPECT_EQ(Reason(), "pending");
  proposal_.cause = model::Cause::kBackfill;
  EXPECT_EQ(Reason(), "backfill");
}

TEST_F(Decide, NoContact) {
  record_.identifiers.pop_back();
  EXPECT_EQ(Reason(), "no_contact");
  EXPECT_EQ(Detail(), "no address for sms");
  proposal_.channel = Channel::kEmail;
  EXPECT_EQ(Reason(), "sent");
}

struct ConsentRow {
  const char* name;
  std::vector<std::tuple<const char*, const char*, ConsentState>> ledger;
  Channel channel;
  const char* purpose;
  bool may;
};

// mission: C20 C23 C26 C47 (explicit consent, per channel and purpose)
TEST_F(Decide, ConsentTable) {
  using enum ConsentState;
  const ConsentRow table[] = {
      {"nothing said", {}, Channel::kSms, "marketing", false},
      {"nothing said, email", {}, Channel::kEmail, "marketing", false},
      {"nothing said, push", {}, Channel::kPush, "marketing", false},
      {"granted", {{"sms", "marketing", kGranted}}, Channel::kSms, "marketing", true},
      {"another channel", {{"email", "marketing", kGranted}}, Channel::kSms, "marketing", false},
      {"another purpose", {{"sms", "service", kGranted}}, Channel::kSms, "marketing", false},
      {"taken back",
       {{"sms", "marketing", kGranted}, {"sms", "marketing", kDenied}},
       Channel::kSms,
       "marketing",
       false},
      {"given again",
       {{"sms", "marketing", kDenied}, {"sms", "marketing", kGranted}},
       Channel::kSms,
       "marketing",
       true},
      {"transactional, nothing said", {}, Channel::kEmail, "transactional", true},
      {"transactional, denied",
       {{"email", "transactional", kDenied}},
       Channel::kEmail,
       "transactional",
       false},
      {"a purpose of its own", {}, Channel::kEmail, "health", false},
      {"a purpose of its own, granted",
       {{"email", "health", kGranted}},
       Channel::kEmail,
       "health",
       true},
      {"a task needs none", {{"sms", "marketing", kDenied}}, Channel::kTask, "marketing", true},
  };
  for (const ConsentRow& row : table) {
    record_.consents.clear();
    for (const auto& [channel, purpose, state] : row.ledger) Consent(channel, purpose, state);
    proposal_.channel = row.channel;
    proposal_.purpose = row.purpose;
    EXPECT_EQ(Reason(), row.may ? "sent" : "no_consent") << row.name;
  }
}

TEST_F(Decide, ConsentDetailSaysWhatIsMissing) {
  record_.consents.clear();
  EXPECT_EQ(Detail(), "consent to marketing by sms: never given");
  Consent("sms", "marketing", ConsentState::kDenied);
  EXPECT_EQ(Detail(), "consent to marketing by sms: denied");
}

// mission: C27
TEST_F(Decide, SuppressionStopsEveryMemberFacingChannelButNoTask) {
  suppressed_ = true;
  for (const Channel channel : {Channel::kEmail, Channel::kSms, Channel::kPush, Channel::kInApp}) {
    proposal_.channel = channel;
    proposal_.purpose = "transactional";
    EXPECT_EQ(Reason(), "suppressed");
  }
  proposal_.channel = Channel::kTask;
  EXPECT_EQ(Reason(), "sent");
}

// mission: C74 (a task is staff's: any hour, until it is due)
TEST_F(Decide, TaskIsDueWhateverTheHour) {
  proposal_.channel = Channel::kTask;
  record_.consents.clear();
  record_.identifiers.clear();
  now_ = At("2026-11-18T23:30:00Z");
  proposal_.expires_at = At("2026-11-20T12:00:00Z");
  const model::Action action = std::get<model::Action>(Ask());
  EXPECT_EQ(action.not_before, now_);
  EXPECT_EQ(action.not_after, proposal_.expires_at);
  now_ = proposal_.expires_at;
  EXPECT_EQ(Reason(), "expired");
  pending_ = true;
  EXPECT_EQ(Reason(), "pending");
}

// mission: X34
TEST_F(Decide, QuietHoursHoldAMessageUntilTheyEnd) {
  now_ = At("2026-11-18T21:00:00Z");
  proposal_.expires_at = At("2026-11-19T12:00:00Z");
  const model::Action action = std::get<model::Action>(Ask());
  EXPECT_EQ(action.not_before, At("2026-11-19T09:00:00Z"));
  EXPECT_EQ(action.not_after, At("2026-11-19T12:00:00Z"));  // the expiry comes first
  proposal_.expires_at = At("2026-11-19T09:00:00.001Z");
  EXPECT_EQ(Reason(), "sent");
  proposal_.expires_at = At("2026-11-19T09:00:00Z");
  EXPECT_EQ(Reason(), "quiet_hours");
  EXPECT_EQ(Detail(),
            "quiet hours until 2026-11-19T09:00:00.000Z, expires at 2026-11-19T09:00:00.000Z");
}

struct CapRow {
  const char* name;
  std::vector<const char*> sent;
  const char* now;
  bool may;
};

// mission: C28 X8 (two SMS per member and calendar week, Monday 00:00 of the member)
// mission: C76 X34
TEST_F(Decide, WithoutTheRulesOfAZoneNothingGoesToTheMember) {
  missing_zone_ = "America/New_York";
  EXPECT_EQ("no_zone", Reason());
  EXPECT_EQ("the rules of zone 'America/New_York' have not been put", Detail());
  proposal_.channel = Channel::kTask;
  EXPECT_EQ("sent", Reason());
}

TEST_F(Decide, WeeklyCapTable) {
  zone_ = HostZone("America/New_York");
  const CapRow table[] = {
      {"none", {}, "2026-11-18T15:00:00Z", true},
      {"one", {"2026-11-17T15:00:00Z"}, "2026-11-18T15:00:00Z", true},
      {"exactly two",
       {"2026-11-16T15:00:00Z", "2026-11-17T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       false},
      {"two at once",
       {"2026-11-18T15:00:00Z", "2026-11-18T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       false},
      {"the week before, its last instant",
       {"2026-11-16T04:59:59.999Z", "2026-11-16T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       true},
      {"this week, its first instant",
       {"2026-11-16T05:00:00Z", "2026-11-16T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       false},
      {"planned for later this week",
       {"2026-11-20T15:00:00Z", "2026-11-22T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       false},
      {"planned for next week",
       {"2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z"},
       "2026-11-18T15:00:00Z",
       true},
      // Sunday night: it goes out on Monday morning and counts there.
      {"moved to next week",
       {"2026-11-17T15:00:00Z", "2026-11-18T15:00:00Z"},
       "2026-11-23T03:00:00Z",
       true},
      {"moved to next week, used up",
       {"2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z"},
       "2026-11-23T03:00:00Z",
       false},
  };
  for (const CapRow& row : table) {
    sent_.clear();
    for (const char* at : row.sent) Sent(at);
    now_ = At(row.now);
    proposal_.expires_at = now_ + Days(1);
    EXPECT_EQ(Reason(), row.may ? "sent" : "cap") << row.name;
  }
}

TEST_F(Decide, CapDetailNamesTheWeek) {
  Sent("2026-11-16T12:00:00Z");
  Sent("2026-11-17T12:00:00Z");
  EXPECT_EQ(Detail(), "sms cap: 2 of 2 in the week from 2026-11-16");
}

TEST_F(Decide, OtherChannelsAndTheActionItselfDoNotCount) {
  Sent("2026-11-16T12:00:00Z", Channel::kEmail);
  Sent("2026-11-16T12:00:00Z", Channel::kPush);
  Sent("2026-11-17T12:00:00Z");
  sent_.push_back({Channel::kSms, "", At("2026-11-18T12:00:00Z"), Id(1)});  // decided again
  EXPECT_EQ(Reason(), "sent");
  Sent("2026-11-17T13:00:00Z");
  EXPECT_EQ(Reason(), "cap");
  proposal_.channel = Channel::kEmail;
  EXPECT_EQ(Reason(), "sent");
}

// mission: C28 (unless explicitly opted into higher frequency)
TEST_F(Decide, HigherFrequencyIsAConsentOfItsOwn) {
  Sent("2026-11-16T12:00:00Z");
  Sent("2026-11-17T12:00:00Z");
  Consent("sms", "higher_frequency", ConsentState::kGranted);
  EXPECT_EQ(Reason(), "sent");
  Consent("sms", "higher_frequency", ConsentState::kDenied);
  EXPECT_EQ(Reason(), "cap");
}

TEST_F(Decide, TenantSetsItsOwnCap) {
  settings_.sms_per_week = 0;
  EXPECT_EQ(Reason(), "cap");
  settings_.sms_per_week = 1;
  EXPECT_EQ(Reason(), "sent");
}

// mission: X8 X7 (three reengagement messages per quarter, for mentors; both caps at once)
TEST_F(Decide, ReengagementCapIsTheMentors) {
  proposal_.channel = Channel::kEmail;
  proposal_.message_class = "reengagement";
  for (const char* at : {"2026-10-01T00:00:00Z", "2026-10-20T12:00:00Z", "2026-11-10T12:00:00Z"}) {
    Sent(at, Channel::kEmail, "reengagement");
  }
  Sent("2026-11-11T12:00:00Z", Channel::kTask, "reengagement");
  EXPECT_EQ(Reason(), "sent");  // a studio
  settings_.kind = model::TenantKind::kMentor;
  EXPECT_EQ(Detail(), "reengagement cap: 3 of 3 in the quarter from 2026-10-01");
  proposal_.message_class = "winback";
  EXPECT_EQ(Reason(), "sent");
  proposal_.message_class = "reengagement";
  sent_.front().at = At("2026-09-30T23:59:59.999Z");
  EXPECT_EQ(Reason(), "sent");
}

// docs/governance.md has one row for every reason, by its name.
TEST(GovernanceDoc, NamesEveryReason) {
  std::ifstream file(SPOTTER_SOURCE_DIR "/docs/governance.md");
  ASSERT_TRUE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  const std::string doc = text.str();
  std::set<std::string> documented;
  const std::regex row("\\n\\| `([a-z_]+)` \\|");
  for (std::sregex_iterator match(doc.begin(), doc.end(), row), end; match != end; ++match) {
    documented.insert((*match)[1]);
  }
  std::set<std::string> reasons;
  for (int n = 1; n <= model::kRefusalReasonMax; ++n) {
    reasons.emplace(NameOf(static_cast<RefusalReason>(n)));
  }
  EXPECT_EQ(documented, reasons);
}

}  // namespace
}  // namespace spotter::govern
