// SPDX-License-Identifier: Apache-2.0
//
// Who the studio knows and when its classes are. Internal to synthetic.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "synthetic/random.h"
#include "synthetic/studio_life.h"

namespace spotter::synthetic {

struct Site {
  std::string_view name;
  std::string_view square_location;
};

// A class held every week. Local time is five hours behind UTC all year: the life has no DST.
struct ClassSlot {
  int site = 0;     // index into Sites()
  int weekday = 0;  // 0 = Monday
  int minute = 0;   // of the local day
  std::string_view genre;
  std::string_view title;
  std::string_view instructor;
  std::string_view team_member;  // the instructor, as Square calls them
  std::string_view class_id;
};

std::span<const Site> Sites();
std::span<const ClassSlot> WeeklySchedule();
inline constexpr Duration kClassLength = Minutes(55);

struct Member {
  int number = 0;
  std::string given_name;
  std::string family_name;
  std::string email;
  std::string phone;  // E.164; about 15 % share it with a spouse of another given name
  int site = 0;
  std::string_view genre;     // what they like best
  std::string_view goal_tag;  // "strength", "weightloss", "mobility"
  EventTime joined;
  bool existing = false;    // joined before the life starts
  bool subscriber = false;  // pays monthly through Stripe; the others pay each visit by Square
  double visits_per_week = 0;
  double missed_share = 0;                       // of bookings: no-shows and late cancellations
  bool sms = false, mail = false, push = false;  // marketing consent by channel
  // The days (from the day the life starts) of the first visit, of fading away, of coming back.
  int first_visit_day = 0;
  int fades_on_day = 0;
  int returns_on_day = 0;

  // The customer's id in each source.
  std::string square_id, stripe_id, app_id, door_id;
};

inline constexpr int kNever = 1 << 30;

// Depends on the options' seed and start and on the number alone.
Member MakeMember(const Options& options, int number);

// What all draws of a member's life start from, told apart by `purpose`.
Random RandomOf(const Options& options, int number, std::string_view purpose);

// An id that looks like the sources' own: 26 letters and digits of the hash of what it names.
std::string MakeId(const Options& options, std::string_view kind, int member, int ordinal);

}  // namespace spotter::synthetic
