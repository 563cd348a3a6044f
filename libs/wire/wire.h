// SPDX-License-Identifier: Apache-2.0
//
// The log's records to and from bytes (spotter.v1.LogRecord, spotter.v1.ControlRecord, protobuf
// wire format). Decode(Encode(x)) == x, and the same value always gives the same bytes. Texts must
// be UTF-8 (connectors see to it); instants are those of the years 1 to 9999.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "model/log_record.h"

namespace spotter::wire {

std::string Encode(const model::LogRecord& record);
// InvalidArgument: not a record this version knows (unknown oneof case, bad bytes): the shard
// writes a dead letter and goes on. The hot path: arena-allocated, one pass.
StatusOr<model::LogRecord> DecodeLogRecord(std::string_view bytes);

std::string Encode(const model::ControlRecord& record);
StatusOr<model::ControlRecord> DecodeControlRecord(std::string_view bytes);

// A spotter.v1.MemberEvent alone (gRPC, CloudEvents data): protobuf bytes or JSON mapping. JSON
// names are those of the contract (or their camelCase); an unknown one is refused by name.
StatusOr<model::MemberEvent> DecodeEvent(std::string_view protobuf);
StatusOr<model::MemberEvent> DecodeEventJson(std::string_view json);
std::string EncodeEvent(const model::MemberEvent& event);
std::string EncodeEventJson(const model::MemberEvent& event);

}  // namespace spotter::wire
