// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/print.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdio>

#include "base/time.h"

namespace spotter::ctl {
namespace {

struct Payload {
  std::string template_id;
  std::string text;
  const google::protobuf::RepeatedPtrField<v1::Token>* tokens = nullptr;
};

template <typename Message>
Payload Templated(const Message& message) {
  return {message.template_id(), message.text(), &message.tokens()};
}

Payload PayloadOf(const v1::Action& action) {
  switch (action.payload_case()) {
    case v1::Action::kEmail:
      return Templated(action.email());
    case v1::Action::kSms:
      return Templated(action.sms());
    case v1::Action::kPush:
      return Templated(action.push());
    case v1::Action::kInApp:
      return Templated(action.in_app());
    case v1::Action::kTask:
      return {action.task().task_kind(), action.task().text(), &action.task().tokens()};
    case v1::Action::PAYLOAD_NOT_SET:
      break;
  }
  return {};
}

std::string TokensJson(const Payload& payload) {
  std::string json;
  if (payload.tokens == nullptr) return "{}";
  for (const v1::Token& token : *payload.tokens) {
    json += fmt::format("{}{}:{}", json.empty() ? "" : ",", JsonText(token.name()),
                        JsonText(token.value()));
  }
  return "{" + json + "}";
}

std::string ChannelText(v1::Channel channel) {
  return Short(v1::Channel_Name(channel), "CHANNEL_");
}

std::string ActionJson(const v1::Action& action) {
  const Payload payload = PayloadOf(action);
  return fmt::format(
      R"({{"id":{},"journey":{},"revision":{},"enrolment":{},"step":{},"channel":{},"address":{},)"
      R"("template":{},"text":{},"tokens":{},"purpose":{},"not_before":{},"not_after":{},)"
      R"("cause":{},"effective_time":{},"decided_at":{}}})",
      JsonText(action.id()), JsonText(action.journey()), action.revision(),
      JsonText(action.enrolment()), JsonText(action.step()),
      JsonText(ChannelText(action.channel())), JsonText(action.address()),
      JsonText(payload.template_id), JsonText(payload.text), TokensJson(payload),
      JsonText(action.purpose()), JsonText(TimeText(action.not_before())),
      JsonText(TimeText(action.not_after())),
      JsonText(std::string_view(v1::Cause_Name(action.cause())).substr(6)),
      JsonText(TimeText(action.effective_time())), JsonText(TimeText(action.decided_at())));
}

}  // namespace

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  fmt::print("{}\n", status.ok() ? json : "{}");
}

std::string DeliveryJson(const v1::Delivery& delivery) {
  const v1::OutboxEntry& entry = delivery.entry();
  std::string what;
  std::string_view kind = "unknown";
  if (entry.has_action()) {
    kind = "action";
    what = fmt::format(R"(,"action":{})", ActionJson(entry.action()));
  } else if (entry.has_voided()) {
    kind = "void";
    what = fmt::format(R"(,"void":{{"reason":{},"action":{}}})", JsonText(entry.voided().reason()),
                       JsonText(entry.voided().action()));
  } else if (entry.has_merged_into()) {
    kind = "merged_into";
    what = fmt::format(R"(,"merged_into":{{"survivor":{}}})",
                       JsonText(entry.merged_into().survivor()));
  }
  return fmt::format(
      R"({{"token":{},"attempt":{},"sequence":{},"subscription":{},"profile":{},"kind":"{}",)"
      R"("lease_expires_at":{}{}}})",
      JsonText(delivery.lease_token()), delivery.attempt(), entry.sequence(),
      JsonText(entry.subscription()), JsonText(entry.profile()), kind,
      JsonText(TimeText(delivery.lease_expires_at())), what);
}

std::string DeliveryText(const v1::Delivery& delivery) {
  const v1::OutboxEntry& entry = delivery.entry();
  const std::string head = fmt::format("{} #{}", entry.profile(), entry.sequence());
  if (entry.has_voided()) {
    return fmt::format("{}  void: {} ({})", head, entry.voided().reason(), entry.voided().action());
  }
  if (entry.has_merged_into()) {
    return fmt::format("{}  goes on as {}", head, entry.merged_into().survivor());
  }
  const v1::Action& action = entry.action();
  const Payload payload = PayloadOf(action);
  return fmt::format("{}  {} to {} from {}/{}: {}{}\n    {} between {} and {}", head,
                     ChannelText(action.channel()), action.address(), action.journey(),
                     action.step(), payload.template_id,
                     payload.text.empty() ? "" : fmt::format(" \"{}\"", payload.text), action.id(),
                     TimeText(action.not_before()), TimeText(action.not_after()));
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return FormatTime({time.seconds() * 1000 + time.nanos() / 1'000'000});
}

std::string Short(std::string_view name, std::string_view prefix) {
  std::string text(name.starts_with(prefix) ? name.substr(prefix.size()) : name);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    fmt::print("{}\n", line);
  }
}

}  // namespace spotter::ctl
