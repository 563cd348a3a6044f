// SPDX-License-Identifier: Apache-2.0
#include "intake/bind_message.h"

#include <gtest/gtest.h>

namespace spotter::intake {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

log_kafka::SourceMessage Message(Headers headers, std::optional<std::string> value = "{}") {
  return {.topic = "studio.pos",
          .partition = 3,
          .offset = 17,
          .headers = std::move(headers),
          .value = std::move(value)};
}

struct Case {
  const char* name;
  Headers headers;
  std::string expected;  // "body SOURCE" or the reason of the dead letter
};

TEST(BindMessage, ReadsTheHeadersAlone) {
  const std::pair<std::string, std::string> studio = {"spotter-tenant", "studio"};
  const Case cases[] = {
      {"structured", {studio, {"content-type", "application/cloudevents+json"}}, "body "},
      {"with charset",
       {studio, {"content-type", "Application/CloudEvents+JSON; charset=utf-8"}},
       "body "},
      {"protobuf", {studio, {"content-type", "application/cloudevents+protobuf"}}, "body "},
      {"batch", {studio, {"content-type", "application/cloudevents-batch+json"}}, "body "},
      {"binary",
       {studio, {"ce_specversion", "1.0"}, {"content-type", "application/json"}},
       "body "},
      {"raw", {studio, {"spotter-source", "square"}}, "body square"},
      {"raw, one of several", {studio, {"spotter-source", "square-north"}}, "body square-north"},
      {"raw of whom", {studio, {"spotter-source", "fax"}}, "unknown_source"},
      {"no content type", {studio}, "content_type"},
      {"another", {studio, {"content-type", "application/json"}}, "content_type"},
      {"no tenant", {{"content-type", "application/cloudevents+json"}}, "no_tenant"},
      {"absurd tenant", {{"spotter-tenant", "Not A Tenant"}}, "unknown_tenant"},
      {"nothing", {}, "no_tenant"},
  };
  for (const Case& one : cases) {
    const Binding binding = BindMessage(Message(one.headers), {});
    std::string found;
    if (const auto* body = std::get_if<BoundBody>(&binding)) {
      found = "body " + body->source;
      EXPECT_EQ(body->tenant, model::TenantId("studio")) << one.name;
      EXPECT_EQ(body->origin, "studio.pos[3]@17") << one.name;
    } else if (const auto* letter = std::get_if<DeadLetter>(&binding)) {
      found = letter->reason;
      EXPECT_EQ(letter->origin, "studio.pos[3]@17") << one.name;
      EXPECT_EQ(letter->bytes, "{}") << one.name;
    }
    EXPECT_EQ(found, one.expected) << one.name;
  }
}

TEST(BindMessage, TakesTheTenantFromTheTopicsOwnHeader) {
  TopicOptions options;
  options.tenant_headers["studio.pos"] = "x-brand";
  const Binding binding = BindMessage(
      Message({{"spotter-tenant", "other"}, {"x-brand", "studio"}, {"spotter-source", "square"}}),
      options);
  EXPECT_EQ(std::get<BoundBody>(binding).tenant, model::TenantId("studio"));
}

TEST(BindMessage, KnowsATombstone) {
  EXPECT_TRUE(std::holds_alternative<Tombstone>(
      BindMessage(Message({{"spotter-tenant", "studio"}}, std::nullopt), {})));
}

TEST(BindMessage, KeepsTheBeginningOfWhatIsTooLarge) {
  const TopicOptions options;
  const Headers headers = {{"spotter-tenant", "studio"}, {"spotter-source", "square"}};
  const std::string largest(options.body_bytes_max, 'x');
  EXPECT_TRUE(std::holds_alternative<BoundBody>(BindMessage(Message(headers, largest), options)));
  const auto letter =
      std::get<DeadLetter>(BindMessage(Message(headers, std::string(5'000'000, 'x')), options));
  EXPECT_EQ(letter.reason, "too_large");
  EXPECT_EQ(letter.bytes.size(), options.kept_bytes_max);
  EXPECT_NE(letter.detail.find("found 5000000 bytes, expected at most 1048576"), std::string::npos)
      << letter.detail;
}

TEST(BindMessage, KeepsOnlySoMuchOfANameFromOutside) {
  const auto letter =
      std::get<DeadLetter>(BindMessage(Message({{"spotter-tenant", std::string(10'000, 'T')},
                                                {"spotter-source", std::string(9'000, 's')}}),
                                       {}));
  EXPECT_EQ(letter.tenant.size(), 64u);
  EXPECT_EQ(letter.source.size(), 64u);
}

}  // namespace
}  // namespace spotter::intake
