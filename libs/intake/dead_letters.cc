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
