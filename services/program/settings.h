// SPDX-License-Identifier: Apache-2.0
//
// What an operator may choose, as one list: flags and the keys of the YAML file are made of it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log_message.h"
#include "base/time.h"
#include "services/program/address.h"

namespace spotter::service {

// What the command line asked for instead of a run.
struct Outcome {
  bool runs = false;  // false: `output` was asked for, or is the usage error
  std::string output;
  int exit_code = 0;  // 2: usage or configuration
};

// A name, a help text and the variable that it sets, which outlives this.
// Thread safety: none.
class Settings {
 public:
  Settings(std::string program, std::string description, std::string examples);

  void Add(const std::string& name, std::string help, std::string& out);
  void Add(const std::string& name, std::string help, bool& out);  // a flag; true and false in YAML
  void Add(const std::string& name, std::string help, int& out);
  void Add(const std::string& name, std::string help, int64_t& out);
  void Add(const std::string& name, std::string help, Duration& out);
  void Add(const std::string& name, std::string help, Address& out);
  void Add(const std::string& name, std::string help, LogLevel& out);
  void Add(const std::string& name, std::string help, std::optional<EventTime>& out);
  void Add(const std::string& name, std::string help, std::vector<std::string>& out);  // a,b,c
  // Settings of somebody else, passed on by name: --PREFIX.NAME=VALUE; in YAML a map `PREFIX:`.
  void AddPassed(const std::string& prefix, std::string help,
                 std::map<std::string, std::string>& out);

  // Reads the file that --config names, then the flags, which win; `check` looks at the whole.
  Outcome Parse(int argc, const char* const* argv, const std::function<Status()>& check);

 private:
  struct Setting {
    std::string help;
    std::function<Status(const std::string&)> set;
    bool is_flag = false;
  };
  struct Passed {
    std::string help;
    std::map<std::string, std::string>* out = nullptr;
  };

  void AddSetter(const std::string& name, std::string help,
                 std::function<Status(const std::string&)> set, bool is_flag = false);
  Status Set(const std::string& name, const std::string& value);
  Status ReadConfigFile(const std::string& path);
  // Arguments that are not passed settings; those are put into `passed`, by prefix and name.
  using PassedValues = std::map<std::string, std::map<std::string, std::string>>;
  StatusOr<std::vector<std::string>> TakePassed(int argc, const char* const* argv,
                                                PassedValues& passed) const;

  const std::string program_;
  const std::string description_;
  const std::string examples_;
  std::map<std::string, Setting> settings_;
  std::map<std::string, Passed> passed_;
};

}  // namespace spotter::service
