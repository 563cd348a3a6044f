// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/action_service.grpc.pb.h"
#include "wire/leaf.h"

namespace spotter::ctl {
namespace {

struct Options {
  std::string subscription = "default";
  int max = 10;
  bool ack = false;
  std::string wait = "0s";
  std::string lease = "30s";
  std::string delay = "1m";
  std::string reason;
  std::vector<std::string> tokens;
};

// With the token unless it is acked at once.
void Print(const Client& client, const v1::Delivery& delivery, bool with_token) {
  if (client.json()) {
    fmt::print("{}\n", DeliveryJson(delivery));
  } else {
    fmt::print("{}\n", DeliveryText(delivery));
    if (with_token) fmt::print("    {}\n", delivery.lease_token());
  }
  std::fflush(stdout);
}

// Settles `tokens` with one outcome. FailedPrecondition names what was refused.
Status Settle(const Client& client, const Options& options, v1::SettleOutcome outcome,
              const std::vector<std::string>& tokens, bool quiet) {
  if (tokens.empty()) return OkStatus();
  v1::SettleActionsRequest request;
  request.set_request_id(NewRequestId());
  request.set_subscription(options.subscription);
  SPOTTER_ASSIGN_OR_RETURN(const Duration delay, ParseDuration(options.delay));
  for (const std::string& token : tokens) {
    v1::Settlement& settlement = *request.add_settlements();
    settlement.set_lease_token(token);
    settlement.set_outcome(outcome);
    settlement.set_reason(options.reason);
    *settlement.mutable_delay() = wire::ToProto(delay);
  }
  SPOTTER_ASSIGN_OR_RETURN(
      const v1::SettleActionsResponse response,
      client.Call<v1::ActionService>(&v1::ActionService::Stub::SettleActions, request));
  if (!quiet) {
    if (client.json()) {
      PrintJson(response.settled());
    } else {
      fmt::print("settled={}\n", response.settled().lease_tokens_size());
    }
  }
  if (response.settled().refusals().empty()) return OkStatus();
  const v1::SettlementRefusal& first = response.settled().refusals(0);
  return FailedPrecondition("{} of {} not settled; the first: {} {}",
                            response.settled().refusals_size(), tokens.size(), first.lease_token(),
                            first.reason());
}

StatusOr<v1::PullActionsResponse> Pull(const Client& client, const Options& options,
                                       Duration wait) {
  v1::PullActionsRequest request;
  request.set_subscription(options.subscription);
  request.set_max_deliveries(options.max);
  *request.mutable_wait() = wire::ToProto(wait);
  SPOTTER_ASSIGN_OR_RETURN(const Duration lease, ParseDuration(options.lease));
  *request.mutable_ack_deadline() = wire::ToProto(lease);
  return client.Call<v1::ActionService>(&v1::ActionService::Stub::PullActions, request,
                                        wait + Seconds(60));
}

std::vector<std::string> Show(const Client& client, const v1::PullActionsResponse& response,
                              bool with_tokens) {
  std::vector<std::string> tokens;
  for (const v1::Delivery& delivery : response.deliveries()) {
    Print(client, delivery, with_tokens);
    tokens.push_back(delivery.lease_token());
  }
  return tokens;
}

Status PullOnce(const Client& client, const Options& options) {
  SPOTTER_ASSIGN_OR_RETURN(const Duration wait, ParseDuration(options.wait));
  SPOTTER_ASSIGN_OR_RETURN(const v1::PullActionsResponse response, Pull(client, options, wait));
  const std::vector<std::string> tokens = Show(client, response, !options.ack);
  if (tokens.empty() && !client.json()) fmt::print(stderr, "nothing to deliver now\n");
  if (!options.ack) return OkStatus();
  return Settle(client, options, v1::SETTLE_OUTCOME_ACK, tokens, /*quiet=*/true);
}

Status Tail(const Client& client, const Options& options) {
  while (true) {
    SPOTTER_ASSIGN_OR_RETURN(const v1::PullActionsResponse response,
                             Pull(client, options, Seconds(30)));
    const std::vector<std::string> tokens = Show(client, response, false);
    SPOTTER_RETURN_IF_ERROR(
        Settle(client, options, v1::SETTLE_OUTCOME_ACK, tokens, /*quiet=*/true));
  }
}

Status Seek(const Client& client, const Options& options) {
  v1::SeekSubscriptionRequest request;
  request.set_request_id(NewRequestId());
  request.set_subscription(options.subscription);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ActionService>(&v1::ActionService::Stub::SeekSubscription, request));
  PrintJson(response.subscription());
  return OkStatus();
}

Status Create(const Client& client, const Options& options) {
  v1::CreateSubscriptionRequest request;
  request.set_request_id(NewRequestId());
  request.set_subscription(options.subscription);
  SPOTTER_ASSIGN_OR_RETURN(
      const auto response,
      client.Call<v1::ActionService>(&v1::ActionService::Stub::CreateSubscription, request));
  PrintJson(response.subscription());
  return OkStatus();
}

Status List(const Client& client) {
  SPOTTER_ASSIGN_OR_RETURN(const auto response, client.Call<v1::ActionService>(
                                                    &v1::ActionService::Stub::ListSubscriptions,
                                                    v1::ListSubscriptionsRequest()));
  std::vector<std::vector<std::string>> rows = {{"SUBSCRIPTION", "WAITING", "LEASED", "EPOCH"}};
  for (const v1::SubscriptionStatus& one : response.subscriptions()) {
    if (client.json()) PrintJson(one);
    rows.push_back({one.subscription().id(), std::to_string(one.waiting()),
                    std::to_string(one.leased()), std::to_string(one.subscription().epoch())});
  }
  if (!client.json()) PrintTable(rows);
  return OkStatus();
}

void AddSettle(CLI::App& actions, Run& run, const std::shared_ptr<Options>& options,
               const char* name, const char* help, v1::SettleOutcome outcome) {
  CLI::App* settle = actions.add_subcommand(name, help);
  settle->add_option("tokens", options->tokens, "lease tokens, as pull prints them")->required();
  settle->add_option("--reason", options->reason, "why, of a reject");
  settle->add_option("--delay", options->delay, "of retry and extend (1m)");
  settle->callback([&run, options, outcome] {
    run = [options, outcome](const Client& client) {
      return Settle(client, *options, outcome, options->tokens, /*quiet=*/false);
    };
  });
}

}  // namespace

void AddActionCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* actions = app.add_subcommand("actions", "take decided actions and settle them");
  actions->require_subcommand(1);
  actions->fallthrough();
  actions->add_option("--subscription", options->subscription, "whose actions (default)");

  CLI::App* pull = actions->add_subcommand(
      "pull", "lease what may go out now and print it; unless settled it comes again");
  pull->add_option("--max", options->max, "at most this many, one a member (10)");
  pull->add_option("--wait", options->wait, "wait this long for the first (0s)");
  pull->add_option("--lease", options->lease, "keep them this long (30s)");
  pull->add_flag("--ack", options->ack, "ack them after printing");
  pull->callback([&run, options] {
    run = [options](const Client& client) { return PullOnce(client, *options); };
  });

  CLI::App* tail = actions->add_subcommand("tail", "print and ack actions as they come, for ever");
  tail->callback([&run, options] {
    run = [options](const Client& client) { return Tail(client, *options); };
  });

  AddSettle(*actions, run, options, "ack", "done: never deliver it again", v1::SETTLE_OUTCOME_ACK);
  AddSettle(*actions, run, options, "reject", "can never be done: never deliver it again",
            v1::SETTLE_OUTCOME_REJECT);
  AddSettle(*actions, run, options, "retry", "not now: deliver it again after a delay",
            v1::SETTLE_OUTCOME_RETRY);
  AddSettle(*actions, run, options, "extend", "still at it: keep the lease longer",
            v1::SETTLE_OUTCOME_EXTEND);

  actions->add_subcommand("seek", "deliver what is kept again, in a new epoch")
      ->callback([&run, options] {
        run = [options](const Client& client) { return Seek(client, *options); };
      });
  actions->add_subcommand("subscribe", "create the subscription")->callback([&run, options] {
    run = [options](const Client& client) { return Create(client, *options); };
  });
  actions->add_subcommand("subscriptions", "list subscriptions")->callback([&run] {
    run = [](const Client& client) { return List(client); };
  });
}

}  // namespace spotter::ctl
