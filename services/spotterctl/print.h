// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <vector>

#include "spotter/v1/action.pb.h"

namespace spotter::ctl {

// One line on stdout: the message in protobuf's JSON mapping, field names as in the .proto.
void PrintJson(const google::protobuf::Message& message);
// One delivery as a flat JSON object on one line; see docs/operations.md.
std::string DeliveryJson(const v1::Delivery& delivery);
// As a marketer would read it.
std::string DeliveryText(const v1::Delivery& delivery);

std::string TimeText(const google::protobuf::Timestamp& time);
// Enum value names without their prefix, lower case: CHANNEL_IN_APP -> in_app.
std::string Short(std::string_view name, std::string_view prefix);
std::string JsonText(std::string_view text);  // quoted and escaped

// A message of several lines (YAML errors have them) as one.
std::string OneLine(std::string_view text);

// Columns as wide as their widest cell, two blanks apart; the first row is the heading.
void PrintTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace spotter::ctl
