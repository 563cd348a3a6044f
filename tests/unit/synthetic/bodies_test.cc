// SPDX-License-Identifier: Apache-2.0
//
// The bodies are what the sources send, if our own connectors read the same life from them.
#include <gtest/gtest.h>

#include <set>

#include "connect/connector.h"
#include "connect/normalize.h"
#include "synthetic/studio_life.h"
#include "wire/wire.h"

namespace spotter::synthetic {
namespace {

Options SmallStudio() {
  Options options;
  options.members = 60;
  options.start = *ParseTime("2026-03-02T15:04:05.678Z");
  return options;
}

std::string Print(const model::MemberEvent& event) { return wire::EncodeEventJson(event); }

connect::Decoded Decode(const Webhook& webhook) {
  connect::DecodeSettings settings;
  settings.tenant = SmallStudio().tenant;
  settings.received_at = webhook.at;
  if (webhook.source != "spotter") {
    return connect::DecodeWebhook(webhook.source, webhook.body, settings);
  }
  return connect::DecodeCloudEvents("application/cloudevents+json", {}, webhook.body, settings);
}

// mission: C11 C12 C13 C14 C16
TEST(MakeStudioWebhooks, TellsTheLifeThatTheConnectorsRead) {
  const auto life = MakeStudioLife(SmallStudio());
  const auto webhooks = MakeStudioWebhooks(SmallStudio());
  ASSERT_EQ(life.size(), webhooks.size());
  for (size_t i = 0; i < life.size(); ++i) {
    ASSERT_EQ(life[i].at, webhooks[i].at);
    ASSERT_EQ(life[i].member, webhooks[i].member);
    const connect::Decoded decoded = Decode(webhooks[i]);
    ASSERT_TRUE(decoded.rejections.empty()) << decoded.rejections.front().detail << "\n"
                                            << webhooks[i].body;
    ASSERT_EQ(1U, decoded.events.size()) << webhooks[i].body;
    ASSERT_EQ(life[i].event, decoded.events.front())
        << "written: " << Print(life[i].event) << "\nread:    " << Print(decoded.events.front())
        << "\nfrom:    " << webhooks[i].body;
  }
}

TEST(MakeStudioWebhooks, SpeaksAsSquareStripeAndOurself) {
  std::set<std::string> sources;
  for (const Webhook& webhook : MakeStudioWebhooks(SmallStudio())) sources.insert(webhook.source);
  EXPECT_EQ((std::set<std::string>{"spotter", "square", "stripe"}), sources);
}

TEST(MakeStudioWebhooks, GivesTheSameBytesForTheSameSeed) {
  const auto one = MakeStudioWebhooks(SmallStudio());
  const auto two = MakeStudioWebhooks(SmallStudio());
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) ASSERT_EQ(one[i].body, two[i].body);
}

}  // namespace
}  // namespace spotter::synthetic
