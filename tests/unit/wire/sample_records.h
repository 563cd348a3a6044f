// SPDX-License-Identifier: Apache-2.0
//
// One sample of everything the log can hold, with every field set to something of its own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/log_record.h"

namespace spotter::wire {

inline model::Scalar SampleValue(const model::AttributeInfo& info) {
  const int64_t number = static_cast<int64_t>(info.id);
  switch (info.type) {
    case model::ScalarType::kBool:
      return true;
    case model::ScalarType::kInt:
      return number;
    case model::ScalarType::kDouble:
      return static_cast<double>(number) + 0.5;
    case model::ScalarType::kString:
      return "text " + std::string(info.name);
    case model::ScalarType::kTime:
      return EventTime{1'700'000'000'000 + number};
  }
  return false;
}

inline model::MemberEvent SampleEvent() {
  model::MemberEvent event{
      .tenant = model::TenantId("studio"),
      .source = "square",
      .source_event_id = "evt-1",
      .kind = model::EventKind::booking_created,
      .event_time = {1'700'000'000'123},
      .entity = {.type = "booking", .id = "b-7", .version = 3, .update_time = {1'700'000'000'456}},
      .customer_id = "C42",
      .identifiers = {{model::IdentifierType::kEmail, "Ana@Example.com", "ana@example.com", 1},
                      {model::IdentifierType::kPhone, "(312) 555-0100", "+13125550100", 1},
                      {model::IdentifierType::kName, "Ana Müller", "ana muller", 2}},
      .site = "downtown",
      .fields = {{"a_flag", true},
                 {"b_count", int64_t{-7}},
                 {"c_ratio", 0.25},
                 {"d_text", std::string("süß")},
                 {"e_time", EventTime{-1}}},
      .backfill = true};
  for (const model::AttributeInfo& info : model::AllAttributes()) {
    event.attributes.Set(info.id, SampleValue(info));
  }
  return event;
}

inline model::JourneyDefinition SampleJourney() {
  using namespace model;
  return {
      .id = "winback",
      .title = "Win back",
      .state = JourneyState::kLive,
      .purpose = "service",
      .message_class = "reengagement",
      .entry_when = "segment('at-risk')",
      .reentry_after = Days(90),
      .reentry_max = 2,
      .holdout_percent = 10,
      .holdout_salt = "winback-1",
      .holdout_reason = "all of them are owed an answer",
      .exits = {{"events('visit').within(days(1)).exists()", "came back"}},
      .goal_when = "events('booking').within(days(7)).exists()",
      .goal_within = Days(14),
      .steps = {{"nudge",
                 SendStep{
                     Channel::kSms, "we-miss-you", "Hi {{first_name}}", {"first_name"}, Hours(6)},
                 "rest"},
                {"rest", WaitStep{Days(3), true}, ""},
                {"look", WaitUntilStep{"events('visit').exists()", Days(2), "call"}, ""},
                {"which", BranchStep{{{"member.plan == 'gold'", "call"}, {"", "arms"}}}, ""},
                {"arms", SplitStep{"s", {{"a", 40, "call"}, {"b", 60, "done"}}}, ""},
                {"call",
                 TaskStep{"trainer", "call", "Call {{first_name}}", {"first_name"}, Days(5)}, ""},
                {"done", EndStep{"finished"}, ""}},
      .revision = 4};
}

inline model::TenantSettings SampleTenant() {
  return {.id = model::TenantId("studio"),
          .kind = model::TenantKind::kMentor,
          .title = "Studio One",
          .region = "DE",
          .time_zone = "Europe/Berlin",
          .suppression_key = std::string("\x00\xff key of 32 bytes .............", 32),
          .sources = {{"square", "downtown", Hours(2) + Duration(5)}, {"stripe", "", Minutes(5)}},
          .sms_per_week = 3,
          .quiet_from_minute = 20 * 60,
          .quiet_until_minute = 8 * 60 + 30};
}

inline std::vector<std::pair<std::string, model::LogRecord>> SampleRecords() {
  using namespace model;
  const ProfileId ana(Hash128{1, 2});
  const ProfileId ben(Hash128{3, 4});
  const ActionId action(Hash128{5, 6});
  const RecordKey record(Hash128{7, 8});
  const ConsentEntry consent{.channel = "sms",
                             .purpose = "marketing",
                             .state = ConsentState::kGranted,
                             .time = {1'700'000'000'000},
                             .source = "front desk",
                             .text = "I agree",
                             .entity = 99};
  const auto command = [](auto what) {
    return LogRecord(Command{"r-1", TenantId("studio"), "ops@studio", std::move(what)});
  };
  return {
      {"event", SampleEvent()},
      {"tick", Tick{500}},
      {"work", Work{250}},
      {"claim", Claim{3, "host-1", ClaimPhase::kWaits, Seconds(5)}},
      {"put_tenant", command(PutTenant{SampleTenant()})},
      {"put_zone_rules", command(PutZoneRules{"Europe/Berlin", std::string("TZif\0\xff", 6)})},
      {"put_segment",
       command(PutSegment{{"at-risk", "At risk", "true", 2, "found wrong", "service"}, "2"})},
      {"put_journey", command(PutJourney{SampleJourney(), true})},
      {"put_subscription", command(PutSubscription{{"crm", 2}})},
      {"change_consent", command(ChangeConsent{ana, consent})},
      {"change_suppression", command(ChangeSuppression{"sms", {9, 10}, true, "STOP"})},
      {"merge_profiles", command(MergeProfiles{ana, ben, "same person"})},
      {"split_profile", command(SplitProfile{ana, {record}, "two persons"})},
      {"settle",
       command(Settle{"crm",
                      3,
                      {{ana, 1, action, SettleOutcome::kAck, "", MakeRecordKey("square", "C1")},
                       {ben, 2, {}, SettleOutcome::kReject, "bounced"}}})},
      {"undeliverable",
       command(Undeliverable{"crm", ana, 1, action, RefusalReason::kSuppressed, 3})},
      {"seek_subscription", command(SeekSubscription{"crm"})},
      {"add_note", command(AddNote{ana, "eva", "likes mornings"})},
      {"delete_segment", command(DeleteSegment{"at-risk", "2"})},
      {"quarantine_segment", command(QuarantineSegment{"at-risk", 2, "prf_x was out"})},
      {"freeze_tenant", FreezeTenant{TenantId("studio"), 5, 3}},
      {"import_tenant", ImportTenant{.tenant = TenantId("studio"),
                                     .revision = 5,
                                     .from_shard = 2,
                                     .attempt = 7,
                                     .part = 1,
                                     .rows = {{2, std::string("k\0y", 3), std::string("\xff", 1)}},
                                     .end = ImportEnd{.rows = 11,
                                                      .hash = {{1, 2}, {3, 4}},
                                                      .shard_time = {1'700'000'000'000},
                                                      .next_offset = 99},
                                     .abandoned = "too big"}},
      {"drop_tenant", DropTenant{TenantId("studio"), 5}},
      {"thaw_tenant", ThawTenant{TenantId("studio"), 5}},
      {"forwarded", Forwarded{TenantId("studio"), 5, 2, 100, "record"}},
      {"forget_forwarded", ForgetForwarded{TenantId("studio"), 5, 100}},
  };
}

}  // namespace spotter::wire
