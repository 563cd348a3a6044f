// SPDX-License-Identifier: Apache-2.0
#include "journey/message_text.h"

#include <algorithm>

#include "journey/advance_enrolment.h"

namespace spotter::journey {

namespace {

constexpr std::string_view kOptOutInstruction = "Reply STOP to opt out";

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string_view DefaultFallback(std::string_view canonical) {
  return canonical == "first_name" ? "there" : "";
}

const model::Token* FindToken(const std::vector<model::Token>& tokens, std::string_view name) {
  const auto found = std::find_if(tokens.begin(), tokens.end(),
                                  [&](const model::Token& token) { return token.name == name; });
  return found == tokens.end() || found->value.empty() ? nullptr : &*found;
}

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool NamesStop(std::string_view text) {
  constexpr std::string_view kStop = "STOP";
  for (size_t at = text.find(kStop); at != text.npos; at = text.find(kStop, at + 1)) {
    const bool starts = at == 0 || !IsLetter(text[at - 1]);
    const size_t end = at + kStop.size();
    if (starts && (end == text.size() || !IsLetter(text[end]))) return true;
  }
  return false;
}

}  // namespace

std::vector<Place> PlacesOf(std::string_view text) {
  std::vector<Place> places;
  for (size_t begin = text.find("{{"); begin != text.npos; begin = text.find("{{", begin)) {
    const size_t close = text.find("}}", begin);
    if (close == text.npos) break;
    const std::string_view inside = text.substr(begin + 2, close - begin - 2);
    Place place{.begin = begin, .end = close + 2};
    const size_t bar = inside.find('|');
    place.name = Trimmed(inside.substr(0, bar));
    if (bar != inside.npos) {
      place.has_fallback = true;
      place.fallback = Trimmed(inside.substr(bar + 1));
    }
    places.push_back(place);
    begin = place.end;
  }
  return places;
}

bool HasOpenPlace(std::string_view text) {
  const std::vector<Place> places = PlacesOf(text);
  return text.find("{{", places.empty() ? 0 : places.back().end) != text.npos;
}

std::string FillTokens(std::string_view text, const std::vector<model::Token>& tokens) {
  std::string filled;
  size_t from = 0;
  for (const Place& place : PlacesOf(text)) {
    filled += text.substr(from, place.begin - from);
    const std::string_view canonical = CanonicalToken(place.name);
    if (const model::Token* token = FindToken(tokens, canonical)) {
      filled += token->value;
    } else {
      filled += place.has_fallback ? place.fallback : DefaultFallback(canonical);
    }
    from = place.end;
  }
  filled += text.substr(from);
  return filled;
}

size_t CharactersIn(std::string_view text) {
  // Continuation bytes of UTF-8 begin with 10.
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

std::string WithOptOut(std::string_view text) {
  if (NamesStop(text)) return std::string(text);
  return fmt::format("{}{}{}", text, text.empty() ? "" : " ", kOptOutInstruction);
}

bool NeedsOptOut(const model::SendStep& send, std::string_view purpose) {
  return send.channel == model::Channel::kSms && purpose == "marketing";
}

std::string RenderText(const model::SendStep& send, std::string_view purpose,
                       std::vector<model::Token>& tokens) {
  if (!NeedsOptOut(send, purpose)) return FillTokens(send.text, tokens);
  // The instruction is judged on the template: a member named STOP does not replace it.
  const std::string text = WithOptOut(send.text);
  while (true) {
    std::string filled = FillTokens(text, tokens);
    if (CharactersIn(filled) <= kSmsCharsMax || tokens.empty()) return filled;
    tokens.erase(std::max_element(tokens.begin(), tokens.end(),
                                  [](const model::Token& a, const model::Token& b) {
                                    return CharactersIn(a.value) < CharactersIn(b.value);
                                  }));
  }
}

}  // namespace spotter::journey
