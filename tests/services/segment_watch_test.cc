// SPDX-License-Identifier: Apache-2.0
//
// A membership that the facts contradict is found by the self-check; the segment then stands still
// until it is put again. What is right is left alone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/segment_queries.h"
#include "log/in_memory_log.h"
#include "services/shard/shard_host.h"
#include "store_rocksdb/rocksdb_store.h"
#include "wire/wire.h"

namespace spotter::service {
namespace {

namespace fs = std::filesystem;

const model::TenantId kTenant("studio");

class SegmentWatchTest : public testing::Test {
 protected:
  SegmentWatchTest() {
    std::string name = (fs::temp_directory_path() / "watch_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    log_ = std::make_shared<log::InMemoryLog>(clock_);
  }
  ~SegmentWatchTest() override {
    host_.reset();
    fs::remove_all(root_);
  }
  void Open(Duration self_check) {
    host_.reset();
    ShardParts parts;
    parts.store =
        *store_rocksdb::Open({.directory = root_ + "/state", .cache_bytes = 8 << 20}, true);
    parts.log = log_;
    auto host =
        ShardHost::Open({.snapshots = {.folder = root_ + "/snapshots", .interval = Duration(0)},
                         .self_check = self_check},
                        std::move(parts), clock_, clock_, {});
    ASSERT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    ASSERT_TRUE(host_->CatchUp([] { return false; }).ok());
    ASSERT_TRUE(host_->Claim().ok());
  }
  void Ask(decltype(model::Command::what) what) {
    const auto answer = host_->owner()->Submit({.request_id = fmt::format("r{}", ++requests_),
                                                .tenant = kTenant,
                                                .principal = "test",
                                                .what = std::move(what)},
                                               Seconds(20));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->code, 0) << answer->message;
  }
  void Visit(const std::string& customer) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "app";
    event.source_event_id = "visit-" + customer;
    event.kind = model::EventKind::attendance;
    event.event_time = clock_.Now();
    event.entity = {.type = "attendance", .id = event.source_event_id};
    event.customer_id = customer;
    event.attributes.Set(model::AttributeId::status, std::string("completed"));
    const auto offset = log::AppendDurable(*log_, wire::Encode(model::LogRecord(event)));
    ASSERT_TRUE(offset.ok());
    ASSERT_TRUE(host_->owner()->WaitApplied(log_->durable_end() - 1, Seconds(20)).ok());
  }
  model::SegmentDefinition Find(const std::string& id) {
    return **engine::FindSegment(host_->store(), kTenant, id);
  }
  template <typename Condition>
  static void WaitUntil(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
  // As a bug would leave it: the member is said not to be in the segment.
  void Forget(const std::string& segment) {
    host_.reset();
    const auto store =
        *store_rocksdb::Open({.directory = root_ + "/state", .cache_bytes = 8 << 20}, true);
    const auto page = *engine::ListProfiles(*store, kTenant, 1, "");
    state::Profile profile = page.rows.at(0);
    for (model::Membership& one : profile.memberships) {
      if (one.segment == segment) one.is_member = false;
    }
    store::WriteBatch batch;
    batch.Put(store::Family::kState, state::ProfileKey(kTenant.value(), profile.id),
              state::EncodeRow(profile));
    ASSERT_TRUE(store->Commit(batch).ok());
    ASSERT_TRUE(store->Sync().ok());
  }

  std::string root_;
  SystemClock clock_;
  std::shared_ptr<log::InMemoryLog> log_;
  std::shared_ptr<ShardHost> host_;
  int requests_ = 0;
};

// mission: C4
TEST_F(SegmentWatchTest, ASegmentThatIsWrongStandsStillUntilItIsPutAgain) {
  Open(Duration(0));
  Ask(model::PutTenant{{.id = kTenant, .suppression_key = std::string(32, 'k')}});
  Ask(model::PutSegment{{.id = "came", .expression = "events('visit').exists()"}});
  Ask(model::PutSegment{{.id = "reader", .expression = "segment('came')"}});
  Ask(model::PutSegment{{.id = "apart", .expression = "events('purchase').exists()"}});
  Visit("ann");
  EXPECT_EQ(host_->segment_watch()->checks(), 0);  // it was told not to look
  Forget("came");

  Open(Duration(20));
  WaitUntil([&] { return !Find("came").quarantine.empty(); });
  EXPECT_GE(host_->segment_watch()->divergences(), 1);
  EXPECT_NE(Find("came").quarantine.find("was stored as not in it"), std::string::npos);
  EXPECT_EQ(Find("reader").quarantine, "");
  EXPECT_EQ(Find("apart").quarantine, "");
  // It stands still for others too, and so does who reads it: nobody enters by what comes.
  Visit("bob");
  const uint64_t seen = host_->segment_watch()->checks();
  WaitUntil([&] { return host_->segment_watch()->checks() >= seen + 6; });
  EXPECT_EQ(Find("reader").quarantine, "");
  EXPECT_EQ((*engine::CountMembers(host_->store(), kTenant, "came"))->members, 1);

  Ask(model::PutSegment{{.id = "came", .expression = "events('visit').exists()"}});
  EXPECT_EQ(Find("came").quarantine, "");
  WaitUntil([&] {
    const auto page = *engine::ListProfiles(host_->store(), kTenant, 10, "");
    return page.rows.size() == 2 && std::ranges::all_of(page.rows, [](const auto& profile) {
             return std::ranges::any_of(profile.memberships, [](const auto& one) {
               return one.segment == "came" && one.is_member;
             });
           });
  });
  const uint64_t found = host_->segment_watch()->divergences();
  const uint64_t checks = host_->segment_watch()->checks();
  WaitUntil([&] { return host_->segment_watch()->checks() >= checks + 12; });
  EXPECT_EQ(host_->segment_watch()->divergences(), found);
  EXPECT_EQ(Find("came").quarantine, "");
}

}  // namespace
}  // namespace spotter::service
