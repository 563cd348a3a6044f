// SPDX-License-Identifier: Apache-2.0
#include "api/action_messages.h"

#include "wire/view.h"

namespace spotter::api {
namespace {

constexpr int kSettlementsMax = 1000;

StatusOr<engine::SettleWish> ReadWish(v1::SettleOutcome outcome) {
  switch (outcome) {
    case v1::SETTLE_OUTCOME_ACK:
      return engine::SettleWish::kAck;
    case v1::SETTLE_OUTCOME_REJECT:
      return engine::SettleWish::kReject;
    case v1::SETTLE_OUTCOME_RETRY:
      return engine::SettleWish::kRetry;
    case v1::SETTLE_OUTCOME_EXTEND:
      return engine::SettleWish::kExtend;
    default:
      return InvalidArgument("settlement: outcome {}: expected ack, reject, retry or extend",
                             static_cast<int>(outcome));
  }
}

}  // namespace

void Write(const engine::Lease& lease, v1::Delivery& out) {
  *out.mutable_entry() = wire::ToProto(lease.entry);
  out.set_lease_token(lease.token);
  out.set_attempt(lease.attempt);
  wire::Write(lease.expires_at, *out.mutable_lease_expires_at());
}

StatusOr<std::vector<engine::SettleRequest>> ReadSettlements(
    const google::protobuf::RepeatedPtrField<v1::Settlement>& settlements) {
  if (settlements.size() > kSettlementsMax) {
    return InvalidArgument("{} settlements, expected at most {}", settlements.size(),
                           kSettlementsMax);
  }
  std::vector<engine::SettleRequest> requests;
  wire::Reader reader;
  for (const v1::Settlement& settlement : settlements) {
    SPOTTER_ASSIGN_OR_RETURN(const engine::SettleWish wish, ReadWish(settlement.outcome()));
    requests.push_back({.token = settlement.lease_token(),
                        .wish = wish,
                        .delay = reader.Span(settlement.delay(), "settlement: delay"),
                        .reason = settlement.reason()});
    if (requests.back().delay < Duration(0)) {
      return InvalidArgument("settlement: delay is negative");
    }
  }
  if (!reader.ok()) return reader.status();
  return requests;
}

void Write(const std::vector<engine::SettleResult>& results, v1::SettledBatch& out) {
  for (const engine::SettleResult& result : results) {
    if (result.refusal.empty()) {
      out.add_lease_tokens(result.token);
    } else {
      v1::SettlementRefusal& refusal = *out.add_refusals();
      refusal.set_lease_token(result.token);
      refusal.set_reason(result.refusal);
    }
  }
}

}  // namespace spotter::api
