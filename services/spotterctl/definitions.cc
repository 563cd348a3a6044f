// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/journey_service.grpc.pb.h"

namespace spotter::ctl {
namespace {

struct Options {
  std::string file;
  std::string id;
  std::string profile;
  int max = 100;
  bool include_existing = false;
  bool validate_only = false;
};
using Shared = std::shared_ptr<Options>;

void Warn(const google::protobuf::RepeatedPtrField<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
}

// A refusal of what a file holds begins with the file.
template <typename Response>
StatusOr<Response> Named(const std::string& file, StatusOr<Response> answer) {
  if (answer.ok() || answer.status().code() != StatusCode::kInvalidArgument) return answer;
  const std::string_view message = MessageOf(answer.status());
  const bool is_segment = message.find("unknown key 'segment'") != message.npos;
  return InvalidArgument("{}: {}{}", file, message,
                         is_segment ? "; a segment is put by `segment apply`" : "");
}

Status ApplyJourney(const Client& client, const Options& options) {
  v1::PutJourneyRequest request;
  request.set_request_id(NewRequestId());
  request.set_include_existing(options.include_existing);
  request.set_validate_only(options.validate_only);
  SPOTTER_ASSIGN_OR_RETURN(*request.mutable_yaml(), ReadWholeFile(options.file));
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      Named(options.file,
            client.Call<v1::JourneyService>(&v1::JourneyService::Stub::PutJourney, request)));
  Warn(response.warnings());
  if (client.json()) {
    PrintJson(response);
  } else {
    fmt::print(
        "journey {} revision {} {}{}\n", response.journey().id(), response.journey().revision(),
        Short(v1::JourneyState_Name(response.journey().state()), "JOURNEY_STATE_"),
        options.validate_only ? fmt::format(": valid, would take {}", response.matching()) : "");
  }
  return OkStatus();
}

// Without members who are only watched nobody can say what a journey achieves (X10).
std::string HoldoutText(const v1::Journey& journey) {
  return journey.holdout_percent() == 0 ? "unmeasured"
                                        : fmt::format("{} %", journey.holdout_percent());
}

Status ListJourneys(const Client& client, const Options&) {
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<v1::JourneyService>(&v1::JourneyService::Stub::ListJourneys,
                                                           v1::ListJourneysRequest()));
  std::vector<std::vector<std::string>> rows = {
      {"JOURNEY", "STATE", "REVISION", "HOLDOUT", "ENTRY"}};
  for (const v1::Journey& journey : response.journeys()) {
    if (client.json()) PrintJson(journey);
    rows.push_back({journey.id(), Short(v1::JourneyState_Name(journey.state()), "JOURNEY_STATE_"),
                    std::to_string(journey.revision()), HoldoutText(journey),
                    journey.entry_when()});
  }
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status GetJourney(const Client& client, const Options& options) {
  v1::GetJourneyRequest request;
  request.set_journey(options.id);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::JourneyService>(&v1::JourneyService::Stub::GetJourney, request));
  if (client.json()) {
    PrintJson(response);
    return OkStatus();
  }
  fmt::print("{}\n# revision={} active={} ended={} goal_reached={}\n", response.yaml(),
             response.journey().revision(), response.active(), response.ended(),
             response.goal_reached());
  if (response.journey().holdout_percent() == 0) {
    fmt::print("# unmeasured, nobody is held out: {}\n", response.journey().holdout_reason());
  }
  for (const v1::StepCount& step : response.steps()) {
    fmt::print("# at {}: {}\n", step.step(), step.members());
  }
  return OkStatus();
}

Status Refusals(const Client& client, const Options& options) {
  v1::ListRefusalsRequest request;
  request.set_journey(options.id);
  request.set_profile(options.profile);
  std::vector<std::vector<std::string>> rows = {
      {"DECIDED", "PROFILE", "JOURNEY", "STEP", "CHANNEL", "REASON", "DETAIL"}};
  int left = options.max;
  do {
    request.set_page_size(std::min(left, 500));
    SPOTTER_ASSIGN_OR_RETURN(
        const auto response,
        client.Call<v1::JourneyService>(&v1::JourneyService::Stub::ListRefusals, request));
    for (const v1::Refusal& one : response.refusals()) {
      if (client.json()) PrintJson(one);
      rows.push_back({TimeText(one.decided_at()), one.profile(), one.journey(), one.step(),
                      Short(v1::Channel_Name(one.channel()), "CHANNEL_"),
                      Short(v1::RefusalReason_Name(one.reason()), "REFUSAL_REASON_"),
                      one.detail()});
    }
    left -= response.refusals_size();
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

void Bind(CLI::App* app, Run& run, const Shared& options,
          Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
}

}  // namespace

void AddDefinitionCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* journey = app.add_subcommand("journey", "define journeys and see how they go");
  journey->require_subcommand(1);
  journey->fallthrough();
  CLI::App* apply = journey->add_subcommand("apply", "create a journey or change it, from YAML");
  apply->add_option("-f,--file", options->file, "YAML file; - is stdin")->required();
  apply->add_flag("--include-existing", options->include_existing,
                  "members who match already enter too");
  apply->add_flag("--check", options->validate_only, "only check it and say whom it would take");
  Bind(apply, run, options, ApplyJourney);
  Bind(journey->add_subcommand("list", "journeys"), run, options, ListJourneys);
  CLI::App* get =
      journey->add_subcommand("get", "one journey, as YAML, and where its members stand");
  get->add_option("id", options->id, "its id")->required();
  Bind(get, run, options, GetJourney);

  CLI::App* refusals = app.add_subcommand("refusals", "decisions not to send, newest first");
  refusals->add_option("--journey", options->id, "only of this journey");
  refusals->add_option("--profile", options->profile, "only of this member");
  refusals->add_option("--max", options->max, "at most this many (100)");
  Bind(refusals, run, options, Refusals);
}

}  // namespace spotter::ctl
