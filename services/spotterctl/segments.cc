// SPDX-License-Identifier: Apache-2.0
//
// segment ...: definitions as files, who is in them, who comes and goes.
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <thread>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "services/spotterctl/segment_files.h"
#include "spotter/v1/segment_service.grpc.pb.h"

namespace spotter::ctl {
namespace {

using Stub = v1::SegmentService::Stub;

struct Options {
  std::vector<std::string> files;
  std::string id;
  std::string etag;
  std::string token;
  int64_t offset = 0;
  int max = 100;
  int days = 60;
  bool dry_run = false;
  bool wait = false;
  bool follow = false;
};
using Shared = std::shared_ptr<Options>;

// A preview asks many members, a definition's progress few rows.
constexpr Duration kPreviewTimeout = Minutes(5);
constexpr int kShownMax = 3;  // of the examples

v1::Segment ToProto(const model::SegmentDefinition& definition) {
  v1::Segment to;
  to.set_id(definition.id);
  to.set_title(definition.title);
  to.set_expression(definition.expression);
  to.set_purpose(definition.purpose);
  return to;
}

// nullopt: there is none.
StatusOr<std::optional<v1::GetSegmentResponse>> Find(const Client& client, const std::string& id) {
  v1::GetSegmentRequest request;
  request.set_segment(id);
  auto response = client.Call<v1::SegmentService>(&Stub::GetSegment, request);
  if (response.status().code() == StatusCode::kNotFound) {
    return std::optional<v1::GetSegmentResponse>();
  }
  SPOTTER_RETURN_IF_ERROR(response.status());
  return std::optional(*std::move(response));
}

std::string_view TextOf(v1::PutOutcome outcome) {
  switch (outcome) {
    case v1::PUT_OUTCOME_CREATED:
      return "created";
    case v1::PUT_OUTCOME_CHANGED:
      return "changed";
    default:
      return "unchanged";
  }
}

std::string Examples(const google::protobuf::RepeatedPtrField<std::string>& profiles) {
  std::string text;
  for (int i = 0; i < std::min(profiles.size(), kShownMax); ++i) text += " " + profiles[i];
  if (profiles.size() > kShownMax) text += " ...";
  return text;
}

// --- apply --------------------------------------------------------------------------------------

Status ShowChange(const Client& client, const SegmentFile& file,
                  const std::vector<SegmentFile>& files) {
  v1::PutSegmentRequest request;
  *request.mutable_segment() = ToProto(file.definition);
  request.set_validate_only(true);
  for (const SegmentFile& other : files) {
    if (&other != &file) *request.add_together_with() = ToProto(other.definition);
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto response, client.Call<v1::SegmentService>(
                                                    &Stub::PutSegment, request, kPreviewTimeout));
  for (const std::string& warning : response.warnings()) {
    fmt::print(stderr, "warning: segment {}: {}\n", file.definition.id, warning);
  }
  if (client.json()) {
    PrintJson(response);
    return OkStatus();
  }
  const bool is_new = response.outcome() == v1::PUT_OUTCOME_CREATED;
  fmt::print("segment {} {}\n", file.definition.id,
             response.outcome() == v1::PUT_OUTCOME_UNCHANGED
                 ? "would be unchanged"
                 : fmt::format("would be {}", TextOf(response.outcome())));
  const v1::SegmentPreview& preview = response.preview();
  const bool is_same = response.outcome() == v1::PUT_OUTCOME_UNCHANGED;
  if (is_same && preview.enter() == 0 && preview.leave() == 0) return OkStatus();
  SPOTTER_ASSIGN_OR_RETURN(const auto found, Find(client, file.definition.id));
  model::SegmentDefinition before;
  if (found.has_value()) {
    before.title = found->segment().title();
    before.expression = found->segment().expression();
    before.purpose = found->segment().purpose();
  }
  if (!is_same) {
    for (const std::string& line : DiffOf(is_new ? nullptr : &before, file.definition)) {
      fmt::print("  {}\n", line);
    }
  }
  fmt::print("  {} of {} members would be in it: {} enter{}, {} leave{}\n", response.members(),
             preview.total(), preview.enter(), Examples(preview.entering()), preview.leave(),
             Examples(preview.leaving()));
  return OkStatus();
}

Status WaitFor(const Client& client, const std::string& id) {
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  while (true) {
    SPOTTER_ASSIGN_OR_RETURN(const auto found, Find(client, id));
    if (!found.has_value()) return NotFound("segment '{}' was deleted meanwhile", id);
    const int64_t all = found->decided() + found->undecided();
    if (is_terminal) {
      fmt::print(stderr, "\r{} {} of {} members{}\x1b[K", ProgressBar(found->decided(), all),
                 found->decided(), all,
                 found->has_decided_by() ? ", done by " + TimeText(found->decided_by()) : "");
    }
    if (found->undecided() == 0) {
      if (is_terminal) fmt::print(stderr, "\n");
      if (!client.json()) fmt::print("segment {} has {} members\n", id, found->members());
      return OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Status Apply(const Client& client, const Options& options) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<SegmentFile> files, ReadSegmentFiles(options.files));
  for (const SegmentFile& file : files) {
    if (options.dry_run) {
      SPOTTER_RETURN_IF_ERROR(ShowChange(client, file, files));
      continue;
    }
    v1::PutSegmentRequest request;
    request.set_request_id(NewRequestId());
    *request.mutable_segment() = ToProto(file.definition);
    request.set_etag(options.etag);
    SPOTTER_ASSIGN_OR_RETURN(const auto response,
                             client.Call<v1::SegmentService>(&Stub::PutSegment, request));
    for (const std::string& warning : response.warnings()) {
      fmt::print(stderr, "warning: segment {}: {}\n", file.definition.id, warning);
    }
    if (client.json()) {
      PrintJson(response);
    } else {
      fmt::print("segment {} {}, revision {}\n", response.segment().id(),
                 TextOf(response.outcome()), response.segment().revision());
    }
  }
  if (!options.wait || options.dry_run) return OkStatus();
  for (const SegmentFile& file : files) {
    SPOTTER_RETURN_IF_ERROR(WaitFor(client, file.definition.id));
  }
  return OkStatus();
}

Status Delete(const Client& client, const Options& options) {
  v1::DeleteSegmentRequest request;
  request.set_request_id(NewRequestId());
  request.set_segment(options.id);
  request.set_etag(options.etag);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<v1::SegmentService>(&Stub::DeleteSegment, request));
  if (client.json()) {
    PrintJson(response);
  } else {
    fmt::print("segment {} deleted, {} members leave it\n", options.id, response.members());
  }
  return OkStatus();
}

// --- look ---------------------------------------------------------------------------------------

template <typename Status>
std::string ProgressText(const Status& status) {
  if (status.undecided() == 0) return "decided";
  const int64_t all = status.decided() + status.undecided();
  std::string text = fmt::format("{} of {}", status.decided(), all);
  if (status.has_decided_by()) text += ", by " + TimeText(status.decided_by());
  return text;
}

Status List(const Client& client, const Options&) {
  v1::ListSegmentsRequest request;
  request.set_page_size(500);
  std::vector<std::vector<std::string>> rows = {
      {"SEGMENT", "REVISION", "MEMBERS", "DECIDED", "SENTENCE"}};
  do {
    SPOTTER_ASSIGN_OR_RETURN(const auto response,
                             client.Call<v1::SegmentService>(&Stub::ListSegments, request));
    for (int i = 0; i < response.segments_size(); ++i) {
      const v1::Segment& segment = response.segments(i);
      if (client.json()) PrintJson(segment);
      const v1::SegmentStatus status =
          i < response.statuses_size() ? response.statuses(i) : v1::SegmentStatus();
      rows.push_back({segment.id(), std::to_string(segment.revision()),
                      std::to_string(status.members()),
                      segment.quarantine().empty() ? ProgressText(status) : "quarantined",
                      OneLine(segment.sentence())});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

Status Get(const Client& client, const Options& options) {
  v1::GetSegmentRequest request;
  request.set_segment(options.id);
  request.set_history_days(options.days);
  SPOTTER_ASSIGN_OR_RETURN(const auto response,
                           client.Call<v1::SegmentService>(&Stub::GetSegment, request));
  if (client.json()) {
    PrintJson(response);
    return OkStatus();
  }
  const v1::Segment& segment = response.segment();
  fmt::print("{} revision {} etag {}\n", segment.id(), segment.revision(), segment.etag());
  if (!segment.title().empty()) fmt::print("  {}\n", segment.title());
  if (!segment.quarantine().empty()) fmt::print("  quarantined: {}\n", segment.quarantine());
  fmt::print("  {}\n  purpose={} cost={} wakes_per_day={}\n", segment.sentence(), segment.purpose(),
             segment.cost(), segment.wakes_per_day());
  fmt::print("  {}\n  members={} undecided={}{}\n", OneLine(segment.expression()),
             response.members(), response.undecided(),
             response.undecided() == 0 ? "" : " decided=" + ProgressText(response));
  std::vector<int64_t> counts;
  for (const v1::DailyCount& day : response.history()) counts.push_back(day.members());
  if (!counts.empty()) {
    fmt::print("  {} {} to {}, {} to {}\n", Sparkline(counts), response.history(0).day(),
               response.history(response.history_size() - 1).day(), counts.front(), counts.back());
  }
  return OkStatus();
}

Status Members(const Client& client, const Options& options) {
  v1::ListMembersRequest request;
  request.set_segment(options.id);
  std::vector<std::vector<std::string>> rows = {{"PROFILE", "SINCE"}};
  int left = options.max;
  int64_t total = 0;
  int64_t offset = 0;
  do {
    request.set_page_size(std::min(left, 500));
    SPOTTER_ASSIGN_OR_RETURN(const auto response,
                             client.Call<v1::SegmentService>(&Stub::ListMembers, request));
    for (const v1::SegmentMember& member : response.members()) {
      if (client.json()) PrintJson(member);
      rows.push_back({member.profile(), TimeText(member.since())});
    }
    total = response.total();
    offset = response.offset();
    left -= response.members_size();
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!client.json()) PrintTable(rows);
  fmt::print(stderr, "{} of {} members, as of offset {}\n", rows.size() - 1, total, offset);
  return OkStatus();
}

Status Transitions(const Client& client, const Options& options) {
  v1::StreamTransitionsRequest request;
  request.set_segment(options.id);
  request.set_resume_token(options.token);
  request.set_from_offset(options.offset);
  request.set_follow(options.follow);
  grpc::ClientContext context;
  client.Prepare(context, options.follow ? Days(365) : Minutes(10));
  const auto stub = client.Stub<v1::SegmentService>();
  const auto reader = stub->StreamTransitions(&context, request);
  v1::StreamTransitionsResponse response;
  std::string token;
  while (reader->Read(&response)) {
    for (const v1::SegmentTransition& one : response.transitions()) {
      if (client.json()) {
        PrintJson(one);
      } else {
        const v1::Transition& transition = one.transition();
        fmt::print("{}  {:5}  {}  {}  {}  offset={}\n", TimeText(transition.effective_time()),
                   transition.entered() ? "enter" : "leave", transition.segment(), one.profile(),
                   Short(v1::Cause_Name(transition.cause()), "CAUSE_"), one.offset());
      }
    }
    token = response.resume_token();
    std::fflush(stdout);
  }
  if (!token.empty()) fmt::print(stderr, "go on with --token {}\n", token);
  const grpc::Status status = reader->Finish();
  return status.ok() ? OkStatus() : client.FromGrpc(status);
}

void Bind(CLI::App* app, Run& run, const Shared& options,
          Status (*act)(const Client&, const Options&)) {
  app->callback([&run, options, act] {
    run = [options, act](const Client& client) { return act(client, *options); };
  });
}

}  // namespace

void AddSegmentCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* segment = app.add_subcommand("segment", "define segments and see who is in them");
  segment->require_subcommand(1);
  segment->fallthrough();
  CLI::App* apply =
      segment->add_subcommand("apply", "create segments or change them, from YAML; again: nothing");
  apply->add_option("-f,--file", options->files, "YAML files and folders; - is stdin")->required();
  apply->add_flag("--dry-run,--check", options->dry_run,
                  "only show what would change, and who would enter and leave");
  apply->add_flag("--wait", options->wait, "until every member is decided");
  apply->add_option("--etag", options->etag,
                    "only if that is what stands there; 0: only if nothing does");
  Bind(apply, run, options, Apply);
  CLI::App* del = segment->add_subcommand("delete", "delete one that nothing reads");
  del->add_option("id", options->id, "its id")->required();
  del->add_option("--etag", options->etag, "only if that is what stands there");
  Bind(del, run, options, Delete);
  Bind(segment->add_subcommand("list", "segments, their members and progress"), run, options, List);
  CLI::App* get = segment->add_subcommand("get", "one segment");
  get->add_option("id", options->id, "its id")->required();
  get->add_option("--days", options->days, "of history (60)")->check(CLI::Range(1, 400));
  Bind(get, run, options, Get);
  CLI::App* members = segment->add_subcommand("members", "who is in it");
  members->add_option("id", options->id, "its id")->required();
  members->add_option("--max", options->max, "at most this many (100)");
  Bind(members, run, options, Members);
  CLI::App* transitions = segment->add_subcommand("transitions", "who entered and who left");
  transitions->add_option("id", options->id, "its id; none: of all segments");
  transitions->add_option("--token", options->token, "go on where an earlier call ended");
  transitions->add_option("--from-offset", options->offset, "from this offset on");
  transitions->add_flag("--follow", options->follow, "wait for more");
  Bind(transitions, run, options, Transitions);
}

}  // namespace spotter::ctl
