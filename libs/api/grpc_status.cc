// SPDX-License-Identifier: Apache-2.0
#include "api/grpc_status.h"

#include <google/protobuf/any.pb.h>

namespace spotter::api {
namespace {

// Debian ships no google/rpc/*.proto, and two small messages are quicker written than vendored:
//   google.rpc.ErrorInfo {string reason = 1; string domain = 2;}
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
  return details;
}

}  // namespace

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(MessageOf(status)),
          Details(status)};
}

}  // namespace spotter::api
