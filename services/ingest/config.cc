// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/config.h"

#include <set>

namespace spotter::service {
namespace {

constexpr const char* kDescription =
    "Brings events into the shards' logs on Kafka: from source topics, over HTTP and over gRPC.\n"
    "Keeps no state: start as many as are needed, with one --group.";
constexpr const char* kExamples = R"(
Examples:
  spotter-ingest --brokers kafka:9092             reads studio.bookings, studio.checkins, studio.pos
                                                  and studio.scanners; serves on 127.0.0.1:7070
                                                  (HTTP), :7071 (gRPC), :7072 (/metrics /healthz
                                                  /readyz)
  spotter-ingest --brokers kafka:9092 --topics pos.north,pos.south:x-brand
                                                  the tenant of pos.south is in its header x-brand
  spotter-ingest --config ingest.yaml             the file's keys are these flags

It prints one line, `ready http=HOST:PORT grpc=HOST:PORT admin=HOST:PORT`, when it serves. Until
brokers and topics are there it waits, and /readyz says for what. SIGTERM finishes what is in hand,
commits and leaves the group. Exit codes: 0 ok, 1 failed while running, 2 usage or configuration,
3 a topic is not as it has to be.
)";

// "pos.south:x-brand" -> its name, and its header in config.reading.
Status ReadTopics(IngestConfig& config) {
  std::set<std::string> names;
  for (const std::string& topic : config.topics) {
    const size_t colon = topic.find(':');
    const std::string name = topic.substr(0, colon);
    if (name.empty() || (colon != std::string::npos && colon + 1 == topic.size())) {
      return InvalidArgument("topics: '{}': expected TOPIC or TOPIC:HEADER", topic);
    }
    if (name == config.cluster.log_topic || name == config.cluster.control_topic ||
        name == config.dead_letter_topic) {
      return InvalidArgument("topics: '{}' is Spotter's own topic, expected one of a source", name);
    }
    if (!names.insert(name).second) return InvalidArgument("topics: '{}' stands there twice", name);
    if (colon != std::string::npos) config.reading.tenant_headers[name] = topic.substr(colon + 1);
    config.source_topics.push_back(name);
  }
  if (names.empty()) return InvalidArgument("topics: none given");
  return OkStatus();
}

Status Check(IngestConfig& config) {
  SPOTTER_RETURN_IF_ERROR(config.cluster.Check());
  SPOTTER_RETURN_IF_ERROR(ReadTopics(config));
  if (config.group.empty()) return InvalidArgument("group: no name given");
  if (config.reading.tenant_header.empty()) return InvalidArgument("tenant-header: no name given");
  SPOTTER_RETURN_IF_ERROR(config.access.Check(config.grpc));
  SPOTTER_RETURN_IF_ERROR(config.access.CheckHttp("http", config.http));
  return config.access.CheckHttp("admin", config.admin);
}

}  // namespace

Outcome ParseIngestArguments(int argc, const char* const* argv, IngestConfig& config) {
  Settings settings("spotter-ingest", kDescription, kExamples);
  config.cluster.AddTo(settings);
  settings.Add("deadletter-topic", "topic of what could not be read (spotter.deadletters)",
               config.dead_letter_topic);
  settings.Add("group", "consumer group on the source topics (spotter-ingest)", config.group);
  settings.Add("topics",
               "source topics, TOPIC or TOPIC:HEADER of the tenant's name "
               "(studio.bookings,studio.checkins,studio.pos,studio.scanners)",
               config.topics);
  settings.Add("tenant-header", "header that names the tenant (spotter-tenant)",
               config.reading.tenant_header);
  settings.Add("http", "address of events and webhooks (127.0.0.1:7070)", config.http);
  settings.Add("grpc", "address of IngestService (127.0.0.1:7071)", config.grpc);
  settings.Add("admin", "address of /metrics, /healthz and /readyz (127.0.0.1:7072)", config.admin);
  config.access.AddTo(settings);
  config.access.AddPlainHttpTo(settings);
  settings.Add("secrets", "YAML file of webhook secrets, tenant: {source: secret}", config.secrets);
  settings.Add("webhook-url",
               "how webhook senders reach the HTTP address, e.g. https://spotter.example",
               config.webhook_url);
  settings.Add("log-level", "trace, debug, info, warn or error (info)", config.log_level);
  return settings.Parse(argc, argv, [&config] { return Check(config); });
}

}  // namespace spotter::service
