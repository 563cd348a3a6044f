// SPDX-License-Identifier: Apache-2.0
//
// Whether this process may act for a shard.
//
// Two processes can believe that they own a shard: one was paused, or cut off, while another took
// over. No process can ask the other. So each claims the shard in the shard's own log, where all
// read the same order, and delivers only while its lease lasts: for L of boot-time clock from
// before it appended the newest heartbeat that it has read back. A claim of a higher generation
// ends it for good. Why at most one delivers at any instant: what an old owner reads back before
// it reads the new claim lies before that claim in the log, so its append began before the new
// owner read the claim back; the new owner waits L from there.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "engine/effects.h"
#include "engine/options.h"

namespace spotter::engine {

// What a claim of the log changes, as every reader of the log decides it: one above all before it
// changes the owner, a repeated one of that owner is a heartbeat, any other changes nothing.
// `newest` becomes the newest claim, whose lease is what a next owner has to wait out.
AppliedClaim FoldClaim(int64_t offset, const model::Claim& claim, model::Claim& newest);

// Thread safety: none; the owner guards it. Instants are of the boot clock.
// Invariant: of all Ownerships of one log, MayDeliver is Ok for one at most at any instant, as long
// as no two processes have an owner's name at the same time.
class Ownership {
 public:
  // `boot_clock` outlives it.
  Ownership(const Options& options, const Clock& boot_clock);

  void Ask() { is_wanted_ = true; }  // to claim the shard
  void Promote();                    // a standby no more, and Ask

  // The claim or heartbeat to append now, if any. `newest`: as applied so far. Whoever appends it
  // says where it lies and when the append began.
  std::optional<model::Claim> Next(const model::Claim& newest) const;
  void Appended(int64_t offset, EventTime began);
  // A claim was applied, of whomever, in the order of the log.
  void Applied(const AppliedClaim& applied);
  // Stops delivering for good; the claim that tells it, if anybody needs to know.
  std::optional<model::Claim> Release();

  // Unavailable says why not.
  Status MayDeliver() const;
  // Whether records of its own (commands, ticks, work) may be appended.
  Status MayAppend() const;

  bool is_standby() const { return is_standby_; }
  bool is_owner() const { return generation_ > 0 && fenced_by_.empty() && !is_released_; }
  bool is_fenced() const { return !fenced_by_.empty(); }
  const std::string& fenced_by() const { return fenced_by_; }  // "OWNER generation G"
  int64_t generation() const { return generation_; }           // 0: not claimed yet
  uint64_t heartbeats() const { return heartbeats_; }          // read back

 private:
  Duration WaitAfter(const model::Claim& before) const;
  model::Claim Heartbeat(EventTime now) const;

  const std::string owner_;
  const Duration lease_;
  const bool waits_out_lease_;
  const Clock& clock_;

  bool is_standby_;
  bool is_wanted_ = false;
  bool is_released_ = false;
  int64_t generation_ = 0;
  std::string fenced_by_;
  uint64_t heartbeats_ = 0;

  std::map<int64_t, EventTime> appended_;  // own claims not read back: offset, begin of append
  EventTime last_append_ = EventTime::Min();
  bool told_delivers_ = false;                 // a claim that says so was appended
  EventTime read_back_ = EventTime::Min();     // begin of append of the newest own claim read back
  EventTime deliver_from_ = EventTime::Min();  // the lease of the owner before has run out
};

}  // namespace spotter::engine
