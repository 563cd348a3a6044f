// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "synthetic/recorder.h"

namespace spotter::synthetic {

inline constexpr int64_t kMonthlyFeeMinor = 12900;
inline constexpr int64_t kDropInMinor = 2400;

// A subscriber's account at Stripe: subscription, monthly invoices and their charges, failures and
// what follows from them.
void Pay(const Options& options, const Member& member, Recorder& out);

// A drop-in paid at Square's terminal; a few are refunded, by their payment id alone.
void PayForVisit(Random& random, Recorder& out, EventTime at);

}  // namespace spotter::synthetic
