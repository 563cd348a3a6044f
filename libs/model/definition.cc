// SPDX-License-Identifier: Apache-2.0
#include "model/definition.h"

#include "model/action.h"

namespace spotter::model {

std::string_view NameOf(Channel channel) {
  switch (channel) {
    case Channel::kEmail:
      return "email";
    case Channel::kSms:
      return "sms";
    case Channel::kPush:
      return "push";
    case Channel::kTask:
      return "task";
    case Channel::kInApp:
      return "in_app";
  }
  return "unknown";
}

std::optional<Channel> FindChannel(std::string_view name) {
  for (const Channel channel :
       {Channel::kEmail, Channel::kSms, Channel::kPush, Channel::kTask, Channel::kInApp}) {
    if (name == NameOf(channel)) return channel;
  }
  return std::nullopt;
}

bool IsMemberFacing(Channel channel) { return channel != Channel::kTask; }

std::string EtagOf(const SegmentDefinition& definition) {
  return std::to_string(definition.revision);
}

std::string_view NameOf(JourneyState state) {
  switch (state) {
    case JourneyState::kDraft:
      return "draft";
    case JourneyState::kShadow:
      return "shadow";
    case JourneyState::kLive:
      return "live";
    case JourneyState::kPaused:
      return "paused";
  }
  return "unknown";
}

std::string_view NameOf(TenantKind kind) {
  switch (kind) {
    case TenantKind::kStudio:
      return "studio";
    case TenantKind::kMentor:
      return "mentor";
    case TenantKind::kCoach:
      return "coach";
  }
  return "unknown";
}

std::string_view NameOf(Cause cause) {
  switch (cause) {
    case Cause::kLive:
      return "LIVE";
    case Cause::kTime:
      return "TIME";
    case Cause::kLate:
      return "LATE";
    case Cause::kBackfill:
      return "BACKFILL";
    case Cause::kDefinition:
      return "DEFINITION";
    case Cause::kMerge:
      return "MERGE";
    case Cause::kSplit:
      return "SPLIT";
  }
  return "UNKNOWN";
}

std::string_view NameOf(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kNoConsent:
      return "no_consent";
    case RefusalReason::kSuppressed:
      return "suppressed";
    case RefusalReason::kNoContact:
      return "no_contact";
    case RefusalReason::kCap:
      return "cap";
    case RefusalReason::kQuietHours:
      return "quiet_hours";
    case RefusalReason::kExpired:
      return "expired";
    case RefusalReason::kBackfill:
      return "backfill";
    case RefusalReason::kPending:
      return "pending";
    case RefusalReason::kShadow:
      return "shadow";
    case RefusalReason::kHeldOut:
      return "held_out";
    case RefusalReason::kPaused:
      return "paused";
    case RefusalReason::kWithdrawn:
      return "withdrawn";
    case RefusalReason::kNoZone:
      return "no_zone";
    case RefusalReason::kSubscriptionExpired:
      return "subscription_expired";
  }
  return "unknown";
}

}  // namespace spotter::model
