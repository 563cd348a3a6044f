// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/proxied_call.h"

#include "api/grpc_status.h"

namespace spotter::service {
namespace {

constexpr auto kRetryPause = std::chrono::milliseconds(250);  // the directory follows meanwhile

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

// gRPC's own, which each connection has of its own.
bool IsTransports(std::string_view key) {
  return key.starts_with("grpc-") || key.starts_with(":") || key == "user-agent" || key == "te" ||
         key == "content-type" || key == "host";
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

// The way to one engine and back.
class ProxiedCall::Leg final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Leg(ProxiedCall& call, std::unique_ptr<grpc::ClientContext> context,
      std::shared_ptr<grpc::GenericStub> stub)
      : call_(call), context_(std::move(context)), stub_(std::move(stub)) {}

  void Prepare(const std::string& path) {
    stub_->PrepareBidiStreamingCall(context_.get(), path, grpc::StubOptions(), this);
  }
  void Start() {
    AddHold();  // until a read fails: reads and writes are started by the other reactor
    StartRead(&call_.to_client_);
    StartCall();
  }
  // Keeps the leg from ending while an operation is started; false: it has ended. Under mutex_.
  bool Enter() {
    if (reads_done_) return false;
    AddHold();
    return true;
  }
  void Leave() { RemoveHold(); }
  grpc::ClientContext& context() { return *context_; }

  bool writing_ = false;  // like closed_ and reads_done_ guarded by the call's mutex_
  bool closed_ = false;

 private:
  void OnReadDone(bool ok) override {
    if (ok) {
      {
        const std::lock_guard lock(call_.mutex_);
        call_.answered_ = true;
      }
      call_.StartWrite(&call_.to_client_);
      return;
    }
    {
      const std::lock_guard lock(call_.mutex_);
      reads_done_ = true;
    }
    RemoveHold();
  }
  void OnWriteDone(bool ok) override { call_.OnForwarded(ok); }
  void OnDone(const grpc::Status& status) override { call_.OnLegDone(status); }

  ProxiedCall& call_;
  const std::unique_ptr<grpc::ClientContext> context_;
  const std::shared_ptr<grpc::GenericStub> stub_;
  bool reads_done_ = false;
};

ProxiedCall::ProxiedCall(Proxy& proxy, grpc::GenericCallbackServerContext& context,
                         std::string method, std::optional<api::Caller> caller)
    : proxy_(proxy),
      context_(context),
      path_(context.method()),
      method_(std::move(method)),
      caller_(std::move(caller)),
      is_unary_(IsUnary(method_)) {
  StartRead(&from_client_);
}

void ProxiedCall::OnReadDone(bool ok) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = legs_.empty();
    reading_ = false;
    if (is_first) has_first_ = ok;
    client_done_ = !ok;
  }
  if (is_first) {
    if (ok) first_ = from_client_;
    Dial();
  } else if (ok) {
    Forward();
  } else {
    CloseRequests();
  }
}

std::unique_ptr<grpc::ClientContext> ProxiedCall::MakeContext() const {
  // The client's deadline and its cancelling hold for the engine too.
  auto leg_context = grpc::ClientContext::FromCallbackServerContext(context_);
  for (const auto& [key, value] : context_.client_metadata()) {
    const std::string_view name = View(key);
    if (IsTransports(name) || name == "spotter-tenant") continue;
    leg_context->AddMetadata(std::string(name), std::string(View(value)));
  }
  if (caller_.has_value() && !caller_->tenant.value().empty()) {
    leg_context->AddMetadata("spotter-tenant", caller_->tenant.value());
  }
  return leg_context;
}

void ProxiedCall::Dial() {
  const StatusOr<Route> route =
      caller_.has_value()
          ? proxy_.routes_.Find(method_, *caller_, [this] { return BytesOf(first_); })
          : proxy_.routes_.FindAny();
  if (!route.ok()) return FinishWith(route.status());
  auto leg = std::make_unique<Leg>(*this, MakeContext(), proxy_.backends_.At(route->address));
  Leg& started = *leg;
  Status over;
  bool has_first = false;
  {
    const std::lock_guard lock(mutex_);
    over = cancelled_ ? Status(StatusCode::kCancelled, "the client is gone") : ended_;
    if (over.ok()) {
      started.Prepare(path_);
      has_first = has_first_;
      started.writing_ = has_first;
      (void)started.Enter();
      route_ = *route;
      legs_.push_back(std::move(leg));
    }
  }
  if (!over.ok()) return FinishWith(over);
  started.Start();
  if (has_first) started.StartWrite(&first_);
  started.Leave();
  CloseRequests();
}

void ProxiedCall::Forward() {
  Leg* leg = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!legs_.back()->Enter()) return;  // the engine has finished: its status is on the way
    leg = legs_.back().get();
    leg->writing_ = true;
  }
  leg->StartWrite(&from_client_);
  leg->Leave();
}

void ProxiedCall::CloseRequests() {
  Leg* leg = nullptr;
  {
    const std::lock_guard lock(mutex_);
    leg = legs_.back().get();
    if (!client_done_ || leg->writing_ || leg->closed_ || !leg->Enter()) return;
    leg->closed_ = true;
  }
  leg->StartWritesDone();
  leg->Leave();
}

void ProxiedCall::OnForwarded(bool ok) {
  bool reads = false;
  {
    const std::lock_guard lock(mutex_);
    legs_.back()->writing_ = false;
    reads = ok && !reading_ && !client_done_;
    reading_ = reading_ || reads;
  }
  if (reads) {
    StartRead(&from_client_);
  } else {
    CloseRequests();
  }
}

void ProxiedCall::OnWriteDone(bool ok) {
  Leg* leg = nullptr;
  {
    const std::lock_guard lock(mutex_);
    leg = legs_.back().get();
  }
  if (!ok) leg->context().TryCancel();
  leg->StartRead(&to_client_);  // its hold lasts until a read fails
}

bool ProxiedCall::ShouldRetry(const grpc::Status& status) const {
  if (!is_unary_ || answered_ || legs_.size() > 1 || cancelled_ || !ended_.ok()) return false;
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  return legs_.back()->context().GetServerTrailingMetadata().count(api::kElsewhereMetadata) > 0;
}

void ProxiedCall::OnLegDone(const grpc::Status& status) {
  bool retries = false;
  Status ended;
  grpc::ClientContext* leg = nullptr;
  {
    const std::lock_guard lock(mutex_);
    retries = ShouldRetry(status);
    ended = ended_;
    leg = &legs_.back()->context();
  }
  if (retries) {
    pause_.Set(std::chrono::system_clock::now() + kRetryPause, [this](bool) { Dial(); });
    return;
  }
  if (!ended.ok()) return FinishWith(ended);
  bool has_hint = false;
  for (const auto& [key, value] : leg->GetServerTrailingMetadata()) {
    if (IsTransports(View(key)) || View(key) == api::kElsewhereMetadata) continue;
    has_hint = has_hint || View(key) == api::kRetryAfterMetadata;
    context_.AddTrailingMetadata(std::string(View(key)), std::string(View(value)));
  }
  // Also where the engine could not say it itself, because it is gone.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !has_hint) {
    context_.AddTrailingMetadata(api::kRetryAfterMetadata, "1000");
  }
  FinishWith(status);
}

void ProxiedCall::FinishWith(const Status& status) {
  api::AddHints(status, context_);
  FinishWith(api::ToGrpc(status));
}

void ProxiedCall::FinishWith(const grpc::Status& status) {
  proxy_.gate_.Count(method_, Status(static_cast<StatusCode>(status.error_code()), ""));
  Finish(status);
}

void ProxiedCall::OnCancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;  // the leg's context hears of it by itself
}

bool ProxiedCall::HasMoved() {
  const std::lock_guard lock(mutex_);
  if (is_unary_ || legs_.empty() || route_.shard < 0) return false;
  const bool is_of_tenant = caller_.has_value() && !caller_->tenant.value().empty();
  return proxy_.routes_.OwnerOf(route_.shard) != route_.address ||
         (is_of_tenant && proxy_.routes_.HasLeft(caller_->tenant, route_.shard));
}

bool ProxiedCall::BeginEnd(const Status& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_.ok()) return false;
  ended_ = why;
  return !legs_.empty() && legs_.back()->Enter();
}

void ProxiedCall::CompleteEnd() {
  Leg* leg = nullptr;
  {
    const std::lock_guard lock(mutex_);
    leg = legs_.back().get();  // still the one that BeginEnd holds
  }
  leg->context().TryCancel();
  leg->Leave();
}

void ProxiedCall::OnDone() {
  proxy_.Forget(this);
  delete this;
}

}  // namespace spotter::service
