// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "synthetic/recorder.h"

namespace spotter::synthetic {

// Bookings and what becomes of them: check-ins (with the door's scan and, for members without a
// subscription, the payment), no-shows, cancellations. Starts 21 days before the life does, so that
// nobody seems to have stayed away when it starts.
void Attend(const Options& options, const Member& member, Recorder& out);

}  // namespace spotter::synthetic
