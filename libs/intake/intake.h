// SPDX-License-Identifier: Apache-2.0
//
// The way into the log, whatever the transport: decode, keep what cannot be read, append the rest,
// and answer once all of it is durable.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "base/clock.h"
#include "connect/connector.h"
#include "intake/dead_letters.h"
#include "intake/metrics.h"
#include "intake/options.h"
#include "intake/shard_logs.h"
#include "intake/tenant_directory.h"

namespace spotter::intake {

struct RefusedPart {
  std::string reason;
  std::string detail;
  std::string dead_letter;  // "dlq_..."
};

// What became of one body. All of it is durable: events in the log, the rest as dead letters.
struct BodyResult {
  size_t accepted = 0;      // events in the log
  log::Offset offset = -1;  // of the first of them
  std::vector<std::string> ignored;
  std::vector<RefusedPart> refused;
};

struct CloudEventBody {
  std::string_view content_type;
  std::span<const connect::Header> headers;  // binary mode's attributes
  std::string_view body;
};

// A body of a channel that is trusted to name the tenant (a source topic), and needs no signature.
struct TrustedBody {
  std::string_view
      source;  // a raw body of this source (connect::IsWebhookSource); "": a CloudEvent
  std::string_view content_type;
  std::span<const connect::Header> headers;
  std::string_view body;
  std::string_view origin;  // where it is kept, for its dead letter
  // Whether what is refused of it is a dead letter already: read, and set once it is. Who comes
  // again after an error keeps it, so that an outage leaves one letter and not one for each try.
  bool* letters_kept = nullptr;
};

// Errors of every call: NotFound for an unknown tenant; Unavailable while the tenant moves to
// another shard or its log is not within reach, or when the log or the dead letters cannot take it:
// nothing is lost if the sender comes again. Thread safety: any thread; concurrent callers share
// the log's fsync.
class Intake {
 public:
  Intake(const ShardLogs& logs, DeadLetters& dead_letters, const TenantDirectory& tenants,
         const Clock& clock, IntakeOptions options = {})
      : logs_(logs),
        dead_letters_(dead_letters),
        tenants_(tenants),
        clock_(clock),
        options_(options) {}

  // Canonical events of a caller who may publish for `tenant`; one result per event, in order.
  StatusOr<std::vector<BodyResult>> Publish(const model::TenantId& tenant,
                                            std::vector<model::MemberEvent> events);

  // CloudEvents of such a caller; one result per body, in order.
  StatusOr<std::vector<BodyResult>> HandleCloudEvents(const model::TenantId& tenant,
                                                      std::span<const CloudEventBody> bodies,
                                                      bool backfill = false);

  // A webhook; its signature is what lets it in. `url`: the address that the source was given.
  // NotFound also for a source that no connector reads; Unauthenticated: the signature.
  StatusOr<BodyResult> HandleWebhook(const model::TenantId& tenant, std::string_view source,
                                     std::span<const connect::Header> headers, std::string_view url,
                                     std::string_view body);

  // Such bodies of one tenant; one result per body, in order. Their events are one append. Errors
  // are not counted as refused requests: the caller keeps the bodies and comes again.
  StatusOr<std::vector<BodyResult>> HandleTrusted(const model::TenantId& tenant,
                                                  std::span<const TrustedBody> bodies);

  // Keeps what could not even be handed to a connector. Unavailable: come again.
  Status KeepUnread(std::vector<DeadLetter> letters);

  // Decodes a dead letter again, e.g. with a newer connector. Resolved only if all of it is read;
  // else it stays and the result says why.
  StatusOr<BodyResult> Redrive(const model::TenantId& tenant, std::string_view dead_letter);

  const Counters& counters() const { return counters_; }
  Counters& counters() { return counters_; }
  DeadLetters& dead_letters() { return dead_letters_; }

 private:
  // A decoded body on its way: what to keep of it if a part of it was refused.
  struct Part {
    connect::Decoded decoded;
    std::string source;
    std::string content_type;
    std::string_view bytes;
    std::string_view origin = {};
    bool* letters_kept = nullptr;
  };

  StatusOr<TenantInfo> FindTenant(const model::TenantId& tenant) const;
  StatusOr<TenantInfo> Admit(const model::TenantId& tenant);
  Status VerifyWebhook(const TenantInfo& tenant, std::string_view source,
                       std::span<const connect::Header> headers, std::string_view url,
                       std::string_view body) const;
  connect::DecodeSettings SettingsOf(const model::TenantId& tenant, const TenantInfo& info) const;
  // Dead letters first, then one append of all events, then one wait until it is durable.
  StatusOr<std::vector<BodyResult>> Store(const model::TenantId& tenant, const TenantInfo& info,
                                          std::vector<Part> parts, bool backfill);
  Status KeepRefused(const model::TenantId& tenant, const std::vector<Part>& parts, bool backfill,
                     std::vector<BodyResult>& results);
  Status AppendEvents(const model::TenantId& tenant, std::vector<Part>& parts,
                      std::vector<BodyResult>& results);
  Status Count(const Status& status);
  template <typename T>
  StatusOr<T> Counted(StatusOr<T> result) {
    if (!result.ok()) return Count(result.status());
    return result;
  }

  const ShardLogs& logs_;
  DeadLetters& dead_letters_;
  const TenantDirectory& tenants_;
  const Clock& clock_;
  const IntakeOptions options_;
  Counters counters_;
};

}  // namespace spotter::intake
