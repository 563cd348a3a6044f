// SPDX-License-Identifier: Apache-2.0
//
// The JSON side of wire.h, by protobuf's own mapping.
#include <google/protobuf/util/json_util.h>

#include <utility>

#include "wire/event_proto.h"
#include "wire/wire.h"

namespace spotter::wire {

StatusOr<model::MemberEvent> DecodeEventJson(std::string_view json) {
  v1::MemberEvent message;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (!status.ok()) {
    return InvalidArgument("event: not the JSON of spotter.v1.MemberEvent: {}",
                           std::string(status.message()));
  }
  return FromProto(message);
}

std::string EncodeEventJson(const model::MemberEvent& event) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;  // the names of the contract, as everywhere else
  std::string json;
  // Cannot fail: what the mapping cannot express was clamped on the way in.
  (void)google::protobuf::util::MessageToJsonString(ToProto(event), &json, options);
  return json;
}

}  // namespace spotter::wire
