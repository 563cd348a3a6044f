// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spotter::benchmarks {

// User and system seconds of all threads of this process, RocksDB's background ones included.
double CpuSeconds();
double WallSeconds();
// Bytes that malloc has handed out and not got back.
int64_t AllocatedBytes();
int64_t BytesIn(const std::filesystem::path& directory);

// The value below which `share` of `values` lie (nearest rank); 0 of none.
double Quantile(std::vector<double> values, double share);

// A new directory under $TMPDIR, removed with what is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace spotter::benchmarks
