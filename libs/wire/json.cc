// SPDX-License-Identifier: Apache-2.0
//
// The JSON side of wire.h, by protobuf's own mapping.
#include <google/protobuf/util/json_util.h>

#include <string>
#include <string_view>

#include "wire/event_proto.h"
#include "wire/wire.h"

namespace spotter::wire {
namespace {

// "(attributes) clas_title: Cannot find field." becomes "unknown field 'attributes.clas_title'".
// What follows the first line quotes the input, which need not be UTF-8.
std::string Explain(std::string_view message) {
  constexpr std::string_view kUnknown = ": Cannot find field.";
  message = message.substr(0, message.find('\n'));
  if (!message.ends_with(kUnknown)) return std::string(message);
  std::string path(message.substr(0, message.size() - kUnknown.size()));
  if (const size_t end = path.find(") "); path.starts_with('(') && end != std::string::npos) {
    path = path.substr(1, end - 1) + "." + path.substr(end + 2);
  }
  return fmt::format("unknown field '{}'", path);
}

}  // namespace

StatusOr<model::MemberEvent> DecodeEventJson(std::string_view json) {
  v1::MemberEvent message;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (!status.ok()) {
    return InvalidArgument("event: not the JSON of spotter.v1.MemberEvent: {}",
                           Explain({status.message().data(), status.message().size()}));
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
