// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "spotter/v1/log.pb.h"
#include "unit/wire/sample_records.h"
#include "wire/wire.h"

namespace spotter::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

// The fields that are set somewhere in `message`, by full name.
void CollectSetFields(const Message& message, std::set<std::string>& names) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    names.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const auto& reflection = *message.GetReflection();
    if (!field->is_repeated()) CollectSetFields(reflection.GetMessage(message, field), names);
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
      CollectSetFields(reflection.GetRepeatedMessage(message, field, i), names);
    }
  }
}

// The fields that can be set somewhere below `type`.
void CollectDeclaredFields(const google::protobuf::Descriptor& type, std::set<std::string>& names) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    const bool is_new = names.insert(field->full_name()).second;
    if (is_new && field->message_type() != nullptr) {
      CollectDeclaredFields(*field->message_type(), names);
    }
  }
}

// Together with WritesEveryField this is the whole law Decode(Encode(x)) == x: nothing is lost on
// the way out, and nothing on the way in.
TEST(LogRecord, ReadsBackEveryKind) {
  std::set<size_t> kinds;
  for (const auto& [name, record] : SampleRecords()) {
    SCOPED_TRACE(name);
    const std::string bytes = Encode(record);
    const StatusOr<model::LogRecord> back = DecodeLogRecord(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->index(), record.index());
    EXPECT_EQ(HexOf(Encode(*back)), HexOf(bytes));
    if (const auto* event = std::get_if<model::MemberEvent>(&record)) {
      EXPECT_EQ(std::get<model::MemberEvent>(*back), *event);
    }
    const auto* command = std::get_if<model::Command>(&record);
    kinds.insert(command != nullptr ? 100 + command->what.index() : record.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<model::LogRecord> - 1 +
                              std::variant_size_v<decltype(model::Command::what)>);
}

// mission: C20 (a consent's time, origin and exact text), E1
TEST(LogRecord, WritesEveryField) {
  std::set<std::string> declared;
  CollectDeclaredFields(*v1::LogRecord::descriptor(), declared);
  std::set<std::string> set;
  for (const auto& [name, record] : SampleRecords()) {
    v1::LogRecord message;
    ASSERT_TRUE(message.ParseFromString(Encode(record)));
    CollectSetFields(message, set);
  }
  // Set by the server in its answers, never in the log.
  for (const std::string_view name : {"sentence", "cost", "wakes_per_day"}) {
    EXPECT_EQ(1, declared.erase(fmt::format("spotter.v1.Segment.{}", name)));
  }
  for (const std::string& field : declared) EXPECT_TRUE(set.contains(field)) << field;
}

std::vector<std::pair<std::string, model::ControlRecord>> SampleControlRecords() {
  return {
      {"skip_offset", model::SkipOffset{7, "poison"}},
      {"barrier", model::Barrier{9, 2}},
      {"skip_offset_of_shard", model::SkipOffset{7, "poison", 3}},
      {"skip_taken_back", model::SkipOffset{7, "restored", 3, true}},
      {"barrier_of_shard", model::Barrier{9, 2, 3}},
      {"place_tenant", model::PlaceTenant{model::TenantId("studio"), 3, model::MovePhase::kMoving}},
      {"place_tenant_of_move",
       model::PlaceTenant{model::TenantId("studio"), 3, model::MovePhase::kMoving, 5, 4, "why"}},
      {"tenant_entry",
       model::TenantEntry{.tenant = model::TenantId("studio"),
                          .kind = model::TenantKind::kMentor,
                          .region = "AT",
                          .sources = {{.name = "square", .site = "north", .topics = {"pos"}}}}},
      {"shard_owner", model::ShardOwner{3, 8, "engine-1/a7", "engine-1:9090", true}},
      {"shard_count", model::ShardCount{16, "spotter.log"}},
  };
}

// The contract is frozen: the bytes of a log that exists must mean the same for ever. A new field
// adds a line here or changes one that got it; it never changes what is there.
// SPOTTER_WRITE_GOLDEN=1 writes the file.
TEST(LogRecord, KeepsItsBytes) {
  const std::string path = SPOTTER_SOURCE_DIR "/tests/unit/wire/golden/log_records.txt";
  std::vector<std::pair<std::string, std::string>> samples;
  for (const auto& [name, record] : SampleRecords()) samples.emplace_back(name, Encode(record));
  for (const auto& [name, record] : SampleControlRecords()) {
    samples.emplace_back(name, Encode(record));
  }
  if (std::getenv("SPOTTER_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(path);
    for (const auto& [name, bytes] : samples) out << name << ' ' << HexOf(bytes) << '\n';
  }
  std::map<std::string, std::string> golden;
  std::ifstream in(path);
  for (std::string name, hex; in >> name >> hex;) golden[name] = hex;
  ASSERT_EQ(golden.size(), samples.size()) << path;
  for (const auto& [name, bytes] : samples) EXPECT_EQ(HexOf(bytes), golden[name]) << name;
}

TEST(LogRecord, RefusesAKindOfALaterVersion) {
  v1::LogRecord later;  // empty, and with a field that this version does not have
  EXPECT_EQ(DecodeLogRecord("").status().code(), StatusCode::kInvalidArgument);
  const std::string field_99("\x9a\x06\x00", 3);
  const Status status = DecodeLogRecord(field_99).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(status), "log record: no kind of record that this version knows");

  later.mutable_command()->set_request_id("r-9");
  EXPECT_EQ(MessageOf(DecodeLogRecord(later.SerializeAsString()).status()),
            "command 'r-9': no kind of command that this version knows");
  EXPECT_EQ(DecodeControlRecord(field_99).status().code(), StatusCode::kInvalidArgument);
}

TEST(LogRecord, RefusesBadIdsAndOutcomes) {
  const auto refusal = [](auto fill) {
    v1::LogRecord record;
    record.mutable_command()->set_request_id("r");
    fill(*record.mutable_command());
    return std::string(MessageOf(DecodeLogRecord(record.SerializeAsString()).status()));
  };
  EXPECT_NE(
      refusal([](v1::Command& c) { c.mutable_add_note()->set_profile("prf_x"); }).find("prf_x"),
      std::string::npos);
  EXPECT_NE(
      refusal([](v1::Command& c) {
        c.mutable_split_profile()->set_profile(model::ToText(model::ProfileId(Hash128{1, 1})));
        c.mutable_split_profile()->add_records("rec_!");
      }).find("rec_!"),
      std::string::npos);
  EXPECT_EQ(refusal([](v1::Command& c) {
              auto& settlement = *c.mutable_settle()->add_settlements();
              settlement.set_profile(model::ToText(model::ProfileId(Hash128{1, 1})));
              settlement.set_outcome(v1::SETTLE_OUTCOME_RETRY);
            }),
            "command 'r': outcome: 3 is not a value this version knows");
  EXPECT_EQ(
      refusal([](v1::Command& c) { c.mutable_change_suppression()->set_contact_hash("short"); }),
      "command 'r': contact_hash has 5 bytes, expected 16");
  EXPECT_EQ(refusal([](v1::Command& c) {
              auto& step = *c.mutable_put_journey()->mutable_journey()->add_steps();
              c.mutable_put_journey()->mutable_journey()->set_id("j");
              step.set_id("s");
            }),
            "command 'r': journey 'j': step 's': no kind of step that this version knows");
}

// What decodes from damaged bytes is a value like any other: it encodes and decodes again.
TEST(LogRecord, SurvivesDamagedBytes) {
  std::mt19937_64 random(20'261'122);
  const auto samples = SampleRecords();
  int refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string bytes;
    if (i % 4 == 0) {
      bytes.resize(random() % 64);
      for (char& byte : bytes) byte = static_cast<char>(random());
    } else {
      bytes = Encode(samples[random() % samples.size()].second);
      for (uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
      }
      if (i % 4 == 1) bytes.resize(random() % bytes.size());
    }
    (void)DecodeControlRecord(bytes);
    const StatusOr<model::LogRecord> record = DecodeLogRecord(bytes);
    if (!record.ok()) {
      EXPECT_EQ(record.status().code(), StatusCode::kInvalidArgument);
      ++refused;
    } else {
      EXPECT_TRUE(DecodeLogRecord(Encode(*record)).ok());
    }
  }
  EXPECT_GT(refused, 10'000);
}

// Claims of a version that knew no phases: their owner delivered, and needed no heartbeat.
TEST(LogRecord, AClaimWithoutAPhaseDelivers) {
  v1::LogRecord first_version;
  first_version.mutable_claim()->set_generation(3);
  first_version.mutable_claim()->set_owner("host-1");
  const auto record = DecodeLogRecord(first_version.SerializeAsString());
  ASSERT_TRUE(record.ok()) << record.status();
  const auto& claim = std::get<model::Claim>(*record);
  EXPECT_EQ(claim.generation, 3);
  EXPECT_EQ(claim.phase, model::ClaimPhase::kDelivers);
  EXPECT_EQ(claim.lease, Duration(0));
  first_version.mutable_claim()->set_phase(static_cast<v1::ClaimPhase>(9));
  EXPECT_FALSE(DecodeLogRecord(first_version.SerializeAsString()).ok());
}

TEST(ControlRecord, ReadsBack) {
  std::set<size_t> kinds;
  for (const auto& [name, record] : SampleControlRecords()) {
    const StatusOr<model::ControlRecord> back = DecodeControlRecord(Encode(record));
    ASSERT_TRUE(back.ok()) << name << ": " << back.status();
    EXPECT_EQ(*back, record) << name;
    kinds.insert(record.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<model::ControlRecord>);
}

// mission: E1
TEST(ControlRecord, WritesEveryField) {
  std::set<std::string> declared, set;
  CollectDeclaredFields(*v1::ControlRecord::descriptor(), declared);
  for (const auto& [name, record] : SampleControlRecords()) {
    v1::ControlRecord message;
    ASSERT_TRUE(message.ParseFromString(Encode(record)));
    CollectSetFields(message, set);
  }
  for (const std::string& field : declared) EXPECT_TRUE(set.contains(field)) << field;
}

// A directory of the first version knows no shards: its records are of shard 0, with the same
// bytes.
TEST(ControlRecord, OfNoShardIsOfShardZero) {
  v1::ControlRecord first_version;
  first_version.mutable_skip_offset()->set_offset(7);
  first_version.mutable_skip_offset()->set_reason("poison");
  EXPECT_EQ(*DecodeControlRecord(first_version.SerializeAsString()),
            model::ControlRecord(model::SkipOffset{7, "poison", 0}));
}

TEST(ControlRecord, RefusesAPhaseOfALaterVersion) {
  v1::ControlRecord record;
  record.mutable_place_tenant()->set_tenant("studio");
  record.mutable_place_tenant()->set_move(static_cast<v1::MovePhase>(9));
  EXPECT_EQ(MessageOf(DecodeControlRecord(record.SerializeAsString()).status()),
            "move: 9 is not a value this version knows");
}

}  // namespace
}  // namespace spotter::wire
