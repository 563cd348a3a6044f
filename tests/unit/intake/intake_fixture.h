// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "intake/dead_letter_files.h"
#include "intake/intake.h"
#include "log/in_memory_log.h"
#include "unit/connect/sample.h"
#include "unit/intake/temp_folder.h"
#include "wire/wire.h"

namespace spotter::intake {

class FewTenants final : public TenantDirectory {
 public:
  std::optional<TenantInfo> Find(const model::TenantId& tenant) const override {
    if (tenant == model::TenantId("studio")) {
      return TenantInfo{.sources = {{.name = "square", .site = "north", .webhook_secret = "key-1"},
                                    {.name = "door", .site = "lobby"},
                                    {.name = "stripe"}}};
    }
    if (tenant == model::TenantId("mentor")) {
      return TenantInfo{.kind = model::TenantKind::kMentor, .region = "GB"};
    }
    if (tenant == model::TenantId("moving")) return TenantInfo{.is_moving = true};
    return std::nullopt;
  }
};

// A log whose disk is full while `is_full`, and that may refuse a record.
class FillableLog final : public log::Log {
 public:
  explicit FillableLog(const Clock& clock) : log_(clock) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    ++appends;
    if (is_full) return Unavailable("log: disk full");
    for (const std::string_view payload : payloads) {
      if (refuses.empty() || payload.find(refuses) == std::string_view::npos) continue;
      return InvalidArgument("log: a record is too large");
    }
    return log_.Append(payloads);
  }
  Status WaitDurable(log::Offset offset) override { return log_.WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return log_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return log_.WaitReadable(from, timeout);
  }
  log::Offset start() const override { return log_.start(); }
  log::Offset durable_end() const override { return log_.durable_end(); }
  log::Offset end() const override { return log_.end(); }
  Status TrimBefore(log::Offset offset) override { return log_.TrimBefore(offset); }

  std::atomic<bool> is_full = false;
  std::atomic<int> appends = 0;
  std::string refuses;  // a record that holds this is too large for it

 private:
  log::InMemoryLog log_;
};

class IntakeTest : public testing::Test {
 protected:
  static constexpr const char* kStudio = "studio";

  explicit IntakeTest(IntakeOptions options = {})
      : intake_(logs_, *dead_letters_, tenants_, clock_, options) {}

  // The events in the log, in order.
  std::vector<model::MemberEvent> Logged() {
    std::vector<log::Record> records;
    EXPECT_TRUE(log_.Read(0, 100000, 1 << 30, records).ok());
    std::vector<model::MemberEvent> events;
    for (const log::Record& record : records) {
      events.push_back(std::get<model::MemberEvent>(*wire::DecodeLogRecord(record.payload)));
    }
    return events;
  }
  std::vector<DeadLetter> Dead() { return dead_letters_->List(kStudio, "", 100, "")->letters; }

  TempFolder folder_;
  VirtualClock clock_{*ParseTime("2026-11-22T12:00:00Z")};
  FillableLog log_{clock_};
  OneLog logs_{log_};
  FewTenants tenants_;
  std::unique_ptr<DeadLetterFiles> dead_letters_ =
      *DeadLetterFiles::Open({.folder = (folder_.path() / "deadletters").string()}, clock_);
  Intake intake_;
};

}  // namespace spotter::intake
