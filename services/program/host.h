// SPDX-License-Identifier: Apache-2.0
//
// What only the host can give: chance, hashes, zone files, small files on disk.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace spotter::service {

std::string RandomBytes(size_t size);
std::string Sha256Hex(std::string_view bytes);
// RFC 8536 bytes of an IANA zone from the host's tzdata. NotFound names the zone.
StatusOr<std::string> ReadZoneRules(const std::string& zone);

StatusOr<std::string> ReadFile(const std::string& path);
// Writes, syncs and renames into place, so that the file is there whole or not at all.
Status WriteFileDurably(const std::string& path, std::string_view bytes);
Status SyncDirectory(const std::string& path);
Status SyncTree(const std::string& path);  // every file and folder in it

}  // namespace spotter::service
