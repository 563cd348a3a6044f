// SPDX-License-Identifier: Apache-2.0
//
// Bodies from files: tests/samples, and the recorded ones beside the repository where there are.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace spotter {

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string ReadSample(const std::string& name) {
  return ReadText(std::filesystem::path(SPOTTER_SOURCE_DIR) / "tests/samples" / name);
}

// The recorded payloads; an empty path if they are not there.
inline std::filesystem::path PayloadFolder() {
  const char* shared = std::getenv("SPOTTER_SHARED");
  const std::filesystem::path folder =
      (shared != nullptr ? std::filesystem::path(shared)
                         : std::filesystem::path(SPOTTER_SOURCE_DIR) / "../shared/data") /
      "payloads";
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

}  // namespace spotter
