// SPDX-License-Identifier: Apache-2.0
#include "services/program/host.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/assert.h"

namespace spotter::service {
namespace {

Status Failed(std::string_view what, const std::string& path) {
  return Unavailable("{} '{}': {}", what, path, std::strerror(errno));
}

Status Sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failed("cannot open", path);
  const bool is_synced = ::fsync(file) == 0;
  const Status failed = is_synced ? OkStatus() : Failed("cannot sync", path);
  ::close(file);
  return failed;
}

}  // namespace

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got = getrandom(bytes.data() + filled, size - filled, 0);
    Assert(got > 0 || errno == EINTR, "the kernel has random bytes");
    if (got > 0) filled += static_cast<size_t>(got);
  }
  return bytes;
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

StatusOr<std::string> ReadZoneRules(const std::string& zone) {
  const bool is_name = !zone.empty() && zone.front() != '/' &&
                       zone.find("..") == std::string::npos &&
                       std::all_of(zone.begin(), zone.end(), [](unsigned char c) {
                         return std::isalnum(c) != 0 || std::strchr("/_+-", c) != nullptr;
                       });
  if (is_name) {
    StatusOr<std::string> bytes = ReadFile("/usr/share/zoneinfo/" + zone);
    if (bytes.ok() && bytes->starts_with("TZif")) return bytes;
  }
  return NotFound("time zone '{}' is not in this host's tzdata (expected e.g. America/New_York)",
                  zone);
}

StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("file '{}' cannot be read", path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) return NotFound("file '{}' cannot be read", path);
  return bytes.str();
}

Status WriteFileDurably(const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".draft";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Failed("cannot write", draft);
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t got = ::write(file, bytes.data() + written, bytes.size() - written);
    if (got < 0 && errno != EINTR) break;
    if (got > 0) written += static_cast<size_t>(got);
  }
  const bool is_whole = written == bytes.size() && ::fsync(file) == 0;
  const Status failed = is_whole ? OkStatus() : Failed("cannot write", draft);
  ::close(file);
  SPOTTER_RETURN_IF_ERROR(failed);
  if (::rename(draft.c_str(), path.c_str()) != 0) return Failed("cannot rename to", path);
  return SyncDirectory(path.substr(0, path.rfind('/')));
}

Status SyncDirectory(const std::string& path) { return Sync(path); }

Status SyncTree(const std::string& path) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    SPOTTER_RETURN_IF_ERROR(Sync(entry.path().string()));
  }
  return Sync(path);
}

}  // namespace spotter::service
