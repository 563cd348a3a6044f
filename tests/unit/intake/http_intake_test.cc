// SPDX-License-Identifier: Apache-2.0
//
// The listener over a real socket, with a foreign-minded client.
#include "intake/http_intake.h"

#include <httplib.h>

#include <thread>

#include "connect/json_text.h"
#include "unit/intake/intake_fixture.h"

namespace spotter::intake {
namespace {

using model::TenantId;

constexpr const char* kJson = "application/cloudevents+json";
// SHA-256 of "secret-token".
constexpr const char* kTokenHash =
    "930bbdc51b6aed5c2a5678fd6e28dee7a05e8a4b643cfc0b4427c3efb86c0d94";

class HttpTest : public IntakeTest {
 protected:
  explicit HttpTest(bool accept_unsigned = true, const access::TokenTable* tokens = nullptr)
      : IntakeTest({.accept_unsigned = accept_unsigned}),
        http_(intake_, tokens, {.port = 0, .public_url = "https://hooks.example"}) {
    const Status started = http_.Start();
    EXPECT_TRUE(started.ok()) << started;
    client_ = std::make_unique<httplib::Client>("127.0.0.1", http_.port());
  }

  httplib::Result Post(const std::string& path, const std::string& body,
                       const char* type = "application/json",
                       const httplib::Headers& headers = {}) {
    return client_->Post(path, headers, body, type);
  }
  static std::string Text(const httplib::Result& result) {
    if (!result) return "no answer: " + httplib::to_string(result.error());
    return fmt::format("{} {}", result->status, result->body);
  }

  HttpIntake http_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(HttpTest, TakesAWebhook) {
  const auto result =
      Post("/v1/webhooks/studio/stripe", ReadSample("stripe/charge.succeeded.json"));
  EXPECT_EQ(Text(result), "200 {\"accepted\":1,\"offset\":0,\"ignored\":[],\"refused\":[]}\n");
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(Logged().size(), 1u);
  EXPECT_EQ(log_.durable_end(), 1);
}

TEST_F(HttpTest, TakesCloudEvents) {
  EXPECT_EQ(Text(Post("/v1/events", ReadSample("cloudevents/scan.json"), kJson)),
            "200 {\"accepted\":1,\"offset\":0,\"ignored\":[],\"refused\":[]}\n");
  const httplib::Headers binary = {{"ce-specversion", "1.0"},
                                   {"ce-id", "1"},
                                   {"ce-source", "/square"},
                                   {"ce-type", "com.square.webhook"}};
  EXPECT_EQ(Text(Post("/v1/events", ReadSample("square/booking.created.json"), "application/json",
                      binary)),
            "200 {\"accepted\":1,\"offset\":1,\"ignored\":[],\"refused\":[]}\n");
  const auto batch = Post("/v1/events", ReadSample("cloudevents/batch.json"),
                          "application/cloudevents-batch+json");
  ASSERT_EQ(batch->status, 200);
  EXPECT_NE(batch->body.find("\"accepted\":2,\"offset\":2,\"ignored\":[\"cloudevent.other\"]"),
            std::string::npos);
  EXPECT_NE(batch->body.find("\"dead_letter\":\"dlq_"), std::string::npos);
  EXPECT_EQ(Logged().size(), 4u);
}

TEST_F(HttpTest, IgnoresOtherTypesByName) {
  EXPECT_EQ(Text(Post("/v1/webhooks/studio/stripe", R"({"type": "payout.paid"})")),
            "200 {\"accepted\":0,\"ignored\":[\"stripe.payout.paid\"],\"refused\":[]}\n");
}

TEST_F(HttpTest, AnswersABadBodyAndKeepsIt) {
  const auto result = Post("/v1/webhooks/studio/stripe", "{\"type\": \"charge.succeeded\"}");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 400);
  ASSERT_EQ(Dead().size(), 1u);
  EXPECT_EQ(result->body,
            "{\"error\":\"missing_field\",\"detail\":\"stripe charge.succeeded: data: found "
            "nothing, expected an object\",\"accepted\":0,\"ignored\":[],\"refused\":[{"
            "\"reason\":\"missing_field\",\"detail\":\"stripe charge.succeeded: data: found "
            "nothing, expected an object\",\"dead_letter\":\"" +
                Dead()[0].id + "\"}]}\n");
}

TEST_F(HttpTest, AnswersErrorsInJson) {
  EXPECT_EQ(Text(Post("/v1/webhooks/nobody/square", "{}")),
            "404 {\"error\":\"not_found\",\"detail\":\"unknown tenant 'nobody'\"}\n");
  EXPECT_EQ(Text(Post("/v1/webhooks/studio/glofox", "{}")),
            "404 {\"error\":\"not_found\",\"detail\":\"unknown source 'glofox': expected one of "
            "square, stripe\"}\n");
  EXPECT_EQ(Text(Post("/v2/events", "{}")),
            "404 {\"error\":\"not_found\",\"detail\":\"POST /v2/events: expected POST /v1/events "
            "or POST /v1/webhooks/TENANT/SOURCE\"}\n");
  EXPECT_EQ(client_->Get("/v1/events")->status, 404);
  EXPECT_EQ(Post("/v1/webhooks/studio/square/more", "{}")->status, 404);
  EXPECT_EQ(Post("/v1/webhooks/studio%2Fsquare", "{}")->status / 100, 4);
  EXPECT_EQ(Text(Post("/v1/webhooks/studio/square", "{}")),
            "401 {\"error\":\"unauthenticated\",\"detail\":\"square signature: header "
            "x-square-hmacsha256-signature is missing\"}\n");
  EXPECT_EQ(Text(Post("/v1/events", "{}", kJson, {{"spotter-tenant", "other"}})),
            "403 {\"error\":\"permission_denied\",\"detail\":\"principal 'loopback': tenant "
            "'other' is not one of its tenants\"}\n");
}

TEST_F(HttpTest, ChecksASquareSignatureOverThePublicAddress) {
  const std::string body = R"({"type":"payout.paid"})";
  const auto result =
      Post("/v1/webhooks/studio/square", body, "application/json",
           {{"x-square-hmacsha256-signature", "TreywkLrGzDdTonQT7RwEUdyzbi5g3ansNn78IT0tJU="}});
  EXPECT_EQ(Text(result),
            "200 {\"accepted\":0,\"ignored\":[\"square.payout.paid\"],\"refused\":[]}\n");
}

TEST_F(HttpTest, RefusesALargeBody) {
  const std::string expected =
      "413 {\"error\":\"too_large\",\"detail\":\"the body is larger than 1048576 bytes\"}\n";
  EXPECT_EQ(Text(Post("/v1/webhooks/studio/stripe", std::string(10 << 20, 'x'))), expected);
  EXPECT_EQ(Text(Post("/v1/events", std::string((1 << 20) + 1, 'x'), kJson)), expected);
  // At the limit it is read, and refused for what it is.
  EXPECT_EQ(Post("/v1/events", std::string(1 << 20, 'x'), kJson)->status, 400);
  // In chunks, without saying how much will come.
  int chunks = 0;
  const auto chunked = client_->Post(
      "/v1/events",
      [&](size_t, httplib::DataSink& sink) {
        const std::string chunk(1 << 16, 'x');
        sink.write(chunk.data(), chunk.size());
        if (++chunks == 40) sink.done();
        return true;
      },
      kJson);
  EXPECT_EQ(Text(chunked), expected);
  EXPECT_EQ(log_.end(), 0);
  EXPECT_EQ(intake_.counters().refused.Values().at("too_large"), 3);
}

TEST_F(HttpTest, ReadsChunkedAndCompressedBodies) {
  const std::string body = ReadSample("cloudevents/scan.json");
  const auto chunked = client_->Post(
      "/v1/events",
      [&](size_t, httplib::DataSink& sink) {
        sink.write(body.data(), body.size());
        sink.done();
        return true;
      },
      kJson);
  EXPECT_EQ(chunked->status, 200);
  client_->set_compress(true);
  EXPECT_EQ(Post("/v1/events", body, kJson)->status, 200);
  // 100 MB of nothing is small on the wire.
  EXPECT_EQ(Post("/v1/events", std::string(100 << 20, ' '), kJson)->status, 413);
  EXPECT_EQ(Logged().size(), 2u);
}

TEST_F(HttpTest, SendsBackWhileTheLogCannotTakeIt) {
  log_.is_full = true;
  const auto result =
      Post("/v1/webhooks/studio/stripe", ReadSample("stripe/charge.succeeded.json"));
  EXPECT_EQ(Text(result), "503 {\"error\":\"unavailable\",\"detail\":\"log: disk full\"}\n");
  EXPECT_EQ(result->get_header_value("Retry-After"), "5");
}

TEST_F(HttpTest, KeepsWebPagesOut) {
  const httplib::Headers page = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(Post("/v1/events", "{}", kJson, page)->status, 403);
  EXPECT_EQ(Post("/v1/webhooks/studio/stripe", "{}", "text/plain", page)->status, 403);
}

TEST_F(HttpTest, ServesManyAtOnce) {
  const std::string body = ReadSample("cloudevents/scan.json");
  std::vector<std::thread> senders;
  std::atomic<int> accepted = 0;
  for (int i = 0; i < 8; ++i) {
    senders.emplace_back([&] {
      httplib::Client client("127.0.0.1", http_.port());
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);
      for (int n = 0; n < 20; ++n) {
        const auto result = client.Post("/v1/events", body, kJson);
        if (result && result->status == 200) ++accepted;
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(accepted, 160);
  EXPECT_EQ(log_.durable_end(), 160);
}

TEST_F(HttpTest, NamesAPortInUse) {
  HttpIntake second(intake_, nullptr, {.port = http_.port()});
  const Status status = second.Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(MessageOf(status).find(fmt::format("127.0.0.1:{}", http_.port())),
            std::string_view::npos)
      << status;
}

TEST_F(HttpTest, StopsAndCanBeStoppedTwice) {
  http_.Stop();
  http_.Stop();
  EXPECT_FALSE(Post("/v1/events", "{}", kJson));
}

access::TokenTable Tokens() {
  return *access::TokenTable::Make(
      {{kTokenHash, {"pos", {"studio", "mentor"}, {access::Role::kPublisher}}},
       {std::string(64, 'a'), {"x", {"studio"}, {access::Role::kStaff}}}});
}

class HttpTokenTest : public HttpTest {
 protected:
  HttpTokenTest() : HttpTest(false, &Table()) {}
  static const access::TokenTable& Table() {
    static const access::TokenTable table = Tokens();
    return table;
  }
};

TEST_F(HttpTokenTest, AsksForAToken) {
  const std::string body = ReadSample("cloudevents/scan.json");
  const httplib::Headers tenant = {{"spotter-tenant", "studio"}};
  EXPECT_EQ(Post("/v1/events", body, kJson, tenant)->status, 401);
  httplib::Headers wrong = tenant;
  wrong.emplace("Authorization", "Bearer wrong");
  EXPECT_EQ(Post("/v1/events", body, kJson, wrong)->status, 401);
  httplib::Headers right = tenant;
  right.emplace("Authorization", "Bearer secret-token");
  EXPECT_EQ(Post("/v1/events", body, kJson, right)->status, 200);
  // Which of its two tenants?
  EXPECT_EQ(Post("/v1/events", body, kJson, {{"Authorization", "Bearer secret-token"}})->status,
            400);
  EXPECT_EQ(Post("/v1/events", body, kJson,
                 {{"Authorization", "Bearer secret-token"}, {"spotter-tenant", "other"}})
                ->status,
            403);
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(HttpTokenTest, TakesNoUnsignedWebhook) {
  EXPECT_EQ(Post("/v1/webhooks/studio/stripe", "{}")->status, 401);
  EXPECT_TRUE(Dead().empty());
}

}  // namespace
}  // namespace spotter::intake
