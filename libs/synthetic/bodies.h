// SPDX-License-Identifier: Apache-2.0
//
// Canonical events back into what their source sends. Internal to synthetic; `connect` reads the
// same formats, and a test compares what it reads with the event that was written.
#pragma once

#include <string>

#include "synthetic/studio_life.h"

namespace spotter::synthetic {

// Square and Stripe report what they know in their own formats; everything else (check-ins at the
// front desk, scans, consents, messages) comes as a CloudEvent.
Webhook BodyOf(const Delivery& delivery);

std::string SquareBody(const model::MemberEvent& event);
std::string StripeBody(const model::MemberEvent& event);
std::string CloudEventBody(const model::MemberEvent& event);

}  // namespace spotter::synthetic
