// SPDX-License-Identifier: Apache-2.0
//
// Segment expressions: CEL syntax and semantics plus event windows. Compile once, evaluate often.
// Method: every value carries the instant until which it holds (expiration times: Schmidt, Jensen,
// Šaltenis, ICDE 2006), so a change of membership is known to the millisecond beforehand.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/source_record.h"

namespace spotter::segment {

// Where an expression stands decides which names it may use.
enum class Scope : uint8_t { kSegment, kJourneyEntry, kJourneyStep };

// segment('id') inside an expression: the member's value in another segment.
struct SegmentValue {
  bool is_member = false;
  EventTime valid_until = EventTime::Max();
};
class SegmentLookup {
 public:
  virtual ~SegmentLookup() = default;
  virtual SegmentValue Lookup(std::string_view segment) const = 0;
};

// What a zone's clocks show at an instant: UTC plus `seconds`, at every instant of [from, to).
struct ZoneOffset {
  int64_t seconds = 0;
  EventTime from = EventTime::Min();
  EventTime to = EventTime::Max();
};
// The rules of zones, which come from records; UTC and fixed offsets such as "+05:30" need none.
class ZoneLookup {
 public:
  virtual ~ZoneLookup() = default;
  virtual std::optional<ZoneOffset> OffsetAt(std::string_view zone, EventTime at) const = 0;
  // The zone that a member's days and weeks are in; "": none is known.
  virtual std::string_view ZoneOf(const model::MemberView&) const { return ""; }
};

struct Value;

struct Input {
  const model::MemberView& member;
  EventTime now;
  EventTime journey_entered_at;  // journey.entered_at, in kJourneyStep
  EventTime step_entered_at;     // step.entered_at, in kJourneyStep
  std::string_view tenant;       // for bucket()
  const SegmentLookup* segments = nullptr;
  const ZoneLookup* zones = nullptr;  // nullptr: no zone is known by name
  std::span<const Value> variables;   // of an Environment that declares some
};

struct Result {
  // An expression that ends in an error (a missing trait compared, say) is not a match.
  bool value = false;
  // `value` holds at every instant of [now, valid_until) unless an input changes.
  EventTime valid_until = EventTime::Max();
  bool is_error = false;
};

// A zone that is written out, which needs rules.
struct NamedZone {
  std::string name;
  int line = 1;  // where it stands
  int column = 1;
  friend auto operator<=>(const NamedZone&, const NamedZone&) = default;
};

// What an expression can be changed by; an event touches only expressions that depend on it.
struct Dependencies {
  std::vector<model::FactKind> facts;      // ascending
  std::vector<model::AttributeId> traits;  // ascending
  std::vector<std::string> segments;       // ascending
  std::vector<NamedZone> zones;            // ascending
  bool on_consent = false;
  bool on_zones = false;  // on the rules of some zone, written out or the member's
};

// Immutable and safe to share between threads.
class Expression {
 public:
  // A bool over the roots of the scope. InvalidArgument: "unknown fact kind 'vist' at 1:8; did you
  // mean 'visit'?" (line:column).
  static StatusOr<Expression> Compile(std::string_view text, Scope scope);

  // No allocation on the usual path. An evaluation that takes too many steps is an error.
  Result Evaluate(const Input& input) const;
  const Dependencies& dependencies() const;
  const std::string& text() const;

 private:
  struct Program;
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;  // shared by copies of this value
};

}  // namespace spotter::segment
