// SPDX-License-Identifier: Apache-2.0
#include "wire/leaf.h"

#include <algorithm>

#include "base/hash.h"

namespace spotter::wire {
namespace {

// The bounds of google.protobuf.Timestamp and Duration, in seconds.
constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr int64_t kLongestSeconds = 315'576'000'000;
constexpr int64_t kNanosPerMs = 1'000'000;

int32_t Nanos(int64_t ms) { return static_cast<int32_t>(ms * kNanosPerMs); }

}  // namespace

void Write(EventTime from, google::protobuf::Timestamp& to) {
  const int64_t ms = std::clamp(from.ms, kFirstSecond * 1000, kLastSecond * 1000 + 999);
  const int64_t rest = ((ms % 1000) + 1000) % 1000;  // Timestamp's nanos count forward
  to.set_seconds((ms - rest) / 1000);
  to.set_nanos(Nanos(rest));
}

google::protobuf::Timestamp ToProto(EventTime time) {
  google::protobuf::Timestamp to;
  Write(time, to);
  return to;
}

google::protobuf::Duration ToProto(Duration duration) {
  const int64_t ms =
      std::clamp<int64_t>(duration.count(), -kLongestSeconds * 1000, kLongestSeconds * 1000);
  google::protobuf::Duration to;
  to.set_seconds(ms / 1000);
  to.set_nanos(Nanos(ms % 1000));
  return to;
}

EventTime Reader::Time(const google::protobuf::Timestamp& value, std::string_view what) {
  if (value.seconds() < kFirstSecond || value.seconds() > kLastSecond || value.nanos() < 0 ||
      value.nanos() >= 1000 * kNanosPerMs) {
    Fail(InvalidArgument("{}: {} s and {} ns is no instant of the years 1 to 9999", what,
                         value.seconds(), value.nanos()));
    return {};
  }
  return {value.seconds() * 1000 + value.nanos() / kNanosPerMs};
}

Duration Reader::Span(const google::protobuf::Duration& value, std::string_view what) {
  const bool signs_differ =
      (value.seconds() > 0 && value.nanos() < 0) || (value.seconds() < 0 && value.nanos() > 0);
  if (value.seconds() < -kLongestSeconds || value.seconds() > kLongestSeconds || signs_differ ||
      value.nanos() <= -1000 * kNanosPerMs || value.nanos() >= 1000 * kNanosPerMs) {
    Fail(InvalidArgument("{}: {} s and {} ns is no duration of up to 10000 years", what,
                         value.seconds(), value.nanos()));
    return Duration(0);
  }
  return Duration(value.seconds() * 1000 + value.nanos() / kNanosPerMs);
}

model::ProfileId Reader::Profile(const std::string& text) {
  StatusOr<model::ProfileId> id = model::ParseProfileId(text);
  Fail(id.status());
  return id.ok() ? *id : model::ProfileId();
}

model::ActionId Reader::Action(const std::string& text) {
  if (text.empty()) return {};
  StatusOr<model::ActionId> id = model::ParseActionId(text);
  Fail(id.status());
  return id.ok() ? *id : model::ActionId();
}

model::RecordKey Reader::Record(const std::string& text) {
  if (text.starts_with("rec_")) {
    if (StatusOr<Hash128> hash = ParseBase32(std::string_view(text).substr(4)); hash.ok()) {
      return model::RecordKey(*hash);
    }
  }
  Fail(InvalidArgument("record id '{}': expected \"rec_\" and 26 base32 characters", text));
  return {};
}

}  // namespace spotter::wire
