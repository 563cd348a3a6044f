// SPDX-License-Identifier: Apache-2.0
#include "intake/http_intake.h"

#include <httplib.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "access/authorize.h"
#include "base/log_message.h"
#include "intake/http_answer.h"
#include "intake/patient_server.h"

namespace spotter::intake {
namespace {

using httplib::Request;
using httplib::Response;

std::string Sha256Hex(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

void Send(const HttpAnswer& answer, Response& response) {
  response.status = answer.status;
  response.set_content(answer.json, "application/json");
  if (answer.retry_after_seconds > 0) {
    response.set_header("Retry-After", std::to_string(answer.retry_after_seconds));
  }
}

// The answer, and the end of the connection: what is left of the body must not be taken for the
// next request. httplib closes when a body's provider stops.
void SendAndClose(const HttpAnswer& answer, Response& response) {
  response.status = answer.status;
  response.set_header("Connection", "close");
  response.set_content_provider(answer.json.size(), "application/json",
                                [json = answer.json](size_t, size_t, httplib::DataSink& sink) {
                                  sink.write(json.data(), json.size());
                                  return false;
                                });
}

std::vector<connect::Header> HeadersOf(const Request& request) {
  std::vector<connect::Header> headers;
  for (const auto& [name, value] : request.headers) headers.push_back({name, value});
  return headers;
}

// Compressed bodies over the limit are read and dropped up to so many times the limit; then the
// connection is closed.
constexpr size_t kDrainedBodies = 16;

// A segment of the path, percent-decoded.
std::string_view View(const std::ssub_match& match) {
  return {&*match.first, static_cast<size_t>(match.length())};
}

}  // namespace

struct HttpIntake::Server {
  Server(Intake& the_intake, const access::TokenTable* the_tokens, HttpOptions the_options)
      : intake(the_intake),
        tokens(the_tokens),
        options(std::move(the_options)),
        http({.threads = options.threads,
              .connections_max = options.connections_max,
              .body_bytes_max = options.body_bytes_max,
              .request_timeout = options.request_timeout,
              .idle_timeout = options.idle_timeout}) {}

  // Reads the body up to the limit, however it is framed or compressed (httplib's own limit holds
  // only for a plain Content-Length). False: the answer is sent.
  bool ReadBody(const httplib::ContentReader& reader, std::string& body, Response& response) {
    size_t size = 0;
    const bool is_read = reader([&](const char* data, size_t more) {
      size += more;
      if (size <= options.body_bytes_max) body.append(data, more);
      return size <= kDrainedBodies * options.body_bytes_max;
    });
    if (size > options.body_bytes_max || response.status == 413) {
      intake.counters().refused.Add("too_large");
      is_read ? Send(TooLarge(), response) : SendAndClose(TooLarge(), response);
      return false;
    }
    if (is_read) return true;
    intake.counters().refused.Add("broken_body");
    SendAndClose(
        ErrorAnswer(400, "broken_body", "the body ended early or is not as its headers say"),
        response);
    return false;
  }

  HttpAnswer TooLarge() const {
    return ErrorAnswer(413, "too_large",
                       fmt::format("the body is larger than {} bytes", options.body_bytes_max));
  }

  // Without a token file whoever reaches the loopback listener owns it; a web page that a browser
  // on this machine shows must not. Browsers say where a request comes from.
  Status RefuseWebPages(const Request& request) const {
    if (tokens != nullptr || !request.has_header("Origin")) return OkStatus();
    return PermissionDenied("requests from web pages need a token; expected no Origin header");
  }

  StatusOr<model::TenantId> Authenticate(const Request& request) const {
    SPOTTER_RETURN_IF_ERROR(RefuseWebPages(request));
    access::Principal principal = access::LoopbackPrincipal();
    if (tokens != nullptr) {
      constexpr std::string_view kScheme = "Bearer ";
      const std::string value = request.get_header_value("Authorization");
      if (!value.starts_with(kScheme)) {
        return Unauthenticated("expected header 'Authorization: Bearer TOKEN'");
      }
      SPOTTER_ASSIGN_OR_RETURN(principal, tokens->Find(Sha256Hex(value.substr(kScheme.size()))));
    }
    const std::string requested = request.get_header_value("spotter-tenant");
    SPOTTER_ASSIGN_OR_RETURN(const std::string tenant, access::ResolveTenant(principal, requested));
    SPOTTER_RETURN_IF_ERROR(access::Authorize(principal, access::Operation::kPublish, tenant));
    return model::TenantId(tenant);
  }

  std::string UrlOf(const Request& request) const {
    const std::string base = options.public_url.empty()
                                 ? "http://" + request.get_header_value("Host")
                                 : options.public_url;
    return base + request.target;
  }

  void PostEvents(const Request& request, Response& response,
                  const httplib::ContentReader& reader) {
    std::string body;
    if (!ReadBody(reader, body, response)) return;
    const auto tenant = Authenticate(request);
    if (!tenant.ok()) {
      intake.counters().refused.Add("unauthenticated");
      return Send(AnswerOf(tenant.status()), response);
    }
    const std::vector<connect::Header> headers = HeadersOf(request);
    const std::string content_type = request.get_header_value("Content-Type");
    const CloudEventBody event{content_type, headers, body};
    const auto results = intake.HandleCloudEvents(*tenant, {&event, 1});
    Send(results.ok() ? AnswerOf(results->front()) : AnswerOf(results.status()), response);
  }

  void PostWebhook(const Request& request, Response& response,
                   const httplib::ContentReader& reader) {
    std::string body;
    if (!ReadBody(reader, body, response)) return;
    if (const Status status = RefuseWebPages(request); !status.ok()) {
      intake.counters().refused.Add("web_page");
      return Send(AnswerOf(status), response);
    }
    const std::vector<connect::Header> headers = HeadersOf(request);
    const auto result =
        intake.HandleWebhook(model::TenantId(std::string(View(request.matches[1]))),
                             View(request.matches[2]), headers, UrlOf(request), body);
    Send(result.ok() ? AnswerOf(*result) : AnswerOf(result.status()), response);
  }

  void Configure() {
    // Not httplib's default, which adds SO_REUSEPORT: a second process would share the port
    // instead of being told that it is in use.
    http.set_socket_options([](auto socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    http.set_tcp_nodelay(true);
    http.Post("/v1/events", [this](const Request& request, Response& response,
                                   const httplib::ContentReader& reader) {
      PostEvents(request, response, reader);
    });
    http.Post(R"(/v1/webhooks/([^/]+)/([^/]+))", [this](const Request& request, Response& response,
                                                        const httplib::ContentReader& reader) {
      PostWebhook(request, response, reader);
    });
    http.set_error_handler([this](const Request& request, Response& response) {
      if (!response.body.empty() || response.content_length_ > 0) return;
      if (response.status == 413) return Send(TooLarge(), response);
      Send(ErrorAnswer(response.status, response.status == 404 ? "not_found" : "bad_request",
                       fmt::format("{} {}: expected POST /v1/events or "
                                   "POST /v1/webhooks/TENANT/SOURCE",
                                   request.method, request.path)),
           response);
    });
    http.set_exception_handler([](const Request&, Response& response, const std::exception_ptr&) {
      LogError("request failed, reason=\"exception\"");
      Send(ErrorAnswer(500, "internal", "the request failed; see the log"), response);
    });
  }

  Intake& intake;
  const access::TokenTable* tokens;
  const HttpOptions options;
  PatientServer http;
  std::thread thread;
  int port = 0;
};

HttpIntake::HttpIntake(Intake& intake, const access::TokenTable* tokens, HttpOptions options)
    : server_(std::make_unique<Server>(intake, tokens, std::move(options))) {
  server_->Configure();
}

HttpIntake::~HttpIntake() { Stop(); }

Status HttpIntake::Start() {
  Server& server = *server_;
  const HttpOptions& options = server.options;
  errno = 0;
  if (options.port == 0) {
    server.port = server.http.bind_to_any_port(options.host);
  } else {
    server.port = server.http.bind_to_port(options.host, options.port) ? options.port : -1;
  }
  if (server.port <= 0) {
    return Unavailable("http: cannot listen on {}:{}: {}", options.host, options.port,
                       errno != 0 ? std::strerror(errno) : "address in use or not of this machine");
  }
  server.thread = std::thread([&server] { server.http.listen_after_bind(); });
  while (!server.http.is_running()) std::this_thread::yield();
  return OkStatus();
}

void HttpIntake::Stop() {
  if (!server_->thread.joinable()) return;
  server_->http.stop();
  server_->thread.join();
}

int HttpIntake::port() const { return server_->port; }

}  // namespace spotter::intake
