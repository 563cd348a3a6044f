// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "intake/options.h"
#include "services/cluster/cluster.h"
#include "services/program/access_files.h"

namespace spotter::service {

// What an operator may choose. Flags and the keys of the YAML file have the same names; a flag
// wins over the file.
struct IngestConfig {
  ClusterSettings cluster;
  std::string dead_letter_topic = "spotter.deadletters";
  std::string group = "spotter-ingest";
  std::vector<std::string> topics = {
      "studio.bookings", "studio.checkins", "studio.pos",
      "studio.scanners"};  // TOPIC or TOPIC:HEADER, see source_topics
  intake::TopicOptions reading;
  Address http{.port = 7070};
  Address grpc{.port = 7071};
  Address admin{.port = 7072};
  AccessFiles access;
  std::string secrets;      // YAML file of webhook secrets
  std::string webhook_url;  // how sources reach us, for Square's signatures
  LogLevel log_level = LogLevel::kInfo;

  std::vector<std::string> source_topics;  // the names in `topics`; the headers are in `reading`
};

Outcome ParseIngestArguments(int argc, const char* const* argv, IngestConfig& config);

}  // namespace spotter::service
