// SPDX-License-Identifier: Apache-2.0
#include "journey/yaml_fields.h"

#include <algorithm>
#include <charconv>

#include "journey/nearest_name.h"
#include "journey/parse_journey.h"

namespace spotter::journey {

YAML::Node YamlDocument::Load(std::string_view yaml) {
  YAML::Node root;
  if (yaml.size() > kYamlBytesMax) {
    status_ =
        InvalidArgument("{}: {} bytes, yaml_bytes_max is {}", kind_, yaml.size(), kYamlBytesMax);
    return root;
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() == 1) return documents.front();
    status_ = InvalidArgument("{}: {} YAML documents, expected 1", kind_, documents.size());
  } catch (const YAML::Exception& e) {
    status_ = InvalidArgument("{}: not YAML: {} at {}:{}; an expression stands in \"quotes\"",
                              kind_, e.msg, e.mark.line + 1, e.mark.column + 1);
  }
  return root;
}

void YamlDocument::Fail(const YAML::Node& where, std::string_view what, std::string_view more) {
  if (!status_.ok()) return;
  const YAML::Mark mark = where.Mark();
  status_ = InvalidArgument("{}: {} at {}:{}{}", kind_, what, mark.line + 1, mark.column + 1, more);
}

std::string YamlDocument::Text(const YAML::Node& node, std::string_view what) {
  if (node.IsScalar()) return node.Scalar();
  Fail(node, fmt::format("{} is no text", what));
  return "";
}

std::vector<YAML::Node> YamlDocument::List(const YAML::Node& node, std::string_view what) {
  if (node.IsSequence()) return {node.begin(), node.end()};
  Fail(node, fmt::format("{} is no list", what));
  return {};
}

YamlFields::YamlFields(YamlDocument& document, const YAML::Node& node, std::string_view what,
                       std::initializer_list<std::string_view> keys)
    : document_(document), node_(node), what_(what) {
  if (!node.IsMap()) {
    document.Fail(node, fmt::format("{} is no map of keys", what));
    return;
  }
  for (const auto& entry : node) {
    std::string key = document.Text(entry.first, "a key");
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      document.Fail(entry.first, fmt::format("unknown key '{}'", key), Suggestion(key, keys));
    } else if (Has(key)) {
      document.Fail(entry.first, fmt::format("key '{}' for the second time", key));
    } else {
      entries_.emplace_back(std::move(key), entry.second);
    }
  }
}

const YAML::Node* YamlFields::Find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == entries_.end() ? nullptr : &found->second;
}

std::string YamlFields::Required(std::string_view key) const {
  if (!Has(key)) document_.Fail(node_, fmt::format("{} without '{}'", what_, key));
  return Text(key);
}

std::string YamlFields::Text(std::string_view key, std::string_view otherwise) const {
  const YAML::Node* node = Find(key);
  return node == nullptr ? std::string(otherwise) : document_.Text(*node, key);
}

int YamlFields::Number(std::string_view key, int otherwise) const {
  const YAML::Node* node = Find(key);
  if (node == nullptr) return otherwise;
  const std::string text = document_.Text(*node, key);
  int number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    document_.Fail(*node, fmt::format("{} is '{}', expected a whole number", key, text));
  }
  return number;
}

Duration YamlFields::Length(std::string_view key, Duration otherwise) const {
  const YAML::Node* node = Find(key);
  if (node == nullptr) return otherwise;
  const StatusOr<Duration> duration = ParseDuration(document_.Text(*node, key));
  if (duration.ok()) return *duration;
  document_.Fail(*node, fmt::format("{}: {}", key, MessageOf(duration.status())));
  return otherwise;
}

std::vector<std::string> YamlFields::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  for (const YAML::Node& node : List(key)) texts.push_back(document_.Text(node, key));
  return texts;
}

std::vector<YAML::Node> YamlFields::List(std::string_view key) const {
  const YAML::Node* node = Find(key);
  return node == nullptr ? std::vector<YAML::Node>() : document_.List(*node, key);
}

}  // namespace spotter::journey
