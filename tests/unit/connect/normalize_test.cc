// SPDX-License-Identifier: Apache-2.0
#include "connect/normalize.h"

#include <gtest/gtest.h>

#include "connect/recent_phones.h"

namespace spotter::connect {
namespace {

// mission: C12
TEST(NormalizeEmail, TrimsLowersAndChecksTheFormat) {
  const struct {
    std::string raw;
    std::string expected;
  } cases[] = {
      {"ana@example.com", "ana@example.com"},
      {"  Ana.Nunez@Example.COM\t\n", "ana.nunez@example.com"},
      {"ana+gym@example.co.uk", "ana+gym@example.co.uk"},
      {"o'brien@example.ie", "o'brien@example.ie"},
      {"ÄNNE@BÜRO.de", "änne@büro.de"},
      {"a\xcc\x88nne@example.de", "änne@example.de"},  // a, combining diaeresis
      {"", ""},
      {"   ", ""},
      {"ana", ""},
      {"ana@", ""},
      {"@example.com", ""},
      {"ana@example", ""},
      {"ana@localhost", ""},
      {"ana@10.0.0.1", ""},
      {"ana@example..com", ""},
      {"ana@.example.com", ""},
      {"ana@example.com.", ""},
      {"ana@-example.com", ""},
      {".ana@example.com", ""},
      {"ana.@example.com", ""},
      {"a..na@example.com", ""},
      {"ana nunez@example.com", ""},
      {"ana@exam ple.com", ""},
      {"ana@b@example.com", ""},
      {"Ana <ana@example.com>", ""},
      {"ana@example.c", ""},
      {"n/a", ""},
      {std::string(65, 'a') + "@example.com", ""},
      {"a@" + std::string(64, 'b') + ".com", ""},
      {std::string("a\0b@example.com", 15), ""},
  };
  for (const auto& [raw, expected] : cases) EXPECT_EQ(NormalizeEmail(raw), expected) << raw;
}

// mission: C13
TEST(NormalizePhone, GivesE164) {
  const struct {
    std::string raw;
    std::string region;
    std::string expected;
  } cases[] = {
      {"+13477947111", "US", "+13477947111"},     // Square
      {"+1-800-555-1234", "US", "+18005551234"},  // PushPress
      {"(415) 555-2671", "US", "+14155552671"},
      {"415.555.2671", "US", "+14155552671"},
      {"1 415 555 2671", "US", "+14155552671"},
      {" +1 415 555 2671 ", "GB", "+14155552671"},
      {"415-555-2671 x12", "US", "+14155552671"},
      {"01012344733", "KR", "+821012344733"},  // InBody: no country
      {"020 7183 8750", "GB", "+442071838750"},
      {"+49 (0)30 901820", "US", "+4930901820"},
      {"０３-1234-5678", "JP", "+81312345678"},  // full-width digits
      {"555-2671", "US", ""},                    // can be dialled only from its own town
      {"01012344733", "", ""},
      {"4155552671", "ZZ", ""},
      {"+1", "US", ""},
      {"12", "US", ""},
      {"n/a", "US", ""},
      {"", "US", ""},
      {"+", "US", ""},
      {std::string(70, '1'), "US", ""},
  };
  for (const auto& [raw, region, expected] : cases) {
    EXPECT_EQ(NormalizePhone(raw, region), expected) << raw;
    EXPECT_EQ(NormalizePhone(raw, region), expected) << raw << ", remembered";
  }
}

TEST(NormalizeName, FoldsCaseDiacriticsAndSpaces) {
  const struct {
    std::string given;
    std::string family;
    std::string expected;
  } cases[] = {
      {"Jenkins", "Smorly", "jenkins smorly"},
      {"  Ana  María ", " Núñez ", "ana maria nunez"},
      {"ANA", "NÚÑEZ", "ana nunez"},
      {"Straße", "", "strasse"},
      {"Søren", "Łukasz", "soren lukasz"},
      {"Ærø", "", "aero"},
      {"İpek", "Yılmaz", "ipek yilmaz"},
      {"Mary-Jane", "O'Brien", "mary jane obrien"},
      {"Mary Jane", "O’Brien", "mary jane obrien"},
      {"J.", "R. Smith", "j r smith"},
      {"ﬁona", "Ｓｍｉｔｈ", "fiona smith"},  // a ligature, full-width letters
      {"Ελένη", "Παπάς", "ελενη παπασ"},
      {"田中", "太郎", "田中 太郎"},
      {"राम", "कुमार", "राम कुमार"},  // vowel signs are marks and stay
      {"が", "Ёлкин", "が елкин"},
      {"", "", ""},
      {" ", "\t", ""},
      {"--", "!", ""},
      {"👍", "", ""},
      {"\xff\xfe", "Smith", "smith"},
  };
  for (const auto& [given, family, expected] : cases) {
    EXPECT_EQ(NormalizeName(given, family), expected) << given << " " << family;
  }
}

TEST(NormalizeName, IsTheSameOfTheWholeAndOfTheParts) {
  EXPECT_EQ(MakeIdentifier(model::IdentifierType::kName, "Ana Núñez", "US").normalized,
            NormalizeName("Ana", "Núñez"));
}

TEST(MakeIdentifier, KeepsTheRawValue) {
  const auto identifier = MakeIdentifier(model::IdentifierType::kPhone, "call me", "US");
  EXPECT_EQ(identifier.raw, "call me");
  EXPECT_EQ(identifier.normalized, "");
  EXPECT_EQ(identifier.normalizer_version, kNormalizerVersion);
  EXPECT_EQ(MakeIdentifier(model::IdentifierType::kDevice, " badge 42 ", "US").normalized,
            "badge 42");
}

int parses = 0;
std::string CountedParse(std::string_view raw, std::string_view region) {
  ++parses;
  return std::string(raw) + "/" + std::string(region);
}

TEST(RecentPhones, ForgetsTheLeastRecentlyUsed) {
  parses = 0;
  RecentPhones phones(2);
  EXPECT_EQ(phones.Get("1", "US", CountedParse), "1/US");
  EXPECT_EQ(phones.Get("1", "GB", CountedParse), "1/GB");  // another region, another number
  EXPECT_EQ(phones.Get("1", "US", CountedParse), "1/US");
  EXPECT_EQ(parses, 2);
  EXPECT_EQ(phones.Get("2", "US", CountedParse), "2/US");  // drops 1/GB
  EXPECT_EQ(phones.size(), 2u);
  EXPECT_EQ(phones.Get("1", "US", CountedParse), "1/US");
  EXPECT_EQ(parses, 3);
  EXPECT_EQ(phones.Get("1", "GB", CountedParse), "1/GB");
  EXPECT_EQ(parses, 4);
  EXPECT_EQ(phones.size(), 2u);
}

}  // namespace
}  // namespace spotter::connect
