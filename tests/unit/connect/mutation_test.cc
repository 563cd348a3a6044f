// SPDX-License-Identifier: Apache-2.0
//
// Whatever bytes come, a decoder answers: events, rejections or an ignored name. Run under ASan
// this is a small fuzzer with a fixed seed.
#include <gtest/gtest.h>

#include <random>

#include "unit/connect/print_event.h"
#include "unit/connect/sample.h"

namespace spotter::connect {
namespace {

std::string Mutated(std::string body, std::mt19937& random) {
  using std::literals::operator""sv;
  constexpr std::string_view kBytes = "\"{}[],:\\0-9e\xff\0 n"sv;
  const auto below = [&](size_t n) { return random() % n; };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    if (body.empty()) return body;
    const size_t at = below(body.size());
    switch (below(4)) {
      case 0:
        body[at] = kBytes[below(kBytes.size())];
        break;
      case 1:
        body.resize(at);
        break;
      case 2:
        body.erase(at, below(40));
        break;
      default:
        body.insert(at, body.substr(below(body.size()), below(60)));
        break;
    }
  }
  return body;
}

void ExpectAnAnswer(const Decoded& decoded) {
  EXPECT_GT(decoded.events.size() + decoded.rejections.size() + decoded.ignored.size(), 0u);
  for (const Rejection& rejection : decoded.rejections) {
    EXPECT_FALSE(rejection.reason.empty());
    EXPECT_FALSE(rejection.detail.empty());
  }
  // What is let in is canonical already.
  for (model::MemberEvent event : decoded.events) {
    EXPECT_TRUE(Canonicalize(event, TestSettings()).ok());
  }
}

TEST(Decoders, AnswerWhateverComes) {
  std::mt19937 random(20261122);
  const auto folder = std::filesystem::path(SPOTTER_SOURCE_DIR) / "tests/samples";
  for (const std::string source : {"square", "stripe", "cloudevents"}) {
    for (const auto& file : std::filesystem::directory_iterator(folder / source)) {
      const std::string body = ReadText(file.path());
      for (int i = 0; i < 60; ++i) {
        const std::string mutated = Mutated(body, random);
        SCOPED_TRACE(mutated);
        if (source != "cloudevents") {
          ExpectAnAnswer(DecodeWebhook(source, mutated, TestSettings()));
          continue;
        }
        ExpectAnAnswer(
            DecodeCloudEvents("application/cloudevents+json", {}, mutated, TestSettings()));
        (void)DecodeCloudEvents("application/cloudevents-batch+json", {}, mutated, TestSettings());
        ExpectAnAnswer(
            DecodeCloudEvents("application/cloudevents+protobuf", {}, mutated, TestSettings()));
        ExpectAnAnswer(DecodeLine(mutated, TestSettings()));
      }
    }
  }
}

}  // namespace
}  // namespace spotter::connect
