// SPDX-License-Identifier: Apache-2.0
//
// The log of a data directory beside a snapshot that is to be its state.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "services/shard/snapshot_files.h"

namespace spotter::ctl {

// What the log can give to the restored state.
struct LogFit {
  bool begins_anew = false;  // it ends below the snapshot: nothing of it can follow
  int64_t start = 0;         // of what is there
  int64_t end = 0;
  bool is_torn = false;
  std::string said;  // to the operator; "" = it simply goes on

  // Records that were accepted and would be out of use.
  int64_t dropped() const { return begins_anew ? end - start : 0; }
};

// FailedPrecondition: records that followed the snapshot are gone from the log, others are not.
StatusOr<LogFit> FitLog(const std::string& log, const service::SnapshotManifest& manifest);

// From which offset on the log will hold other records than before; nullopt: it just goes on.
// `known_to`: how far the former state and the snapshots reach.
std::optional<int64_t> AbandonedFrom(const LogFit& fit, int64_t restored, int64_t known_to);

// Makes an empty log that begins at `first`; the one that is there is moved to the name returned
// ("" = there was none).
StatusOr<std::string> BeginLog(const std::string& log, int64_t first);

}  // namespace spotter::ctl
