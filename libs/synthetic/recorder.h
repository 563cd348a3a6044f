// SPDX-License-Identifier: Apache-2.0
//
// Builds the canonical events of one member, source by source. Internal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synthetic/people.h"

namespace spotter::synthetic {

inline constexpr std::string_view kSquare = "square";
inline constexpr std::string_view kStripe = "stripe";
inline constexpr std::string_view kApp = "app";    // the studio's own app and website
inline constexpr std::string_view kDoor = "door";  // the access control at the entrance

struct EntityName {
  std::string_view type;
  std::string id;
  int64_t version = 0;
};

class Recorder {
 public:
  Recorder(const Options& options, const Member& member)
      : options_(options), member_(member), latency_(RandomOf(options, member.number, "latency")) {}

  // Adds an event of `source` at `time` and returns it, for its attributes. The reference is good
  // until the next call.
  model::MemberEvent& Add(std::string_view source, model::EventKind kind, EventTime time,
                          EntityName entity);
  // The identifiers that a source sends with its customer: e-mail, phone, name.
  void AddIdentifiers(model::MemberEvent& event) const;
  std::string NewId(std::string_view kind) {
    return MakeId(options_, kind, member_.number, ++ids_);
  }
  std::vector<Delivery> Take() { return std::move(deliveries_); }

 private:
  const Options& options_;
  const Member& member_;
  Random latency_;
  int ids_ = 0;
  std::vector<Delivery> deliveries_;
};

}  // namespace spotter::synthetic
