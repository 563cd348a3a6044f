// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace spotter::log_local {

// What a failed system call means, by errno: Unavailable "no space left on device" for a full disk
// (also a quota or a size limit), FailedPrecondition for what an operator must put right (missing,
// not permitted, read-only), Unavailable otherwise. `what` names the file and the call.
Status ErrnoError(std::string_view what, int error);
bool IsNoSpace(int error);

// An open file, closed by the destructor.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // `flags` as for open(2); O_CLOEXEC is added, a created file has mode 0600.
  static StatusOr<File> Open(const std::string& path, int flags);

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  StatusOr<int64_t> Size() const;
  // Reads until `size` bytes or the end of the file; returns how many.
  StatusOr<size_t> ReadAt(int64_t position, char* into, size_t size) const;

 private:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

// Makes the names in `directory` durable.
Status SyncDirectory(const std::string& directory);

// Takes the exclusive lock of `directory` (a file LOCK that holds our process id) for as long as
// the File lives. FailedPrecondition: another process has it.
StatusOr<File> LockDirectory(const std::string& directory);
// For one who only reads: keeps those away who would lock it, and changes nothing.
// FailedPrecondition: another process has it locked.
StatusOr<File> ShareDirectory(const std::string& directory);

}  // namespace spotter::log_local
