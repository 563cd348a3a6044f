// SPDX-License-Identifier: Apache-2.0
//
// spotterctl: talks to a running spotter, and restores the data of a stopped one.
#include <cstdio>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "services/spotterctl/usage.h"

namespace {

constexpr const char* kExamples = R"(
Examples:
  spotterctl journey apply -f deploy/blueprints/welcome-activation.yaml
  spotterctl publish events.ndjson              one spotter.v1.MemberEvent as JSON a line
  spotterctl import last-year.ndjson            past events: nothing is sent because of them
  spotterctl actions pull --max 5               lease what may go out now
  spotterctl actions ack lse_...                done, never again
  spotterctl actions tail                       print and ack as they come
  spotterctl profile show --email ada@example.com
  spotterctl explain prf_...                    why in or not in segments and journeys
  spotterctl refusals                           what was not sent, and why
  spotterctl state hash --verify                recompute the state's hash from every row
  spotterctl session < commands.txt             many commands over one connection
  spotterctl restore latest --data ./data       the server must be stopped

Exit codes: 0 ok, 1 the request failed (one line on stderr says why), 2 usage.
)";

}  // namespace

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // it tells the same in our one line
  namespace ctl = spotter::ctl;
  CLI::App app("Talks to a running spotter, and restores the data of a stopped one.", "spotterctl");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "spotterctl " SPOTTER_VERSION);
  ctl::Connection connection;
  app.add_option("--grpc", connection.address, "the server's gRPC address (127.0.0.1:7071)")
      ->envname("SPOTTER_GRPC");
  app.add_option("--tenant", connection.tenant, "for whom, where the token allows several")
      ->envname("SPOTTER_TENANT");
  app.add_option("--token-file", connection.token_file, "file that holds the token")
      ->envname("SPOTTER_TOKEN_FILE");
  app.add_option("--tls-ca", connection.tls_ca, "PEM file of the authority; turns TLS on");
  app.add_flag("--json", connection.json, "print JSON, one object a line");
  ctl::Run run;
  ctl::AddCommands(app, run);
  ctl::AddSessionCommand(app, run);
  app.footer(kExamples);  // after the commands: each would inherit it
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "error: {}\nRun with --help for more information.\n",
               ctl::WhatIsWrong(app, error));
    return 2;
  }
  const auto client = ctl::Client::Make(connection);
  const spotter::Status done = client.ok() ? run(*client) : client.status();
  if (done.ok()) return 0;
  fmt::print(stderr, "error: {}\n", ctl::OneLine(spotter::MessageOf(done)));
  return 1;
}
