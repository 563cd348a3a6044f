// SPDX-License-Identifier: Apache-2.0
#include "intake/http_answer.h"

#include "connect/json_text.h"

namespace spotter::intake {
namespace {

// Long enough that a sender does not hammer a full disk, short enough that a restart is not felt.
constexpr int kRetryAfterSeconds = 5;

struct Row {
  StatusCode code;
  int http;
  std::string_view error;
};
constexpr Row kRows[] = {
    {StatusCode::kInvalidArgument, 400, "invalid_argument"},
    {StatusCode::kUnauthenticated, 401, "unauthenticated"},
    {StatusCode::kPermissionDenied, 403, "permission_denied"},
    {StatusCode::kNotFound, 404, "not_found"},
    {StatusCode::kAlreadyExists, 409, "already_exists"},
    {StatusCode::kAborted, 409, "aborted"},
    {StatusCode::kFailedPrecondition, 409, "failed_precondition"},
    {StatusCode::kResourceExhausted, 429, "resource_exhausted"},
    {StatusCode::kUnavailable, 503, "unavailable"},
    {StatusCode::kDeadlineExceeded, 503, "deadline_exceeded"},
};

void AppendMember(std::string& json, std::string_view name, std::string_view value) {
  if (json.back() != '{') json.push_back(',');
  connect::AppendJsonString(json, name);
  json.push_back(':');
  connect::AppendJsonString(json, value);
}

}  // namespace

HttpAnswer ErrorAnswer(int status, std::string_view error, std::string_view detail) {
  std::string json = "{";
  AppendMember(json, "error", error);
  AppendMember(json, "detail", detail);
  return {status, json + "}\n", status == 429 || status == 503 ? kRetryAfterSeconds : 0};
}

HttpAnswer AnswerOf(const Status& status) {
  for (const Row& row : kRows) {
    if (row.code == status.code()) return ErrorAnswer(row.http, row.error, MessageOf(status));
  }
  return ErrorAnswer(500, "internal", MessageOf(status));
}

HttpAnswer AnswerOf(const BodyResult& result) {
  const bool is_refused = result.accepted == 0 && result.ignored.empty() && !result.refused.empty();
  std::string json = "{";
  if (is_refused) {
    AppendMember(json, "error", result.refused.front().reason);
    AppendMember(json, "detail", result.refused.front().detail);
    json += ",";
  }
  json += fmt::format("\"accepted\":{}", result.accepted);
  if (result.accepted > 0) json += fmt::format(",\"offset\":{}", result.offset);
  json += ",\"ignored\":[";
  for (size_t i = 0; i < result.ignored.size(); ++i) {
    if (i > 0) json.push_back(',');
    connect::AppendJsonString(json, result.ignored[i]);
  }
  json += "],\"refused\":[";
  for (size_t i = 0; i < result.refused.size(); ++i) {
    json += i > 0 ? ",{" : "{";
    AppendMember(json, "reason", result.refused[i].reason);
    AppendMember(json, "detail", result.refused[i].detail);
    AppendMember(json, "dead_letter", result.refused[i].dead_letter);
    json.push_back('}');
  }
  return {is_refused ? 400 : 200, json + "]}\n"};
}

}  // namespace spotter::intake
