// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/profile_service.grpc.pb.h"

namespace spotter::ctl {
namespace {

struct Options {
  std::string id;
  std::string other;
  std::string source;
  std::string customer;
  std::string email;
  std::string phone;
  std::string reason;
  std::string segment;
  std::string journey;
  std::string text;
  std::string channel;
  std::string purpose = "marketing";
  std::string state;
  std::vector<std::string> records;
  int max = 20;
  bool release = false;
};
using Shared = std::shared_ptr<Options>;

std::string MoneyText(const v1::Money& money) {
  return fmt::format("{}.{:02} {}", money.minor() / 100, std::abs(money.minor() % 100),
                     money.currency().empty() ? "?" : money.currency());
}

std::string StatusText(const v1::Profile& profile) {
  return Short(v1::MemberStatus_Name(profile.status()), "MEMBER_STATUS_");
}

std::string FieldText(const v1::Field& field) {
  switch (field.value_case()) {
    case v1::Field::kBoolValue:
      return field.bool_value() ? "true" : "false";
    case v1::Field::kIntValue:
      return std::to_string(field.int_value());
    case v1::Field::kDoubleValue:
      return fmt::format("{}", field.double_value());
    case v1::Field::kStringValue:
      return field.string_value();
    case v1::Field::kTimeValue:
      return TimeText(field.time_value());
    case v1::Field::VALUE_NOT_SET:
      break;
  }
  return "";
}

// Each value once, whichever records hold it.
void PrintIdentifiers(const v1::Profile& profile) {
  std::map<std::pair<std::string, std::string>, bool> is_current;
  for (const v1::HeldIdentifier& one : profile.identifiers()) {
    const std::string type = Short(v1::IdentifierType_Name(one.type()), "IDENTIFIER_TYPE_");
    const std::string& value = one.normalized().empty() ? one.raw() : one.normalized();
    is_current[{type, value}] |= one.current();
  }
  for (const auto& [identifier, current] : is_current) {
    fmt::print("  {:<9} {}{}\n", identifier.first, identifier.second, current ? "" : " (former)");
  }
}

// Where a walk stands.
std::string WalkText(const v1::Enrolment& walk) {
  switch (walk.state()) {
    case v1::ENROLMENT_STATE_HELD_OUT:
      return fmt::format("held out at '{}': nothing is sent", walk.step());
    case v1::ENROLMENT_STATE_ENDED:
      return fmt::format("ended: {}", walk.outcome());
    default:
      return fmt::format("at '{}'", walk.step());
  }
}

void PrintProfile(const v1::Profile& profile) {
  fmt::print("{}  {}  {}\n", profile.id(), profile.display_name(), StatusText(profile));
  for (const v1::SourceRecord& record : profile.records()) {
    fmt::print("  record    {} {} {}\n", record.source(), record.customer_id(), record.id());
  }
  PrintIdentifiers(profile);
  for (const v1::ConsentEntry& one : profile.consents()) {
    fmt::print("  consent   {} {} {} at {} by {}\n", one.channel(), one.purpose(),
               Short(v1::ConsentState_Name(one.state()), "CONSENT_STATE_"), TimeText(one.time()),
               one.source());
  }
  for (const std::string& tag : profile.tags()) fmt::print("  tag       {}\n", tag);
  for (const v1::Trait& trait : profile.traits()) {
    fmt::print("  trait     {} = {}\n", trait.field().name(), FieldText(trait.field()));
  }
  for (const v1::FactTotals& total : profile.totals()) {
    fmt::print("  total     {} {} (last {})\n", total.count(), total.kind(),
               TimeText(total.last()));
  }
  for (const v1::Money& money : profile.lifetime_spend()) {
    fmt::print("  spend     {}\n", MoneyText(money));
  }
  for (const v1::Membership& one : profile.memberships()) {
    if (!one.is_member()) continue;
    fmt::print("  segment   {} since {}\n", one.segment(), TimeText(one.since()));
  }
  for (const v1::Enrolment& one : profile.enrolments()) {
    fmt::print("  journey   {} since {} {}\n", one.journey(), TimeText(one.entered_at()),
               WalkText(one));
  }
  for (const std::string& channel : profile.suppressed_channels()) {
    fmt::print("  opted out {}\n", channel);
  }
}

Status Show(const Client& client, const Options& options) {
  v1::GetProfileRequest request;
  if (!options.id.empty()) {
    request.set_profile(options.id);
  } else if (!options.customer.empty()) {
    request.mutable_customer()->set_source(options.source);
    request.mutable_customer()->set_customer_id(options.customer);
  } else if (!options.email.empty()) {
    request.set_email(options.email);
  } else if (!options.phone.empty()) {
    request.set_phone(options.phone);
  } else {
    return InvalidArgument(
        "profile show: expected an ID, --source and --customer, --email or "
        "--phone");
  }
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ProfileService>(&v1::ProfileService::Stub::GetProfile, request));
  if (client.json()) {
    PrintJson(response.profile());
    return OkStatus();
  }
  if (!response.redirected_from().empty()) {
    fmt::print("{} is part of {}\n", response.redirected_from(), response.profile().id());
  }
  PrintProfile(response.profile());
  return OkStatus();
}

Status List(const Client& client, const Options& options) {
  v1::ListProfilesRequest request;
  std::vector<std::vector<std::string>> rows = {{"PROFILE", "NAME", "STATUS", "LAST SEEN"}};
  int left = options.max;
  do {
    request.set_page_size(std::min(left, 500));
    SPOTTER_ASSIGN_OR_RETURN(
        const auto response,
        client.Call<v1::ProfileService>(&v1::ProfileService::Stub::ListProfiles, request));
    for (const v1::Profile& profile : response.profiles()) {
      if (client.json()) PrintJson(profile);
      rows.push_back({profile.id(), profile.display_name(), StatusText(profile),
                      TimeText(profile.last_seen())});
    }
    left -= response.profiles_size();
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status Timeline(const Client& client, const Options& options) {
  v1::ListTimelineRequest request;
  request.set_profile(options.id);
  request.set_page_size(options.max);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ProfileService>(&v1::ProfileService::Stub::ListTimeline, request));
  std::vector<std::vector<std::string>> rows = {{"TIME", "FACT", "AMOUNT", "WHAT"}};
  for (const v1::TimelineEntry& entry : response.entries()) {
    if (client.json()) PrintJson(entry);
    rows.push_back({TimeText(entry.time()), entry.kind(),
                    entry.has_amount() ? MoneyText(entry.amount()) : "",
                    entry.attributes().class_title() + entry.attributes().item()});
  }
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status Merge(const Client& client, const Options& options) {
  v1::MergeProfilesRequest request;
  request.set_request_id(NewRequestId());
  request.set_survivor(options.id);
  request.set_loser(options.other);
  request.set_reason(options.reason);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ProfileService>(&v1::ProfileService::Stub::MergeProfiles, request));
  client.json() ? PrintJson(response) : PrintProfile(response.profile());
  return OkStatus();
}

Status Split(const Client& client, const Options& options) {
  v1::SplitProfileRequest request;
  request.set_request_id(NewRequestId());
  request.set_profile(options.id);
  request.set_reason(options.reason);
  for (const std::string& record : options.records) request.add_records(record);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ProfileService>(&v1::ProfileService::Stub::SplitProfile, request));
  if (client.json()) {
    PrintJson(response);
  } else {
    for (const std::string& id : response.split_off()) fmt::print("split off {}\n", id);
  }
  return OkStatus();
}

Status Note(const Client& client, const Options& options) {
  v1::AddNoteRequest request;
  request.set_request_id(NewRequestId());
  request.set_profile(options.id);
  request.set_text(options.text);
  return client.Call<v1::ProfileService>(&v1::ProfileService::Stub::AddNote, request).status();
}

Status Consent(const Client& client, const Options& options) {
  v1::ChangeConsentRequest request;
  request.set_request_id(NewRequestId());
  request.set_profile(options.id);
  request.set_channel(options.channel);
  request.set_purpose(options.purpose);
  request.set_state(options.state == "granted" ? v1::CONSENT_STATE_GRANTED
                                               : v1::CONSENT_STATE_DENIED);
  request.set_source("spotterctl");
  request.set_text(options.text);
  return client.Call<v1::ProfileService>(&v1::ProfileService::Stub::ChangeConsent, request)
      .status();
}

Status Suppress(const Client& client, const Options& options) {
  v1::ChangeSuppressionRequest request;
  request.set_request_id(NewRequestId());
  request.set_channel(options.channel);
  request.set_contact(options.text);
  request.set_suppressed(!options.release);
  request.set_reason(options.reason);
  return client.Call<v1::ProfileService>(&v1::ProfileService::Stub::ChangeSuppression, request)
      .status();
}

void PrintClause(const v1::ClauseExplanation& clause, int depth) {
  const std::string indent(static_cast<size_t>(2 * depth), ' ');
  fmt::print("{}[{}] {}{}\n", indent, clause.holds() ? "x" : " ",
             clause.parts().empty() ? clause.text() : clause.joined_by() + ":",
             clause.has_valid_until() ? "  until " + TimeText(clause.valid_until()) : "");
  for (const v1::ClauseExplanation& part : clause.parts()) PrintClause(part, depth + 1);
  for (const v1::Trait& trait : clause.traits()) {
    fmt::print("{}      {} = {}\n", indent, trait.field().name(), FieldText(trait.field()));
  }
  for (const v1::TimelineEntry& fact : clause.facts()) {
    fmt::print("{}      {} {}\n", indent, fact.kind(), TimeText(fact.time()));
  }
  if (!clause.changed_by().empty()) {
    fmt::print("{}      changed by {}\n", indent, fmt::join(clause.changed_by(), ", "));
  }
}

Status Explain(const Client& client, const Options& options) {
  v1::ExplainRequest request;
  request.set_profile(options.id);
  request.set_segment(options.segment);
  request.set_journey(options.journey);
  SPOTTER_ASSIGN_OR_RETURN(const auto response, client.Call<v1::ProfileService>(
                                                    &v1::ProfileService::Stub::Explain, request));
  if (client.json()) {
    PrintJson(response);
    return OkStatus();
  }
  fmt::print("{} at {}\n", response.profile(), TimeText(response.now()));
  for (const v1::SegmentExplanation& one : response.segments()) {
    fmt::print("segment {}: {}\n  {}\n  {}\n", one.membership().segment(),
               one.membership().is_member() ? "in" : "not in", one.sentence(), one.expression());
    for (const v1::ClauseExplanation& clause : one.clauses()) PrintClause(clause, 1);
  }
  for (const v1::JourneyExplanation& one : response.journeys()) {
    fmt::print("journey {}: {}\n", one.journey(),
               one.not_entered_because().empty() ? fmt::format("{} walks", one.enrolments_size())
                                                 : one.not_entered_because());
    for (const v1::Enrolment& walk : one.enrolments()) {
      fmt::print("  entered {} {}{}\n", TimeText(walk.entered_at()), WalkText(walk),
                 walk.sent_steps().empty()
                     ? ""
                     : fmt::format("; proposed: {}", fmt::join(walk.sent_steps(), ", ")));
    }
  }
  for (const v1::OutboxEntry& one : response.waiting()) {
    v1::Delivery delivery;
    *delivery.mutable_entry() = one;
    fmt::print("waiting in {}: {}\n", one.subscription(), DeliveryText(delivery));
  }
  for (const v1::Refusal& one : response.refusals()) {
    fmt::print("not sent: {}/{} {} {}: {}\n", one.journey(), one.step(), TimeText(one.decided_at()),
               Short(v1::RefusalReason_Name(one.reason()), "REFUSAL_REASON_"), one.detail());
  }
  for (const v1::IdentityLink& one : response.links()) {
    fmt::print("one person: {} and {}: {}{}\n", one.record_a(), one.record_b(), one.reason(),
               one.refused() ? " (refused)" : "");
  }
  return OkStatus();
}

void Bind(CLI::App* app, Run& run, const Shared& options,
          Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
}

}  // namespace

void AddProfileCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* profile = app.add_subcommand("profile", "look members up and correct them");
  profile->require_subcommand(1);
  profile->fallthrough();

  CLI::App* show = profile->add_subcommand("show", "one member");
  show->add_option("id", options->id, "prf_...");
  show->add_option("--customer", options->customer, "the source's id of the customer");
  show->add_option("--source", options->source, "that source: square, stripe, ...");
  show->add_option("--email", options->email, "e-mail address");
  show->add_option("--phone", options->phone, "phone number");
  Bind(show, run, options, Show);

  CLI::App* list = profile->add_subcommand("list", "members, the one seen last first");
  list->add_option("--max", options->max, "at most this many (20)");
  Bind(list, run, options, List);

  CLI::App* timeline = profile->add_subcommand("timeline", "a member's facts, newest first");
  timeline->add_option("id", options->id, "prf_...")->required();
  timeline->add_option("--max", options->max, "at most this many (20)");
  Bind(timeline, run, options, Timeline);

  CLI::App* merge = profile->add_subcommand("merge", "say that two profiles are one person");
  merge->add_option("survivor", options->id, "prf_... that goes on")->required();
  merge->add_option("loser", options->other, "prf_... that becomes part of it")->required();
  merge->add_option("--reason", options->reason, "why, for the audit");
  Bind(merge, run, options, Merge);

  CLI::App* split = profile->add_subcommand("split", "say that records are somebody else");
  split->add_option("id", options->id, "prf_...")->required();
  split->add_option("records", options->records, "rec_... that leave it")->required();
  split->add_option("--reason", options->reason, "why, for the audit");
  Bind(split, run, options, Split);

  CLI::App* note = profile->add_subcommand("note", "note something");
  note->add_option("id", options->id, "prf_...")->required();
  note->add_option("text", options->text, "what")->required();
  Bind(note, run, options, Note);

  CLI::App* consent = profile->add_subcommand("consent", "add a line to the consent ledger");
  consent->add_option("id", options->id, "prf_...")->required();
  consent->add_option("channel", options->channel, "sms, email or push")->required();
  consent->add_option("state", options->state, "granted or denied")
      ->required()
      ->check(CLI::IsMember({"granted", "denied"}));
  consent->add_option("--purpose", options->purpose, "marketing, ... (marketing)");
  consent->add_option("--text", options->text, "the exact text shown");
  Bind(consent, run, options, Consent);

  CLI::App* suppress = profile->add_subcommand("suppress", "never write to a contact again");
  suppress->add_option("channel", options->channel, "sms, email or push")->required();
  suppress->add_option("contact", options->text, "e-mail address or phone number")->required();
  suppress->add_option("--reason", options->reason, "why");
  suppress->add_flag("--release", options->release, "take it back");
  Bind(suppress, run, options, Suppress);

  CLI::App* explain = app.add_subcommand(
      "explain", "why a member is in segments and journeys or not, and what was not sent");
  explain->add_option("id", options->id, "prf_...")->required();
  explain->add_option("--segment", options->segment, "only this one");
  explain->add_option("--journey", options->journey, "only this one");
  Bind(explain, run, options, Explain);
}

}  // namespace spotter::ctl
