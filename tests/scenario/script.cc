// SPDX-License-Identifier: Apache-2.0
#include "scenario/script.h"

#include <algorithm>
#include <random>

namespace spotter::scenario {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
bool IsKeyChar(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The length of the key before '=', or 0.
size_t KeyLength(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsKeyChar);
  if (end == text.end() || *end != '=') return 0;
  if (end + 1 != text.end() && *(end + 1) == '=') return 0;  // a comparison
  return static_cast<size_t>(end - text.begin());
}

// Takes one word off `rest`; quotes group and are dropped.
std::string TakeWord(std::string_view& rest) {
  std::string word;
  char quote = 0;
  while (!rest.empty() && (quote != 0 || !IsSpace(rest.front()))) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  return word;
}

void SplitWords(Line& line) {
  std::string_view rest = line.text;
  while (true) {
    while (!rest.empty() && IsSpace(rest.front())) rest.remove_prefix(1);
    if (rest.empty() || rest.front() == '#') return;
    const size_t key = KeyLength(rest);
    if (key > 0) {
      const std::string name(rest.substr(0, key));
      rest.remove_prefix(key + 1);
      line.options[name] = TakeWord(rest);
    } else {
      line.words.push_back(TakeWord(rest));
    }
  }
}

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string_view Line::Word(size_t index) const {
  return index < words.size() ? std::string_view(words[index]) : std::string_view();
}

std::string_view Line::Option(std::string_view key) const {
  const auto it = options.find(std::string(key));
  return it == options.end() ? std::string_view() : std::string_view(it->second);
}

std::string_view Line::After(size_t count) const {
  std::string_view rest = text;
  for (size_t i = 0; i <= count; ++i) {
    while (!rest.empty() && IsSpace(rest.front())) rest.remove_prefix(1);
    if (i < count) TakeWord(rest);
  }
  return rest;
}

StatusOr<Script> ParseScript(std::string_view text) {
  Script script;
  int group = 0;
  bool in_group = false;
  const std::vector<std::string_view> lines = LinesOf(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    Line line{.number = static_cast<int>(i + 1), .text = std::string(lines[i])};
    SplitWords(line);
    if (line.words.empty()) {
      if (line.options.empty()) continue;
      return InvalidArgument("line {}: expected a command before '{}'", line.number, line.text);
    }
    if (line.words.back() == "<<<") {
      line.words.pop_back();
      while (++i < lines.size() && lines[i] != ">>>") line.block.append(lines[i]).append("\n");
      if (i == lines.size()) {
        return InvalidArgument("line {}: '<<<' without a line '>>>'", line.number);
      }
    }
    if (line.command() == "any-order" || line.command() == "end") {
      if (in_group == (line.command() == "any-order")) {
        return InvalidArgument("line {}: '{}' is not expected here", line.number, line.command());
      }
      in_group = !in_group;
      group += in_group ? 1 : 0;
      continue;
    }
    line.group = in_group ? group : 0;
    script.lines.push_back(std::move(line));
  }
  if (in_group) return InvalidArgument("line {}: 'any-order' without 'end'", lines.size());
  script.has_groups = group > 0;
  return script;
}

std::vector<const Line*> InOrder(const Script& script, int order) {
  std::vector<const Line*> lines;
  for (const Line& line : script.lines) lines.push_back(&line);
  std::mt19937 random(static_cast<uint32_t>(order));
  for (auto begin = lines.begin(); begin != lines.end();) {
    const auto end = std::find_if(begin, lines.end(),
                                  [&](const Line* line) { return line->group != (*begin)->group; });
    if ((*begin)->group != 0 && order == 1) std::reverse(begin, end);
    if ((*begin)->group != 0 && order > 1) std::shuffle(begin, end, random);
    begin = end;
  }
  return lines;
}

}  // namespace spotter::scenario
