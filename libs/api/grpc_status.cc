// SPDX-License-Identifier: Apache-2.0
#include "api/grpc_status.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>

namespace spotter::api {
namespace {

// Debian ships no google/rpc/*.proto, and these small messages are quicker written than vendored:
//   google.rpc.ErrorInfo {string reason = 1; string domain = 2;}
//   google.rpc.RetryInfo {google.protobuf.Duration retry_delay = 1;}
//   google.rpc.Status {int32 code = 1; string message = 2; repeated google.protobuf.Any details =
//   3;}
void AppendField(int number, std::string_view bytes, std::string& out) {
  out += static_cast<char>(number << 3 | 2);
  for (size_t size = bytes.size(); true; size >>= 7) {
    out += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) break;
  }
  out += bytes;
}

constexpr const char* kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";
constexpr const char* kElsewhere = "spotter/elsewhere";
constexpr Duration kElsewhereRetry = Seconds(1);

std::string RetryInfoBytes(Duration delay) {
  google::protobuf::Duration proto;
  proto.set_seconds(delay.count() / 1000);
  proto.set_nanos(static_cast<int32_t>(delay.count() % 1000 * 1'000'000));
  std::string info;
  AppendField(1, proto.SerializeAsString(), info);
  return info;
}

std::string Details(const Status& status) {
  std::string info;
  AppendField(1, absl::StatusCodeToString(status.code()), info);
  AppendField(2, "spotter", info);
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  any.set_value(info);
  std::string details;
  details += static_cast<char>(1 << 3);
  details += static_cast<char>(status.code());
  AppendField(2, MessageOf(status), details);
  AppendField(3, any.SerializeAsString(), details);
  if (IsElsewhere(status)) {
    any.set_type_url(kRetryInfo);
    any.set_value(RetryInfoBytes(kElsewhereRetry));
    AppendField(3, any.SerializeAsString(), details);
  }
  return details;
}

}  // namespace

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(MessageOf(status)),
          Details(status)};
}

Status Elsewhere(const std::string& text) {
  Status status(StatusCode::kUnavailable, text);
  status.SetPayload(kElsewhere, absl::Cord());
  return status;
}

bool IsElsewhere(const Status& status) { return status.GetPayload(kElsewhere).has_value(); }

void AddHints(const Status& status, grpc::ServerContextBase& context) {
  if (!IsElsewhere(status)) return;
  context.AddTrailingMetadata(kRetryAfterMetadata, std::to_string(kElsewhereRetry.count()));
  context.AddTrailingMetadata(kElsewhereMetadata, "1");
}

}  // namespace spotter::api
