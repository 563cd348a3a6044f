// SPDX-License-Identifier: Apache-2.0
#include "state/rows.h"

#include <gtest/gtest.h>

namespace spotter::state {
namespace {

model::ProfileId P(std::string_view name) { return model::ProfileId(HashOf(name)); }
model::RecordKey R(std::string_view name) { return model::RecordKey(HashOf(name)); }

// Every field differs from its default, so that one left out of the encoding is found out.
Profile AProfile() {
  return {.id = P("p"),
          .founder = R("r1"),
          .founded_offset = 7,
          .merged_into = P("q"),
          .records = {R("r1"), R("r2")},
          .memberships = {{.segment = "s", .is_member = true, .since = {5}, .revision = 3}},
          .definitions = 9,
          .evaluated_at = {11},
          .armed = {13}};
}

model::Proposal AProposal() {
  return {.journey = "welcome",
          .revision = 2,
          .enrolment = model::EnrolmentId(HashOf("e")),
          .anchor = R("r1"),
          .step = "hello",
          .channel = model::Channel::kSms,
          .template_id = "t",
          .text = "Hello Ann",
          .tokens = {{"first_name", "Ann"}},
          .purpose = "marketing",
          .message_class = "activation",
          .role = "front_desk",
          .task_kind = "call",
          .effective_time = {1},
          .expires_at = {2},
          .cause = model::Cause::kTime};
}

model::OutboxEntry AnEntry() {
  return {.subscription = "default",
          .profile = P("p"),
          .sequence = 4,
          .decided_offset = 40,
          .decided_at = {41},
          .what = model::Action{.id = model::ActionId(HashOf("a")),
                                .profile = P("p"),
                                .proposal = AProposal(),
                                .address = "+12125550101",
                                .decided_at = {41},
                                .not_before = {42},
                                .not_after = {43}}};
}

Anchor AnAnchor() {
  Anchor anchor{.record = R("r1"), .enrolments = {}, .sent = {}};
  anchor.enrolments.push_back({.id = model::EnrolmentId(HashOf("e")),
                               .journey = "welcome",
                               .revision = 2,
                               .anchor = R("r1"),
                               .ordinal = 1,
                               .state = model::EnrolmentState::kEnded,
                               .entered_at = {1},
                               .step = "hello",
                               .step_entered_at = {2},
                               .sent_steps = {"a", "b"},
                               .outcome = "goal",
                               .ended_at = {3},
                               .goal_reached = true});
  anchor.sent.push_back({.channel = model::Channel::kPush,
                         .message_class = "x",
                         .at = {4},
                         .action = model::ActionId(HashOf("a"))});
  return anchor;
}

TEST(Profile, ComesBackFromItsRow) {
  const Profile profile = AProfile();
  const StatusOr<Profile> read = DecodeProfile(EncodeRow(profile));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(profile.id, read->id);
  EXPECT_EQ(profile.founder, read->founder);
  EXPECT_EQ(profile.founded_offset, read->founded_offset);
  EXPECT_EQ(profile.merged_into, read->merged_into);
  EXPECT_EQ(profile.records, read->records);
  EXPECT_EQ(profile.memberships, read->memberships);
  EXPECT_EQ(profile.definitions, read->definitions);
  EXPECT_EQ(profile.evaluated_at, read->evaluated_at);
  EXPECT_EQ(profile.armed, read->armed);
}

TEST(Anchor, ComesBackFromItsRow) {
  const Anchor anchor = AnAnchor();
  const StatusOr<Anchor> read = DecodeAnchor(EncodeRow(anchor));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(anchor.record, read->record);
  EXPECT_EQ(anchor.enrolments, read->enrolments);
  EXPECT_EQ(anchor.sent, read->sent);
}

TEST(OutboxEntry, ComesBackFromItsRowWhateverItIs) {
  model::OutboxEntry entry = AnEntry();
  const StatusOr<model::OutboxEntry> read = DecodeOutboxEntry(EncodeRow(entry));
  ASSERT_TRUE(read.ok()) << read.status();
  const auto& action = std::get<model::Action>(read->what);
  EXPECT_EQ("+12125550101", action.address);
  EXPECT_EQ(AProposal().tokens, action.proposal.tokens);
  EXPECT_EQ(EventTime{43}, action.not_after);
  EXPECT_EQ(model::Cause::kTime, action.proposal.cause);

  entry.what = model::Void{.reason = "expired", .action = model::ActionId(HashOf("a"))};
  EXPECT_EQ("expired", std::get<model::Void>(DecodeOutboxEntry(EncodeRow(entry))->what).reason);
  entry.what = model::MergedInto{.survivor = P("q")};
  EXPECT_EQ(P("q"),
            std::get<model::MergedInto>(DecodeOutboxEntry(EncodeRow(entry))->what).survivor);
}

TEST(Meta, ComesBackWithItsHash) {
  Meta meta{.logic_version = 3,
            .next_offset = 5,
            .shard_time = {7},
            .time_candidate = {11},
            .timer_cursor = "cursor",
            .generation = 13,
            .hash = {},
            .outbox_sweep = {{17}, "o"},
            .history_sweep = {{19}, "h"},
            .subscription_sweep = {{23}, "s"},
            .worked = "studio"};
  meta.hash.Add(Element::kEntity, "studio", "k", "v");
  const StatusOr<Meta> read = DecodeMeta(EncodeRow(meta));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(3u, read->logic_version);
  EXPECT_EQ(5, read->next_offset);
  EXPECT_EQ(EventTime{7}, read->shard_time);
  EXPECT_EQ(EventTime{11}, read->time_candidate);
  EXPECT_EQ("cursor", read->timer_cursor);
  EXPECT_EQ(13, read->generation);
  EXPECT_EQ(meta.hash, read->hash);
  EXPECT_EQ("h", read->history_sweep.cursor);
  EXPECT_EQ(EventTime{23}, read->subscription_sweep.next);
  EXPECT_EQ("s", read->subscription_sweep.cursor);
  EXPECT_EQ("studio", read->worked);
}

// A row of schema 3 knows no turns of bulk work, and no sweep of subscriptions.
TEST(Meta, OfAnEarlierSchemaBeginsWithTheFirstTenant) {
  const Meta meta{.next_offset = 5, .history_sweep = {{19}, "h"}};
  std::string bytes = EncodeRow(meta);
  bytes[0] = 3;
  bytes.resize(bytes.size() - 3);  // a time and two texts, all empty
  const StatusOr<Meta> read = DecodeMeta(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(5, read->next_offset);
  EXPECT_EQ("h", read->history_sweep.cursor);
  EXPECT_EQ("", read->worked);
}

TEST(SmallRows, EncodeTheSameAfterTheyCameBack) {
  const auto same = [](const auto& row, auto decode) {
    const std::string bytes = EncodeRow(row);
    const auto read = decode(bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(bytes, EncodeRow(*read));
  };
  same(Sequence{.next = 12}, DecodeSequence);
  same(Answer{.code = 5, .message = "no", .result = "r", .offset = 3}, DecodeAnswer);
  same(DeadLetter{.offset = 1, .at = {2}, .reason = "r", .detail = "d", .payload = "p"},
       DecodeDeadLetter);
  same(AuditRow{.offset = 1, .at = {2}, .principal = "p", .what = "w"}, DecodeAuditRow);
  same(TenantProgress{.definitions = 1,
                      .work_pending = true,
                      .work_cursor = "c",
                      .include_journeys = {"j", "k"},
                      .orphans = 2,
                      .profiles = 3,
                      .epochs = 4},
       DecodeTenantProgress);
  same(model::Subscription{.id = "s", .epoch = 2}, DecodeSubscription);
  same(model::SegmentDefinition{.id = "s", .title = "t", .expression = "true", .revision = 4},
       DecodeSegmentDefinition);
  same(model::Refusal{.proposal = AProposal(),
                      .action = model::ActionId(HashOf("a")),
                      .reason = model::RefusalReason::kCap,
                      .detail = "d",
                      .decided_at = {6}},
       DecodeRefusal);
  model::TenantSettings settings;
  settings.id = model::TenantId("studio");
  settings.kind = model::TenantKind::kMentor;
  settings.sources = {{.name = "square", .site = "soho", .interval = Hours(2)}};
  settings.sms_per_week = 1;
  same(settings, DecodeTenantSettings);
  model::JourneyDefinition journey{.id = "welcome"};
  journey.exits = {{.when = "true", .reason = "gone"}};
  journey.steps = {{.id = "a", .what = model::SendStep{.text = "hi", .tokens = {"first_name"}}},
                   {.id = "b", .what = model::WaitStep{.duration = Days(2), .from_entry = true}},
                   {.id = "c", .what = model::WaitUntilStep{.when = "true", .timeout = Days(1)}},
                   {.id = "d", .what = model::BranchStep{.arms = {{.when = "", .go = "e"}}}},
                   {.id = "e", .what = model::SplitStep{.salt = "s", .arms = {{"x", 100, "f"}}}},
                   {.id = "f", .what = model::TaskStep{.role = "r"}, .go = "g"},
                   {.id = "g", .what = model::EndStep{.outcome = "done"}}};
  same(journey, DecodeJourneyDefinition);
}

TEST(Rows, EveryTruncationIsDataLoss) {
  const std::string bytes = EncodeRow(AnEntry());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(StatusCode::kDataLoss,
              DecodeOutboxEntry(std::string_view(bytes).substr(0, size)).status().code())
        << size;
  }
  EXPECT_EQ(StatusCode::kDataLoss, DecodeOutboxEntry(bytes + "x").status().code());
}

// A row of schema 1 has no `at`.
TEST(Rows, AnEarlierSchemaIsReadAsItStands) {
  std::string bytes = EncodeRow(Answer{.code = 5, .message = "no", .result = "", .offset = 7});
  bytes[0] = 1;
  bytes.pop_back();
  const StatusOr<Answer> answer = DecodeAnswer(bytes);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(5, answer->code);
  EXPECT_EQ(7, answer->offset);
  EXPECT_EQ(0, answer->at.ms);
}

// A row of schema 2 has no anchor in its Void.
TEST(Rows, AVoidOfAnEarlierSchemaHasNoAnchor) {
  model::OutboxEntry entry{.subscription = "default", .sequence = 3};
  entry.what = model::Void{.reason = "cap", .action = model::ActionId(HashOf("a"))};
  std::string bytes = EncodeRow(entry);
  bytes[0] = 2;
  bytes.resize(bytes.size() - sizeof(Hash128));
  const StatusOr<model::OutboxEntry> read = DecodeOutboxEntry(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ("cap", std::get<model::Void>(read->what).reason);
  EXPECT_TRUE(std::get<model::Void>(read->what).anchor.value().is_zero());
}

TEST(Rows, AnotherSchemaIsDataLoss) {
  std::string bytes = EncodeRow(AProfile());
  bytes[0] = 9;
  const Status status = DecodeProfile(bytes).status();
  EXPECT_EQ(StatusCode::kDataLoss, status.code());
  EXPECT_EQ("Profile row: schema 9, expected 1 to 5", MessageOf(status));
}

}  // namespace
}  // namespace spotter::state
