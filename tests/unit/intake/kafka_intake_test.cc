// SPDX-License-Identifier: Apache-2.0
#include "intake/kafka_intake.h"

#include <gtest/gtest.h>

#include "intake/dead_letter_topic.h"
#include "unit/intake/in_memory_source.h"
#include "unit/intake/intake_fixture.h"

namespace spotter::intake {
namespace {

using model::TenantId;

// Tenants a to d, each with a log of its own that can be away; "a" and "b" may be on the move.
class FewLogs final : public ShardLogs {
 public:
  explicit FewLogs(const Clock& clock) : clock_(clock) {}
  StatusOr<std::shared_ptr<log::Log>> Of(const TenantId& tenant) const override {
    return std::shared_ptr<log::Log>(Get(tenant.value()));
  }
  std::shared_ptr<FillableLog> Get(const std::string& tenant) const {
    const std::lock_guard lock(mutex_);
    auto& log = logs_[tenant];
    if (log == nullptr) log = std::make_shared<FillableLog>(clock_);
    return log;
  }

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<FillableLog>> logs_;
};

class SetTenants final : public TenantDirectory {
 public:
  std::optional<TenantInfo> Find(const TenantId& tenant) const override {
    if (!known.contains(tenant.value())) return std::nullopt;
    return TenantInfo{.is_moving = moving.contains(tenant.value())};
  }
  std::set<std::string> known = {"a", "b", "c", "d"};
  std::set<std::string> moving;
};

class KafkaIntakeTest : public testing::Test {
 protected:
  // A door scan as a structured CloudEvent.
  int64_t Scan(const std::string& tenant, const std::string& id, int32_t partition = 0) {
    return source_.Put(
        "studio.scanners", partition,
        {{"spotter-tenant", tenant}, {"content-type", "application/cloudevents+json"}},
        fmt::format(R"({{"specversion":"1.0","id":"{0}","source":"door",)"
                    R"("type":"spotter.member_event.v1","data":{{)"
                    R"("source":"door","source_event_id":"{0}",)"
                    R"("kind":"EVENT_KIND_SCAN_RECORDED",)"
                    R"("event_time":"2026-11-22T11:00:00Z",)"
                    R"("entity":{{"type":"scan","id":"{0}"}},)"
                    R"("customer_id":"badge-1"}}}})",
                    id));
  }
  // Ids of the events in a tenant's log, in order.
  std::vector<std::string> Logged(const std::string& tenant) {
    std::vector<log::Record> records;
    EXPECT_TRUE(logs_.Get(tenant)->Read(0, 100'000, 1 << 30, records).ok());
    std::vector<std::string> ids;
    for (const log::Record& record : records) {
      ids.push_back(std::get<model::MemberEvent>(*wire::DecodeLogRecord(record.payload)).entity.id);
    }
    return ids;
  }
  std::vector<DeadLetter> Dead(const std::string& tenant) {
    return dead_letters_->List(tenant, "", 100, "")->letters;
  }
  void Steps(int count, Duration each = Duration(200)) {
    for (int i = 0; i < count; ++i) {
      reader_.Step();
      clock_.AdvanceTo(clock_.Now() + each);
    }
  }
  int64_t Committed(int32_t partition = 0) {
    return source_.committed("studio.scanners", partition);
  }

  using Ids = std::vector<std::string>;

  TempFolder folder_;
  VirtualClock clock_{*ParseTime("2026-11-22T12:00:00Z")};
  FewLogs logs_{clock_};
  SetTenants tenants_;
  InMemorySource source_;
  std::unique_ptr<DeadLetterFiles> dead_letters_ =
      *DeadLetterFiles::Open({.folder = (folder_.path() / "deadletters").string()}, clock_);
  Intake intake_{logs_, *dead_letters_, tenants_, clock_};
  TopicOptions options_{.messages_in_hand_max = 10};
  KafkaIntake reader_{source_, intake_, clock_, options_};
};

// mission: E3
TEST_F(KafkaIntakeTest, AppendsATenantsMessagesOfATurnAtOnceAndInOrder) {
  for (int i = 0; i < 4; ++i) {
    Scan("a", fmt::format("a{}", i));
    Scan("b", fmt::format("b{}", i));
  }
  Steps(2);
  EXPECT_EQ(Logged("a"), (Ids{"a0", "a1", "a2", "a3"}));
  EXPECT_EQ(Logged("b"), (Ids{"b0", "b1", "b2", "b3"}));
  EXPECT_EQ(logs_.Get("a")->appends, 1);
  EXPECT_EQ(Committed(), 8);
  EXPECT_EQ(reader_.counters().messages.Values().at("studio.scanners"), 8);
}

TEST_F(KafkaIntakeTest, CommitsNothingThatIsNotDurable) {
  logs_.Get("a")->is_full = true;
  for (int i = 0; i < 3; ++i) Scan("a", fmt::format("a{}", i));
  Steps(20);
  EXPECT_EQ(Committed(), 0);
  EXPECT_EQ(reader_.counters().waiting_tenants, 1);
  logs_.Get("a")->is_full = false;
  Steps(30);  // the longest wait between two tries is five seconds
  EXPECT_EQ(Logged("a"), (Ids{"a0", "a1", "a2"}));
  EXPECT_EQ(Committed(), 3);
  EXPECT_EQ(reader_.counters().waiting_tenants, 0);
}

TEST_F(KafkaIntakeTest, AMovingTenantHoldsUpNobodyElse) {
  tenants_.moving = {"a"};
  Scan("b", "b0");
  Scan("a", "a0");
  Scan("b", "b1");
  Scan("c", "c0", 1);
  Steps(3);
  EXPECT_EQ(Logged("b"), (Ids{"b0", "b1"}));
  EXPECT_EQ(Logged("c"), (Ids{"c0"}));
  EXPECT_EQ(Logged("a"), Ids{});
  EXPECT_EQ(Committed(0), 1) << "what waits is not passed over";
  EXPECT_EQ(Committed(1), 1);
  Scan("a", "a1");
  tenants_.moving = {};
  Steps(30);
  EXPECT_EQ(Logged("a"), (Ids{"a0", "a1"}));
  EXPECT_EQ(Committed(0), 4);
}

TEST_F(KafkaIntakeTest, ReadsNoMoreThanItMayHold) {
  logs_.Get("a")->is_full = true;
  for (int i = 0; i < 30; ++i) Scan("a", fmt::format("a{}", i));
  Steps(50);
  EXPECT_EQ(reader_.counters().in_hand, 10);
  EXPECT_EQ(source_.polls, 50) << "the group sees us alive";
  logs_.Get("a")->is_full = false;
  Steps(60);
  EXPECT_EQ(Logged("a").size(), 30u);
  EXPECT_EQ(Committed(), 30);
}

TEST_F(KafkaIntakeTest, ForgetsWhatItHoldsWhenPartitionsMove) {
  tenants_.moving = {"a"};
  Scan("a", "a0");
  Scan("b", "b0");
  Steps(2);
  source_.Rebalance();
  EXPECT_EQ(Committed(), 0);
  tenants_.moving = {};
  Steps(5);
  EXPECT_EQ(Logged("a"), (Ids{"a0"})) << "not once from before and once from after";
  EXPECT_EQ(Logged("b"), (Ids{"b0", "b0"})) << "its offset lay above one that waited";
  EXPECT_EQ(Committed(), 2);
}

TEST_F(KafkaIntakeTest, GivesTheNewsOfATenantTimeToArrive) {
  Scan("new", "n0");
  Steps(3);
  EXPECT_EQ(Committed(), 0);
  tenants_.known.insert("new");
  Steps(10);
  EXPECT_EQ(Logged("new"), (Ids{"n0"}));
  EXPECT_EQ(Committed(), 1);
  EXPECT_TRUE(Dead("new").empty());
}

TEST_F(KafkaIntakeTest, KeepsWhatNoTenantOwns) {
  Scan("nobody", "n0");
  Scan("a", "a0");
  Steps(30);
  ASSERT_EQ(Dead("nobody").size(), 1u);
  EXPECT_EQ(Dead("nobody")[0].reason, "unknown_tenant");
  EXPECT_EQ(intake_.counters().rejected.Values().at("unknown_tenant"), 1);
  EXPECT_EQ(Logged("nobody"), Ids{});
  EXPECT_EQ(Committed(), 2);
}

TEST_F(KafkaIntakeTest, KeepsGarbageAndPassesTombstones) {
  const InMemorySource::Headers square = {{"spotter-tenant", "a"}, {"spotter-source", "square"}};
  source_.Put("studio.pos", 0, square, "<html>");
  source_.Put("studio.pos", 0, square, std::nullopt);
  source_.Put("studio.pos", 0, square, std::string(5'000'000, 'x'));
  source_.Put("studio.pos", 0, {}, "who am I");
  source_.Put("studio.pos", 0, square, ReadSample("square/booking.created.json"));
  Steps(3);
  EXPECT_EQ(source_.committed("studio.pos"), 5);
  EXPECT_EQ(Logged("a").size(), 1u);
  std::set<std::string> reasons;
  for (const DeadLetter& letter : Dead("a")) reasons.insert(letter.reason);
  EXPECT_EQ(reasons, (std::set<std::string>{"malformed_json", "too_large"}));
  ASSERT_EQ(Dead("").size(), 1u);
  EXPECT_EQ(Dead("")[0].reason, "no_tenant");
  EXPECT_EQ(intake_.counters().ignored.Values().at("kafka.tombstone"), 1);
}

TEST_F(KafkaIntakeTest, KeepsARecordThatTheLogRefusesAndTheRestGoesOn) {
  logs_.Get("a")->refuses = "a1";
  for (int i = 0; i < 3; ++i) Scan("a", fmt::format("a{}", i));
  Steps(3);
  EXPECT_EQ(Logged("a"), (Ids{"a0", "a2"}));
  ASSERT_EQ(Dead("a").size(), 1u);
  EXPECT_EQ(Dead("a")[0].reason, "too_large");
  EXPECT_EQ(Committed(), 3);
}

// What is refused of a body is one letter, however often the log is tried for the rest of the line.
// mission: E3
TEST_F(KafkaIntakeTest, AnOutageOfTheLogLeavesOneLetterForWhatIsRefused) {
  source_.Put("studio.scanners", 0,
              {{"spotter-tenant", "a"}, {"content-type", "application/cloudevents+json"}},
              R"({"specversion":"1.0","id":"x","source":"door","type":"spotter.member_event.v1",)"
              R"("data":{"kind":"EVENT_KIND_SCAN_RECORDED"}})");
  Scan("a", "after");
  const auto letters = std::make_shared<log::InMemoryLog>(clock_);
  DeadLetterTopic topic("letters", {letters});
  Intake intake{logs_, topic, tenants_, clock_};
  KafkaIntake reader{source_, intake, clock_, options_};
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      reader.Step();
      clock_.AdvanceTo(clock_.Now() + Duration(200));
    }
  };
  logs_.Get("a")->is_full = true;
  steps(20);
  EXPECT_GT(logs_.Get("a")->appends, 3);
  EXPECT_EQ(letters->end(), 1);
  EXPECT_EQ(Committed(), 0);
  logs_.Get("a")->is_full = false;
  steps(50);
  EXPECT_EQ(Logged("a"), Ids{"after"});
  EXPECT_EQ(letters->end(), 1);
  EXPECT_EQ(Committed(), 2);
}

TEST_F(KafkaIntakeTest, FinishesWhatIsInHandWhenItStops) {
  for (int i = 0; i < 3; ++i) Scan("a", fmt::format("a{}", i));
  reader_.Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (reader_.counters().messages.Values()["studio.scanners"] < 3 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  reader_.Stop();
  EXPECT_EQ(Committed(), 3);
}

}  // namespace
}  // namespace spotter::intake
