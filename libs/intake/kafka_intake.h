// SPDX-License-Identifier: Apache-2.0
//
// Source topics into the log, at least once: a message's offset is committed only when its events
// are durable in the log, or it is a durable dead letter; what was not committed is read again, and
// entities absorb what the log then holds twice.
//
// Why lines: the messages of one tenant must reach the log in their order, but a tenant that waits
// (it is moving, its partition has no leader) must not hold up the others. So each tenant has a
// line; a line that fails waits alone, and grows while its tenant's messages come. The offset that
// may be committed is the one below which no message waits (OffsetLedger). All lines together are
// bounded: at the bound nothing more is read, and the group still sees us alive.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <variant>

#include "base/clock.h"
#include "intake/bind_message.h"
#include "intake/intake.h"
#include "intake/offset_ledger.h"
#include "log_kafka/source_consumer.h"

namespace spotter::intake {

// spotter_ingest_...; thread safety: any thread.
struct TopicCounters {
  NamedCounts messages;             // done: in the log, a dead letter, or ignored by name; by topic
  std::atomic<int64_t> in_hand{0};  // read and not done
  std::atomic<int64_t> waiting_tenants{0};  // whose last try failed
};

// Thread safety: Step and Drain from one thread, which is its own between Start and Stop.
class KafkaIntake {
 public:
  // Everything outlives it.
  KafkaIntake(log_kafka::SourceConsumer& consumer, Intake& intake, const Clock& clock,
              TopicOptions options = {});
  ~KafkaIntake() { Stop(); }

  // A thread of its own steps from now on. Stop lets it finish what is in hand and commits.
  void Start();
  void Stop();

  // One turn: reads what has come, brings each line one append further, commits.
  void Step();
  // Tries once more with all that is in hand, and commits.
  void Drain();

  const TopicCounters& counters() const { return counters_; }

 private:
  struct InHand {
    OffsetLedger::Partition partition;
    int64_t offset = 0;
    std::variant<BoundBody, DeadLetter> what;
    size_t bytes = 0;
    bool letters_kept = false;  // TrustedBody
  };
  // Of a tenant; that of "" has the dead letters.
  struct Line {
    std::deque<InHand> waiting;
    Duration backoff{0};  // zero: the last try went well
    EventTime failing_since;
    EventTime failed_at;
  };
  struct Served {
    size_t done = 0;  // from the front of the line
    Status trouble;
  };

  void Read();
  void DropWhatIsNotOurs(const std::vector<log_kafka::SourceMessage>& messages);
  void Take(log_kafka::SourceMessage message);
  void ServeLines(bool only_due);
  Served Serve(const std::string& tenant, Line& line);
  Served ServeLetters(const Line& line);
  static TrustedBody TrustedOf(InHand& in_hand);
  Served ServeBodies(const model::TenantId& tenant, Line& line);
  // After the log has refused a record of several bodies: each by itself.
  Served ServeOneByOne(const model::TenantId& tenant, Line& line, size_t count);
  size_t CountOfOneAppend(const Line& line) const;
  void Settle(Line& line, const Served& served);
  void MarkDone(const OffsetLedger::Partition& partition, int64_t offset);
  void Commit(bool waits);
  bool IsDue(const Line& line) const;
  Duration TimeToRead() const;
  void TellTrouble();

  log_kafka::SourceConsumer& consumer_;
  Intake& intake_;
  const Clock& clock_;
  const TopicOptions options_;
  TopicCounters counters_;

  std::map<std::string, Line> lines_;  // none is empty
  OffsetLedger ledger_;
  int64_t generation_ = -1;  // of all that is in hand
  size_t in_hand_ = 0;
  size_t bytes_in_hand_ = 0;
  size_t turns_ = 0;
  bool is_marked_ = false;  // something is done and not committed
  EventTime committed_at_;
  std::string read_problem_;
  std::string trouble_;       // of a line in this turn
  bool is_troubled_ = false;  // as was last said

  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace spotter::intake
