// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/delivery.h"
#include "spotter/v1/action_service.pb.h"

namespace spotter::api {

void Write(const engine::Lease& lease, v1::Delivery& out);

// InvalidArgument: an outcome is missing or unknown, or a delay is negative.
StatusOr<std::vector<engine::SettleRequest>> ReadSettlements(
    const google::protobuf::RepeatedPtrField<v1::Settlement>& settlements);
void Write(const std::vector<engine::SettleResult>& results, v1::SettledBatch& out);

}  // namespace spotter::api
