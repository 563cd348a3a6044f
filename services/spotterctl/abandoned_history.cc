// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/abandoned_history.h"

#include <filesystem>

#include "control/directory.h"
#include "services/program/host.h"

namespace spotter::ctl {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kShard = 0;  // the embedded program's only one

}  // namespace

std::string AsideOf(const std::string& path) {
  std::string aside = path + ".before-restore";
  for (int n = 2; fs::exists(aside); ++n) aside = fmt::format("{}.before-restore-{}", path, n);
  return aside;
}

StatusOr<std::vector<std::string>> TakeBackFrom(int64_t from, log_local::LocalLog& control) {
  control::Directory directory(control);
  SPOTTER_RETURN_IF_ERROR(directory.Poll());
  std::vector<std::string> said;
  for (const int64_t offset : directory.Skips(kShard)) {
    if (offset < from) continue;
    SPOTTER_RETURN_IF_ERROR(directory.Append(model::SkipOffset{
        .offset = offset, .reason = "restored", .shard = kShard, .taken_back = true}));
    said.push_back(fmt::format("the skip of offset {} is taken back", offset));
  }
  for (const auto& [offset, version] : directory.Barriers(kShard)) {
    if (offset <= from || version == 0) continue;
    SPOTTER_RETURN_IF_ERROR(
        directory.Append(model::Barrier{.offset = offset, .logic_version = 0, .shard = kShard}));
    said.push_back(fmt::format("the barrier at offset {} for logic version {} is taken back",
                               offset, version));
  }
  return said;
}

StatusOr<std::vector<std::string>> MoveSnapshotsAside(int64_t from, const std::string& snapshots) {
  SPOTTER_ASSIGN_OR_RETURN(auto past, service::ListSnapshotFiles(snapshots));
  std::erase_if(past, [&](const auto& one) { return one.offset <= from; });
  if (past.empty()) return std::vector<std::string>();
  const std::string aside = AsideOf(snapshots);
  fs::create_directory(aside);
  std::vector<std::string> said;
  for (const service::SnapshotManifest& one : past) {
    fs::rename(one.path, aside + "/" + one.name());
    said.push_back(fmt::format("snapshot {} holds lost records and is in {}", one.name(), aside));
  }
  SPOTTER_RETURN_IF_ERROR(service::SyncDirectory(aside));
  SPOTTER_RETURN_IF_ERROR(service::SyncDirectory(snapshots));
  return said;
}

}  // namespace spotter::ctl
