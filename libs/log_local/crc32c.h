// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::log_local {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the SSE 4.2 instruction where there is one.
uint32_t Crc32c(std::string_view bytes);

// The same by table, on any machine.
uint32_t Crc32cPortable(std::string_view bytes);

}  // namespace spotter::log_local
