// SPDX-License-Identifier: Apache-2.0
#include "services/program/admin_http.h"

#include <thread>

#include "intake/patient_server.h"

namespace spotter::service {

// Scrapes and health checks: few, small, and served whatever else is connected.
static constexpr intake::Patience kPatience{
    .threads = 2, .connections_max = 64, .body_bytes_max = 1024, .request_timeout = Seconds(5)};

struct AdminHttp::Impl {
  Address address;
  intake::PatientServer server{kPatience};
  int port = 0;
  std::thread thread;
};

AdminHttp::AdminHttp(const Address& address, AdminPages pages) : impl_(std::make_unique<Impl>()) {
  impl_->address = address;
  // The default lets a second process share the port in silence; this lets a restart have it while
  // connections of the process before it linger.
  impl_->server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  impl_->server.Get("/metrics", [pages](const httplib::Request&, httplib::Response& response) {
    response.set_content(pages.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  });
  impl_->server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  });
  impl_->server.Get("/readyz", [pages](const httplib::Request&, httplib::Response& response) {
    const std::string problem = pages.problem();
    response.status = problem.empty() ? 200 : 503;
    response.set_content(problem.empty() ? "ready\n" : problem + "\n", "text/plain");
  });
}

AdminHttp::~AdminHttp() { Stop(); }

Status AdminHttp::Start() {
  const Address& address = impl_->address;
  impl_->port = address.port == 0 ? impl_->server.bind_to_any_port(address.host.c_str())
                : impl_->server.bind_to_port(address.host.c_str(), address.port) ? address.port
                                                                                 : -1;
  if (impl_->port < 0) {
    return Unavailable("admin cannot listen on {}: is the port in use?", address.text());
  }
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
  return OkStatus();
}

void AdminHttp::Stop() {
  if (!impl_->thread.joinable()) return;
  impl_->server.stop();
  impl_->thread.join();
}

int AdminHttp::port() const { return impl_->port; }

}  // namespace spotter::service
