// SPDX-License-Identifier: Apache-2.0
//
// The leaves of messages: instants, durations, ids, enums. Writing never fails: what protobuf
// cannot express (instants outside the years 1 to 9999, spans over 10,000 years) is clamped.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "model/ids.h"

namespace spotter::wire {

void Write(EventTime from, google::protobuf::Timestamp& to);
google::protobuf::Timestamp ToProto(EventTime time);
google::protobuf::Duration ToProto(Duration duration);

// "" for the zero id, which stands for none.
template <typename Id>
std::string IdText(Id id) {
  return id.value().is_zero() ? std::string() : model::ToText(id);
}

// These enums start at 0 in the model and at 1 in messages, where 0 means "not given": the first.
template <typename To, typename From>
To Shifted(From from) {
  return static_cast<To>(static_cast<int>(from) + 1);
}

// Reads leaves and keeps the first failure, so that a message is read in one straight line and
// checked once at its end. A failed leaf reads as its zero value.
class Reader {
 public:
  EventTime Time(const google::protobuf::Timestamp& value, std::string_view what);
  Duration Span(const google::protobuf::Duration& value, std::string_view what);
  model::ProfileId Profile(const std::string& text);
  model::ActionId Action(const std::string& text);  // "" is the zero id
  model::RecordKey Record(const std::string& text);

  // The model's enum of the same number. `known`: the generated X_IsValid(value).
  template <typename To, typename From>
  To Enum(From value, bool known, std::string_view what) {
    const int number = static_cast<int>(value);
    if (number == 0) {
      Fail(InvalidArgument("{} is missing", what));
    } else if (!known) {
      Fail(InvalidArgument("{}: {} is not a value this version knows", what, number));
    }
    return status_.ok() ? static_cast<To>(number) : To{};
  }

  // The other way of Shifted.
  template <typename To, typename From>
  To Unshifted(From value, bool known, std::string_view what) {
    if (static_cast<int>(value) == 0) return To{};
    const To shifted = Enum<To>(value, known, what);
    return status_.ok() ? static_cast<To>(static_cast<int>(shifted) - 1) : To{};
  }

  void Fail(const Status& status) { status_.Update(status); }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

}  // namespace spotter::wire
