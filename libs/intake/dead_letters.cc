// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letters.h"

#include "base/codec.h"
#include "base/hash.h"

namespace spotter::intake {

std::string DeadLetterId(const DeadLetter& letter) {
  Encoder parts;
  parts.Bytes(letter.tenant).Bytes(letter.source).Bytes(letter.content_type).Bytes(letter.bytes);
  return "dlq_" + Base32(HashOf(parts.view()));
}

StatusOr<std::vector<std::string>> DeadLetters::AddAll(std::vector<DeadLetter> letters) {
  std::vector<std::string> ids;
  for (DeadLetter& letter : letters) {
    SPOTTER_ASSIGN_OR_RETURN(std::string id, Add(std::move(letter)));
    ids.push_back(std::move(id));
  }
  return ids;
}

std::string_view NameOf(Resolution resolution) {
  switch (resolution) {
    case Resolution::kRedriven:
      return "redriven";
    case Resolution::kDiscarded:
      return "discarded";
  }
  return "unknown";
}

}  // namespace spotter::intake
