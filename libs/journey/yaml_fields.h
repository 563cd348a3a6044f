// SPDX-License-Identifier: Apache-2.0
//
// Reads a YAML document of a known form. The first error is kept, with line and column, and every
// read after it yields a default, so that a caller checks once at the end. Private to this library.
#pragma once

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace spotter::journey {

class YamlDocument {
 public:
  // `kind` ("journey") begins every message.
  explicit YamlDocument(std::string_view kind) : kind_(kind) {}

  // The root of the only document in `yaml`; a null node after an error.
  YAML::Node Load(std::string_view yaml);
  const Status& status() const { return status_; }

  void Fail(const YAML::Node& where, std::string_view what, std::string_view more = "");
  std::string Text(const YAML::Node& node, std::string_view what);
  std::vector<YAML::Node> List(const YAML::Node& node, std::string_view what);

 private:
  std::string kind_;
  Status status_;
};

// The entries of one map; unknown and repeated keys are errors.
class YamlFields {
 public:
  YamlFields(YamlDocument& document, const YAML::Node& node, std::string_view what,
             std::initializer_list<std::string_view> keys);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Missing is an error.
  std::string Required(std::string_view key) const;
  std::string Text(std::string_view key, std::string_view otherwise = "") const;
  int Number(std::string_view key, int otherwise) const;
  Duration Length(std::string_view key, Duration otherwise) const;
  std::vector<std::string> Texts(std::string_view key) const;
  std::vector<YAML::Node> List(std::string_view key) const;  // empty if missing
  const YAML::Node* Find(std::string_view key) const;        // nullptr: missing
  const YAML::Node& node() const { return node_; }

 private:
  YamlDocument& document_;
  YAML::Node node_;
  std::string what_;
  std::vector<std::pair<std::string, YAML::Node>> entries_;
};

}  // namespace spotter::journey
