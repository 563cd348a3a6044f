// SPDX-License-Identifier: Apache-2.0
#include "services/engine/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "services/program/host.h"

namespace spotter::service {
namespace {

namespace fs = std::filesystem;

StatusOr<int> Lock(const std::string& path) {
  const std::string file = path + "/LOCK";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return FailedPrecondition("data directory '{}' cannot be used: {}", path, std::strerror(errno));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  ::close(lock);
  return FailedPrecondition("data directory '{}' is in use by another process", path);
}

}  // namespace

StatusOr<EngineDirectory> EngineDirectory::Open(const std::string& path,
                                                const std::string& log_topic, int32_t partitions) {
  std::error_code error;
  fs::create_directories(path, error);
  EngineDirectory directory;
  directory.path_ = path;
  SPOTTER_ASSIGN_OR_RETURN(directory.lock_, Lock(path));
  const std::string marker = path + "/engine.yaml";
  if (!fs::exists(marker)) {
    directory.name_ = "engine-" + Hex(HashOf(RandomBytes(16))).substr(0, 8);
    SPOTTER_RETURN_IF_ERROR(
        WriteFileDurably(marker, fmt::format("name: {}\nlog_topic: {}\npartitions: {}\n",
                                             directory.name_, log_topic, partitions)));
    return directory;
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(marker));
  std::string made_topic;
  int32_t made_partitions = 0;
  try {
    const YAML::Node node = YAML::Load(text);
    directory.name_ = node["name"].as<std::string>();
    made_topic = node["log_topic"].as<std::string>();
    made_partitions = node["partitions"].as<int32_t>();
  } catch (const YAML::Exception& bad) {
    return FailedPrecondition("file '{}': {}", marker, bad.what());
  }
  if (made_topic != log_topic || made_partitions != partitions) {
    return FailedPrecondition(
        "data directory '{}' was made for topic '{}' with {} partitions; topic '{}' has {}", path,
        made_topic, made_partitions, log_topic, partitions);
  }
  return directory;
}

EngineDirectory::EngineDirectory(EngineDirectory&& other) noexcept { *this = std::move(other); }

EngineDirectory& EngineDirectory::operator=(EngineDirectory&& other) noexcept {
  path_ = std::move(other.path_);
  name_ = std::move(other.name_);
  std::swap(lock_, other.lock_);
  return *this;
}

EngineDirectory::~EngineDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

std::string EngineDirectory::StateOf(int32_t shard) const {
  return fmt::format("{}/shard-{}", path_, shard);
}

}  // namespace spotter::service
