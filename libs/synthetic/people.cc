// SPDX-License-Identifier: Apache-2.0
#include "synthetic/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace spotter::synthetic {
namespace {

constexpr std::array<std::string_view, 64> kGivenNames = {
    "Maria",  "James",  "Aisha",  "David",  "Sofia",   "Daniel", "Grace",  "Omar",
    "Emma",   "Lucas",  "Priya",  "Noah",   "Hannah",  "Mateo",  "Chloe",  "Ethan",
    "Naomi",  "Samuel", "Elena",  "Victor", "Jasmine", "Peter",  "Yuki",   "Andre",
    "Olivia", "Marcus", "Fatima", "Simon",  "Lucia",   "Henry",  "Ingrid", "Kofi",
    "Amelia", "Diego",  "Leila",  "Oscar",  "Ruby",    "Tomas",  "Mei",    "Walter",
    "Sarah",  "Anton",  "Carmen", "Felix",  "Joanna",  "Ravi",   "Stella", "George",
    "Nadia",  "Jonas",  "Rosa",   "Isaac",  "Clara",   "Hugo",   "Vera",   "Malik",
    "Julia",  "Edward", "Paula",  "Theo",   "Helena",  "Adam",   "Bianca", "Ivan"};
constexpr std::array<std::string_view, 64> kFamilyNames = {
    "Garcia",    "Smith",    "Nguyen",   "Johnson", "Okafor",  "Rossi",   "Kim",      "Brown",
    "Silva",     "Novak",    "Patel",    "Miller",  "Haddad",  "Larsen",  "Chen",     "Davis",
    "Moreau",    "Wilson",   "Santos",   "Fischer", "Ali",     "Taylor",  "Kowalski", "Reyes",
    "Jensen",    "Martin",   "Singh",    "Lopez",   "Schmidt", "Walker",  "Tanaka",   "Young",
    "Popescu",   "Green",    "Mendoza",  "Baker",   "Dubois",  "Hall",    "Osei",     "Carter",
    "Varga",     "Mitchell", "Castillo", "Berg",    "Rahman",  "Parker",  "Conti",    "Evans",
    "Yilmaz",    "Turner",   "Romero",   "Collins", "Horvat",  "Stewart", "Ibrahim",  "Morris",
    "Lindqvist", "Rogers",   "Fontaine", "Cook",    "Mbeki",   "Bailey",  "Costa",    "Cooper"};
constexpr std::array<std::string_view, 20> kAreaCodes = {
    "212", "347", "415", "510", "617", "646", "702", "713", "718", "720",
    "773", "786", "818", "832", "917", "206", "303", "312", "404", "503"};
constexpr std::array<std::string_view, 3> kGenres = {"yoga", "pilates", "hiit"};
constexpr std::array<std::string_view, 3> kGoalTags = {"strength", "weightloss", "mobility"};
constexpr std::array<Site, 2> kSites = {Site{"Downtown", "LDOWNTOWN0001"},
                                        Site{"Riverside", "LRIVERSIDE002"}};

struct Course {
  std::string_view genre, title, instructor, team_member, class_id;
};
constexpr std::array<Course, 6> kCourses = {
    Course{"yoga", "Vinyasa Flow", "Maya Torres", "TM1MAYA", "SVYOGAVINYASA"},
    Course{"pilates", "Reformer Basics", "Tom Becker", "TM2TOM", "SVPILATESREFORM"},
    Course{"hiit", "HIIT 45", "Dana Brooks", "TM3DANA", "SVHIIT45"},
    Course{"yoga", "Slow Flow", "Lena Park", "TM4LENA", "SVYOGASLOW"},
    Course{"pilates", "Mat Pilates", "Nora Quinn", "TM5NORA", "SVPILATESMAT"},
    Course{"hiit", "Strength Circuit", "Chris Adeyemi", "TM6CHRIS", "SVHIITCIRCUIT"}};

constexpr int kSlotsPerWeek = 5 * 6 + 2 * 3;
constexpr std::array<ClassSlot, kSlotsPerWeek * 2> MakeSchedule() {
  constexpr std::array<int, 6> kWeekdayStarts = {7 * 60, 9 * 60, 12 * 60, 17 * 60, 18 * 60, 1155};
  constexpr std::array<int, 3> kWeekendStarts = {9 * 60, 10 * 60 + 30, 16 * 60};
  std::array<ClassSlot, kSlotsPerWeek * 2> slots{};
  size_t next = 0;
  for (int site = 0; site < 2; ++site) {
    for (int weekday = 0; weekday < 7; ++weekday) {
      const bool weekend = weekday >= 5;
      const size_t count = weekend ? kWeekendStarts.size() : kWeekdayStarts.size();
      for (size_t i = 0; i < count; ++i) {
        // The courses rotate, so that each genre is offered every day at both sites.
        const Course& course = kCourses[(i + static_cast<size_t>(weekday + 3 * site)) % 6];
        slots[next++] = {site,
                         weekday,
                         weekend ? kWeekendStarts[i] : kWeekdayStarts[i],
                         course.genre,
                         course.title,
                         course.instructor,
                         course.team_member,
                         course.class_id};
      }
    }
  }
  return slots;
}
constexpr auto kSchedule = MakeSchedule();

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string PhoneOf(int number) {
  const int areas = static_cast<int>(kAreaCodes.size());
  const auto area = kAreaCodes[static_cast<size_t>(number % areas)];
  return fmt::format("+1{}555{:04}", area, number / areas % 10000);
}

void NameMember(const Options& options, Member& member) {
  Random own = RandomOf(options, member.number, "name");
  const size_t given = static_cast<size_t>(own.Between(0, kGivenNames.size() - 1));
  member.given_name = kGivenNames[given];
  member.family_name = own.Pick(std::span<const std::string_view>(kFamilyNames));
  member.phone = PhoneOf(member.number);
  // Members 2n and 2n + 1 may be a couple: one family name, one phone, two given names.
  const int first = member.number & ~1;
  Random couple = RandomOf(options, first, "couple");
  if (couple.Chance(0.15) && first + 1 < options.members && member.number != first) {
    Random spouse = RandomOf(options, first, "name");
    const size_t taken = static_cast<size_t>(spouse.Between(0, kGivenNames.size() - 1));
    if (given == taken) member.given_name = kGivenNames[(given + 1) % kGivenNames.size()];
    member.family_name = spouse.Pick(std::span<const std::string_view>(kFamilyNames));
    member.phone = PhoneOf(first);
  }
  member.email = fmt::format("{}.{}.{}@example.com", LowerCase(member.given_name),
                             LowerCase(member.family_name), member.number);
}

void PlanDays(const Options& options, Random& random, Member& member) {
  member.existing = random.Chance(0.8);
  member.first_visit_day = -kNever;
  member.fades_on_day = member.returns_on_day = kNever;
  if (member.existing) {
    member.joined =
        options.start - Days(random.Between(25, 720)) - Seconds(random.Between(0, 86399));
  } else {
    const int day = static_cast<int>(random.Between(0, std::max(0, options.days - 8)));
    member.joined = options.start + Days(day) + Seconds(random.Between(7200, 86399));
    const double kind = random.Share();
    if (kind < 0.45)
      member.first_visit_day = day + static_cast<int>(random.Between(0, 3));
    else if (kind < 0.80)
      member.first_visit_day = day + static_cast<int>(random.Between(4, 12));
    else
      member.first_visit_day = kNever;  // signs up and is never seen
  }
  if (random.Chance(0.15)) {
    member.fades_on_day = options.days * static_cast<int>(random.Between(10, 60)) / 100;
    if (random.Chance(0.3)) {
      member.returns_on_day = member.fades_on_day + static_cast<int>(random.Between(26, 45));
    }
  }
}

}  // namespace

std::span<const Site> Sites() { return kSites; }
std::span<const ClassSlot> WeeklySchedule() { return kSchedule; }

Random RandomOf(const Options& options, int number, std::string_view purpose) {
  return Random(Hash64Of(fmt::format("{}/{}", number, purpose), options.seed));
}

std::string MakeId(const Options& options, std::string_view kind, int member, int ordinal) {
  return Base32(HashOf(fmt::format("{}/{}/{}", kind, member, ordinal), options.seed));
}

Member MakeMember(const Options& options, int number) {
  Member member;
  member.number = number;
  NameMember(options, member);
  Random random = RandomOf(options, number, "habits");
  PlanDays(options, random, member);
  member.site = static_cast<int>(random.Between(0, 1));
  member.genre = random.Pick(std::span<const std::string_view>(kGenres));
  member.goal_tag = random.Pick(std::span<const std::string_view>(kGoalTags));
  member.subscriber = random.Chance(0.75);
  member.visits_per_week = options.visits_per_week * (0.5 + random.Share());
  // Most members are reliable and some are not; together about 8 % and 7 % (see life.cc).
  member.missed_share = random.Chance(0.25) ? 0.375 : 0.075;
  member.sms = random.Chance(0.70);
  member.mail = random.Chance(0.85);
  member.push = random.Chance(0.60);

  std::string square = MakeId(options, "square customer", number, 0);
  std::transform(square.begin(), square.end(), square.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  member.square_id = std::move(square);
  member.stripe_id = "cus_" + MakeId(options, "stripe customer", number, 0).substr(0, 14);
  member.app_id = fmt::format("m-{:06}", number);
  member.door_id = fmt::format("fob-{:06}", number);
  return member;
}

}  // namespace spotter::synthetic
