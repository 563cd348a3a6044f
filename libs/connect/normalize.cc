// SPDX-License-Identifier: Apache-2.0
#include "connect/normalize.h"

#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/assert.h"
#include "connect/recent_phones.h"

namespace spotter::connect {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// Longer than any number with its punctuation; what is longer is not a number.
constexpr size_t kPhoneRawMax = 64;
// RFC 5321.
constexpr size_t kEmailMax = 254;
constexpr size_t kLocalPartMax = 64;
constexpr size_t kLabelMax = 63;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

std::string_view TrimAscii(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

icu::UnicodeString FromUtf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string ToUtf8(const icu::UnicodeString& text) {
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

icu::UnicodeString Normalized(const icu::Normalizer2* (*instance)(UErrorCode&),
                              const icu::UnicodeString& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = instance(error);
  Assert(U_SUCCESS(error), "ICU's normalisation data is linked in");
  icu::UnicodeString normalized = normalizer->normalize(text, error);
  return U_SUCCESS(error) ? normalized : icu::UnicodeString();
}

std::string LowerCase(std::string_view text) {
  if (!IsAscii(text)) {
    return ToUtf8(Normalized(icu::Normalizer2::getNFCInstance, FromUtf8(text))
                      .toLower(icu::Locale::getRoot())
                      .trim());
  }
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsLocalPart(std::string_view local) {
  constexpr std::string_view kRefused = " \t\r\n\f\v()<>[]:;,\\\"@";
  return !local.empty() && local.size() <= kLocalPartMax && local.front() != '.' &&
         local.back() != '.' && local.find("..") == std::string_view::npos &&
         local.find_first_of(kRefused) == std::string_view::npos &&
         std::none_of(local.begin(), local.end(), [](char c) { return c >= 0 && c < 0x20; });
}

bool IsLabel(std::string_view label) {
  const auto is_part = [](char c) {
    return (c & 0x80) != 0 || IsDigit(c) || (c >= 'a' && c <= 'z') || c == '-';
  };
  return !label.empty() && label.size() <= kLabelMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_part);
}

// At least two labels, and the last one is no number: user@localhost and user@10.0.0.1 are not
// addresses that a studio can write to.
bool IsDomain(std::string_view domain) {
  int labels = 0;
  std::string_view last;
  while (true) {
    const size_t dot = domain.find('.');
    last = domain.substr(0, dot);
    if (!IsLabel(last)) return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    domain.remove_prefix(dot + 1);
  }
  return labels >= 2 && last.size() >= 2 && !std::all_of(last.begin(), last.end(), IsDigit);
}

// Letters whose stroke or ligature Unicode does not decompose.
std::u16string_view Plain(UChar32 c) {
  switch (c) {
    case u'ø':
      return u"o";
    case u'ł':
      return u"l";
    case u'đ':
    case u'ð':
      return u"d";
    case u'ħ':
      return u"h";
    case u'ı':
      return u"i";
    case u'æ':
      return u"ae";
    case u'œ':
      return u"oe";
    case u'þ':
      return u"th";
    default:
      return {};
  }
}

// The accents of Latin, Greek and Cyrillic letters. Marks of other scripts are vowels or make
// another letter (か, が), so they stay.
bool IsDiacritic(UChar32 c) {
  return (c >= 0x0300 && c <= 0x036f) || (c >= 0x1ab0 && c <= 0x1aff) ||
         (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff);
}

bool IsMark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

// North American numbers, most of what arrives, need no parser once they are in this form.
bool IsCleanNorthAmerican(std::string_view raw) {
  return raw.size() == 12 && raw.starts_with("+1") && raw[2] >= '2' && raw[2] <= '9' &&
         std::all_of(raw.begin() + 2, raw.end(), IsDigit);
}

std::string ParsePhone(std::string_view raw, std::string_view region) {
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (numbers.Parse(std::string(raw), std::string(region), &number) !=
      PhoneNumberUtil::NO_PARSING_ERROR) {
    return "";
  }
  // A number that can be dialled only from its own town is not one that we can send to.
  if (numbers.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return "";
  std::string formatted;
  numbers.Format(number, PhoneNumberUtil::E164, &formatted);
  return formatted;
}

}  // namespace

std::string NormalizeEmail(std::string_view raw) {
  const std::string email = LowerCase(TrimAscii(raw));
  const size_t at = email.rfind('@');
  if (at == std::string::npos || email.size() > kEmailMax) return "";
  const std::string_view view = email;
  return IsLocalPart(view.substr(0, at)) && IsDomain(view.substr(at + 1)) ? email : "";
}

std::string NormalizePhone(std::string_view raw, std::string_view region) {
  raw = TrimAscii(raw);
  if (raw.empty() || raw.size() > kPhoneRawMax) return "";
  if (IsCleanNorthAmerican(raw)) return std::string(raw);
  // Shared by the intake threads of the process; a pure function's memory, so it changes nothing.
  static RecentPhones recent(65536);
  return recent.Get(raw, region, ParsePhone);
}

std::string NormalizeName(std::string_view given, std::string_view family) {
  const icu::UnicodeString whole = FromUtf8(fmt::format("{} {}", given, family));
  const icu::UnicodeString folded =
      Normalized(icu::Normalizer2::getNFDInstance,
                 Normalized(icu::Normalizer2::getNFKCCasefoldInstance, whole));
  icu::UnicodeString name;
  bool space_due = false;
  for (int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    const UChar32 c = folded.char32At(i);
    // What people write or leave out at will: O'Brien, OBrien, O’Brien; J. and J.
    if (IsDiacritic(c) || c == u'\'' || c == u'’' || c == u'`' || c == u'.') continue;
    if (!u_isalnum(c) && !IsMark(c)) {
      space_due = true;
      continue;
    }
    if (space_due && !name.isEmpty()) name.append(u' ');
    space_due = false;
    const std::u16string_view plain = Plain(c);
    if (plain.empty()) {
      name.append(c);
    } else {
      name.append(plain.data(), static_cast<int32_t>(plain.size()));
    }
  }
  return ToUtf8(Normalized(icu::Normalizer2::getNFCInstance, name));
}

model::Identifier MakeIdentifier(model::IdentifierType type, std::string_view raw,
                                 std::string_view region) {
  model::Identifier identifier{.type = type,
                               .raw = std::string(raw),
                               .normalized = {},
                               .normalizer_version = kNormalizerVersion};
  switch (type) {
    case model::IdentifierType::kEmail:
      identifier.normalized = NormalizeEmail(raw);
      break;
    case model::IdentifierType::kPhone:
      identifier.normalized = NormalizePhone(raw, region);
      break;
    case model::IdentifierType::kName:
      identifier.normalized = NormalizeName(raw, "");
      break;
    case model::IdentifierType::kDevice:
    case model::IdentifierType::kCard:
      identifier.normalized = TrimAscii(raw);
      break;
  }
  return identifier;
}

}  // namespace spotter::connect
