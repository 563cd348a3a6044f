// SPDX-License-Identifier: Apache-2.0
//
// A connection is owned by one of three at a time: the line of those that come back to the waiting
// thread, the waiting thread, or the line and threads of the pool. No thread of the pool touches
// the network but for one send that does not wait.
#include "intake/patient_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "intake/request_frame.h"

namespace spotter::intake {
namespace {

using Steady = std::chrono::steady_clock;

constexpr size_t kHeadBytesMax = 64u << 10;
constexpr size_t kReadBytes = 64u << 10;
constexpr int kBacklog = 1024;      // httplib's is 5: a burst would wait a second to be connected
constexpr int kRequestsMax = 1000;  // of one connection
constexpr size_t kLingerBytesMax = 16u << 20;      // of a body that is answered already
constexpr auto kLinger = std::chrono::seconds(2);  // so that its sender gets to read the answer
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kTooSlow =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

enum class Phase : uint8_t { kReading, kWriting, kLingering };

struct Connection {
  explicit Connection(int the_socket) : socket(the_socket) {}
  ~Connection() { ::close(socket); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const int socket;
  Phase phase = Phase::kReading;
  Steady::time_point since;  // it waits for a request or for the client to read the answer
  Steady::time_point deadline;
  std::string in;   // of the request, and what follows it
  std::string out;  // of the answer, not yet sent
  std::optional<RequestFrame> frame;
  bool was_told_to_continue = false;
  bool has_ended = false;  // the client sends no more, or no more of it is kept
  bool close_after = false;
  size_t lingered = 0;
  int requests = 0;
};
using Owned = std::unique_ptr<Connection>;

// What httplib reads and writes: memory.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return read_ < connection_.in.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override {
    size = std::min(size, connection_.in.size() - read_);
    std::copy_n(connection_.in.data() + read_, size, into);
    read_ += size;
    return static_cast<ssize_t>(size);
  }
  ssize_t write(const char* bytes, size_t size) override {
    connection_.out.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { Name(ip, port, true); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { Name(ip, port, false); }
  socket_t socket() const override { return connection_.socket; }
  size_t consumed() const { return read_; }

 private:
  void Name(std::string& ip, int& port, bool of_remote) const {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    const int failed = of_remote ? ::getpeername(connection_.socket, any, &size)
                                 : ::getsockname(connection_.socket, any, &size);
    if (failed != 0) return;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET6) {
      const auto* six = reinterpret_cast<sockaddr_in6*>(&address);
      ::inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
      port = ntohs(six->sin6_port);
    } else {
      const auto* four = reinterpret_cast<sockaddr_in*>(&address);
      ::inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
      port = ntohs(four->sin_port);
    }
    ip = text.data();
  }

  Connection& connection_;
  size_t read_ = 0;
};

// As much of `out` as the client takes now. False: it takes nothing any more.
bool SendSome(Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t sent = ::send(connection.socket, connection.out.data(), connection.out.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    connection.out.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

class PatientServer::Impl {
 public:
  using Answer = std::function<bool(httplib::Stream&, bool close, bool& closed)>;

  Impl(const Patience& patience, Answer answer)
      : patience_(patience), answer_(std::move(answer)), wake_(::eventfd(0, EFD_CLOEXEC)) {}
  ~Impl() {
    Stop();
    ::close(wake_);
  }

  void Start() {
    const std::lock_guard lock(mutex_);
    stopping_ = pool_is_gone_ = false;
    waiter_ = std::thread([this] { Wait(); });
    for (size_t i = 0; i < patience_.threads; ++i) pool_.emplace_back([this] { Serve(); });
  }

  // Those under way are answered; all others are closed.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& one : pool_) one.join();
    pool_.clear();
    {
      const std::lock_guard lock(mutex_);
      pool_is_gone_ = true;
    }
    Wake();
    if (waiter_.joinable()) waiter_.join();
    const std::lock_guard lock(mutex_);
    whole_.clear();
    back_.clear();
  }

  void Add(int socket) {
    auto connection = std::make_unique<Connection>(socket);
    connection->since = Steady::now();
    connection->deadline = connection->since + patience_.idle_timeout;
    GiveBack(std::move(connection));
  }

 private:
  void Wake() {
    const uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof(one));
  }

  void GiveBack(Owned connection) {
    {
      const std::lock_guard lock(mutex_);
      back_.push_back(std::move(connection));
    }
    Wake();
  }

  // --- a thread of the pool

  void Serve() {
    while (true) {
      Owned connection;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [&] { return stopping_ || !whole_.empty(); });
        if (whole_.empty()) return;
        connection = std::move(whole_.front());
        whole_.pop_front();
      }
      AnswerOne(*connection);
      GiveBack(std::move(connection));
    }
  }

  void AnswerOne(Connection& connection) {
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_;
    }
    MemoryStream stream(connection);
    bool closed = false;
    const bool close = stopping || connection.has_ended || ++connection.requests >= kRequestsMax;
    const bool is_answered = answer_(stream, close, closed);
    connection.close_after = close || closed || !is_answered;
    connection.in.erase(0, stream.consumed());
    connection.frame.reset();
    connection.was_told_to_continue = false;
    connection.phase = Phase::kWriting;
    connection.deadline = Steady::now() + patience_.request_timeout;
    if (!SendSome(connection)) connection.deadline = Steady::now();
  }

  // --- the thread that waits

  void Wait() {
    std::vector<pollfd> polled;
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        for (Owned& one : back_) waiting_.push_back(std::move(one));
        back_.clear();
        in_pool_ = whole_.size();
        if (stopping_) CloseIdle();
        if (pool_is_gone_ && waiting_.empty()) return;
      }
      for (Owned& one : waiting_) Advance(one);
      std::erase(waiting_, nullptr);
      EvictSome();
      polled.assign(1, {.fd = wake_, .events = POLLIN, .revents = 0});
      auto next = Steady::now() + std::chrono::seconds(1);
      for (const Owned& one : waiting_) {
        const bool writes = one->phase == Phase::kWriting;
        polled.push_back({.fd = one->socket,
                          .events = static_cast<int16_t>(writes ? POLLOUT : POLLIN),
                          .revents = 0});
        next = std::min(next, one->deadline);
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Steady::now());
      ::poll(polled.data(), polled.size(), static_cast<int>(std::max<int64_t>(0, left.count())));
      if (polled[0].revents != 0) {
        uint64_t count = 0;
        (void)!::read(wake_, &count, sizeof(count));
      }
      for (size_t i = 0; i < waiting_.size(); ++i) {
        if (polled[i + 1].revents != 0) Move(waiting_[i]);
      }
      std::erase(waiting_, nullptr);
    }
  }

  // An answer that is under way is still sent.
  void CloseIdle() {
    std::erase_if(waiting_, [](const Owned& one) {
      return one->phase != Phase::kWriting || one->out.empty();
    });
  }

  // Reads or writes what it can now.
  void Move(Owned& one) {
    if (one->phase == Phase::kWriting) {
      if (!SendSome(*one)) one.reset();
      return;
    }
    std::array<char, kReadBytes> bytes;
    const ssize_t got = ::recv(one->socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) one.reset();
      return;
    }
    if (one->phase == Phase::kLingering) {
      one->lingered += static_cast<size_t>(got);
      if (got == 0 || one->lingered > kLingerBytesMax) one.reset();
      return;
    }
    if (got == 0) {
      one->has_ended = true;
      if (one->in.empty()) one.reset();
      return;
    }
    if (one->in.empty()) one->deadline = Steady::now() + patience_.request_timeout;
    one->in.append(bytes.data(), static_cast<size_t>(got));
  }

  // Takes the connection to where it belongs now; null: it has left.
  void Advance(Owned& one) {
    if (one->phase == Phase::kWriting && one->out.empty()) {
      const auto now = one->since = Steady::now();
      if (one->close_after) {
        ::shutdown(one->socket, SHUT_WR);
        one->phase = Phase::kLingering;
        one->deadline = now + kLinger;
      } else {
        one->phase = Phase::kReading;
        one->deadline =
            now + (one->in.empty() ? patience_.idle_timeout : patience_.request_timeout);
      }
    }
    if (one->phase == Phase::kReading && IsReady(*one)) {
      {
        const std::lock_guard lock(mutex_);
        whole_.push_back(std::move(one));
      }
      work_.notify_one();
      return;
    }
    if (Steady::now() < one->deadline) return;
    if (one->phase == Phase::kReading && !one->in.empty()) SayTooSlow(*one);
    one.reset();
  }

  // Whether the request is whole, or no more of it will be kept.
  bool IsReady(Connection& one) const {
    if (one.in.empty()) return false;
    if (!one.frame.has_value()) one.frame = FrameOf(one.in);
    if (!one.frame.has_value()) {
      one.has_ended = one.has_ended || one.in.size() > kHeadBytesMax;
      return one.has_ended;
    }
    if (IsWhole(*one.frame, one.in)) return true;
    if (one.frame->expects_continue && !one.was_told_to_continue) {
      one.was_told_to_continue = true;
      (void)::send(one.socket, kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    // Chunks of a few bytes are several times their content.
    const size_t body = one.in.size() - one.frame->head_bytes;
    const size_t kept = one.frame->is_chunked ? 2 * patience_.body_bytes_max + kHeadBytesMax
                                              : patience_.body_bytes_max;
    one.has_ended = one.has_ended || body > kept;
    return one.has_ended;
  }

  static void SayTooSlow(const Connection& one) {
    (void)::send(one.socket, kTooSlow.data(), kTooSlow.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  // Too many, or too much of what is not whole: the oldest go, first those with nothing to say.
  void EvictSome() {
    size_t held = 0;
    for (const Owned& one : waiting_) held += one->in.size();
    while (!waiting_.empty() && (waiting_.size() + in_pool_ > patience_.connections_max ||
                                 held > patience_.held_bytes_max)) {
      const auto oldest = std::ranges::min_element(waiting_, {}, [](const Owned& one) {
        return std::pair(one->phase != Phase::kLingering, one->since);
      });
      held -= (*oldest)->in.size();
      if (!(*oldest)->in.empty()) SayTooSlow(**oldest);
      waiting_.erase(oldest);
    }
  }

  const Patience patience_;
  const Answer answer_;
  const int wake_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Owned> whole_;  // for the pool
  std::vector<Owned> back_;  // for the waiting thread
  bool stopping_ = false;
  bool pool_is_gone_ = false;

  // Of the waiting thread.
  std::vector<Owned> waiting_;
  size_t in_pool_ = 0;

  std::thread waiter_;
  std::vector<std::thread> pool_;
};

PatientServer::PatientServer(const Patience& patience)
    : impl_(std::make_unique<Impl>(patience,
                                   [this](httplib::Stream& stream, bool close, bool& closed) {
                                     return process_request(stream, close, closed, nullptr);
                                   })) {
  // The accepting thread of httplib hands each socket on by itself.
  class HandOn final : public httplib::TaskQueue {
   public:
    explicit HandOn(Impl& impl) : impl_(impl) { impl_.Start(); }
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override { impl_.Stop(); }

   private:
    Impl& impl_;
  };
  new_task_queue = [this] {
    ::listen(svr_sock_, kBacklog);
    return new HandOn(*impl_);  // owned by httplib
  };
  set_payload_max_length(patience.body_bytes_max);
}

PatientServer::~PatientServer() = default;

bool PatientServer::process_and_close_socket(socket_t socket) {
  impl_->Add(socket);
  return true;
}

}  // namespace spotter::intake
