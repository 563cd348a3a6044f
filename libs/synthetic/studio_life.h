// SPDX-License-Identifier: Apache-2.0
//
// A studio's life, drawn from a seed: members, classes, bookings, check-ins, no-shows, payments,
// failures, refunds, scans, shared family phones, late and duplicate webhooks. For demo, tests and
// benchmarks. The same seed and options give the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/event.h"

namespace spotter::synthetic {

struct Options {
  uint64_t seed = 1;
  int members = 500;
  EventTime start;
  int days = 90;
  model::TenantId tenant{"studio"};
  double visits_per_week = 2.0;
  double duplicate_share = 0.02;  // delivered twice
  double late_share = 0.01;       // delivered hours to days late
};

// One delivery: when it reaches Spotter, and what it is.
struct Delivery {
  EventTime at;              // arrival, in [start, start + days); deliveries ascend by it
  int member = 0;            // who it is about: 0 to members - 1
  model::MemberEvent event;  // canonical form (for in-process use)
};
std::vector<Delivery> MakeStudioLife(const Options& options);

// The same life as the webhook bodies the sources would send, delivery by delivery.
struct Webhook {
  EventTime at;
  int member = 0;
  std::string source;  // "square" or "stripe": as a webhook body; "spotter": a CloudEvent
  std::string body;
};
std::vector<Webhook> MakeStudioWebhooks(const Options& options);

}  // namespace spotter::synthetic
