// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/measure.h"

#include <mimalloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>

#include "base/assert.h"

namespace spotter::benchmarks {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t AllocatedBytes() {
  int64_t bytes = 0;
  const auto add = [](const mi_heap_t*, const mi_heap_area_t* area, void*, size_t, void* sum) {
    *static_cast<int64_t*>(sum) += static_cast<int64_t>(area->used * area->block_size);
    return true;
  };
  mi_collect(/*force=*/true);
  mi_heap_visit_blocks(mi_heap_get_default(), /*visit_all_blocks=*/false, add, &bytes);
  return bytes;
}

int64_t BytesIn(const std::filesystem::path& directory) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  }
  return bytes;
}

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const auto at = values.begin() + std::max<int64_t>(0, static_cast<int64_t>(rank) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "spotter-bench-XXXXXX";
  Assert(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace spotter::benchmarks
