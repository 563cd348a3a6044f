// SPDX-License-Identifier: Apache-2.0
//
// The inside of a shard. One record is applied by one straight story:
//   apply_record.cc    which kind of record, shard time, dead letters
//   apply_event.cc     an event finds its record, its entity, its facts
//   resolve_member.cc  identity: records to profiles, merges and splits
//   decide_member.cc   segments, journeys, timers of one member at an instant
//   dispose.cc         governance and the outbox
//   withdraw.cc        what waits in the outbox and is not wanted any more
//   look_again.cc      what waits, after a merge or a split
//   sweep.cc           what time alone makes superfluous
//   sweep_subscriptions.cc  what nobody came back to
//   apply_segment.cc   segments come, change and go; who entered and left, how many there are
//   apply_command.cc   journeys, consent, settlements, human decisions
//   move_tenant.cc     tenants that leave the shard or come to it
//   members.cc         members in memory: loading, changing, writing back
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/overlay.h"
#include "engine/shard.h"
#include "engine/tenant.h"
#include "govern/decide_proposal.h"
#include "identity/resolve_records.h"
#include "model/log_record.h"
#include "state/keys.h"

namespace spotter::engine {

class Shard::Impl {
 public:
  Impl(store::Store& store, const Options& options, std::set<int64_t> skips)
      : store_(store), options_(options), skips_(std::move(skips)), overlay_(store, meta_.hash) {}

  Status Open(const Barriers& barriers);
  Status Apply(std::span<const log::Record> records);
  StatusOr<Effects> Commit();
  Status Close();

 private:
  friend class Shard;
  using Family = store::Family;

  // --- apply_record.cc
  // Whether everything before the record must be committed before it is applied.
  static bool BeginsBatch(const model::LogRecord& record);
  Status ApplyRecord(const log::Record& record, const StatusOr<model::LogRecord>& decoded);
  Status ApplyInner(const model::LogRecord& record, std::string_view payload);
  void AdvanceTime(EventTime append_time);
  Status ApplyTick(const model::Tick& tick);
  Status ApplyWork(const model::Work& work);
  Status WorkOn(Tenant& tenant, uint32_t& budget);
  Status ApplyClaim(const model::Claim& claim);
  Status PutDeadLetter(std::string_view tenant, std::string_view reason, std::string detail,
                       std::string_view payload);
  Status Audit(Tenant& tenant, std::string_view principal, std::string what);
  Status WriteBack();
  Status FindNextDue();

  // --- apply_event.cc
  Status ApplyEvent(const model::MemberEvent& event, std::string_view payload);
  // The customer id an event names or implies; "" if only its entity can tell.
  static std::string CustomerOf(const Tenant& tenant, const model::MemberEvent& event);
  StatusOr<std::optional<model::RecordKey>> FindOwner(Tenant& tenant,
                                                      const model::MemberEvent& event);
  Status ApplyToRecord(Tenant& tenant, LoadedRecord& record, const model::MemberEvent& event);
  // Whether something left the timeline.
  bool ExpireFacts(Tenant& tenant, LoadedRecord& record, EventTime cutoff);
  Status ParkOrphan(Tenant& tenant, const model::MemberEvent& event, std::string_view payload);
  Status AdoptOrphans(Tenant& tenant, LoadedRecord& record, const model::MemberEvent& event);
  Status ReadMessage(Tenant& tenant, LoadedRecord& record, const model::MemberEvent& event);
  model::Cause CauseOf(const Tenant& tenant, const model::MemberEvent& event) const;

  // --- resolve_member.cc
  Status UpdateIdentity(Tenant& tenant, LoadedRecord& record,
                        const std::vector<model::HeldIdentifier>& identifiers_before);
  // Which records carry a link, as far as it was read: up to one more than may share one.
  using Sharing = std::map<Hash128, std::vector<model::RecordKey>>;
  StatusOr<const std::vector<model::RecordKey>*> RecordsOf(Tenant& tenant, Hash128 link,
                                                           Sharing& read);
  // `read` holds only links that are still as they were read.
  Status ResolveAround(Tenant& tenant, const std::vector<model::RecordKey>& records,
                       std::string_view principal, Sharing read = {});
  Status Redirect(Tenant& tenant, Member& loser, Member& survivor);
  Status UniteEnrolments(Tenant& tenant, Member& member, bool grew);
  // Whether a merge ended the enrolment in favour of one that is the member's.
  static bool IsSuperseded(const Member& member, const model::Enrolment& enrolment);
  void ReviveEnrolments(Tenant& tenant, Member& member);
  // Whether the journey lets a member enter once more after `entries`, the last at `last_entry`.
  static bool MayReturn(const model::JourneyDefinition& definition, size_t entries,
                        EventTime last_entry, EventTime now);
  void UniteWithEnded(Tenant& tenant, const Member& member, LoadedRecord& keeper,
                      model::Enrolment& survivor);

  // --- decide_member.cc
  // Fires what is due up to shard time, each at its exact instant, and arms the timer.
  Status FireDue(Tenant& tenant, Member& member);
  // Decides everything anew at shard time, and arms the timer.
  Status Decide(Tenant& tenant, Member& member, model::Cause cause);
  // Decides what `touched` can have changed; each rule if nothing was decided yet.
  Status DecideTouched(Tenant& tenant, Member& member, model::InputSet touched, model::Cause cause);
  // nullptr: everything.
  Status DecideAt(Tenant& tenant, Member& member, EventTime now, model::Cause cause,
                  const model::InputSet* touched = nullptr);
  Status DecideRules(Tenant& tenant, Member& member, EventTime now, model::Cause cause,
                     const model::InputSet* touched);
  Status AdvanceJourneys(Tenant& tenant, Member& member, EventTime now, model::Cause cause);
  Status EnterJourney(Tenant& tenant, Member& member, const journey::Journey& journey,
                      EventTime now);
  static void FindDue(Member& member);
  void Arm(Tenant& tenant, Member& member);
  void RestoreInstants(Tenant& tenant, Member& member);

  // --- dispose.cc
  Status Dispose(Tenant& tenant, Member& member, const model::Proposal& proposal);
  // What governance says of it now; `uncounted` do not count against a cap.
  StatusOr<govern::Decision> Govern(Tenant& tenant, Member& member, const model::Proposal& proposal,
                                    const model::ActionId& id,
                                    const std::set<model::ActionId>& uncounted = {});
  Status Issue(Tenant& tenant, Member& member, const model::Action& action);
  void CountSent(Tenant& tenant, Member& member, const model::Action& action);  // for the caps
  Status Refuse(Tenant& tenant, model::ProfileId profile, const model::Refusal& refusal);
  Status AppendOutbox(Tenant& tenant, model::ProfileId profile, std::string_view subscription,
                      std::variant<model::Action, model::Void, model::MergedInto> what);
  Status ReplaceOutbox(Tenant& tenant, model::OutboxEntry entry);
  // The action it holds becomes a Void at its place.
  Status VoidEntry(Tenant& tenant, model::OutboxEntry entry, std::string_view reason);
  Status RemoveOutbox(Tenant& tenant, const model::OutboxEntry& entry);
  // Whether a message that `anchor` holds was acknowledged by a subscriber; notes that it was.
  static bool IsOut(const LoadedRecord& anchor, const model::ActionId& id);
  static bool IsOut(const Member& member, const model::ActionId& id);
  static std::set<model::ActionId> AllSent(const Member& member);
  Status MarkOut(Tenant& tenant, model::RecordKey anchor, const model::ActionId& id);
  // Why nothing of the proposal's journey may go out now, with the words for it.
  static std::optional<model::Refusal> HaltOf(const Tenant& tenant, const model::Proposal& proposal,
                                              const model::ActionId& id, EventTime now);

  // --- withdraw.cc
  StatusOr<std::vector<model::OutboxEntry>> PendingOf(Tenant& tenant, std::string_view subscription,
                                                      model::ProfileId profile);
  using Matches = std::function<bool(const model::Action&)>;
  // Turns what waits in one subscription and matches into Voids; returns what it was.
  StatusOr<std::vector<model::Action>> VoidPending(Tenant& tenant, const Member& member,
                                                   std::string_view subscription,
                                                   std::string_view reason, const Matches& matches);
  // Takes the member's undelivered actions that match back from all subscriptions, and keeps a
  // refusal of each.
  Status Withdraw(Tenant& tenant, const Member& member, model::RefusalReason reason,
                  std::string_view detail, const Matches& matches);
  // What the member does not agree to any more.
  Status WithdrawDenied(Tenant& tenant, const Member& member);
  // What journeys decided that do not send any more, since the member was last decided.
  Status WithdrawHalted(Tenant& tenant, const Member& member);

  // --- look_again.cc
  struct Waiting;
  StatusOr<std::vector<Waiting>> WaitingOf(Tenant& tenant, Member& member);
  // The copy becomes a Void, and `action` stands at the end of its profile's sequence.
  Status Reissue(Tenant& tenant, model::OutboxEntry copy, model::Action action);
  // What waits under `from` goes with its anchor's record.
  Status MoveWaiting(Tenant& tenant, Member& from);
  // All that waits is decided anew, as of the person whom the records now describe.
  Status GovernWaiting(Tenant& tenant, Member& member, std::string_view since);
  std::optional<model::Refusal> RepeatOf(const Tenant& tenant, const Member& member,
                                         const model::Action& action,
                                         const std::set<model::ActionId>& kept) const;

  // --- dispose.cc
  StatusOr<bool> IsSuppressed(Tenant& tenant, model::Channel channel, const std::string& address);
  Status Suppress(Tenant& tenant, std::string_view channel, const std::string& contact,
                  std::string_view reason);

  // --- sweep.cc
  Status Sweep();
  Status SweepOutbox(std::string& cursor);
  Status SweepEntry(Tenant& tenant, model::OutboxEntry entry);
  // What waits in a subscription that has expired leaves the outbox, an action with its refusal.
  Status DropExpired(Tenant& tenant, const model::Subscription& reader,
                     const model::OutboxEntry& entry);
  Status SweepHistory(std::string& cursor);
  StatusOr<std::string> SweepTable(std::string_view owner, state::Table table, Duration keep,
                                   bool is_in_order, const std::string& begin,
                                   const std::string& end, size_t& budget);

  // --- sweep_subscriptions.cc
  Status SweepSubscriptions();
  bool IsToGo(const model::Subscription& subscription) const;
  StatusOr<std::string> SweepSequences(Tenant& tenant, const std::string& begin,
                                       const std::string& end, size_t& budget);
  StatusOr<bool> HasEntries(const std::string& prefix);
  Status RemoveExpired(Tenant& tenant);

  // --- apply_command.cc
  Status ApplyCommand(const model::Command& command, std::string_view payload);
  StatusOr<std::string> CreateTenant(const model::PutTenant& put);
  StatusOr<std::string> On(Tenant&, const model::PutTenant&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::PutZoneRules&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::PutJourney&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::PutSubscription&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::ChangeConsent&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::ChangeSuppression&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::MergeProfiles&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::SplitProfile&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::Settle&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::Undeliverable&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::SeekSubscription&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::AddNote&, const model::Command&);
  Status SaveProgress(Tenant& tenant);
  Status SaveSubscription(Tenant& tenant, const model::Subscription& subscription);
  Status BeginWork(Tenant& tenant);
  // Other zone rules, or another zone of the tenant: what reads zones is decided anew.
  Status ZonesChanged(Tenant& tenant);

  // --- apply_segment.cc
  StatusOr<std::string> On(Tenant&, const model::PutSegment&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::DeleteSegment&, const model::Command&);
  StatusOr<std::string> On(Tenant&, const model::QuarantineSegment&, const model::Command&);
  // Keeps a transition, and the segment's count: `after` is the membership as it stands now.
  Status Transit(Tenant& tenant, model::ProfileId profile, const model::Membership& after,
                 EventTime before_since, model::Cause cause);
  // What the membership's end is, if it is one; it is removed by the caller.
  Status Leave(Tenant& tenant, const Member& member, const model::Membership& membership,
               EventTime now, model::Cause cause);
  // The member leaves what is no segment any more.
  Status LeaveDeleted(Tenant& tenant, Member& member, EventTime now);
  CountedSegment& CountOf(Tenant& tenant, const std::string& segment);
  Status BeginCountDay(Tenant& tenant, const std::string& segment, CountedSegment& counted);
  Status RemoveCount(Tenant& tenant, const std::string& segment);
  Status SaveCounts(Tenant& tenant);
  Status LoadCounts(Tenant& tenant);
  Status CountOnce(Tenant& tenant);

  // --- move_tenant.cc
  Status LoadMoves();
  Status ApplyFreeze(const model::FreezeTenant& freeze);
  Status ApplyImport(const model::ImportTenant& import);
  Status TakeRows(const model::ImportTenant& import, state::TenantMove& move);
  Status FinishImport(const model::ImportTenant& import, state::TenantMove& move);
  Status ApplyDrop(const model::DropTenant& drop);
  Status ApplyThaw(const model::ThawTenant& thaw);
  Status ApplyForwarded(const model::Forwarded& forwarded, std::string_view payload);
  Status ApplyForget(const model::ForgetForwarded& forget);
  // nullptr: nothing is known of it but that it may live here.
  state::TenantMove* FindMove(std::string_view tenant);
  // Keeps a record of a tenant that is not here until it is forwarded.
  Status KeepBack(std::string_view tenant, state::TenantMove& move, std::string_view payload);
  Status SaveMove(std::string_view tenant, const state::TenantMove& move);
  Status BeginResidence(const std::string& tenant, std::string_view why);
  void EndResidence(Tenant& tenant);
  Status WorkOnMoves(uint32_t& budget);
  Status ArmTimers(Tenant& tenant, state::TenantMove& move, uint32_t& budget);
  Status DropRows(std::string_view tenant, state::TenantMove& move, uint32_t& budget);
  // The offset of the current record in the numbering of the tenant's rows, which goes on where it
  // stood in the shard that the tenant came from.
  int64_t OffsetFor(const Tenant& tenant) const { return offset_ + tenant.offset_base; }

  // --- members.cc
  Status LoadTenant(const std::string& id);
  Tenant* FindTenant(const model::TenantId& id);
  // The record in memory, loaded if it is stored; nullptr if there is none.
  StatusOr<LoadedRecord*> FindRecord(Tenant& tenant, model::RecordKey key);
  StatusOr<LoadedRecord*> CreateRecord(Tenant& tenant, std::string source, std::string customer_id);
  // The member with this profile id, following a redirect; NotFound if there is none.
  // `read`: a record of the member that was read already; taken over.
  StatusOr<Member*> FindMember(Tenant& tenant, model::ProfileId id,
                               state::StoredRecord* read = nullptr);
  Member& AddMember(Tenant& tenant, state::Profile profile);    // one that is stored
  Member& FoundMember(Tenant& tenant, state::Profile profile);  // a new one
  StatusOr<model::ProfileId> MintProfile(Tenant& tenant, const LoadedRecord& founder);
  // Call before changing a member's profile row or a record's anchor.
  void Change(Tenant& tenant, Member& member);
  void Change(Tenant& tenant, LoadedRecord& record);
  void ChangeAnchor(Tenant& tenant, LoadedRecord& record);
  void SetProfile(Tenant& tenant, LoadedRecord& record, Member& member);
  void BindRecords(Tenant& tenant, Member& member, std::vector<LoadedRecord*> records);
  void Use(Tenant& tenant, Member& member);
  void Evict();
  void DropMember(Tenant& tenant, Member& member);

  std::string_view IdOf(const Tenant& tenant) const { return tenant.settings.id.value(); }

  store::Store& store_;
  const Options options_;
  const std::set<int64_t> skips_;
  state::Meta meta_;
  model::Claim newest_claim_;  // meta_.generation is its generation
  Overlay overlay_;
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> tenants_;  // that live here
  std::map<std::string, state::TenantMove, std::less<>> moves_;

  // Of the current batch.
  std::vector<std::pair<Tenant*, LoadedRecord*>> dirty_records_;
  std::vector<std::pair<Tenant*, LoadedRecord*>> dirty_anchors_;
  std::vector<std::pair<Tenant*, Member*>> dirty_members_;
  Effects effects_;
  std::string cursor_before_;

  // Of the current record.
  int64_t offset_ = 0;
  uint32_t ordinal_ = 0;  // numbers the rows that one record writes

  EventTime next_due_ = EventTime::Max();
  bool due_stale_ = true;
  Counters counters_;
  size_t members_ = 0;
};

}  // namespace spotter::engine
