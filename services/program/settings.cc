// SPDX-License-Identifier: Apache-2.0
#include "services/program/settings.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <sstream>

#include "services/program/suggest.h"

namespace spotter::service {
namespace {

template <typename Int>
Status SetInt(std::string_view text, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0) {
    return InvalidArgument("'{}' is not a whole number from 0 up", text);
  }
  return OkStatus();
}

std::vector<std::string> SplitByComma(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace

Settings::Settings(std::string program, std::string description, std::string examples)
    : program_(std::move(program)),
      description_(std::move(description)),
      examples_(std::move(examples)) {}

void Settings::AddSetter(const std::string& name, std::string help,
                         std::function<Status(const std::string&)> set, bool is_flag) {
  settings_[name] = {.help = std::move(help), .set = std::move(set), .is_flag = is_flag};
}

void Settings::Add(const std::string& name, std::string help, std::string& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) {
    out = value;
    return OkStatus();
  });
}

void Settings::Add(const std::string& name, std::string help, bool& out) {
  AddSetter(
      name, std::move(help),
      [&out](const std::string& value) -> Status {
        out = value == "true";
        if (out || value == "false") return OkStatus();
        return InvalidArgument("'{}' is neither true nor false", value);
      },
      /*is_flag=*/true);
}

void Settings::Add(const std::string& name, std::string help, int& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) { return SetInt(value, out); });
}

void Settings::Add(const std::string& name, std::string help, int64_t& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) { return SetInt(value, out); });
}

void Settings::Add(const std::string& name, std::string help, Duration& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) -> Status {
    if (value == "0") {
      out = Duration(0);
      return OkStatus();
    }
    SPOTTER_ASSIGN_OR_RETURN(out, ParseDuration(value));
    return OkStatus();
  });
}

void Settings::Add(const std::string& name, std::string help, Address& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(out, ParseAddress(value));
    return OkStatus();
  });
}

void Settings::Add(const std::string& name, std::string help, LogLevel& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(out, ParseLogLevel(value));
    return OkStatus();
  });
}

void Settings::Add(const std::string& name, std::string help, std::optional<EventTime>& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(out, ParseTime(value));
    return OkStatus();
  });
}

void Settings::Add(const std::string& name, std::string help, std::vector<std::string>& out) {
  AddSetter(name, std::move(help), [&out](const std::string& value) {
    out = SplitByComma(value);
    return OkStatus();
  });
}

void Settings::AddPassed(const std::string& prefix, std::string help,
                         std::map<std::string, std::string>& out) {
  passed_[prefix] = {.help = std::move(help), .out = &out};
}

Status Settings::Set(const std::string& name, const std::string& value) {
  const Status set = settings_.at(name).set(value);
  return set.ok() ? set : InvalidArgument("{}: {}", name, MessageOf(set));
}

Status Settings::ReadConfigFile(const std::string& path) {
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
  for (const auto& [name, setting] : settings_) known.push_back(name);
  for (const auto& [name, others] : passed_) known.push_back(name);
  for (const auto& item : root) {
    const auto key = item.first.as<std::string>();
    const int line = item.first.Mark().line + 1;
    if (const auto passed = passed_.find(key); passed != passed_.end()) {
      try {
        for (const auto& [name, value] : item.second.as<std::map<std::string, std::string>>()) {
          (*passed->second.out)[name] = value;
        }
      } catch (const YAML::Exception&) {
        return InvalidArgument(
            "config file '{}': key '{}' at line {}: expected `name: value` lines", path, key, line);
      }
      continue;
    }
    const size_t dot = key.find('.');
    if (const auto passed = passed_.find(key.substr(0, dot));
        dot != std::string::npos && passed != passed_.end() && item.second.IsScalar()) {
      (*passed->second.out)[key.substr(dot + 1)] = item.second.as<std::string>();
      continue;
    }
    if (!settings_.contains(key)) {
      return InvalidArgument("config file '{}': unknown key '{}' at line {}{}", path, key, line,
                             DidYouMean(key, known));
    }
    if (!item.second.IsScalar()) {
      return InvalidArgument("config file '{}': key '{}' at line {}: expected one value", path, key,
                             line);
    }
    if (const Status set = Set(key, item.second.as<std::string>()); !set.ok()) {
      return InvalidArgument("config file '{}': line {}: {}", path, line, MessageOf(set));
    }
  }
  return OkStatus();
}

// Passed settings have names that we do not know, so they are taken out before the flags are read.
StatusOr<std::vector<std::string>> Settings::TakePassed(int argc, const char* const* argv,
                                                        PassedValues& passed) const {
  std::vector<std::string> rest;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t dot = argument.find('.');
    const std::string prefix =
        argument.starts_with("--") && dot != std::string::npos ? argument.substr(2, dot - 2) : "";
    if (!passed_.contains(prefix)) {
      rest.push_back(argument);
      continue;
    }
    const size_t equals = argument.find('=', dot);
    if (equals == std::string::npos) {
      return InvalidArgument("{}: expected --{}.NAME=VALUE", argument, prefix);
    }
    passed[prefix][argument.substr(dot + 1, equals - dot - 1)] = argument.substr(equals + 1);
  }
  return rest;
}

Outcome Settings::Parse(int argc, const char* const* argv, const std::function<Status()>& check) {
  CLI::App app(description_, program_);
  std::string footer = examples_;
  for (const auto& [prefix, others] : passed_) {
    footer = fmt::format("\n  --{}.NAME=VALUE  {}\n", prefix, others.help) + footer;
  }
  app.footer(footer);
  app.set_version_flag("--version", program_ + " " SPOTTER_VERSION);
  std::string config_file;
  app.add_option("--config", config_file, "YAML file whose keys are these flags");
  std::map<std::string, std::string> given;
  for (const auto& [name, setting] : settings_) {
    if (setting.is_flag) {
      app.add_flag("--" + name, setting.help);
    } else {
      app.add_option("--" + name, given[name], setting.help)->type_name("");
    }
  }
  PassedValues passed;
  StatusOr<std::vector<std::string>> rest = TakePassed(argc, argv, passed);
  if (!rest.ok()) {
    return {.output = fmt::format("error: {}\n", MessageOf(rest.status())), .exit_code = 2};
  }
  try {
    std::reverse(rest->begin(), rest->end());  // CLI11 takes them from the back
    app.parse(*std::move(rest));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool is_help = app.exit(error, out, out) == 0;
    const std::vector<std::string> unknown = app.remaining();
    const auto flag = std::find_if(unknown.begin(), unknown.end(),
                                   [](const std::string& word) { return word.starts_with("--"); });
    if (is_help || flag == unknown.end())
      return {.output = out.str(), .exit_code = is_help ? 0 : 2};
    std::vector<std::string> known;
    for (const auto& [name, setting] : settings_) known.push_back("--" + name);
    return {
        .output = fmt::format("error: unknown option '{}'{}\n", *flag, DidYouMean(*flag, known)),
        .exit_code = 2};
  }
  Status status = config_file.empty() ? OkStatus() : ReadConfigFile(config_file);
  for (const auto& [name, setting] : settings_) {
    if (!status.ok() || app.count("--" + name) == 0) continue;
    status = Set(name, setting.is_flag ? "true" : given[name]);
  }
  for (const auto& [prefix, values] : passed) {
    for (const auto& [name, value] : values) (*passed_.at(prefix).out)[name] = value;
  }
  if (status.ok()) status = check();
  if (status.ok()) return {.runs = true};
  return {.output = fmt::format("error: {}\n", MessageOf(status)), .exit_code = 2};
}

}  // namespace spotter::service
