// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/segment_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "journey/parse_journey.h"
#include "segment/expression.h"
#include "services/spotterctl/client.h"

namespace spotter::ctl {
namespace {

namespace fs = std::filesystem;

bool IsYaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// Blueprints keep segments and journeys side by side.
bool IsJourney(std::string_view yaml) {
  return yaml.starts_with("journey:") || yaml.find("\njourney:") != std::string_view::npos;
}

StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file() && IsYaml(at->path())) files.push_back(at->path().string());
  }
  if (error) return InvalidArgument("folder '{}': {}", path, error.message());
  std::ranges::sort(files);
  return files;
}

class DependencyOrder {
 public:
  explicit DependencyOrder(std::vector<SegmentFile> files) : files_(std::move(files)) {
    for (size_t i = 0; i < files_.size(); ++i) index_.emplace(files_[i].definition.id, i);
  }

  StatusOr<std::vector<SegmentFile>> Sorted() {
    for (size_t i = 0; i < files_.size(); ++i) SPOTTER_RETURN_IF_ERROR(Visit(i));
    std::vector<SegmentFile> sorted;
    for (const size_t i : order_) sorted.push_back(files_[i]);
    return sorted;
  }

 private:
  Status Visit(size_t i) {
    if (done_.contains(i)) return OkStatus();
    const SegmentFile& file = files_[i];
    if (!open_.insert(i).second) {
      return InvalidArgument("{}: segment '{}' refers to itself in a circle", file.path,
                             file.definition.id);
    }
    const auto expression =
        segment::Expression::Compile(file.definition.expression, segment::Scope::kSegment);
    if (!expression.ok()) {
      return InvalidArgument("{}: segment '{}': {}", file.path, file.definition.id,
                             MessageOf(expression.status()));
    }
    for (const std::string& read : expression->dependencies().segments) {
      if (const auto other = index_.find(read); other != index_.end()) {
        SPOTTER_RETURN_IF_ERROR(Visit(other->second));
      }
    }
    done_.insert(i);
    order_.push_back(i);
    return OkStatus();
  }

  std::vector<SegmentFile> files_;
  std::map<std::string, size_t> index_;
  std::set<size_t> open_;
  std::set<size_t> done_;
  std::vector<size_t> order_;
};

// "a && b" as "a", "&& b": outside of parentheses and of strings.
std::vector<std::string> Clauses(std::string_view text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (depth == 0 && i > begin &&
               (text.substr(i, 2) == "&&" || text.substr(i, 2) == "||")) {
      lines.emplace_back(text.substr(begin, i - begin));
      begin = i++;
    }
  }
  lines.emplace_back(text.substr(begin));
  for (std::string& line : lines) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.pop_back();
    for (char& c : line) c = c == '\n' ? ' ' : c;
  }
  return lines;
}

}  // namespace

StatusOr<std::vector<SegmentFile>> ReadSegmentFiles(const std::vector<std::string>& paths) {
  std::vector<SegmentFile> files;
  std::map<std::string, std::string> seen;  // id, path
  for (const std::string& path : paths) {
    SPOTTER_ASSIGN_OR_RETURN(const auto found, FilesOf(path));
    const bool is_folder = found.size() != 1 || found.front() != path;
    for (const std::string& file : found) {
      SPOTTER_ASSIGN_OR_RETURN(const std::string yaml, ReadWholeFile(file));
      if (is_folder && IsJourney(yaml)) continue;
      StatusOr<model::SegmentDefinition> definition = journey::ParseSegment(yaml);
      if (!definition.ok()) {
        return InvalidArgument("{}: {}{}", file, MessageOf(definition.status()),
                               IsJourney(yaml) ? "; a journey is put by `journey apply`" : "");
      }
      const auto [first, is_new] = seen.emplace(definition->id, file);
      if (!is_new) {
        return InvalidArgument("{}: segment '{}' is in {} already", file, definition->id,
                               first->second);
      }
      files.push_back({.path = file, .definition = *std::move(definition)});
    }
  }
  if (files.empty())
    return InvalidArgument(
        "no segment in {}: expected .yaml or .yml files that begin `segment: ID`",
        fmt::join(paths, ", "));
  return DependencyOrder(std::move(files)).Sorted();
}

std::vector<std::string> DiffOf(const model::SegmentDefinition* before,
                                const model::SegmentDefinition& after) {
  const auto lines = [](const model::SegmentDefinition* one) {
    std::vector<std::string> all;
    if (one == nullptr) return all;
    if (!one->title.empty()) all.push_back("title: " + one->title);
    if (one->purpose != "marketing") all.push_back("purpose: " + one->purpose);
    for (std::string& clause : Clauses(one->expression)) all.push_back(std::move(clause));
    return all;
  };
  const std::vector<std::string> left = lines(before);
  const std::vector<std::string> right = lines(&after);
  // The longest common subsequence; definitions have a few lines.
  std::vector<std::vector<size_t>> common(left.size() + 1, std::vector<size_t>(right.size() + 1));
  for (size_t i = left.size(); i-- > 0;) {
    for (size_t j = right.size(); j-- > 0;) {
      common[i][j] = left[i] == right[j] ? common[i + 1][j + 1] + 1
                                         : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<std::string> diff;
  for (size_t i = 0, j = 0; i < left.size() || j < right.size();) {
    if (i < left.size() && j < right.size() && left[i] == right[j]) {
      diff.push_back("  " + left[i++]);
      ++j;
    } else if (j == right.size() || (i < left.size() && common[i + 1][j] >= common[i][j + 1])) {
      diff.push_back("- " + left[i++]);
    } else {
      diff.push_back("+ " + right[j++]);
    }
  }
  return diff;
}

std::string Sparkline(const std::vector<int64_t>& counts) {
  constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const int64_t top = counts.empty() ? 0 : *std::ranges::max_element(counts);
  std::string line;
  for (const int64_t count : counts) line += kBars[top == 0 ? 0 : count * 7 / top];
  return line;
}

std::string ProgressBar(int64_t done, int64_t all) {
  constexpr int kWidth = 30;
  const double share = all == 0 ? 1 : static_cast<double>(done) / static_cast<double>(all);
  const int filled = static_cast<int>(share * kWidth);
  return fmt::format("[{:<{}}] {:3} %", std::string(static_cast<size_t>(filled), '='), kWidth,
                     static_cast<int>(share * 100));
}

}  // namespace spotter::ctl
