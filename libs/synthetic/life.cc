// SPDX-License-Identifier: Apache-2.0
#include "synthetic/life.h"

#include <fmt/format.h>

#include <algorithm>

#include "synthetic/attend.h"
#include "synthetic/pay.h"
#include "synthetic/recorder.h"

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::EventKind;

// A member who is there before we are: the sources report them as changed, when the life starts.
EventTime KnownFrom(const Options& options, const Member& member) {
  return member.existing ? options.start + Seconds(30 + member.number % 240) : member.joined;
}

// The sign-up form of the app comes first: consents, then who it is; Square's customer follows.
void SayConsent(Recorder& out, EventTime at, std::string_view channel, bool granted) {
  auto& event = out.Add(kApp, EventKind::consent_changed, at, {"consent", "", 0});
  event.entity.update_time = {};
  event.attributes = {
      {AttributeId::channel, std::string(channel)},
      {AttributeId::purpose, std::string("marketing")},
      {AttributeId::consent_state, std::string(granted ? "granted" : "denied")},
      {AttributeId::consent_text, fmt::format("Yes, send me news and offers by {}.", channel)},
      {AttributeId::consent_source, std::string("sign-up form")}};
  out.AddIdentifiers(event);
}

void SignUp(const Member& member, Recorder& out, EventTime at) {
  SayConsent(out, at - Seconds(14), "email", member.mail);
  SayConsent(out, at - Seconds(13), "sms", member.sms);
  SayConsent(out, at - Seconds(12), "push", member.push);

  auto& app = out.Add(kApp, EventKind::member_updated, at - Seconds(5), {"member", member.app_id});
  app.attributes = {
      {AttributeId::given_name, member.given_name},
      {AttributeId::family_name, member.family_name},
      {AttributeId::home_site, std::string(Sites()[static_cast<size_t>(member.site)].name)},
      {AttributeId::time_zone, std::string("America/New_York")},
      {AttributeId::joined_at, member.joined},
      {AttributeId::goal_tag, std::string(member.goal_tag)}};
  out.AddIdentifiers(app);
}

void BecomeCustomer(const Member& member, Recorder& out, EventTime at) {
  const EventKind kind = member.existing ? EventKind::member_updated : EventKind::member_created;
  auto& square = out.Add(kSquare, kind, at, {"member", member.square_id, member.existing ? 3 : 1});
  square.site.clear();  // a customer of all sites
  square.attributes = {{AttributeId::given_name, member.given_name},
                       {AttributeId::family_name, member.family_name},
                       {AttributeId::joined_at, member.joined}};
  out.AddIdentifiers(square);
}

void WriteMessage(const Member& member, Recorder& out, EventTime at, std::string_view text) {
  auto& event = out.Add(kApp, EventKind::message_in, at, {"message", "", 0});
  event.entity.id = event.source_event_id;
  event.entity.update_time = {};
  event.attributes = {{AttributeId::channel, std::string("sms")},
                      {AttributeId::text, std::string(text)},
                      {AttributeId::contact, member.phone}};
  out.AddIdentifiers(event);
}

// Some who fade away claim the offer; some members, of all kinds, want no more messages.
void WriteMessages(const Options& options, const Member& member, Recorder& out) {
  Random random = RandomOf(options, member.number, "messages");
  const EventTime from = KnownFrom(options, member);
  if (random.Chance(0.03) && options.days > 12) {
    const EventTime at =
        from + Days(random.Between(10, options.days)) + Hours(random.Between(0, 9));
    WriteMessage(member, out, at, random.Chance(0.5) ? "STOP" : "Stop please");
  }
  if (member.fades_on_day != kNever && random.Chance(0.25)) {
    const int day = member.fades_on_day + static_cast<int>(random.Between(24, 27));
    const EventTime at = options.start + Days(day) + Hours(random.Between(2, 8));
    if (at > from) WriteMessage(member, out, at, "YES");
  }
}

}  // namespace

std::vector<Delivery> LifeOf(const Options& options, const Member& member) {
  Recorder out(options, member);
  SignUp(member, out, KnownFrom(options, member));
  BecomeCustomer(member, out, KnownFrom(options, member));
  Attend(options, member, out);
  Pay(options, member, out);
  WriteMessages(options, member, out);
  return out.Take();
}

}  // namespace spotter::synthetic
