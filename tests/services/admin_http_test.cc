// SPDX-License-Identifier: Apache-2.0
#include "services/program/admin_http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace spotter::service {
namespace {

using Steady = std::chrono::steady_clock;

int Connect(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return fd;
}
void Send(int fd, std::string_view text) {
  (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}
std::string Get(int port, const std::string& path) {
  const int fd = Connect(port);
  Send(fd, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::string all;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::recv(fd, bytes, sizeof(bytes), 0)) > 0;) {
    all.append(bytes, static_cast<size_t>(got));
  }
  ::close(fd);
  return all;
}

// mission: C12
TEST(AdminHttp, SlowClientsStopNeitherScrapesNorHealthChecks) {
  const std::string metrics(1 << 20, '#');
  AdminHttp admin({.host = "127.0.0.1", .port = 0},
                  {.metrics = [&] { return metrics; }, .problem = [] { return ""; }});
  ASSERT_TRUE(admin.Start().ok());
  std::vector<int> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(Connect(admin.port()));
    // Half of them begin to ask, half ask for much and read nothing.
    Send(slow.back(),
         i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nHo" : "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  const auto begin = Steady::now();
  EXPECT_NE(std::string::npos, Get(admin.port(), "/healthz").find("\r\n\r\nok\n"));
  EXPECT_NE(std::string::npos, Get(admin.port(), "/readyz").find("\r\n\r\nready\n"));
  EXPECT_GT(Get(admin.port(), "/metrics").size(), metrics.size());
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(3));
  for (const int fd : slow) ::close(fd);
  admin.Stop();
}

}  // namespace
}  // namespace spotter::service
