// SPDX-License-Identifier: Apache-2.0
#include "synthetic/attend.h"

#include <algorithm>

#include "synthetic/pay.h"

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::EventKind;

constexpr int kHistoryDays = 21;
constexpr Duration kUtcOffset = Hours(5);
constexpr double kNoShowShareOfMissed = 8.0 / 15.0;  // 8 % no-shows to 7 % late cancellations

EventTime DayStart(const Options& options, int day) {
  const int64_t first = options.start.ms / Days(1).count() * Days(1).count();
  return EventTime{first} + Days(day);
}

int WeekdayOf(EventTime day) {
  return static_cast<int>((day.ms / Days(1).count() + 3) % 7);  // 1970-01-01 was a Thursday
}

bool ComesOn(const Member& member, int day) {
  return day >= member.first_visit_day &&
         (day < member.fades_on_day || day >= member.returns_on_day);
}

const ClassSlot& ChooseClass(const Member& member, int weekday, Random& random) {
  const bool favourite = random.Chance(0.8);
  const ClassSlot* chosen = nullptr;
  int64_t seen = 0;
  for (const ClassSlot& slot : WeeklySchedule()) {
    if (slot.weekday != weekday || slot.site != member.site) continue;
    if (favourite && slot.genre != member.genre) continue;
    if (random.Between(0, seen++) == 0) chosen = &slot;  // each with the same chance
  }
  return *chosen;  // every genre is offered every day
}

struct Booking {
  const ClassSlot* slot = nullptr;
  std::string id;
  EventTime booked_at;
  EventTime class_start;
};

void SetClass(const Booking& booking, std::string_view status, model::MemberEvent& event) {
  event.attributes = {{AttributeId::class_id, std::string(booking.slot->class_id)},
                      {AttributeId::class_start, booking.class_start},
                      {AttributeId::class_end, booking.class_start + kClassLength},
                      {AttributeId::location, event.site},
                      {AttributeId::status, std::string(status)}};
}

// What Square reports of a booking: made, cancelled in time, not shown.
void ReportBooking(const Booking& booking, Recorder& out, EventKind kind, EventTime at,
                   std::string_view status) {
  const int64_t version = kind == EventKind::booking_created ? 1 : 2;
  auto& event = out.Add(kSquare, kind, at, {"booking", booking.id, version});
  SetClass(booking, status, event);
  event.attributes.Set(AttributeId::instructor, std::string(booking.slot->team_member));
}

// What the front desk's tablet reports about a Square booking.
void ReportAttendance(const Booking& booking, Recorder& out, EventTime at,
                      std::string_view status) {
  auto& event = out.Add(kSquare, EventKind::attendance, at, {"booking", booking.id, 2});
  SetClass(booking, status, event);
  event.attributes.Set(AttributeId::class_title, std::string(booking.slot->title));
  event.attributes.Set(AttributeId::genre, std::string(booking.slot->genre));
  event.attributes.Set(AttributeId::instructor, std::string(booking.slot->instructor));
}

void Scan(Recorder& out, EventTime at) {
  auto& event = out.Add(kDoor, EventKind::scan_recorded, at, {"scan", "", 0});
  event.entity.id = event.source_event_id;
  event.entity.update_time = {};
  event.attributes = {{AttributeId::device_id, std::string("door-1")},
                      {AttributeId::credential, event.customer_id},
                      {AttributeId::granted, true}};
  out.AddIdentifiers(event);
}

void CheckIn(const Member& member, const Booking& booking, Random& random, Recorder& out) {
  const EventTime at = booking.class_start - Seconds(random.Between(60, 900));
  if (random.Chance(0.7)) Scan(out, at - Seconds(45));
  ReportAttendance(booking, out, at, "checked_in");
  if (!member.subscriber) PayForVisit(random, out, at + Seconds(90));
}

void FinishBooking(const Options& options, const Member& member, const Booking& booking,
                   Random& random, Recorder& out) {
  const bool history = booking.class_start < options.start;  // only good visits are handed over
  if (history) return CheckIn(member, booking, random, out);
  const Duration ahead = booking.class_start - booking.booked_at;
  if (random.Chance(0.05) && ahead > Hours(14)) {
    const EventTime at = booking.booked_at + Seconds(random.Between(600, 3600));
    return ReportBooking(booking, out, EventKind::booking_cancelled, at, "cancelled");
  }
  if (!random.Chance(member.missed_share)) return CheckIn(member, booking, random, out);
  if (random.Chance(kNoShowShareOfMissed) || ahead < Hours(5)) {
    return ReportBooking(booking, out, EventKind::attendance, booking.class_start + Minutes(30),
                         "no_show");
  }
  ReportAttendance(booking, out, booking.class_start - Minutes(random.Between(40, 240)),
                   "late_cancel");
}

}  // namespace

void Attend(const Options& options, const Member& member, Recorder& out) {
  Random random = RandomOf(options, member.number, "attend");
  for (int day = -kHistoryDays; day < options.days + 3; ++day) {
    const bool first_time = day == member.first_visit_day;
    if (!ComesOn(member, day)) continue;
    if (!first_time && !random.Chance(member.visits_per_week / 7)) continue;
    const EventTime midnight = DayStart(options, day);
    const ClassSlot& slot = ChooseClass(member, WeekdayOf(midnight), random);
    Booking booking;
    booking.slot = &slot;
    booking.class_start = midnight + Minutes(slot.minute) + kUtcOffset;
    // In the daytime of one of the days before, or some hours ahead; not before they joined.
    booking.booked_at =
        booking.class_start - Days(random.Between(0, 3)) - Minutes(random.Between(6 * 60, 9 * 60));
    const EventTime earliest = member.joined + Minutes(random.Between(10, 50));
    booking.booked_at = std::max(booking.booked_at, earliest);
    if (booking.class_start < booking.booked_at + Hours(1)) continue;
    booking.id = "bk" + out.NewId("booking").substr(0, 12);
    ReportBooking(booking, out, EventKind::booking_created, booking.booked_at, "booked");
    FinishBooking(options, member, booking, random, out);
  }
}

}  // namespace spotter::synthetic
