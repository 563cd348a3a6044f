// SPDX-License-Identifier: Apache-2.0
#include "api/gate.h"

#include <exception>

namespace spotter::api {
namespace {

using O = access::Operation;

constexpr std::pair<std::string_view, O> kMethods[] = {
    // clang-format off
    {"ActionService/CreateSubscription",  O::kDeliver},
    {"ActionService/ListSubscriptions",   O::kDeliver},
    {"ActionService/PullActions",         O::kDeliver},
    {"ActionService/SeekSubscription",    O::kDeliver},
    {"ActionService/SettleActions",       O::kDeliver},
    {"ActionService/StreamActions",       O::kDeliver},
    {"AdminService/AdvanceTime",          O::kAdvanceTime},
    {"AdminService/CreateTenant",         O::kTenantCreate},
    {"AdminService/DiscardDeadLetter",    O::kDeadLetter},
    {"AdminService/GetStateHash",         O::kInspect},
    {"AdminService/GetStatus",            O::kInspect},
    {"AdminService/GetTenantMove",        O::kInspect},
    {"AdminService/ListDeadLetters",      O::kDeadLetter},
    {"AdminService/ListSnapshots",        O::kSnapshot},
    {"AdminService/MoveTenant",           O::kTenantCreate},
    {"AdminService/PutZoneRules",         O::kTenantCreate},
    {"AdminService/RedriveDeadLetter",    O::kDeadLetter},
    {"AdminService/ReleaseShard",         O::kSnapshot},
    {"AdminService/SkipOffset",           O::kSnapshot},
    {"AdminService/TakeShard",            O::kSnapshot},
    {"AdminService/TakeSnapshot",         O::kSnapshot},
    {"AdminService/UpdateTenant",         O::kTenantCreate},
    {"AdminService/WriteBarrier",         O::kSnapshot},
    {"IngestService/Publish",             O::kPublish},
    {"IngestService/PublishCloudEvents",  O::kPublish},
    {"JourneyService/GetJourney",         O::kReadDefinitions},
    {"JourneyService/ListJourneys",       O::kReadDefinitions},
    {"JourneyService/ListRefusals",       O::kReadRefusals},
    {"JourneyService/PutJourney",         O::kWriteJourneys},
    {"ProfileService/AddNote",            O::kNote},
    {"ProfileService/ChangeConsent",      O::kChangeSuppression},
    {"ProfileService/ChangeSuppression",  O::kChangeSuppression},
    {"ProfileService/Explain",            O::kReadProfile},
    {"ProfileService/GetProfile",         O::kReadProfile},
    {"ProfileService/ListProfiles",       O::kReadProfile},
    {"ProfileService/ListTimeline",       O::kReadProfile},
    {"ProfileService/MergeProfiles",      O::kMerge},
    {"ProfileService/SplitProfile",       O::kMerge},
    {"SegmentService/DeleteSegment",      O::kWriteSegments},
    {"SegmentService/GetSegment",         O::kReadDefinitions},
    {"SegmentService/ListMembers",        O::kReadProfile},
    {"SegmentService/ListSegments",       O::kReadDefinitions},
    {"SegmentService/PutSegment",         O::kWriteSegments},
    {"SegmentService/StreamTransitions",  O::kReadProfile},
    // clang-format on
};

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::optional<std::string_view> Metadata(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return std::nullopt;
  return View(found->second);
}

}  // namespace

std::optional<access::Operation> OperationOf(std::string_view method) {
  for (const auto& [name, operation] : kMethods) {
    if (name == method) return operation;
  }
  return std::nullopt;
}

Gate::Gate(const access::TokenTable* tokens,
           std::function<std::string(std::string_view)> sha256_hex)
    : tokens_(tokens), sha256_hex_(std::move(sha256_hex)) {
  for (const auto& [method, operation] : kMethods) {
    counts_[{std::string(method), static_cast<int>(StatusCode::kOk)}] = 0;
  }
}

StatusOr<access::Principal> Gate::Authenticate(const grpc::ServerContextBase& context) const {
  if (tokens_ == nullptr) return access::LoopbackPrincipal();
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = Metadata(context, "authorization").value_or("");
  if (!header.starts_with(kScheme)) {
    return Unauthenticated("no token: expected metadata 'authorization: Bearer TOKEN'");
  }
  return tokens_->Find(sha256_hex_(header.substr(kScheme.size())));
}

StatusOr<Caller> Gate::Admit(const grpc::ServerContextBase& context,
                             std::string_view method) const {
  const std::optional<access::Operation> operation = OperationOf(method);
  if (!operation.has_value()) return Internal("method '{}' has no rule of access", method);
  SPOTTER_ASSIGN_OR_RETURN(access::Principal principal, Authenticate(context));
  StatusOr<std::string> tenant =
      access::ResolveTenant(principal, Metadata(context, "spotter-tenant"));
  if (!tenant.ok() && !access::IsProgramWide(*operation)) return tenant.status();
  Caller caller{.principal = std::move(principal),
                .tenant = model::TenantId(tenant.ok() ? *std::move(tenant) : "")};
  SPOTTER_RETURN_IF_ERROR(access::Authorize(caller.principal, *operation, caller.tenant.value()));
  return caller;
}

grpc::Status Gate::Serve(grpc::ServerContext& context, std::string_view method,
                         const std::function<Status(const Caller&)>& serve) {
  StatusOr<Caller> caller = Admit(context, method);
  Status status = caller.status();
  if (status.ok()) {
    try {
      status = serve(*caller);
    } catch (const std::exception& error) {
      // Libraries below report errors as values; this is for what a third party throws.
      status = Internal("{}: {}", method, error.what());
    }
  }
  Count(method, status);
  AddHints(status, context);
  return ToGrpc(status);
}

void Gate::Count(std::string_view method, const Status& status) {
  const std::lock_guard lock(mutex_);
  counts_[{std::string(method), static_cast<int>(status.code())}]++;
}

std::map<std::pair<std::string, int>, uint64_t> Gate::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace spotter::api
