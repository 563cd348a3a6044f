// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letter_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "unit/intake/temp_folder.h"

namespace spotter::intake {
namespace {

namespace fs = std::filesystem;

const EventTime kDay1 = *ParseTime("2026-11-01T10:00:00Z");

DeadLetter Letter(std::string bytes, EventTime received_at = kDay1, std::string tenant = "studio") {
  return {.tenant = std::move(tenant),
          .source = "square",
          .reason = "malformed_json",
          .detail = "found \"…\"\n, expected JSON",
          .content_type = "application/json",
          .backfill = true,
          .received_at = received_at,
          .bytes = std::move(bytes)};
}

class DeadLetterFilesTest : public testing::Test {
 protected:
  std::unique_ptr<DeadLetterFiles> Open() {
    auto files = DeadLetterFiles::Open(options_, clock_);
    EXPECT_TRUE(files.ok()) << files.status();
    return *std::move(files);
  }
  std::string File(const std::string& day) { return options_.folder + "/" + day + ".ndjson"; }
  std::vector<std::string> Bytes(const DeadLetterFiles& files, std::string_view source = "") {
    std::vector<std::string> bytes;
    const DeadLetterPage page = *files.List("studio", source, 100, "");
    for (const DeadLetter& letter : page.letters) {
      bytes.push_back(files.Get("studio", letter.id)->bytes);
    }
    return bytes;
  }

  TempFolder folder_;
  VirtualClock clock_{kDay1};
  DeadLetterOptions options_{.folder = (folder_.path() / "data" / "deadletters").string()};
};

using Strings = std::vector<std::string>;

TEST_F(DeadLetterFilesTest, KeepsLettersOverARestart) {
  const std::string bytes("\0\xff{ not utf-8 \n", 15);
  std::string id;
  {
    auto files = Open();
    id = *files->Add(Letter(bytes));
    ASSERT_TRUE(files->Add(Letter("second", kDay1 + Hours(20))).ok());
  }
  auto files = Open();
  EXPECT_EQ(files->size(), 2u);
  EXPECT_EQ(Bytes(*files), (Strings{"second", bytes}));  // the newest first
  DeadLetter expected = Letter(bytes);
  expected.id = id;
  EXPECT_TRUE(id.starts_with("dlq_"));
  EXPECT_EQ(*files->Get("studio", id), expected);
}

TEST_F(DeadLetterFilesTest, KeepsTheSameBytesOnce) {
  auto files = Open();
  const std::string id = *files->Add(Letter("x"));
  EXPECT_EQ(*files->Add(Letter("x", kDay1 + Hours(5))), id);
  EXPECT_NE(*files->Add(Letter("y")), id);
  EXPECT_EQ(files->size(), 2u);
}

TEST_F(DeadLetterFilesTest, ShowsATenantOnlyItsOwn) {
  auto files = Open();
  const std::string id = *files->Add(Letter("x"));
  EXPECT_EQ(files->Get("other", id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files->Resolve("other", id, Resolution::kDiscarded).code(), StatusCode::kNotFound);
  EXPECT_EQ(files->List("other", "", 10, "")->total, 0u);
  EXPECT_NE(*files->Add(Letter("x", kDay1, "other")), id);
}

TEST_F(DeadLetterFilesTest, ForgetsAResolvedLetter) {
  std::string id;
  {
    auto files = Open();
    id = *files->Add(Letter("x"));
    ASSERT_TRUE(files->Add(Letter("y")).ok());
    ASSERT_TRUE(files->Resolve("studio", id, Resolution::kRedriven).ok());
    EXPECT_EQ(Bytes(*files), Strings{"y"});
    EXPECT_EQ(files->Resolve("studio", id, Resolution::kRedriven).code(), StatusCode::kNotFound);
  }
  auto files = Open();
  EXPECT_EQ(Bytes(*files), Strings{"y"});
  EXPECT_EQ(*files->Add(Letter("x")), id);  // it came again
  files.reset();
  EXPECT_EQ(Open()->size(), 2u);
}

TEST_F(DeadLetterFilesTest, PagesThroughLetters) {
  auto files = Open();
  for (int i = 0; i < 5; ++i) {
    DeadLetter letter = Letter(std::to_string(i), kDay1 + Minutes(i));
    letter.source = i == 2 ? "stripe" : "square";
    ASSERT_TRUE(files->Add(letter).ok());
  }
  const DeadLetterPage first = *files->List("studio", "square", 2, "");
  ASSERT_EQ(first.letters.size(), 2u);
  EXPECT_EQ(first.total, 4u);
  EXPECT_EQ(first.letters[0].bytes, "");
  EXPECT_EQ(first.letters[1].received_at, kDay1 + Minutes(3));
  // What is resolved between two pages does not stop the walk.
  ASSERT_TRUE(files->Resolve("studio", first.letters[1].id, Resolution::kDiscarded).ok());
  const DeadLetterPage second = *files->List("studio", "square", 2, first.next);
  ASSERT_EQ(second.letters.size(), 2u);
  EXPECT_EQ(second.letters[0].received_at, kDay1 + Minutes(1));
  EXPECT_EQ(second.letters[1].received_at, kDay1);
  EXPECT_EQ(second.total, 3u);
  EXPECT_EQ(second.next, "");
  EXPECT_TRUE(files->List("studio", "", 10, "nonsense")->letters.empty());
}

TEST_F(DeadLetterFilesTest, CutsATornLine) {
  {
    auto files = Open();
    ASSERT_TRUE(files->Add(Letter("x")).ok());
    ASSERT_TRUE(files->Add(Letter("torn")).ok());
  }
  const auto size = fs::file_size(File("2026-11-01"));
  fs::resize_file(File("2026-11-01"), size - 3);
  {
    auto files = Open();
    EXPECT_EQ(Bytes(*files), Strings{"x"});
    ASSERT_TRUE(files->Add(Letter("after")).ok());
  }
  EXPECT_EQ(Open()->size(), 2u);
}

TEST_F(DeadLetterFilesTest, PassesOverALineThatIsNotOurs) {
  {
    auto files = Open();
    ASSERT_TRUE(files->Add(Letter("x")).ok());
  }
  std::ofstream(File("2026-11-01"), std::ios::app) << "not ours\n{}\n";
  {
    auto files = Open();
    ASSERT_TRUE(files->Add(Letter("y")).ok());
  }
  EXPECT_EQ(Open()->size(), 2u);
}

TEST_F(DeadLetterFilesTest, DropsADayAfterTheRetention) {
  auto files = Open();
  ASSERT_TRUE(files->Add(Letter("old")).ok());
  clock_.AdvanceTo(kDay1 + Days(5));
  ASSERT_TRUE(files->Add(Letter("new", clock_.Now())).ok());
  clock_.AdvanceTo(kDay1 + Days(14));
  files->Expire();
  EXPECT_EQ(files->size(), 2u);
  clock_.AdvanceTo(kDay1 + Days(15));
  files->Expire();
  EXPECT_EQ(Bytes(*files), Strings{"new"});
  EXPECT_FALSE(fs::exists(File("2026-11-01")));
  EXPECT_EQ(Open()->size(), 1u);
}

TEST_F(DeadLetterFilesTest, RefusesMoreThanItsBound) {
  options_.bytes_max = 2000;
  auto files = Open();
  ASSERT_TRUE(files->Add(Letter(std::string(500, 'x'))).ok());
  const auto refused = files->Add(Letter(std::string(1000, 'y')));
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(files->size(), 1u);
  EXPECT_TRUE(files->Add(Letter("z")).ok());
}

TEST_F(DeadLetterFilesTest, NamesAFolderThatCannotBe) {
  std::ofstream(folder_.path() / "file") << "x";
  options_.folder = (folder_.path() / "file" / "deadletters").string();
  const auto files = DeadLetterFiles::Open(options_, clock_);
  ASSERT_EQ(files.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(MessageOf(files.status()).find(options_.folder), std::string_view::npos);
}

}  // namespace
}  // namespace spotter::intake
