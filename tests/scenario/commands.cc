// SPDX-License-Identifier: Apache-2.0
#include "scenario/commands.h"

#include <fstream>
#include <iterator>

#include "journey/parse_journey.h"
#include "scenario/expect.h"
#include "scenario/read_values.h"
#include "wire/wire.h"

namespace spotter::scenario {
namespace {

using What = decltype(model::Command::what);

StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good()) return NotFound("'{}' cannot be read", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status Submit(const Line& line, World& world, What what) {
  const std::string request = line.Has("request") ? std::string(line.Option("request"))
                                                  : fmt::format("line-{}", line.number);
  return world.Append(model::Command{.request_id = request,
                                     .tenant = world.settings.id,
                                     .principal = "scenario",
                                     .what = std::move(what)});
}

// --- definitions ------------------------------------------------------------------------------

Status DoTenant(const Line& line, const std::string&, World& world) {
  model::TenantSettings before = world.settings;
  if (before.id.value() != line.Word(1)) before = {};
  SPOTTER_ASSIGN_OR_RETURN(world.settings, ReadTenant(line, before));
  SPOTTER_RETURN_IF_ERROR(Submit(line, world, model::PutTenant{world.settings}));
  if (!line.Has("zone") || line.Option("rules") == "none") return OkStatus();
  SPOTTER_ASSIGN_OR_RETURN(std::string rules,
                           ReadFile("/usr/share/zoneinfo/" + world.settings.time_zone));
  return world.Append(
      model::Command{.request_id = fmt::format("zone-{}", line.number),
                     .tenant = world.settings.id,
                     .principal = "scenario",
                     .what = model::PutZoneRules{world.settings.time_zone, std::move(rules)}});
}

// The rules of a further zone, for members who live elsewhere.
Status DoZone(const Line& line, const std::string&, World& world) {
  const std::string name(line.Word(1));
  SPOTTER_ASSIGN_OR_RETURN(std::string rules, ReadFile("/usr/share/zoneinfo/" + name));
  return Submit(line, world, model::PutZoneRules{name, std::move(rules)});
}

// segment ID EXPRESSION, or the file of one.
Status DoSegment(const Line& line, const std::string& root, World& world) {
  if (line.Word(1).ends_with(".yaml")) {
    SPOTTER_ASSIGN_OR_RETURN(const std::string yaml,
                             ReadFile(root + "/" + std::string(line.Word(1))));
    SPOTTER_ASSIGN_OR_RETURN(model::SegmentDefinition definition, journey::ParseSegment(yaml));
    return Submit(line, world, model::PutSegment{std::move(definition)});
  }
  model::SegmentDefinition definition{
      .id = std::string(line.Word(1)), .title = "", .expression = std::string(line.After(2))};
  return Submit(line, world, model::PutSegment{std::move(definition)});
}

// delete-segment ID [etag=…]
Status DoDeleteSegment(const Line& line, const std::string&, World& world) {
  return Submit(line, world,
                model::DeleteSegment{std::string(line.Word(1)), std::string(line.Option("etag"))});
}

// journey [FILE] with the YAML in a block or a file; include_existing=true, state=shadow.
Status DoJourney(const Line& line, const std::string& root, World& world) {
  std::string yaml = line.block;
  if (yaml.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(yaml, ReadFile(root + "/" + std::string(line.Word(1))));
  }
  SPOTTER_ASSIGN_OR_RETURN(model::JourneyDefinition definition, journey::ParseJourney(yaml));
  if (line.Has("holdout")) {
    SPOTTER_ASSIGN_OR_RETURN(const int64_t percent, ReadInt(line.Option("holdout")));
    definition.holdout_percent = static_cast<int>(percent);
  } else if (yaml.find("holdout:") == std::string::npos && !line.Has("default_holdout")) {
    definition.holdout_percent = 0;  // a scenario says so where the draw matters
  }
  if (line.Option("state") == "shadow") definition.state = model::JourneyState::kShadow;
  if (line.Option("state") == "paused") definition.state = model::JourneyState::kPaused;
  const bool include_existing = line.Option("include_existing") == "true";
  return Submit(line, world, model::PutJourney{std::move(definition), include_existing});
}

Status DoSubscription(const Line& line, const std::string&, World& world) {
  return Submit(line, world, model::PutSubscription{{.id = std::string(line.Word(1))}});
}

// --- time -------------------------------------------------------------------------------------

// "14d", or "to 2026-03-16T10:00:00Z".
StatusOr<EventTime> Goal(const Line& line, const World& world) {
  if (line.Word(1) == "to") return ReadTime(line.Word(2), world.now());
  return ReadTime("+" + std::string(line.Word(1)), world.now());
}

Status DoAt(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ReadTime(line.Word(1), world.now()));
  return world.AdvanceTo(time);
}
Status DoAdvance(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, Goal(line, world));
  return world.AdvanceTo(time);
}
Status DoOutage(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, Goal(line, world));
  return world.JumpTo(time);
}
Status DoClock(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, Goal(line, world));
  world.SetClock(time);
  return OkStatus();
}
Status DoTick(const Line&, const std::string&, World& world) { return world.Tick(); }

// --- records ----------------------------------------------------------------------------------

Status DoIngest(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::MemberEvent event, ReadEvent(line, world));
  const std::string payload = wire::Encode(model::LogRecord(event));
  if (line.Has("as")) world.events[std::string(line.Option("as"))] = payload;
  return world.AppendBytes(payload);
}

// The very same bytes again; backfill=true: the same event out of an import.
Status DoAgain(const Line& line, const std::string&, World& world) {
  for (size_t i = 1; i < line.words.size(); ++i) {
    const auto it = world.events.find(line.words[i]);
    if (it == world.events.end()) return InvalidArgument("no event is called '{}'", line.words[i]);
    SPOTTER_ASSIGN_OR_RETURN(model::LogRecord record, wire::DecodeLogRecord(it->second));
    if (line.Option("backfill") == "true") std::get<model::MemberEvent>(record).backfill = true;
    SPOTTER_RETURN_IF_ERROR(world.Append(record));
  }
  return OkStatus();
}

Status DoGarbage(const Line& line, const std::string&, World& world) {
  return world.AppendBytes(line.After(1));
}
Status DoClaim(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const int64_t generation, ReadInt(line.Word(1)));
  return world.Append(model::Claim{.generation = generation, .owner = "scenario"});
}
Status DoRestart(const Line&, const std::string&, World& world) { return world.Restart(); }
Status DoSkip(const Line&, const std::string&, World& world) { return world.SkipNext(); }

// --- people's decisions -------------------------------------------------------------------------

Status DoMerge(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId survivor, world.ProfileOf(line.Word(1)));
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId loser, world.ProfileOf(line.Word(2)));
  return Submit(line, world, model::MergeProfiles{survivor, loser, "asked for"});
}

// split REF...: these records leave their profile.
Status DoSplit(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(1)));
  model::SplitProfile split{.profile = profile, .records = {}, .reason = "asked for"};
  for (size_t i = 1; i < line.words.size(); ++i) {
    const std::string_view ref = line.words[i];
    const size_t at = std::min(ref.rfind('@'), ref.size() - 1);
    split.records.push_back(model::MakeRecordKey(ref.substr(at + 1), ref.substr(0, at)));
  }
  return Submit(line, world, std::move(split));
}

// consent REF CHANNEL PURPOSE granted|denied
Status DoConsent(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(1)));
  model::ConsentEntry entry{.channel = std::string(line.Word(2)),
                            .purpose = std::string(line.Word(3)),
                            .state = line.Word(4) == "granted" ? model::ConsentState::kGranted
                                                               : model::ConsentState::kDenied,
                            .source = "front desk",
                            .text = std::string(line.Option("text"))};
  return Submit(line, world, model::ChangeConsent{profile, std::move(entry)});
}

// suppress CHANNEL CONTACT [released]
Status DoSuppress(const Line& line, const std::string&, World& world) {
  return Submit(line, world,
                model::ChangeSuppression{
                    .channel = std::string(line.Word(1)),
                    .contact_hash = KeyedHashOf(world.settings.suppression_key, line.Word(2)),
                    .suppressed = line.Word(3) != "released",
                    .reason = "asked for"});
}

Status DoNote(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(1)));
  return Submit(line, world, model::AddNote{profile, "staff", std::string(line.Option("text"))});
}

// --- delivery -----------------------------------------------------------------------------------

StatusOr<model::OutboxEntry> EntryOf(const Line& line, const World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(1)));
  SPOTTER_ASSIGN_OR_RETURN(const int64_t sequence, ReadInt(line.Word(2)));
  const std::string subscription(line.Has("subscription") ? line.Option("subscription")
                                                          : "default");
  SPOTTER_ASSIGN_OR_RETURN(
      const std::optional<model::OutboxEntry> entry,
      engine::FindOutboxEntry(world.store(), world.settings.id, subscription, profile, sequence));
  if (!entry.has_value()) {
    return NotFound("'{}' has nothing waiting at sequence {}", line.Word(1), sequence);
  }
  return *entry;
}

// The action a subscriber was handed: action=NAME, else the one that stands there.
model::ActionId ActionIn(const model::OutboxEntry& entry, const Line& line, const World& world) {
  const auto named = world.actions.find(std::string(line.Option("action")));
  if (named != world.actions.end()) return named->second;
  const auto* action = std::get_if<model::Action>(&entry.what);
  return action == nullptr ? model::ActionId() : action->id;
}

// ack | reject REF SEQUENCE [action=NAME] [generation=N] [subscription=ID]
Status DoSettle(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::OutboxEntry entry, EntryOf(line, world));
  model::Settle settle{.subscription = entry.subscription, .generation = 0, .settlements = {}};
  if (line.Has("generation")) {
    SPOTTER_ASSIGN_OR_RETURN(settle.generation, ReadInt(line.Option("generation")));
  }
  settle.settlements = {{.profile = entry.profile,
                         .sequence = entry.sequence,
                         .action = ActionIn(entry, line, world),
                         .outcome = line.command() == "ack" ? model::SettleOutcome::kAck
                                                            : model::SettleOutcome::kReject}};
  return Submit(line, world, std::move(settle));
}

// fetch: a healthy subscriber acknowledges all that may go out now.
Status DoFetch(const Line& line, const std::string&, World& world) {
  model::Settle settle{.subscription = "default", .generation = 0, .settlements = {}};
  SPOTTER_RETURN_IF_ERROR(engine::ScanOutbox(
      world.store(), [&](const model::TenantId& tenant, const model::OutboxEntry& entry) {
        if (tenant != world.settings.id || entry.subscription != settle.subscription) return;
        const auto* action = std::get_if<model::Action>(&entry.what);
        if (action != nullptr && world.now() < action->not_before) return;
        settle.settlements.push_back({.profile = entry.profile,
                                      .sequence = entry.sequence,
                                      .action = action == nullptr ? model::ActionId() : action->id,
                                      .outcome = model::SettleOutcome::kAck});
      }));
  return Submit(line, world, std::move(settle));
}

model::RefusalReason ReasonNamed(std::string_view name) {
  for (int i = 1; i <= model::kRefusalReasonMax; ++i) {
    const auto reason = static_cast<model::RefusalReason>(i);
    if (NameOf(reason) == name) return reason;
  }
  return model::RefusalReason::kExpired;
}

// undeliverable REF SEQUENCE [reason=suppressed]: what a dispatcher found at delivery.
Status DoUndeliverable(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::OutboxEntry entry, EntryOf(line, world));
  return Submit(line, world,
                model::Undeliverable{.subscription = entry.subscription,
                                     .profile = entry.profile,
                                     .sequence = entry.sequence,
                                     .action = ActionIn(entry, line, world),
                                     .reason = ReasonNamed(line.Option("reason"))});
}

Status DoExpect(const Line& line, const std::string&, World& world) { return Expect(line, world); }
Status DoRemember(const Line& line, const std::string&, World& world) {
  return Remember(line, world);
}
// Speaks of a tenant that nobody has created.
Status DoStranger(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(world.settings, ReadTenant(line, {}));
  return OkStatus();
}
// Speaks of another tenant from here on.
Status DoUse(const Line& line, const std::string&, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(
      const std::optional<model::TenantSettings> settings,
      engine::FindTenant(world.store(), model::TenantId(std::string(line.Word(1)))));
  if (!settings.has_value()) return NotFound("tenant '{}' does not exist", line.Word(1));
  world.settings = *settings;
  return OkStatus();
}

using Do = Status (*)(const Line&, const std::string& root, World&);
struct CommandInfo {
  Do execute;
  bool looks_at_shard = false;
};
const std::map<std::string_view, CommandInfo> kCommands = {
    {"tenant", {DoTenant, true}},
    {"stranger", {DoStranger, true}},
    {"use", {DoUse, true}},
    {"zone", {DoZone}},
    {"segment", {DoSegment}},
    {"delete-segment", {DoDeleteSegment}},
    {"journey", {DoJourney}},
    {"subscription", {DoSubscription}},
    {"at", {DoAt}},
    {"advance", {DoAdvance}},
    {"outage", {DoOutage}},
    {"clock", {DoClock}},
    {"tick", {DoTick}},
    {"ingest", {DoIngest}},
    {"again", {DoAgain}},
    {"garbage", {DoGarbage}},
    {"claim", {DoClaim}},
    {"restart", {DoRestart, true}},
    {"skip", {DoSkip, true}},
    {"merge", {DoMerge}},
    {"split", {DoSplit}},
    {"consent", {DoConsent}},
    {"suppress", {DoSuppress}},
    {"note", {DoNote}},
    {"ack", {DoSettle}},
    {"reject", {DoSettle}},
    {"undeliverable", {DoUndeliverable}},
    {"fetch", {DoFetch, true}},
    {"expect", {DoExpect, true}},
    {"remember", {DoRemember, true}},
};

}  // namespace

bool LooksAtShard(const Line& line) {
  const auto it = kCommands.find(line.command());
  return it != kCommands.end() && it->second.looks_at_shard;
}

Status Execute(const Line& line, const std::string& root, World& world) {
  const auto it = kCommands.find(line.command());
  if (it == kCommands.end()) return InvalidArgument("'{}' is no command", line.command());
  return it->second.execute(line, root, world);
}

}  // namespace spotter::scenario
