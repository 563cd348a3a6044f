// SPDX-License-Identifier: Apache-2.0
//
// Prints a studio's life as NDJSON, for scripts that drive a real server.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "synthetic/studio_life.h"
#include "wire/wire.h"

namespace spotter {
namespace {

constexpr std::string_view kTeaching = R"(
One line a delivery, in the order of arrival:
  --format webhooks  {"at":"2025-01-06T00:01:00.000Z","member":7,"source":"square",
                      "path":"/v1/webhooks/studio/square","content_type":"application/json",
                      "body":"..."}: what to POST, where, and when
  --format events    the same events in canonical form, for `spotterctl import`
The same seed and options print the same bytes.)";

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string LineOf(const synthetic::Webhook& webhook, const model::TenantId& tenant) {
  const bool event = webhook.source == "spotter";
  const std::string path =
      event ? "/v1/events" : fmt::format("/v1/webhooks/{}/{}", tenant.value(), webhook.source);
  return fmt::format(
      R"({{"at":"{}","member":{},"source":"{}","path":"{}","content_type":"{}","body":{}}})",
      FormatTime(webhook.at), webhook.member, webhook.source, path,
      event ? "application/cloudevents+json" : "application/json", Quoted(webhook.body));
}

bool PrintLine(const std::string& line) {
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
         std::fputc('\n', stdout) != EOF;
}

bool Print(const synthetic::Options& options, const std::string& format) {
  if (format == "events") {
    for (const auto& delivery : synthetic::MakeStudioLife(options)) {
      if (!PrintLine(wire::EncodeEventJson(delivery.event))) return false;
    }
  } else {
    for (const auto& webhook : synthetic::MakeStudioWebhooks(options)) {
      if (!PrintLine(LineOf(webhook, options.tenant))) return false;
    }
  }
  return std::fflush(stdout) == 0;
}

int Run(int argc, char** argv) {
  synthetic::Options options;
  std::string tenant = options.tenant.value();
  std::string start = "2025-01-06T00:00:00Z";
  std::string format = "webhooks";
  CLI::App app("Prints the events of a studio that does not exist, drawn from a seed.",
               "spotter-synth");
  app.footer(std::string(kTeaching));
  app.add_option("--seed", options.seed, "what the life is drawn from")->capture_default_str();
  app.add_option("--members", options.members, "how many people the studio knows")
      ->check(CLI::Range(1, 2'000'000))
      ->capture_default_str();
  app.add_option("--start", start, "first instant, RFC 3339")->capture_default_str();
  app.add_option("--days", options.days, "how long it lasts")
      ->check(CLI::Range(1, 400))
      ->capture_default_str();
  app.add_option("--visits", options.visits_per_week, "visits per member and week")
      ->check(CLI::Range(0.0, 7.0))
      ->capture_default_str();
  app.add_option("--duplicates", options.duplicate_share, "share delivered twice")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--late", options.late_share, "share delivered hours to days late")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--tenant", tenant, "whose studio it is")->capture_default_str();
  app.add_option("--format", format, "webhooks or events")
      ->check(CLI::IsMember({"webhooks", "events"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const StatusOr<EventTime> start_time = ParseTime(start);
  Status status = start_time.status();
  if (status.ok()) status = model::ValidateTenantId(tenant);
  if (!status.ok()) {
    fmt::print(stderr, "spotter-synth: {}\n", MessageOf(status));
    return 2;
  }
  options.start = *start_time;
  options.tenant = model::TenantId(tenant);
  if (!Print(options, format)) {
    fmt::print(stderr, "spotter-synth: standard output does not take any more\n");
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace spotter

int main(int argc, char** argv) { return spotter::Run(argc, argv); }
