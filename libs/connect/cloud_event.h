// SPDX-License-Identifier: Apache-2.0
//
// CloudEvents 1.0 in its forms. Private to connect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connect/connector.h"

namespace spotter::connect {

// How `data` came: a JSON value, JSON or other bytes as its content type says, or protobuf.
enum class DataForm : uint8_t { kNone, kJson, kBytes, kProtobuf };

struct CloudEvent {
  std::string specversion;
  std::string id;
  std::string source;
  std::string type;
  std::string time;             // RFC 3339; "" = not given
  std::string datacontenttype;  // "" = not given
  DataForm form = DataForm::kNone;
  std::string data;
};

// Several events in one body; more are refused, so that one request is one bounded append.
inline constexpr size_t kCloudEventsMax = 1000;

// Adds the events of the body to `events`; what is no CloudEvent becomes a rejection.
void ReadJson(std::string_view body, std::vector<CloudEvent>& events, Decoded& out);
void ReadJsonBatch(std::string_view body, std::vector<CloudEvent>& events, Decoded& out);
void ReadProtobuf(std::string_view body, std::vector<CloudEvent>& events, Decoded& out);
void ReadProtobufBatch(std::string_view body, std::vector<CloudEvent>& events, Decoded& out);
// Binary mode: "ce-" headers of HTTP (percent-encoded) or "ce_" headers of Kafka.
void ReadBinary(std::string_view content_type, std::span<const Header> headers,
                std::string_view body, std::vector<CloudEvent>& events, Decoded& out);

// The event in structured JSON mode, with its data as base64 unless it is a JSON value.
std::string ToStructuredJson(const CloudEvent& event);

}  // namespace spotter::connect
