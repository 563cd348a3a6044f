// SPDX-License-Identifier: Apache-2.0
#include "segment/sentence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "segment/parser.h"

namespace spotter::segment {
namespace {

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

Sentence Of(const std::string& text) {
  const StatusOr<Ast> ast = Parse(text);
  EXPECT_TRUE(ast.ok()) << text << ast.status();
  return ast.ok() ? Say(*ast) : Sentence();
}

TEST(Sentence, SaysWhatAnExpressionSays) {
  struct Case {
    std::string expression;
    std::string sentence;
  };
  const Case cases[] = {
      {"!events('visit').within(days(14)).exists() && member.payment_status == 'active'",
       "no visit in the last 14 days and payment status is active"},
      {"events('visit').within(days(1)).count() == 0", "no visit in the last 1 day"},
      {"!(segment('a') || member.plan in ['x', 'y'])",
       "not in segment a and plan is none of x or y"},
      {"true", "always"},
      {"events('no_show').within(days(30)).count() + 1 >= 2",
       "the number of no-shows in the last 30 days plus 1 is at least 2"},
      {"'a b' in member.tags && !has(member.plan)", "has the tag 'a b' and plan is not known"},
      {"events('booking').filter(e, e.genre == 'yoga').exists()",
       "a booking where its genre is yoga"},
      {"member.plan.substring(1) == 'x'", "member.plan.substring(1) is x"},
  };
  for (const Case& one : cases) EXPECT_EQ(Of(one.expression).text, one.sentence);
}

// The sentence of every example of the language's page, in its order.
TEST(Sentence, OfTheExamplesOfTheLanguage) {
  const std::string root = SPOTTER_SOURCE_DIR;
  std::ifstream file(root + "/docs/segment-language.md");
  std::string line;
  std::string example;
  std::string said;
  bool is_inside = false;
  while (std::getline(file, line)) {
    const bool is_fence = line.starts_with("```");
    if (is_inside && !is_fence && !line.empty()) example += line + "\n";
    if ((is_fence || line.empty()) && !example.empty()) {
      const Sentence sentence = Of(std::exchange(example, ""));
      EXPECT_TRUE(sentence.printed.empty()) << sentence.printed[0];
      said += sentence.text + "\n";
    }
    if (is_fence) is_inside = line == "```cel";
  }
  const std::string path = root + "/tests/unit/segment/golden/sentences.txt";
  if (std::getenv("SPOTTER_WRITE_GOLDEN") != nullptr) std::ofstream(path) << said;
  EXPECT_EQ(said, ReadAll(path));
}

// mission: C41
TEST(Sentence, EveryShippedSegmentHasWords) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SPOTTER_SOURCE_DIR) + "/deploy/segments")) {
    const std::string yaml = ReadAll(entry.path());
    std::string when = yaml.substr(yaml.find("\nwhen: ") + 7);
    if (when.starts_with(">-")) {
      when = when.substr(2);
    } else if (when.starts_with('"')) {
      when = when.substr(1, when.rfind('"') - 1);
    }
    const Sentence sentence = Of(when);
    EXPECT_TRUE(sentence.printed.empty()) << entry.path() << " " << sentence.printed[0];
    EXPECT_FALSE(sentence.text.empty());
    ++files;
  }
  EXPECT_GE(files, 40);
}

}  // namespace
}  // namespace spotter::segment
