// SPDX-License-Identifier: Apache-2.0
#include "log_local/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace spotter::log_local {

bool IsNoSpace(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

Status ErrnoError(std::string_view what, int error) {
  if (IsNoSpace(error)) return Unavailable("{}: no space left on device", what);
  const std::string reason = std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case EISDIR:
    case EMFILE:
    case ENFILE:
      return FailedPrecondition("{}: {}", what, reason);
    default:
      return Unavailable("{}: {}", what, reason);
  }
}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

StatusOr<File> File::Open(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return ErrnoError(fmt::format("cannot open '{}'", path), errno);
  return File(fd, path);
}

StatusOr<int64_t> File::Size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) {
    return ErrnoError(fmt::format("cannot read the size of '{}'", path_), errno);
  }
  return static_cast<int64_t>(info.st_size);
}

StatusOr<size_t> File::ReadAt(int64_t position, char* into, size_t size) const {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd_, into + done, size - done, position + static_cast<int64_t>(done));
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      return ErrnoError(fmt::format("cannot read '{}'", path_), errno);
    }
  }
  return done;
}

Status SyncDirectory(const std::string& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const File file, File::Open(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(file.fd()) != 0) {
    return ErrnoError(fmt::format("cannot sync directory '{}'", directory), errno);
  }
  return OkStatus();
}

static Status Lock(const std::string& directory, const File& file, int how) {
  if (::flock(file.fd(), how | LOCK_NB) == 0) return OkStatus();
  if (errno != EWOULDBLOCK) return ErrnoError(fmt::format("cannot lock '{}'", directory), errno);
  char holder[32];
  SPOTTER_ASSIGN_OR_RETURN(const size_t size, file.ReadAt(0, holder, sizeof(holder)));
  const std::string_view pid(holder, size);
  return FailedPrecondition("data directory '{}' is in use by another process (pid {})", directory,
                            pid.substr(0, pid.find('\n')));
}

StatusOr<File> ShareDirectory(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  if (::access(path.c_str(), F_OK) != 0) return File();  // nobody has ever locked it
  SPOTTER_ASSIGN_OR_RETURN(File file, File::Open(path, O_RDONLY));
  SPOTTER_RETURN_IF_ERROR(Lock(directory, file, LOCK_SH));
  return file;
}

StatusOr<File> LockDirectory(const std::string& directory) {
  SPOTTER_ASSIGN_OR_RETURN(File file, File::Open(directory + "/LOCK", O_RDWR | O_CREAT));
  SPOTTER_RETURN_IF_ERROR(Lock(directory, file, LOCK_EX));
  // The process id is only for the message above; the lock does not depend on it.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.fd(), 0) != 0 ||
      ::pwrite(file.fd(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return ErrnoError(fmt::format("cannot write '{}'", file.path()), errno);
  }
  return file;
}

}  // namespace spotter::log_local
