// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>

#include "api/server.h"
#include "dispatch/dispatcher.h"
#include "log/in_memory_log.h"
#include "store/in_memory_store.h"

namespace spotter::api {

// Dead letters in memory.
class FakeDeadLetters final : public intake::DeadLetters {
 public:
  StatusOr<std::string> Add(intake::DeadLetter letter) override {
    letter.id = intake::DeadLetterId(letter);
    letters[letter.id] = letter;
    return letter.id;
  }
  StatusOr<intake::DeadLetterPage> List(std::string_view tenant, std::string_view, size_t,
                                        std::string_view) const override {
    intake::DeadLetterPage page;
    for (const auto& [id, letter] : letters) {
      if (letter.tenant == tenant) page.letters.push_back(letter);
    }
    page.total = page.letters.size();
    return page;
  }
  StatusOr<intake::DeadLetter> Get(std::string_view, std::string_view id) const override {
    const auto found = letters.find(std::string(id));
    if (found == letters.end()) return NotFound("no dead letter '{}'", id);
    return found->second;
  }
  Status Resolve(std::string_view, std::string_view id, intake::Resolution) override {
    letters.erase(std::string(id));
    return OkStatus();
  }
  void Expire() override {}
  std::map<std::string, intake::DeadLetter> letters;
};

class FakeTenants final : public intake::TenantDirectory {
 public:
  std::optional<intake::TenantInfo> Find(const model::TenantId& tenant) const override {
    if (tenant.value() == "studio" || tenant.value() == "other") return intake::TenantInfo{};
    return std::nullopt;
  }
};

class FakeShardOperations final : public ShardOperations {
 public:
  StatusOr<SnapshotInfo> TakeSnapshot() override { return SnapshotInfo{.name = "s"}; }
  StatusOr<std::vector<SnapshotInfo>> ListSnapshots() override {
    return std::vector<SnapshotInfo>();
  }
  Status SkipOffset(int64_t, std::string) override { return OkStatus(); }
  StatusOr<BarrierInfo> WriteBarrier(uint32_t) override { return BarrierInfo{}; }
  std::string problem() const override { return ""; }
};

// The one shard here; while `is_away` every tenant lives in another process.
class FewShards final : public Shards {
 public:
  explicit FewShards(const ShardPorts& shard) : here_(shard) {}
  StatusOr<ShardHandle> Of(const model::TenantId& tenant) const override {
    if (is_away) return Elsewhere(fmt::format("tenant '{}' lives on shard 3", tenant.value()));
    return here_.Of(tenant);
  }
  StatusOr<ShardHandle> At(int number) const override { return here_.At(number); }
  std::vector<ShardHandle> All() const override { return here_.All(); }

  std::atomic<bool> is_away = false;

 private:
  const OneShard here_;
};

class FakeOperations final : public Operations {
 public:
  FakeOperations(VirtualClock& clock, std::unique_ptr<engine::Owner>& owner)
      : clock_(clock), owner_(owner) {}
  StatusOr<bool> AdvanceTime(EventTime to) override {
    clock_.AdvanceTo(to);
    SPOTTER_RETURN_IF_ERROR(owner_->CatchUp(Seconds(30)));
    return false;
  }
  StatusOr<std::string> ZoneRules(const std::string& zone) override {
    if (zone != "UTC") return NotFound("time zone '{}'", zone);
    // TZif version 1 with nothing in it but one type: UTC.
    std::string bytes = "TZif2";
    for (int part = 0; part < 2; ++part) {
      if (part == 1) bytes += "TZif2";
      bytes += std::string(15, '\0');
      for (const char count : std::string("\0\0\0\0\1\4", 6)) bytes += std::string(3, '\0') + count;
      bytes += std::string(6, '\0') + std::string("UTC\0", 4);
    }
    return bytes + "\nUTC0\n";
  }
  std::string RandomBytes(size_t size) override {
    return std::string(size - 1, 'r') + static_cast<char>('0' + ++drawn_);
  }
  StatusOr<int64_t> TakeShard(int) override { return 7; }
  StatusOr<TenantMoveInfo> MoveTenant(const model::TenantId&, int to_shard) override {
    return TenantMoveInfo{.step = MoveStep::kClosing, .revision = 1, .to_shard = to_shard};
  }
  StatusOr<TenantMoveInfo> TenantMoveOf(const model::TenantId&) override {
    return TenantMoveInfo{.step = MoveStep::kMoved, .revision = 1, .rows = 7, .hash = "aa"};
  }
  Status ReleaseShard(int) override { return OkStatus(); }
  std::string version() const override { return "test"; }

  // 64 hexadecimal digits that differ for different tokens; what they are is not this test's.
  static std::string FakeSha(std::string_view bytes) {
    return Hex(HashOf(bytes)) + Hex(HashOf(bytes, 1));
  }

 private:
  VirtualClock& clock_;
  std::unique_ptr<engine::Owner>& owner_;
  int drawn_ = 0;
};

// A server with all services over a real shard in memory; tenants `studio` and `other`.
class ApiTest : public testing::Test {
 protected:
  explicit ApiTest(std::vector<access::TokenEntry> tokens = {})
      : clock_(EventTime{1'760'013'000'000}),
        log_(clock_),
        control_log_(clock_),
        directory_(control_log_),
        dispatcher_(store_, log_, clock_, {}),
        intake_(logs_, dead_letters_, tenants_, clock_, {.accept_unsigned = true}),
        operations_(clock_, owner_) {
    if (!tokens.empty()) {
      auto table = access::TokenTable::Make(std::move(tokens));
      EXPECT_TRUE(table.ok()) << table.status();
      if (table.ok()) tokens_ = *std::move(table);
    }
    auto owner = engine::Owner::Start(store_, log_, clock_, {}, {}, &dispatcher_);
    EXPECT_TRUE(owner.ok()) << owner.status();
    owner_ = *std::move(owner);
    EXPECT_TRUE(dispatcher_.Begin(*owner_).ok());
    gate_ =
        std::make_unique<Gate>(tokens_.has_value() ? &*tokens_ : nullptr, FakeOperations::FakeSha);
    shards_.emplace(ShardPorts{.store = store_,
                               .log = log_,
                               .owner = owner_.get(),
                               .delivery = dispatcher_,
                               .operations = shard_operations_});
    auto server = Server::Start({.address = "127.0.0.1:0"}, {.shards = *shards_,
                                                             .intake = intake_,
                                                             .directory = directory_,
                                                             .dead_letters = dead_letters_,
                                                             .operations = operations_,
                                                             .clock = clock_,
                                                             .gate = *gate_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(fmt::format("127.0.0.1:{}", server_->port()),
                                   grpc::InsecureChannelCredentials());
    for (const char* id : {"studio", "other"}) {
      const auto created =
          owner_->Submit({.request_id = "create",
                          .tenant = model::TenantId(id),
                          .what = model::PutTenant{{.id = model::TenantId(id),
                                                    .suppression_key = std::string(32, id[0])}}},
                         Seconds(30));
      EXPECT_TRUE(created.ok()) << created.status();
    }
  }

  ~ApiTest() override {
    dispatcher_.Stop();
    server_->Stop(Seconds(5));
    EXPECT_TRUE(owner_->Stop().ok());
  }

  VirtualClock clock_;
  log::InMemoryLog log_;
  log::InMemoryLog control_log_;
  control::Directory directory_;
  store::InMemoryStore store_;
  std::optional<access::TokenTable> tokens_;
  dispatch::Dispatcher dispatcher_;
  FakeDeadLetters dead_letters_;
  FakeTenants tenants_;
  intake::OneLog logs_{log_};
  intake::Intake intake_;
  std::unique_ptr<engine::Owner> owner_;
  FakeShardOperations shard_operations_;
  FakeOperations operations_;
  std::optional<FewShards> shards_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace spotter::api
