// SPDX-License-Identifier: Apache-2.0
//
// Clients that send a byte now and then, or read nothing, beside an honest one.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "intake/http_intake.h"
#include "unit/intake/intake_fixture.h"

namespace spotter::intake {
namespace {

using Steady = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(0, ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(std::string_view text) { (void)!::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  std::string ReadToEnd() {
    std::string all;
    char bytes[4096];
    for (ssize_t got = 0; (got = ::recv(fd_, bytes, sizeof(bytes), 0)) > 0;) {
      all.append(bytes, static_cast<size_t>(got));
    }
    return all;
  }
  // At least one answer's worth.
  std::string Read() {
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof(bytes), 0);
    return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : "";
  }

 private:
  int fd_;
};

class SlowClientsTest : public IntakeTest {
 protected:
  SlowClientsTest() : IntakeTest({.accept_unsigned = true}) {}

  void Serve(HttpOptions options) {
    options.port = 0;
    http_.emplace(intake_, nullptr, options);
    ASSERT_TRUE(http_->Start().ok());
  }
  std::vector<std::unique_ptr<Socket>> Connect(int count, std::string_view say) {
    std::vector<std::unique_ptr<Socket>> sockets;
    for (int i = 0; i < count; ++i) {
      sockets.push_back(std::make_unique<Socket>(http_->port()));
      sockets.back()->Send(say);
    }
    return sockets;
  }
  // The status of an honest request, and that it came at once.
  void ExpectServed() {
    const auto begin = Steady::now();
    httplib::Client client("127.0.0.1", http_->port());
    client.set_read_timeout(20);
    const auto result =
        client.Post("/v1/webhooks/studio/stripe", R"({"type": "payout.paid"})", "application/json");
    ASSERT_TRUE(result);
    EXPECT_EQ(200, result->status);
    EXPECT_LT(Steady::now() - begin, std::chrono::seconds(2));
  }

  std::optional<HttpIntake> http_;
};

constexpr std::string_view kHalfAHead = "POST /v1/events HTTP/1.1\r\nHost: x\r\n";
constexpr std::string_view kHalfABody =
    "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"half\":";
constexpr std::string_view kHalfAChunk =
    "POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{\"half\":";

// mission: C12
TEST_F(SlowClientsTest, HoldNoThreadWhateverTheyLeaveOut) {
  Serve({.threads = 2});
  std::vector<std::vector<std::unique_ptr<Socket>>> slow;
  for (const std::string_view half : {std::string_view(), kHalfAHead, kHalfABody, kHalfAChunk}) {
    slow.push_back(Connect(20, half));
    ExpectServed();
  }
}

// mission: C12
TEST_F(SlowClientsTest, AreTheFirstToGoWhereThereAreTooMany) {
  Serve({.threads = 2, .connections_max = 10});
  const auto slow = Connect(40, kHalfABody);
  ExpectServed();
  const auto begin = Steady::now();
  const std::string said = slow.front()->ReadToEnd();  // a reset, if it went before it was read
  EXPECT_TRUE(said.empty() || said.starts_with("HTTP/1.1 408 ")) << said;
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(5)) << "before its own time was over";
}

TEST_F(SlowClientsTest, AreClosedAtTheEndOfTheirTimeHoweverOftenTheySendAByte) {
  Serve({.threads = 2, .request_timeout = Duration(400)});
  Socket slow(http_->port());
  slow.Send("POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  const auto begin = Steady::now();
  std::atomic<bool> is_over = false;
  std::thread trickle([&] {
    while (!is_over) {
      slow.Send("x");
      std::this_thread::yield();
      if (Steady::now() - begin > std::chrono::seconds(20)) return;
    }
  });
  const std::string said = slow.Read();
  is_over = true;
  trickle.join();
  EXPECT_TRUE(said.starts_with("HTTP/1.1 408 ")) << said;
  Socket silent(http_->port());
  silent.Send(kHalfAHead);
  EXPECT_TRUE(silent.ReadToEnd().starts_with("HTTP/1.1 408 "));
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(10));
}

TEST_F(SlowClientsTest, ThatReadNothingHoldNoThread) {
  Serve({.threads = 2});
  std::string many;
  for (int i = 0; i < 500; ++i) many += "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto deaf = Connect(10, many);
  ExpectServed();
}

TEST_F(SlowClientsTest, RequestsThatComeInPiecesOrTogetherAreAnswered) {
  Serve({.threads = 2});
  Socket socket(http_->port());
  const std::string body = R"({"type": "payout.paid"})";
  const std::string request = fmt::format(
      "POST /v1/webhooks/studio/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
  for (const char byte : request) socket.Send({&byte, 1});
  EXPECT_TRUE(socket.Read().starts_with("HTTP/1.1 200 "));
  socket.Send(request + request + "GET /v1/nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string all = socket.ReadToEnd();
  size_t answered = 0;
  for (size_t at = 0; (at = all.find("HTTP/1.1 200 ", at)) != std::string::npos; ++at) ++answered;
  EXPECT_EQ(2u, answered);
  EXPECT_NE(std::string::npos, all.find("HTTP/1.1 404 "));
}

TEST_F(SlowClientsTest, AStopWaitsForNoneOfThem) {
  Serve({.threads = 2});
  const auto slow = Connect(20, kHalfABody);
  ExpectServed();
  const auto begin = Steady::now();
  http_->Stop();
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(3));
}

}  // namespace
}  // namespace spotter::intake
