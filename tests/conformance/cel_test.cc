// SPDX-License-Identifier: Apache-2.0
//
// The CEL conformance suite against the segment language. skipped.txt says of every test that does
// not pass why; a test that fails and is not in it is a failure, and so is one that is in it and
// passes, or that there is none of. The suite is not in this repository: it is read from
// $SPOTTER_SHARED/data/cel or ../shared/data/cel, and its run is reported as skipped where it is
// absent. sample.jsonl, a small one of our own, is always run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "conformance/cel_case.h"

namespace spotter::segment {
namespace {

const std::string kHere = std::string(SPOTTER_SOURCE_DIR) + "/tests/conformance/";

// "file/section/name: reason" a line; '#' begins a comment.
std::map<std::string, std::string> ReadSkipped() {
  std::map<std::string, std::string> skipped;
  std::ifstream file(kHere + "skipped.txt");
  EXPECT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const size_t colon = line.rfind(": ");
    EXPECT_NE(colon, std::string::npos) << "no reason: " << line;
    EXPECT_TRUE(skipped.emplace(line.substr(0, colon), line.substr(colon + 2)).second) << line;
  }
  return skipped;
}

std::filesystem::path SuiteDirectory() {
  const char* shared = std::getenv("SPOTTER_SHARED");
  return std::filesystem::path(shared != nullptr ? shared
                                                 : std::string(SPOTTER_SOURCE_DIR) + "/../shared") /
         "data" / "cel";
}

struct Count {
  size_t passed = 0;
  size_t total = 0;
};

Count RunFile(const std::string& path, std::map<std::string, std::string>& skipped) {
  const StatusOr<std::vector<CelCase>> cases = ReadCelCases(path);
  EXPECT_TRUE(cases.ok()) << cases.status();
  Count count;
  for (const CelCase& cel_case : *cases) {
    ++count.total;
    const std::string trouble = RunCelCase(cel_case);
    const auto listed = skipped.find(cel_case.key);
    if (trouble.empty()) {
      ++count.passed;
      EXPECT_TRUE(listed == skipped.end()) << cel_case.key << " passes; take it out of skipped.txt";
    } else if (listed == skipped.end()) {
      ADD_FAILURE() << cel_case.key << "\n  " << trouble << "\n  " << cel_case.json.substr(0, 600);
    }
    if (listed != skipped.end()) skipped.erase(listed);
  }
  return count;
}

TEST(Cel, TheSuitePassesButForWhatIsListed) {
  const std::filesystem::path directory = SuiteDirectory();
  if (!std::filesystem::exists(directory / "basic.jsonl")) {
    GTEST_SKIP() << "THE CEL CONFORMANCE SUITE WAS NOT RUN: there is none in " << directory
                 << "; set SPOTTER_SHARED to the folder that has data/cel";
  }
  std::map<std::string, std::string> skipped = ReadSkipped();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  Count all;
  for (const std::filesystem::path& file : files) {
    const Count count = RunFile(file.string(), skipped);
    if (count.total > 0) {
      std::cout << fmt::format("{:<16} {:>4}/{}\n", file.stem().string(), count.passed,
                               count.total);
    }
    all.passed += count.passed;
    all.total += count.total;
  }
  std::cout << fmt::format("{:<16} {:>4}/{}\n", "all", all.passed, all.total);
  for (const auto& [key, reason] : skipped) ADD_FAILURE() << "there is no test " << key;
}

TEST(Cel, TheSamplePasses) {
  std::map<std::string, std::string> none;
  const Count count = RunFile(kHere + "sample.jsonl", none);
  EXPECT_EQ(count.passed, count.total);
  EXPECT_GE(count.total, 60U);
  std::cout << fmt::format("{:<16} {:>4}/{}\n", "sample", count.passed, count.total);
}

}  // namespace
}  // namespace spotter::segment
