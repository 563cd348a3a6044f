// SPDX-License-Identifier: Apache-2.0
//
// Bodies in, text out: golden/*.txt has a section per body, "== SOURCE/NAME" and what it becomes.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "unit/connect/print_event.h"
#include "unit/connect/sample.h"

namespace spotter::connect {
namespace {

using Sections = std::map<std::string, std::string>;

Sections ReadGolden(const std::string& name) {
  std::istringstream lines(
      ReadText(std::filesystem::path(SPOTTER_SOURCE_DIR) / "tests/unit/connect/golden" / name));
  Sections sections;
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ")) {
      section = line.substr(3);
    } else if (!section.empty()) {
      sections[section] += line + "\n";
    }
  }
  return sections;
}

std::string Decode(const std::string& name, const std::string& body) {
  const std::string source = name.substr(0, name.find('/'));
  return PrintDecoded(source == "cloudevents"
                          ? DecodeCloudEvents(name == "cloudevents/batch"
                                                  ? "application/cloudevents-batch+json"
                                                  : "application/cloudevents+json; charset=utf-8",
                                              {}, body, TestSettings())
                          : DecodeWebhook(source, body, TestSettings()));
}

// mission: C1 C11 C12 C13 C16 X16 X24
TEST(DecodeWebhook, ReadsTheHandWrittenSamples) {
  const Sections golden = ReadGolden("samples.txt");
  ASSERT_GE(golden.size(), 18u);
  for (const auto& [name, expected] : golden) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Decode(name, ReadSample(name + ".json")), expected);
  }
}

// mission: C1 C11 C13
TEST(DecodeWebhook, ReadsTheRecordedPayloads) {
  const auto folder = PayloadFolder();
  if (folder.empty()) {
    std::cout << "SKIPPED: no recorded payloads; set SPOTTER_SHARED to the data folder\n";
    GTEST_SKIP();
  }
  for (const auto& [name, expected] : ReadGolden("payloads.txt")) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Decode(name, ReadText(folder / (name + ".json"))), expected);
  }
}

// A body of another type is ignored by its name; never an error.
TEST(DecodeWebhook, IgnoresEveryOtherRecordedPayloadByName) {
  const auto folder = PayloadFolder();
  if (folder.empty()) {
    std::cout << "SKIPPED: no recorded payloads; set SPOTTER_SHARED to the data folder\n";
    GTEST_SKIP();
  }
  const Sections read = ReadGolden("payloads.txt");
  int ignored = 0;
  for (const std::string source : {"square", "stripe"}) {
    for (const auto& file : std::filesystem::directory_iterator(folder / source)) {
      const std::string name = source + "/" + file.path().stem().string();
      if (read.contains(name)) continue;
      SCOPED_TRACE(name);
      const Decoded decoded = DecodeWebhook(source, ReadText(file.path()), TestSettings());
      EXPECT_TRUE(decoded.events.empty());
      EXPECT_TRUE(decoded.rejections.empty());
      ASSERT_EQ(decoded.ignored.size(), 1u);
      EXPECT_TRUE(decoded.ignored.front().starts_with(source + "."));
      ++ignored;
    }
  }
  EXPECT_EQ(ignored, 234 - 19);
}

}  // namespace
}  // namespace spotter::connect
