// SPDX-License-Identifier: Apache-2.0
//
// Runs scenarios: each as often as there are plans, and where it has an `any-order`, in several
// orders. Every run of an order must end in the same state, every order with the same facts.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "scenario/commands.h"

namespace spotter::scenario {
namespace {

constexpr int kOrders = 6;

struct Ending {
  state::StateHash hash;
  Recording recording;
};

Status At(const Line& line, const Plan& plan, const Status& status) {
  return MakeStatus(status.code(), "{}: {}\n  {} [{}]", line.number, line.text,
                    std::string(MessageOf(status)), plan.name);
}

// Without a recording the world appends what the lines say; with one it reads what an earlier run
// appended and applies it only where a line looks, so in the largest batches there can be.
StatusOr<Ending> Play(const std::vector<const Line*>& lines, const std::string& root,
                      const Plan& plan, const Recording* recording) {
  World world(plan);
  std::vector<Recording::Mark> marks;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line& line = *lines[i];
    Status status = OkStatus();
    if (recording != nullptr) {
      if (!LooksAtShard(line)) continue;
      status = world.Replay(*recording, recording->marks[i]);
      if (status.ok()) status = world.Apply();
    }
    if (status.ok()) status = Execute(line, root, world);
    if (!status.ok()) return At(line, plan, status);
    marks.push_back(world.Here());
  }
  if (recording != nullptr) {
    SPOTTER_RETURN_IF_ERROR(world.Replay(*recording, recording->marks.back()));
    SPOTTER_RETURN_IF_ERROR(world.Apply());
  }
  SPOTTER_RETURN_IF_ERROR(world.CheckHash());
  for (const auto& [request, answer] : world.answers) {
    if (answer.code == 0 || world.expected_answers.contains(request)) continue;
    return FailedPrecondition("the answer to '{}' was not expected: {}", request, answer.message);
  }
  return Ending{.hash = world.shard().state_hash(),
                .recording = world.TakeRecording(std::move(marks))};
}

Status RunScript(const Script& script, const std::string& root) {
  const Plan plain{.name = "record by record"};
  const Plan forgetful{.name = "nothing kept in memory", .batch_records = 1, .members_cached = 0};
  const Plan whole{.name = "largest batches", .batch_records = size_t{1} << 30};
  std::optional<Hash128> facts;
  for (int order = 0; order < (script.has_groups ? kOrders : 1); ++order) {
    const std::vector<const Line*> lines = InOrder(script, order);
    SPOTTER_ASSIGN_OR_RETURN(const Ending first, Play(lines, root, plain, nullptr));
    for (const Plan& plan : {whole, forgetful}) {
      SPOTTER_ASSIGN_OR_RETURN(const Ending other, Play(lines, root, plan, &first.recording));
      if (other.hash == first.hash) continue;
      return FailedPrecondition("{}: the state differs in '{}' [order {}]", plan.name,
                                state::StateHash::FirstDifference(other.hash, first.hash), order);
    }
    if (facts.has_value() && *facts != first.hash.Facts()) {
      return FailedPrecondition("the facts of order {} are not those of order 0", order);
    }
    facts = first.hash.Facts();
  }
  return OkStatus();
}

Status RunFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good()) return NotFound("cannot be read");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  SPOTTER_ASSIGN_OR_RETURN(const Script script, ParseScript(text));
  if (script.lines.empty()) return InvalidArgument("there is nothing in it");
  return RunScript(script, SPOTTER_SOURCE_DIR);
}

}  // namespace
}  // namespace spotter::scenario

int main(int argc, char** argv) {
  int failed = 0;
  for (int i = 1; i < argc; ++i) {
    const spotter::Status status = spotter::scenario::RunFile(argv[i]);
    if (!status.ok()) {
      ++failed;
      fmt::print("{}:{}\n", argv[i], spotter::MessageOf(status));
    }
  }
  fmt::print("scenarios={} failed={}\n", argc - 1, failed);
  return failed == 0 && argc > 1 ? 0 : 1;
}
