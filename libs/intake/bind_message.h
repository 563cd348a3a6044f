// SPDX-License-Identifier: Apache-2.0
//
// What a message of a source topic is, by its headers alone: the Kafka protocol binding of
// CloudEvents 1.0, and raw bodies of a source that a header names.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "connect/connector.h"
#include "intake/dead_letters.h"
#include "intake/options.h"
#include "log_kafka/source_consumer.h"
#include "model/ids.h"

namespace spotter::intake {

// The header of a raw body, e.g. "square"; the body is as the source's webhook would send it.
inline constexpr std::string_view kSourceHeader = "spotter-source";

// A body whose tenant is told; whether there is such a tenant is not known yet.
struct BoundBody {
  model::TenantId tenant;
  std::string source;  // of a raw body; "" = a CloudEvent
  std::string content_type;
  std::vector<connect::Header> headers;
  std::string body;
  std::string origin;  // "studio.pos[3]@17"
};

struct Tombstone {};

// A letter: the message names no tenant, is too large, or is nothing that we read.
using Binding = std::variant<Tombstone, BoundBody, DeadLetter>;

// Takes the bytes out of `message`; of a body over the limit only the beginning is left.
Binding BindMessage(log_kafka::SourceMessage&& message, const TopicOptions& options);

// What is kept of a body that was bound and turns out to be no one's, or too much for the log.
DeadLetter UnreadLetter(const BoundBody& body, std::string reason, std::string detail);

}  // namespace spotter::intake
