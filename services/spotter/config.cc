// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/config.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>
#include <map>
#include <sstream>

#include "services/spotter/suggest.h"

namespace spotter::service {
namespace {

constexpr const char* kDescription =
    "Spotter watches over the members of fitness studios and says what to do next.\n"
    "One process, one directory: events come in over HTTP and gRPC, actions go out over gRPC.";
constexpr const char* kExamples = R"(
Examples:
  spotter --data ./data                          serve on 127.0.0.1:7070 (HTTP), :7071 (gRPC),
                                                 :7072 (/metrics /healthz /readyz)
  spotter --data ./data --config spotter.yaml    the file's keys are these flags: `http: :8080`
  spotter --data ./lapse --time-lapse 2026-01-01T00:00:00Z
                                                 an empty directory whose clock moves only by
                                                 `spotterctl advance --to ...`

It prints one line, `ready http=HOST:PORT grpc=HOST:PORT admin=HOST:PORT`, when it serves, and
drains on SIGTERM. Exit codes: 0 ok, 1 failed while running, 2 usage or configuration, 3 the data
directory cannot be used (in use, of another logic version, damaged).
)";

Status SetDuration(std::string_view text, Duration& out) {
  if (text == "0") {
    out = Duration(0);
    return OkStatus();
  }
  SPOTTER_ASSIGN_OR_RETURN(out, ParseDuration(text));
  return OkStatus();
}

template <typename Int>
Status SetInt(std::string_view text, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0) {
    return InvalidArgument("'{}' is not a whole number from 0 up", text);
  }
  return OkStatus();
}

Status SetAddress(std::string_view text, Address& out) {
  SPOTTER_ASSIGN_OR_RETURN(out, ParseAddress(text));
  return OkStatus();
}

struct Setting {
  const char* help;
  std::function<Status(Config&, const std::string&)> set;
};

// The one list of settings: flags and file keys are made of it.
const std::map<std::string, Setting>& Settings() {
  static const auto text = [](std::string Config::*field) {
    return [field](Config& config, const std::string& value) {
      config.*field = value;
      return OkStatus();
    };
  };
  static const std::map<std::string, Setting> settings = {
      {"data",
       {"directory of log, state, snapshots and dead letters; made if absent",
        text(&Config::data)}},
      {"http",
       {"address of events and webhooks (127.0.0.1:7070)",
        [](Config& c, const std::string& v) { return SetAddress(v, c.http); }}},
      {"grpc",
       {"address of the gRPC services (127.0.0.1:7071)",
        [](Config& c, const std::string& v) { return SetAddress(v, c.grpc); }}},
      {"admin",
       {"address of /metrics, /healthz and /readyz (127.0.0.1:7072)",
        [](Config& c, const std::string& v) { return SetAddress(v, c.admin); }}},
      {"time-lapse",
       {"RFC 3339 instant: a clock that starts there and moves only when told to",
        [](Config& c, const std::string& v) -> Status {
          SPOTTER_ASSIGN_OR_RETURN(c.time_lapse, ParseTime(v));
          return OkStatus();
        }}},
      {"tokens", {"YAML file of principals and their tokens", text(&Config::tokens)}},
      {"secrets",
       {"YAML file of webhook secrets, tenant: {source: secret}", text(&Config::secrets)}},
      {"tls-cert", {"PEM file of the server's certificate chain", text(&Config::tls_cert)}},
      {"tls-key", {"PEM file of the certificate's key", text(&Config::tls_key)}},
      {"webhook-url",
       {"how webhook senders reach the HTTP address, e.g. https://spotter.example",
        text(&Config::webhook_url)}},
      {"time-zone",
       {"zone of tenant `studio` at first start (America/New_York)", text(&Config::time_zone)}},
      {"log-level",
       {"trace, debug, info, warn or error (info)",
        [](Config& c, const std::string& v) -> Status {
          SPOTTER_ASSIGN_OR_RETURN(c.log_level, ParseLogLevel(v));
          return OkStatus();
        }}},
      {"snapshot-interval",
       {"how often a snapshot is taken; 0: only when asked for (1d)",
        [](Config& c, const std::string& v) { return SetDuration(v, c.snapshot_interval); }}},
      {"snapshots-kept",
       {"snapshots kept (7)",
        [](Config& c, const std::string& v) { return SetInt(v, c.snapshots_kept); }}},
      {"retention-age",
       {"how long the log is kept; 0: for ever (14d)",
        [](Config& c, const std::string& v) { return SetDuration(v, c.retention_age); }}},
      {"retention-bytes",
       {"how much of the log is kept; 0: all (0)",
        [](Config& c, const std::string& v) { return SetInt(v, c.retention_bytes); }}},
      {"cache-bytes",
       {"block cache of the state store (268435456)",
        [](Config& c, const std::string& v) { return SetInt(v, c.cache_bytes); }}},
  };
  return settings;
}

Status Set(Config& config, const std::string& name, const std::string& value) {
  const Status set = Settings().at(name).set(config, value);
  return set.ok() ? set : InvalidArgument("{}: {}", name, MessageOf(set));
}

Status ReadFile(const std::string& path, Config& config) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    return InvalidArgument("config file '{}' cannot be read", path);
  } catch (const YAML::Exception& error) {
    return InvalidArgument("config file '{}': {}", path, error.what());
  }
  if (root.IsNull()) return OkStatus();
  if (!root.IsMap()) return InvalidArgument("config file '{}': expected `key: value` lines", path);
  std::vector<std::string> known;
  for (const auto& [name, setting] : Settings()) known.push_back(name);
  for (const auto& item : root) {
    const auto key = item.first.as<std::string>();
    const int line = item.first.Mark().line + 1;
    if (!Settings().contains(key)) {
      return InvalidArgument("config file '{}': unknown key '{}' at line {}{}", path, key, line,
                             DidYouMean(key, known));
    }
    if (!item.second.IsScalar()) {
      return InvalidArgument("config file '{}': key '{}' at line {}: expected one value", path, key,
                             line);
    }
    if (const Status set = Set(config, key, item.second.as<std::string>()); !set.ok()) {
      return InvalidArgument("config file '{}': line {}: {}", path, line, MessageOf(set));
    }
  }
  return OkStatus();
}

Status Check(const Config& config) {
  if (config.data.empty()) return InvalidArgument("--data DIR is required");
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    return InvalidArgument("--tls-cert and --tls-key belong together");
  }
  if (config.snapshots_kept < 1) return InvalidArgument("snapshots-kept: at least 1 is kept");
  for (const auto& [name, address] :
       {std::pair("http", config.http), {"grpc", config.grpc}, {"admin", config.admin}}) {
    if (address.is_loopback()) continue;
    if (config.time_lapse.has_value()) {
      return InvalidArgument("--{} {}: time-lapse serves loopback only", name, address.text());
    }
    const bool is_grpc = std::string_view(name) == "grpc";
    const bool is_guarded = !config.tls_cert.empty() && !config.tokens.empty();
    if (is_grpc && is_guarded) continue;
    return InvalidArgument(
        "--{} {} is not loopback: {}", name, address.text(),
        is_grpc ? "that needs --tls-cert, --tls-key and --tokens"
                : "it has no TLS of its own, so a proxy with TLS has to stand before it; give that "
                  "proxy a loopback address, and --tokens to tell callers apart");
  }
  return OkStatus();
}

}  // namespace

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

StatusOr<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address;
  if (!host.empty()) address.host = host;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port < 0 ||
      address.port > 65'535) {
    return InvalidArgument("address '{}': expected HOST:PORT, e.g. 127.0.0.1:7070", text);
  }
  return address;
}

ParsedArguments ParseArguments(int argc, const char* const* argv) {
  CLI::App app(kDescription, "spotter");
  app.footer(kExamples);
  app.set_version_flag("--version", "spotter " SPOTTER_VERSION);
  std::string config_file;
  app.add_option("--config", config_file, "YAML file whose keys are these flags");
  std::map<std::string, std::string> given;
  for (const auto& [name, setting] : Settings()) {
    app.add_option("--" + name, given[name], setting.help)->type_name("");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool is_help = app.exit(error, out, out) == 0;
    return {.output = out.str(), .exit_code = is_help ? 0 : 2};
  }
  Config config;
  Status status = config_file.empty() ? OkStatus() : ReadFile(config_file, config);
  for (const auto& [name, value] : given) {
    if (status.ok() && app.count("--" + name) > 0) status = Set(config, name, value);
  }
  if (status.ok()) status = Check(config);
  if (!status.ok()) {
    return {.output = fmt::format("error: {}\n", MessageOf(status)), .exit_code = 2};
  }
  return {.config = std::move(config)};
}

}  // namespace spotter::service
