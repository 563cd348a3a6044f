// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "segment/expression.h"
#include "segment/functions.h"
#include "segment/names.h"

namespace spotter::segment {
namespace {

// Every line of the ```cel blocks of the language's page; a block is one expression a paragraph.
std::vector<std::string> ExamplesIn(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<std::string> examples;
  std::string line;
  std::string example;
  bool is_inside = false;
  while (std::getline(file, line)) {
    const bool is_fence = line.starts_with("```");
    if (is_inside && !is_fence && !line.empty()) example += line + "\n";
    if ((is_fence || line.empty()) && !example.empty())
      examples.push_back(std::exchange(example, ""));
    if (is_fence) is_inside = line == "```cel";
  }
  return examples;
}

TEST(Document, ItsExamplesCompile) {
  const std::vector<std::string> examples =
      ExamplesIn(std::string(SPOTTER_SOURCE_DIR) + "/docs/segment-language.md");
  EXPECT_GE(examples.size(), 10U);
  for (const std::string& example : examples) {
    EXPECT_TRUE(Expression::Compile(example, Scope::kJourneyStep).ok())
        << example << Expression::Compile(example, Scope::kJourneyStep).status();
  }
}

TEST(Document, ItNamesEveryFunction) {
  std::ifstream file(std::string(SPOTTER_SOURCE_DIR) + "/docs/segment-language.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const auto names :
       {FunctionNames(), MethodNames(), RootFunctionNames(), MacroAndWindowNames()}) {
    for (const std::string_view name : names) {
      EXPECT_NE(page.find(name), std::string::npos) << name;
    }
  }
}

}  // namespace
}  // namespace spotter::segment
