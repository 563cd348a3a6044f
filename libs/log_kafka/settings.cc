// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/settings.h"

#include <openssl/x509_vfy.h>
#include <syslog.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "base/log_message.h"

namespace spotter::log_kafka {
namespace {

constexpr std::string_view kFileSuffix = ".file";

// What the promises of log.h rest on.
const std::set<std::string, std::less<>>& OurSettings() {
  static const std::set<std::string, std::less<>> kNames = {
      "acks",
      "auto.commit.enable",
      "auto.offset.reset",
      "bootstrap.servers",
      "check.crcs",
      "delivery.timeout.ms",
      "enable.auto.commit",
      "enable.auto.offset.store",
      "enable.gapless.guarantee",
      "enable.idempotence",
      "enable.partition.eof",
      "group.id",
      "isolation.level",
      "message.max.bytes",
      "message.timeout.ms",
      "metadata.broker.list",
      "partition.assignment.strategy",
      "partitioner",
      "queue.buffering.max.kbytes",
      "queue.buffering.max.messages",
      "queued.max.messages.kbytes",
      "request.required.acks",
      "transactional.id",
  };
  return kNames;
}

void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
  auto& trouble = *static_cast<Trouble*>(opaque);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return trouble.NoteSummary(reason);
  if (error == RD_KAFKA_RESP_ERR__SSL) return trouble.NoteRefusedCertificate(reason);
  trouble.Note(reason);
}

// librdkafka repeats itself at most every 30 s. CONFWARN tells a producer of a consumer's settings.
void OnLog(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (level > LOG_WARNING || std::string_view(facility) == "CONFWARN") return;
  LogWarn("kafka client, facility={} text=\"{}\"", facility, text);
}

int OnCertificate(rd_kafka_t*, const char* broker, int32_t, int* x509_error, int depth, const char*,
                  size_t, char* text, size_t size, void* opaque) {
  if (*x509_error == 0) return 1;
  const char* const why = ::X509_verify_cert_error_string(*x509_error);
  *fmt::format_to_n(text, size - 1, "{}", why).out = '\0';
  static_cast<Trouble*>(opaque)->NoteCertificate(
      fmt::format("broker {}: its certificate is refused: {} (depth {})", broker, why, depth));
  return 0;
}

Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text;
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size())) {
    case RD_KAFKA_CONF_OK:
      return OkStatus();
    case RD_KAFKA_CONF_UNKNOWN:
      return InvalidArgument("setting 'kafka.{}': librdkafka {} knows no such setting", name,
                             rd_kafka_version_str());
    default:  // the text may repeat the value, but no secret has a wrong form
      return InvalidArgument("setting 'kafka.{}': {}", name, text.data());
  }
}

StatusOr<std::string> ReadSecret(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return InvalidArgument("setting 'kafka.{}': cannot read file '{}': {}", name, path,
                           std::strerror(errno));
  }
  std::string value{std::istreambuf_iterator<char>(file), {}};
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  return value;
}

Status SetAsOperatorSays(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  const bool is_file = name.ends_with(kFileSuffix);
  const std::string bare = is_file ? name.substr(0, name.size() - kFileSuffix.size()) : name;
  if (OurSettings().contains(bare)) {
    return InvalidArgument("setting 'kafka.{}' is Spotter's own and cannot be set", bare);
  }
  if (!is_file) return Set(conf, name, value);
  SPOTTER_ASSIGN_OR_RETURN(const std::string secret, ReadSecret(name, value));
  return Set(conf, bare, secret);
}

}  // namespace

StatusOr<Conf> MakeConf(const ClientOptions& options, Trouble& trouble,
                        std::initializer_list<Setting> defaults,
                        std::initializer_list<Setting> fixed) {
  if (options.brokers.empty()) {
    return InvalidArgument("kafka brokers: none given, expected host:port[,host:port...]");
  }
  Conf conf(rd_kafka_conf_new());
  // Back within a second of a broker's return, not within ten.
  const Setting common[] = {{"client.id", "spotter"},
                            {"reconnect.backoff.ms", "50"},
                            {"reconnect.backoff.max.ms", "1000"},
                            {"socket.keepalive.enable", "true"},
                            {"topic.metadata.refresh.interval.ms", "10000"},
                            {"log.connection.close", "false"}};
  for (const auto& [name, value] : common) SPOTTER_RETURN_IF_ERROR(Set(conf.get(), name, value));
  for (const auto& [name, value] : defaults) SPOTTER_RETURN_IF_ERROR(Set(conf.get(), name, value));
  for (const auto& [name, value] : options.settings) {
    SPOTTER_RETURN_IF_ERROR(SetAsOperatorSays(conf.get(), name, value));
  }
  SPOTTER_RETURN_IF_ERROR(Set(conf.get(), "bootstrap.servers", options.brokers));
  for (const auto& [name, value] : fixed) SPOTTER_RETURN_IF_ERROR(Set(conf.get(), name, value));
  rd_kafka_conf_set_opaque(conf.get(), &trouble);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_ssl_cert_verify_cb(conf.get(), OnCertificate);
  return conf;
}

StatusOr<Handle> MakeHandle(rd_kafka_type_t type, Conf conf) {
  std::array<char, 512> text;
  Handle handle(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (handle == nullptr) return InvalidArgument("kafka client: {}", text.data());
  (void)conf.release();  // the handle's, once there is one
  return handle;
}

Poller::Poller(rd_kafka_t* handle)
    : thread_([this, handle] {
        while (!stopping_) rd_kafka_poll(handle, 100);
      }) {}

Poller::~Poller() {
  stopping_ = true;
  thread_.join();
}

}  // namespace spotter::log_kafka
