// SPDX-License-Identifier: Apache-2.0
//
// What the HTTP listener says: JSON with the same words as gRPC's codes.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "intake/intake.h"

namespace spotter::intake {

struct HttpAnswer {
  int status = 200;
  std::string json;
  int retry_after_seconds = 0;  // 0 = no such header
};

// 200 {"accepted": 2, "offset": 17, "ignored": [...], "refused": [{reason, detail, dead_letter}]};
// 400 if all of the body was refused.
HttpAnswer AnswerOf(const BodyResult& result);
// {"error": "not_found", "detail": "unknown tenant 'x'"}.
HttpAnswer AnswerOf(const Status& status);
HttpAnswer ErrorAnswer(int status, std::string_view error, std::string_view detail);

}  // namespace spotter::intake
