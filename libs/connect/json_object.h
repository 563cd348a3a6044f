// SPDX-License-Identifier: Apache-2.0
//
// Reading a source's JSON: every read names its path, and the first thing that is not as expected
// becomes the rejection of the body. Reads after that still return (empty) values, so a decoder is
// a straight list of reads with one check at the end. Private to connect.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "connect/connector.h"
#include "connect/time_rule.h"

namespace spotter::connect {

// One body while it is being read.
struct Reading {
  std::string_view source;  // "square"
  std::string type;         // "booking.created"; "" until it is known
  const DecodeSettings& settings;
  std::optional<Rejection> rejection = std::nullopt;  // the first one

  // Keeps the first rejection: "square booking.created: PATH: found FOUND, expected EXPECTED".
  void Reject(std::string_view reason, std::string_view path, std::string_view found,
              std::string_view expected);
};

// An object of the body and its path; cheap to copy. An absent object has no members.
class JsonObject {
 public:
  JsonObject(Reading& reading, std::optional<simdjson::dom::object> object, std::string path)
      : reading_(&reading), object_(object), path_(std::move(path)) {}

  bool present() const { return object_.has_value(); }

  // Required members; "missing_field" or "wrong_type" otherwise. A null is missing.
  JsonObject Object(std::string_view key) const;
  std::string Text(std::string_view key) const;  // never empty
  int64_t Int(std::string_view key) const;
  int64_t Amount(std::string_view key) const;                    // minor units, not negative
  EventTime Time(std::string_view key, TimeRule rule) const;     // RFC 3339
  EventTime Seconds(std::string_view key, TimeRule rule) const;  // since 1970

  // Optional ones: absent and null are the same; a wrong type still rejects.
  JsonObject MaybeObject(std::string_view key) const;
  JsonObject MaybeFirst(std::string_view key) const;  // of an array of objects
  std::string MaybeText(std::string_view key) const;
  std::optional<int64_t> MaybeInt(std::string_view key) const;
  std::optional<EventTime> MaybeTime(std::string_view key, TimeRule rule) const;
  std::optional<EventTime> MaybeSeconds(std::string_view key, TimeRule rule) const;
  bool Flag(std::string_view key) const;
  // A reference: the id as text, or the referred object itself with its "id".
  std::string MaybeId(std::string_view key) const;

  std::optional<simdjson::dom::element> Find(std::string_view key) const;
  std::string PathOf(std::string_view key) const;
  Reading& reading() const { return *reading_; }

 private:
  // The member, rejecting the body if it is not there.
  std::optional<simdjson::dom::element> Require(std::string_view key,
                                                std::string_view expected) const;
  void WrongType(std::string_view key, simdjson::dom::element found,
                 std::string_view expected) const;
  std::optional<EventTime> Checked(std::string_view key, EventTime time, TimeRule rule) const;

  Reading* reading_;
  std::optional<simdjson::dom::object> object_;
  std::string path_;
};

// The root object of `body`. Not JSON, not UTF-8 or not an object: rejects. `parser` owns what the
// objects refer to.
JsonObject ParseBody(simdjson::dom::parser& parser, std::string_view body, Reading& reading);

// "text", "a number", ... of a value, never the value itself: it may be personal.
std::string_view DescribeType(simdjson::dom::element element);

}  // namespace spotter::connect
