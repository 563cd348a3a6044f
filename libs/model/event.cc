// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

namespace spotter::model {

std::string_view NameOf(EventKind kind) {
  switch (kind) {
    case EventKind::unspecified:
      return "unspecified";
#define X(number, name) \
  case EventKind::name: \
    return #name;
      SPOTTER_EVENT_KINDS(X)
#undef X
  }
  return "unknown";
}

EventKind FindEventKind(std::string_view name) {
#define X(number, spelled) \
  if (name == #spelled) return EventKind::spelled;
  SPOTTER_EVENT_KINDS(X)
#undef X
  return EventKind::unspecified;
}

std::string_view NameOf(IdentifierType type) {
  switch (type) {
    case IdentifierType::kEmail:
      return "email";
    case IdentifierType::kPhone:
      return "phone";
    case IdentifierType::kName:
      return "name";
    case IdentifierType::kDevice:
      return "device";
    case IdentifierType::kCard:
      return "card";
  }
  return "unknown";
}

}  // namespace spotter::model
