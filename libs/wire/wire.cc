// SPDX-License-Identifier: Apache-2.0
#include "wire/wire.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include <utility>

#include "base/log_message.h"
#include "spotter/v1/log.pb.h"
#include "wire/command_proto.h"
#include "wire/event_proto.h"
#include "wire/leaf.h"
#include "wire/move_proto.h"

namespace spotter::wire {
namespace {

// protobuf prints what it refuses; here a refusal is an answer, and bad input must not fill stderr.
void OnProtobufLog(google::protobuf::LogLevel, const char*, int, const std::string& text) {
  LogDebug("protobuf: {}", text);
}
auto* const kPreviousHandler [[maybe_unused]] = google::protobuf::SetLogHandler(&OnProtobufLog);

// A message on an arena that starts on the stack: an ordinary record needs no heap for its tree.
template <typename Message>
class OnArena {
 public:
  OnArena() : arena_(block_, sizeof block_) {}
  Message& operator*() { return *message_; }
  Message* operator->() { return message_; }

  Status Parse(std::string_view bytes, std::string_view what) {
    constexpr size_t kLargest = 64 << 20;  // far above any record; keeps the size in an int
    if (bytes.size() > kLargest) {
      return InvalidArgument("{}: {} bytes, expected at most {}", what, bytes.size(), kLargest);
    }
    if (!message_->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return InvalidArgument("{}: {} bytes are not this message, or a text is not UTF-8", what,
                             bytes.size());
    }
    return OkStatus();
  }

 private:
  alignas(8) char block_[8192];
  google::protobuf::Arena arena_;
  Message* message_ = google::protobuf::Arena::CreateMessage<Message>(&arena_);
};

struct RecordWriter {
  v1::LogRecord& to;
  void operator()(const model::MemberEvent& from) const { Write(from, *to.mutable_event()); }
  void operator()(const model::Tick& from) const { to.mutable_tick()->set_budget(from.budget); }
  void operator()(const model::Work& from) const { to.mutable_work()->set_budget(from.budget); }
  void operator()(const model::Claim& from) const {
    to.mutable_claim()->set_generation(from.generation);
    to.mutable_claim()->set_owner(from.owner);
    to.mutable_claim()->set_phase(static_cast<v1::ClaimPhase>(from.phase));
    to.mutable_claim()->set_lease_ms(from.lease.count());
  }
  void operator()(const model::Command& from) const { Write(from, *to.mutable_command()); }
  void operator()(const model::FreezeTenant& from) const {
    to.mutable_freeze_tenant()->set_tenant(from.tenant.value());
    to.mutable_freeze_tenant()->set_revision(from.revision);
    to.mutable_freeze_tenant()->set_to_shard(from.to_shard);
  }
  void operator()(const model::ImportTenant& from) const {
    Write(from, *to.mutable_import_tenant());
  }
  void operator()(const model::DropTenant& from) const {
    to.mutable_drop_tenant()->set_tenant(from.tenant.value());
    to.mutable_drop_tenant()->set_revision(from.revision);
  }
  void operator()(const model::ThawTenant& from) const {
    to.mutable_thaw_tenant()->set_tenant(from.tenant.value());
    to.mutable_thaw_tenant()->set_revision(from.revision);
  }
  void operator()(const model::Forwarded& from) const { Write(from, *to.mutable_forwarded()); }
  void operator()(const model::ForgetForwarded& from) const {
    to.mutable_forget_forwarded()->set_tenant(from.tenant.value());
    to.mutable_forget_forwarded()->set_revision(from.revision);
    to.mutable_forget_forwarded()->set_offset(from.offset);
  }
};

StatusOr<model::LogRecord> Read(const v1::Claim& from) {
  Reader reader;
  model::Claim claim{
      .generation = from.generation(), .owner = from.owner(), .lease = Duration(from.lease_ms())};
  if (from.phase() != v1::CLAIM_PHASE_UNSPECIFIED) {
    claim.phase =
        reader.Enum<model::ClaimPhase>(from.phase(), v1::ClaimPhase_IsValid(from.phase()), "phase");
  }
  SPOTTER_RETURN_IF_ERROR(reader.status());
  return claim;
}

}  // namespace

std::string Encode(const model::LogRecord& record) {
  OnArena<v1::LogRecord> message;
  std::visit(RecordWriter{*message}, record);
  return message->SerializeAsString();
}

StatusOr<model::LogRecord> DecodeLogRecord(std::string_view bytes) {
  OnArena<v1::LogRecord> message;
  SPOTTER_RETURN_IF_ERROR(message.Parse(bytes, "log record"));
  switch (message->record_case()) {
    case v1::LogRecord::kEvent:
      return FromProto(message->event());
    case v1::LogRecord::kTick:
      return model::Tick{message->tick().budget()};
    case v1::LogRecord::kWork:
      return model::Work{message->work().budget()};
    case v1::LogRecord::kClaim:
      return Read(message->claim());
    case v1::LogRecord::kCommand:
      return FromProto(message->command());
    case v1::LogRecord::kFreezeTenant:
      return model::FreezeTenant{model::TenantId(message->freeze_tenant().tenant()),
                                 message->freeze_tenant().revision(),
                                 message->freeze_tenant().to_shard()};
    case v1::LogRecord::kImportTenant:
      return FromProto(message->import_tenant());
    case v1::LogRecord::kDropTenant:
      return model::DropTenant{model::TenantId(message->drop_tenant().tenant()),
                               message->drop_tenant().revision()};
    case v1::LogRecord::kThawTenant:
      return model::ThawTenant{model::TenantId(message->thaw_tenant().tenant()),
                               message->thaw_tenant().revision()};
    case v1::LogRecord::kForwarded:
      return model::LogRecord(FromProto(message->forwarded()));
    case v1::LogRecord::kForgetForwarded:
      return model::ForgetForwarded{model::TenantId(message->forget_forwarded().tenant()),
                                    message->forget_forwarded().revision(),
                                    message->forget_forwarded().offset()};
    case v1::LogRecord::RECORD_NOT_SET:
      break;
  }
  return InvalidArgument("log record: no kind of record that this version knows");
}

StatusOr<model::MemberEvent> DecodeEvent(std::string_view protobuf) {
  OnArena<v1::MemberEvent> message;
  SPOTTER_RETURN_IF_ERROR(message.Parse(protobuf, "event"));
  return FromProto(*message);
}

std::string EncodeEvent(const model::MemberEvent& event) {
  OnArena<v1::MemberEvent> message;
  Write(event, *message);
  return message->SerializeAsString();
}

}  // namespace spotter::wire
