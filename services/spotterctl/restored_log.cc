// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/restored_log.h"

#include <algorithm>
#include <filesystem>

#include "log_local/local_log.h"
#include "services/program/host.h"
#include "services/spotterctl/abandoned_history.h"

namespace spotter::ctl {

namespace fs = std::filesystem;

StatusOr<LogFit> FitLog(const std::string& log, const service::SnapshotManifest& manifest) {
  log_local::Segments segments;
  if (fs::exists(log)) {
    SPOTTER_ASSIGN_OR_RETURN(segments, log_local::ListSegments(log));
  }
  if (segments.empty()) {
    return LogFit{.begins_anew = true,
                  .said = "there is no log: what came after the snapshot is lost"};
  }
  LogFit fit{.start = segments.begin()->first};
  if (fit.start > manifest.offset) {
    return FailedPrecondition(
        "snapshot '{}' stands at offset {}, the log '{}' starts at {}: the records between are "
        "gone; restore a snapshot at or after offset {}",
        manifest.path, manifest.offset, log, fit.start, fit.start);
  }
  SPOTTER_ASSIGN_OR_RETURN(const log_local::SegmentScan tail, log_local::ScanTail(log));
  fit.end = tail.end;
  fit.is_torn = tail.torn();
  if (tail.end < manifest.offset) {
    fit.begins_anew = true;
    fit.said = fmt::format("the log ends at offset {}, below the snapshot's {}: it goes on there",
                           tail.end, manifest.offset);
    return fit;
  }
  for (const log_local::Hole& hole : tail.holes) {
    if (hole.end <= manifest.offset) continue;
    fit.said = fmt::format(
        "the log's record at offset {}, after the snapshot's {}, is damaged: the server will "
        "stand still there until that offset is skipped",
        std::max(hole.first, manifest.offset), manifest.offset);
    break;
  }
  return fit;
}

std::optional<int64_t> AbandonedFrom(const LogFit& fit, int64_t restored, int64_t known_to) {
  if (fit.begins_anew) return restored;
  if (fit.is_torn || known_to > fit.end) return fit.end;  // its tail is lost
  return std::nullopt;
}

StatusOr<std::string> BeginLog(const std::string& log, int64_t first) {
  std::string aside;
  if (fs::exists(log)) {
    aside = AsideOf(log);
    fs::rename(log, aside);
  }
  const std::string draft = log + ".restoring";
  fs::remove_all(draft);
  fs::create_directory(draft);
  fs::permissions(draft, fs::perms::owner_all);
  SPOTTER_RETURN_IF_ERROR(service::WriteFileDurably(log_local::SegmentPath(draft, first), ""));
  fs::rename(draft, log);
  return aside;
}

}  // namespace spotter::ctl
