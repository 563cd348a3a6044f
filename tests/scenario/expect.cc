// SPDX-License-Identifier: Apache-2.0
#include "scenario/expect.h"

#include <algorithm>

#include "base/codec.h"
#include "scenario/describe.h"
#include "scenario/read_values.h"

namespace spotter::scenario {
namespace {

Status Differ(std::string_view what, const std::string& found, std::string_view expected) {
  if (found == expected) return OkStatus();
  return FailedPrecondition("{}: found {}, expected {}", what, found, expected);
}

// --- what left the shard, and what was refused ---------------------------------------------------

// Why `entry` is not what the line speaks of; "" = it is.
StatusOr<std::string> MismatchOfEntry(const Line& line, const World& world,
                                      const model::OutboxEntry& entry) {
  const std::string_view what = line.Word(1);
  const std::string& is = std::string(line.Option("is"));
  const auto check_id = [&](model::ActionId id) -> std::string {
    if (is.empty()) return "";
    const auto it = world.actions.find(is);
    return it != world.actions.end() && it->second == id ? "" : fmt::format("it is not '{}'", is);
  };
  const std::string_view subscription =
      line.Has("subscription") ? line.Option("subscription") : "default";
  if (entry.subscription != subscription) return "it is of another subscription";
  if (const auto* action = std::get_if<model::Action>(&entry.what); action && what == "action") {
    SPOTTER_ASSIGN_OR_RETURN(
        std::string difference,
        FirstDifference(line, Describe(*action), world.now(), "|as||is||subscription|"));
    return difference.empty() ? check_id(action->id) : difference;
  }
  if (const auto* gone = std::get_if<model::Void>(&entry.what); gone && what == "void") {
    const Fields fields{{"reason", gone->reason}};
    SPOTTER_ASSIGN_OR_RETURN(std::string difference,
                             FirstDifference(line, fields, world.now(), "|is||subscription|"));
    return difference.empty() ? check_id(gone->action) : difference;
  }
  if (const auto* merged = std::get_if<model::MergedInto>(&entry.what);
      merged && what == "merged") {
    SPOTTER_ASSIGN_OR_RETURN(const bool same, world.IsOf(line.Option("into"), merged->survivor));
    return std::string(same ? "" : "it went into another profile");
  }
  return "it is of another kind";
}

std::string PrintEntry(const model::OutboxEntry& entry) {
  if (const auto* action = std::get_if<model::Action>(&entry.what)) {
    return fmt::format("action {}", Print(Describe(*action)));
  }
  if (const auto* gone = std::get_if<model::Void>(&entry.what)) {
    return fmt::format("void reason={}", gone->reason);
  }
  return "merged";
}

// expect action|void|merged REF ...
Status ExpectHappening(const Line& line, World& world) {
  std::string seen;
  for (Happening& happening : world.happenings) {
    if (happening.is_expected || happening.tenant != world.settings.id) continue;
    SPOTTER_ASSIGN_OR_RETURN(const bool mine, world.IsOf(line.Word(2), happening.entry.profile));
    if (!mine) continue;
    SPOTTER_ASSIGN_OR_RETURN(const std::string difference,
                             MismatchOfEntry(line, world, happening.entry));
    if (!difference.empty()) {
      seen += fmt::format("\n    {}: {}", difference, PrintEntry(happening.entry));
      continue;
    }
    happening.is_expected = true;
    if (line.Has("as")) {
      world.actions[std::string(line.Option("as"))] =
          std::get<model::Action>(happening.entry.what).id;
    }
    return OkStatus();
  }
  return FailedPrecondition("no such {}; not spoken of yet:{}", line.Word(1),
                            seen.empty() ? " nothing" : seen);
}

struct OpenRefusal {
  std::string key;
  engine::RefusalRow row;
};

// Refusals that no line has spoken of, in the order they were decided.
StatusOr<std::vector<OpenRefusal>> OpenRefusals(const World& world) {
  SPOTTER_ASSIGN_OR_RETURN(
      engine::Page<engine::RefusalRow> page,
      engine::ListRefusals(world.store(), world.settings.id, std::nullopt, size_t{1} << 20, ""));
  std::ranges::stable_sort(page.rows, {}, &engine::RefusalRow::offset);
  std::map<std::string, int> seen;
  std::vector<OpenRefusal> open;
  for (engine::RefusalRow& row : page.rows) {
    std::string key =
        fmt::format("{} {} {}", world.settings.id.value(), ToText(row.profile), row.offset);
    key += fmt::format(" {}", seen[key]++);
    if (!world.expected_refusals.contains(key)) open.push_back({key, std::move(row)});
  }
  return open;
}

Status ExpectRefused(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<OpenRefusal> open, OpenRefusals(world));
  std::string seen;
  for (const OpenRefusal& refusal : open) {
    SPOTTER_ASSIGN_OR_RETURN(const bool mine, world.IsOf(line.Word(2), refusal.row.profile));
    if (!mine) continue;
    const Fields fields = Describe(refusal.row.refusal);
    SPOTTER_ASSIGN_OR_RETURN(const std::string difference,
                             FirstDifference(line, fields, world.now()));
    if (difference.empty()) {
      world.expected_refusals.insert(refusal.key);
      return OkStatus();
    }
    seen += fmt::format("\n    {}: {}", difference, Print(fields));
  }
  return FailedPrecondition("no such refusal; not spoken of yet:{}",
                            seen.empty() ? " nothing" : seen);
}

// expect none: nothing has happened that no line has spoken of.
Status ExpectNone(const Line&, World& world) {
  std::string seen;
  for (const Happening& happening : world.happenings) {
    if (happening.is_expected || happening.entry.subscription != "default") continue;
    if (happening.tenant == world.settings.id) seen += "\n    " + PrintEntry(happening.entry);
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<OpenRefusal> open, OpenRefusals(world));
  for (const OpenRefusal& refusal : open) {
    seen += fmt::format("\n    refusal {}", Print(Describe(refusal.row.refusal)));
  }
  return seen.empty() ? OkStatus() : FailedPrecondition("not spoken of yet:{}", seen);
}

// expect sequence REF 1=action/STEP 2=void/REASON 3=merged ...: what waits, in its order.
Status ExpectSequence(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(2)));
  std::string found;
  SPOTTER_RETURN_IF_ERROR(engine::ScanOutbox(
      world.store(), [&](const model::TenantId& tenant, const model::OutboxEntry& entry) {
        if (tenant != world.settings.id || entry.profile != profile) return;
        if (entry.subscription != "default") return;
        if (!found.empty()) found += ' ';
        found += fmt::format("{}:", entry.sequence);
        if (const auto* action = std::get_if<model::Action>(&entry.what)) {
          found += action->proposal.step;
        } else if (const auto* gone = std::get_if<model::Void>(&entry.what)) {
          found += "void/" + gone->reason;
        } else {
          found += "merged";
        }
      }));
  std::string expected;
  for (size_t i = 3; i < line.words.size(); ++i) {
    expected += (i > 3 ? " " : "") + line.words[i];
  }
  return Differ("sequence", "'" + found + "'", "'" + expected + "'");
}

// --- the member
// -----------------------------------------------------------------------------------

// expect segment REF SEGMENT in|out [since=TIME]
Status ExpectSegment(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const engine::StoredMember member, world.MemberOf(line.Word(2)));
  model::Membership found{.segment = std::string(line.Word(3))};
  for (const model::Membership& membership : member.profile.memberships) {
    if (membership.segment == line.Word(3)) found = membership;
  }
  const Fields fields = Describe(found);
  SPOTTER_RETURN_IF_ERROR(Differ("membership", fields.at("member"), line.Word(4)));
  SPOTTER_ASSIGN_OR_RETURN(const std::string difference,
                           FirstDifference(line, fields, world.now()));
  return difference.empty() ? OkStatus() : FailedPrecondition("membership: {}", difference);
}

// expect enrolment REF journey=J ...; expect enrolment REF none
Status ExpectEnrolment(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const engine::StoredMember member, world.MemberOf(line.Word(2)));
  std::string seen;
  for (const state::Anchor& anchor : member.anchors) {
    for (const model::Enrolment& enrolment : anchor.enrolments) {
      const Fields fields = Describe(enrolment);
      SPOTTER_ASSIGN_OR_RETURN(const std::string difference,
                               FirstDifference(line, fields, world.now()));
      if (difference.empty() && line.Word(3) != "none") return OkStatus();
      seen += fmt::format("\n    {}: {}", difference, Print(fields));
    }
  }
  if (line.Word(3) == "none" && seen.empty()) return OkStatus();
  return FailedPrecondition("enrolments:{}", seen.empty() ? " none" : seen);
}

StatusOr<model::FactKind> KindNamed(std::string_view name) {
  const model::FactKind kind = model::FindFactKind(name);
  if (kind == model::FactKind::unspecified) return InvalidArgument("'{}' is no kind of fact", name);
  return kind;
}

// What is paid less what is given back, in one currency.
int64_t SpendOf(const model::MemberView& view, uint32_t currency) {
  int64_t spend = 0;
  for (const model::FactKind kind :
       {model::FactKind::purchase, model::FactKind::refund, model::FactKind::dispute}) {
    for (const auto& [of, sum] : view.TotalsOf(kind).sums) spend += of == currency ? sum : 0;
  }
  return spend;
}

// A property of a member: expect PROPERTY REF [ARGUMENT...] VALUE
StatusOr<std::string> PropertyOf(const Line& line, const World& world,
                                 const engine::StoredMember& member) {
  const std::string_view what = line.Word(1);
  const model::MemberView view = member.View();
  if (what == "total_bookings") {
    return std::to_string(view.TotalsOf(model::FactKind::booking).count);
  }
  if (what == "count") {
    SPOTTER_ASSIGN_OR_RETURN(const model::FactKind kind, KindNamed(line.Word(3)));
    return std::to_string(view.TotalsOf(kind).count);
  }
  if (what == "last") {
    SPOTTER_ASSIGN_OR_RETURN(const model::FactKind kind, KindNamed(line.Word(3)));
    return FormatTime(view.TotalsOf(kind).last);
  }
  if (what == "spend") return std::to_string(SpendOf(view, model::PackCurrency(line.Word(3))));
  if (what == "status") return std::string(NameOf(model::StatusOf(view, world.now()).status));
  if (what == "growing") return std::string(model::IsGrowing(view) ? "yes" : "no");
  if (what == "records") return std::to_string(view.records.size());
  if (what == "consents") {
    size_t lines = 0;
    for (const model::SourceRecord* record : view.records) lines += record->consents.size();
    return std::to_string(lines);
  }
  if (what == "consent") {
    const model::ConsentState state = view.Consent(line.Word(3), line.Word(4));
    return std::string(state == model::ConsentState::kGranted  ? "granted"
                       : state == model::ConsentState::kDenied ? "denied"
                                                               : "unknown");
  }
  if (what == "trait") {
    const model::AttributeInfo* info = model::FindAttribute(line.Word(3));
    if (info == nullptr) return InvalidArgument("'{}' is no attribute", line.Word(3));
    const model::Trait* trait = view.FindTrait(info->id);
    return trait == nullptr ? std::string("none") : model::ToText(trait->value);
  }
  return InvalidArgument("'{}' cannot be expected", what);
}

Status ExpectProperty(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const engine::StoredMember member, world.MemberOf(line.Word(2)));
  SPOTTER_ASSIGN_OR_RETURN(const std::string found, PropertyOf(line, world, member));
  std::string expected = line.words.back();
  if (line.Word(1) == "last") {
    SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ReadTime(expected, world.now()));
    expected = FormatTime(time);
  }
  return Differ(line.Word(1), found, expected);
}

// expect same|different REF REF
Status ExpectSame(const Line& line, World& world) {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId left, world.ProfileOf(line.Word(2)));
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId right, world.ProfileOf(line.Word(3)));
  return Differ("profiles", left == right ? "same" : "different", line.Word(1));
}

// --- the tenant and the shard
// ---------------------------------------------------------------------

StatusOr<size_t> CountDeadLetters(const Line& line, const World& world) {
  // A record without a known tenant is nobody's.
  const model::TenantId tenant(line.Option("tenant") == "none" ? "" : world.settings.id.value());
  SPOTTER_ASSIGN_OR_RETURN(const engine::Page<state::DeadLetter> page,
                           engine::ListDeadLetters(world.store(), tenant, size_t{1} << 20, ""));
  return static_cast<size_t>(std::ranges::count_if(page.rows, [&](const state::DeadLetter& letter) {
    return (!line.Has("reason") || letter.reason == line.Option("reason")) &&
           letter.detail.find(line.Option("detail")) != std::string::npos;
  }));
}

StatusOr<uint64_t> CountTransitions(const Line& line, const World& world) {
  const engine::Counters counters = world.counters();
  for (const model::Cause cause :
       {model::Cause::kLive, model::Cause::kTime, model::Cause::kLate, model::Cause::kBackfill,
        model::Cause::kDefinition, model::Cause::kMerge, model::Cause::kSplit}) {
    if (NameOf(cause) == line.Word(2)) {
      return counters.transitions_by_cause[static_cast<size_t>(cause)];
    }
  }
  return InvalidArgument("'{}' is no cause", line.Word(2));
}

// A property of the shard: expect PROPERTY [ARGUMENT] VALUE
Status ExpectOfShard(const Line& line, World& world) {
  const std::string_view what = line.Word(1);
  std::string found;
  std::string expected = line.words.back();
  if (what == "profiles") {
    SPOTTER_ASSIGN_OR_RETURN(
        const engine::Page<state::Profile> page,
        engine::ListProfiles(world.store(), world.settings.id, size_t{1} << 20, ""));
    found = std::to_string(page.rows.size());
  } else if (what == "members") {  // of a segment
    SPOTTER_ASSIGN_OR_RETURN(const engine::Page<state::Profile> page,
                             engine::ListSegmentMembers(world.store(), world.settings.id,
                                                        line.Word(2), size_t{1} << 20, ""));
    found = std::to_string(page.rows.size());
  } else if (what == "orphans") {
    SPOTTER_ASSIGN_OR_RETURN(const state::TenantProgress progress,
                             engine::ReadProgress(world.store(), world.settings.id));
    found = std::to_string(progress.orphans);
  } else if (what == "dead-letters") {
    SPOTTER_ASSIGN_OR_RETURN(const size_t count, CountDeadLetters(line, world));
    found = std::to_string(count);
  } else if (what == "refusals") {
    SPOTTER_ASSIGN_OR_RETURN(
        const engine::Page<engine::RefusalRow> page,
        engine::ListRefusals(world.store(), world.settings.id, std::nullopt, size_t{1} << 20, ""));
    found = std::to_string(page.rows.size());
  } else if (what == "duplicates") {
    found = std::to_string(world.counters().duplicates);
  } else if (what == "actions") {
    found = std::to_string(world.counters().actions);
  } else if (what == "transitions") {
    SPOTTER_ASSIGN_OR_RETURN(const uint64_t count, CountTransitions(line, world));
    found = std::to_string(count);
  } else if (what == "suppressed") {  // CHANNEL CONTACT yes|no
    SPOTTER_ASSIGN_OR_RETURN(
        const bool suppressed,
        engine::IsSuppressed(world.store(), world.settings.id, world.settings.suppression_key,
                             line.Word(2), line.Word(3)));
    found = suppressed ? "yes" : "no";
  } else {
    const EventTime time = what == "shard-time"  ? world.shard().shard_time()
                           : what == "candidate" ? world.shard().time_candidate()
                                                 : world.shard().next_due();
    found = FormatTime(time);
    SPOTTER_ASSIGN_OR_RETURN(const EventTime wanted, ReadTime(expected, world.now()));
    expected = FormatTime(wanted);
  }
  return Differ(what, found, expected);
}

// expect answer REQUEST CODE [result=…] [message=…]
Status ExpectAnswer(const Line& line, World& world) {
  const std::string request(line.Word(2));
  const auto it = world.answers.find(request);
  if (it == world.answers.end()) return FailedPrecondition("'{}' was not answered", request);
  world.expected_answers.insert(request);
  const state::Answer& answer = it->second;
  const std::string code = absl::StatusCodeToString(static_cast<StatusCode>(answer.code));
  SPOTTER_RETURN_IF_ERROR(Differ("answer", code, line.Word(3)));
  if (line.Has("result")) {
    SPOTTER_RETURN_IF_ERROR(Differ("result", answer.result, line.Option("result")));
  }
  if (answer.message.find(line.Option("message")) != std::string::npos) return OkStatus();
  return FailedPrecondition("message: found '{}', expected '{}'", answer.message,
                            line.Option("message"));
}

// --- remembered values
// ----------------------------------------------------------------------------

// facts | state | memberships REF | identity REF
StatusOr<std::string> ValueOf(std::string_view what, std::string_view ref, const World& world,
                              const state::StateHash& hash) {
  if (what == "facts") return Hex(hash.Facts());
  if (what == "state") return Hex(hash.Total());
  SPOTTER_ASSIGN_OR_RETURN(const engine::StoredMember member, world.MemberOf(ref));
  std::string text;
  if (what == "memberships") {
    for (const model::Membership& membership : member.profile.memberships) {
      if (membership.is_member) text += membership.segment + " ";
    }
    return text;
  }
  if (what == "traits") {
    const model::MemberView view = member.View();
    for (const model::AttributeInfo& info : model::AllAttributes()) {
      const model::Trait* trait = view.FindTrait(info.id);
      if (trait != nullptr) text += fmt::format("{}={} ", info.name, model::ToText(trait->value));
    }
    return text;
  }
  return InvalidArgument("'{}' cannot be remembered", what);
}

// expect same-as NAME | expect changed-from NAME
Status ExpectSameAs(const Line& line, World& world) {
  const std::string name(line.Word(2));
  const auto it = world.kept.find(name);
  if (it == world.kept.end()) return InvalidArgument("'{}' has not been remembered", name);
  // "facts" or "memberships C1@square", as it was remembered.
  const size_t end = it->second.find('\n');
  const std::string_view about = std::string_view(it->second).substr(0, end);
  const size_t space = std::min(about.find(' '), about.size());
  SPOTTER_ASSIGN_OR_RETURN(
      const std::string found,
      ValueOf(about.substr(0, space), about.substr(std::min(space + 1, about.size())), world,
              world.shard().state_hash()));
  const bool same = found == std::string_view(it->second).substr(end + 1);
  if (same == (line.Word(1) == "same-as")) return OkStatus();
  return FailedPrecondition("{}: found {}, was {}", about, found, it->second.substr(end + 1));
}

using Check = Status (*)(const Line&, World&);
const std::map<std::string_view, Check> kChecks = {
    {"action", ExpectHappening},    {"void", ExpectHappening},
    {"merged", ExpectHappening},    {"refused", ExpectRefused},
    {"none", ExpectNone},           {"sequence", ExpectSequence},
    {"segment", ExpectSegment},     {"enrolment", ExpectEnrolment},
    {"same", ExpectSame},           {"different", ExpectSame},
    {"profiles", ExpectOfShard},    {"members", ExpectOfShard},
    {"orphans", ExpectOfShard},     {"dead-letters", ExpectOfShard},
    {"refusals", ExpectOfShard},    {"duplicates", ExpectOfShard},
    {"actions", ExpectOfShard},     {"transitions", ExpectOfShard},
    {"suppressed", ExpectOfShard},  {"shard-time", ExpectOfShard},
    {"candidate", ExpectOfShard},   {"due", ExpectOfShard},
    {"answer", ExpectAnswer},       {"same-as", ExpectSameAs},
    {"changed-from", ExpectSameAs},
};

}  // namespace

Status Expect(const Line& line, World& world) {
  const auto it = kChecks.find(line.Word(1));
  return it == kChecks.end() ? ExpectProperty(line, world) : it->second(line, world);
}

Status Remember(const Line& line, World& world) {
  if (line.Word(1) == "profile") {
    SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, world.ProfileOf(line.Word(2)));
    world.profiles[line.words.back()] = profile;
    return OkStatus();
  }
  const std::string_view ref = line.words.size() > 3 ? line.Word(2) : std::string_view();
  SPOTTER_ASSIGN_OR_RETURN(const std::string value,
                           ValueOf(line.Word(1), ref, world, world.shard().state_hash()));
  const std::string about =
      ref.empty() ? std::string(line.Word(1)) : fmt::format("{} {}", line.Word(1), ref);
  world.kept[line.words.back()] = about + "\n" + value;
  return OkStatus();
}

}  // namespace spotter::scenario
