// SPDX-License-Identifier: Apache-2.0
#include "services/shard/snapshot_files.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "engine/options.h"
#include "services/program/host.h"

namespace spotter::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kDraft = "draft-";
constexpr const char* kRestored = "RESTORED_OFFSET";

std::string Print(const SnapshotManifest& manifest) {
  return fmt::format(
      "{{\n  \"format\": {},\n  \"offset\": {},\n  \"logic_version\": {},\n"
      "  \"state_hash\": \"{}\",\n  \"taken_at\": \"{}\",\n  \"shard_time\": \"{}\",\n"
      "  \"bytes\": {}\n}}\n",
      manifest.format, manifest.offset, manifest.logic_version, manifest.state_hash,
      FormatTime(manifest.taken_at), FormatTime(manifest.shard_time), manifest.bytes);
}

// "2026-11-22T14:00:00.000Z" -> "20261122T140000Z"
std::string Compact(EventTime time) {
  std::string text = FormatTime(time);
  text.erase(text.find('.'));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + "Z";
}

int64_t SizeOf(const fs::path& folder) {
  int64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  }
  return bytes;
}

}  // namespace

StatusOr<SnapshotManifest> ReadManifest(const std::string& snapshot) {
  const std::string path = snapshot + "/" + kManifest;
  SPOTTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  try {
    const YAML::Node node = YAML::Load(text);  // JSON is YAML
    SnapshotManifest manifest{.format = node["format"].as<int>(),
                              .offset = node["offset"].as<int64_t>(),
                              .logic_version = node["logic_version"].as<uint32_t>(),
                              .state_hash = node["state_hash"].as<std::string>(),
                              .bytes = node["bytes"].as<int64_t>(),
                              .path = snapshot};
    SPOTTER_ASSIGN_OR_RETURN(manifest.taken_at, ParseTime(node["taken_at"].as<std::string>()));
    SPOTTER_ASSIGN_OR_RETURN(manifest.shard_time, ParseTime(node["shard_time"].as<std::string>()));
    if (manifest.format != kSnapshotFormat) {
      return InvalidArgument("snapshot manifest '{}': format {}, expected {}", path,
                             manifest.format, kSnapshotFormat);
    }
    return manifest;
  } catch (const YAML::Exception& error) {
    return InvalidArgument("snapshot manifest '{}': {}", path, error.what());
  }
}

StatusOr<std::vector<SnapshotManifest>> ListSnapshotFiles(const std::string& folder) {
  std::vector<SnapshotManifest> manifests;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(kDraft)) continue;
    StatusOr<SnapshotManifest> manifest = ReadManifest(entry.path().string());
    if (manifest.ok()) manifests.push_back(*std::move(manifest));
  }
  std::sort(manifests.begin(), manifests.end(), [](const auto& a, const auto& b) {
    return std::pair(a.offset, a.taken_at) > std::pair(b.offset, b.taken_at);
  });
  return manifests;
}

StatusOr<SnapshotManifest> WriteSnapshot(
    const std::string& folder, EventTime now,
    const std::function<Status(const std::string& state, SnapshotManifest& manifest)>& checkpoint) {
  try {
    const std::string draft = fmt::format("{}/{}{}", folder, kDraft, Compact(now));
    fs::remove_all(draft);
    fs::create_directories(draft);
    SnapshotManifest manifest{.taken_at = now};
    if (const Status copied = checkpoint(draft + "/state", manifest); !copied.ok()) {
      fs::remove_all(draft);
      return copied;
    }
    manifest.bytes = SizeOf(draft);
    SPOTTER_RETURN_IF_ERROR(WriteFileDurably(draft + "/" + kManifest, Print(manifest)));
    const std::string stem = fmt::format("{}/{:020}-{}", folder, manifest.offset, Compact(now));
    manifest.path = stem;
    for (int n = 2; fs::exists(manifest.path); ++n) manifest.path = fmt::format("{}-{}", stem, n);
    fs::rename(draft, manifest.path);
    SPOTTER_RETURN_IF_ERROR(SyncDirectory(folder));
    return manifest;
  } catch (const fs::filesystem_error& error) {
    return Unavailable("snapshot: {}", error.what());
  }
}

Status WriteRestoredOffset(const std::string& state, int64_t offset) {
  return WriteFileDurably(state + "/" + kRestored, fmt::format("{}\n", offset));
}

StatusOr<int64_t> ReadRestoredOffset(const std::string& state) {
  const std::string path = state + "/" + kRestored;
  if (!fs::exists(path)) return 0;
  SPOTTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  int64_t offset = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, offset);
  if (error == std::errc() && rest + 1 == end && *rest == '\n') return offset;
  return DataLoss("file '{}': expected the offset of a restored snapshot", path);
}

StatusOr<std::optional<SnapshotManifest>> RestoreNewest(const std::string& folder,
                                                        const std::string& state) {
  SPOTTER_ASSIGN_OR_RETURN(const auto manifests, ListSnapshotFiles(folder));
  const auto newest = std::find_if(manifests.begin(), manifests.end(), [](const auto& one) {
    return one.logic_version == engine::kLogicVersion;
  });
  if (newest == manifests.end()) return std::optional<SnapshotManifest>();
  try {
    const std::string draft = state + ".restoring";
    fs::remove_all(draft);
    fs::copy(newest->path + "/state", draft, fs::copy_options::recursive);
    SPOTTER_RETURN_IF_ERROR(SyncTree(draft));
    fs::rename(draft, state);
    SPOTTER_RETURN_IF_ERROR(SyncDirectory(fs::path(state).parent_path()));
    return std::optional(*newest);
  } catch (const fs::filesystem_error& error) {
    return Unavailable("snapshot '{}' not restored: {}", newest->path, error.what());
  }
}

StatusOr<std::vector<SnapshotManifest>> PruneSnapshots(const std::string& folder, size_t keep) {
  try {
    SPOTTER_ASSIGN_OR_RETURN(std::vector<SnapshotManifest> manifests, ListSnapshotFiles(folder));
    for (size_t i = keep; i < manifests.size(); ++i) {
      // A removal that is killed half-way must not leave what looks complete.
      fs::rename(manifests[i].path, folder + "/" + kDraft + "old-" + manifests[i].name());
    }
    manifests.resize(std::min(manifests.size(), keep));
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with(kDraft)) fs::remove_all(entry.path());
    }
    return manifests;
  } catch (const fs::filesystem_error& error) {
    return Unavailable("snapshots: {}", error.what());
  }
}

}  // namespace spotter::service
