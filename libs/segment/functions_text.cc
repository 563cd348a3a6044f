// SPDX-License-Identifier: Apache-2.0
//
// Texts: CEL's standard functions and its string extensions. Positions count characters.
#include <cstring>

#include "segment/functions.h"
#include "segment/pattern.h"
#include "segment/utf8.h"

namespace spotter::segment {
namespace {

constexpr std::string_view kOutOfRange = "index out of range";
constexpr size_t kNone = std::string_view::npos;

// Linear in both, whatever they are (std::string_view::find is not).
size_t FindFrom(std::string_view text, std::string_view part, size_t from) {
  if (part.empty()) return from;
  const void* at = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return at == nullptr ? kNone : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

Value Contains(const Call& call) {
  return BoolValue(FindFrom(call[0].text, call[1].text, 0) != kNone);
}
Value StartsWith(const Call& call) { return BoolValue(call[0].text.starts_with(call[1].text)); }
Value EndsWith(const Call& call) { return BoolValue(call[0].text.ends_with(call[1].text)); }
Value SizeOfText(const Call& call) { return IntValue(CharactersIn(call[0].text)); }
Value SizeOfBytes(const Call& call) { return IntValue(static_cast<int64_t>(call[0].text.size())); }
Value SizeOfItems(const Call& call) { return IntValue(call[0].number); }

Value Matches(const Call& call) {
  constexpr int64_t kCompiling = 5000;
  if (!call.work.Spend(kCompiling)) return Workspace::OverBound();
  const StatusOr<Pattern> pattern = Pattern::Compile(call[1].text);
  return pattern.ok() ? pattern->Find(call[0], call.work)
                      : ErrorValue("the regular expression cannot be used");
}

// Where the `index`-th character begins; npos outside of [0, characters].
size_t OffsetOf(std::string_view text, const Value& index) {
  return index.number < 0 ? kNone : OffsetOfCharacter(text, index.number);
}

Value CharAt(const Call& call) {
  const std::string_view text = call[0].text;
  const size_t at = OffsetOf(text, call[1]);
  if (at == kNone) return ErrorValue(kOutOfRange);
  return StringValue(FirstCharacter(text.substr(at)));
}

Value IndexOf(const Call& call) {
  const std::string_view text = call[0].text;
  const size_t from = call.arguments.size() < 3 ? 0 : OffsetOf(text, call[2]);
  if (from == kNone) return ErrorValue(kOutOfRange);
  const size_t at = FindFrom(text, call[1].text, from);
  return IntValue(at == kNone ? -1 : CharactersIn(text.substr(0, at)));
}

Value LastIndexOf(const Call& call) {
  const std::string_view text = call[0].text;
  const std::string_view part = call[1].text;
  const size_t last = call.arguments.size() < 3 ? text.size() : OffsetOf(text, call[2]);
  if (last == kNone) return ErrorValue(kOutOfRange);
  if (part.empty()) return IntValue(CharactersIn(text.substr(0, last)));
  size_t found = kNone;
  for (size_t at = FindFrom(text, part, 0); at != kNone && at <= last;
       at = FindFrom(text, part, at + 1)) {
    // A text of one letter, looked for in many: every place is looked for anew.
    if (!call.work.Spend(1 + static_cast<int64_t>(part.size() / 16))) return Workspace::OverBound();
    found = at;
  }
  return IntValue(found == kNone ? -1 : CharactersIn(text.substr(0, found)));
}

Value Substring(const Call& call) {
  const std::string_view text = call[0].text;
  const size_t from = OffsetOf(text, call[1]);
  const size_t to = call.arguments.size() < 3 ? text.size() : OffsetOf(text, call[2]);
  if (from == kNone || to == kNone) return ErrorValue(kOutOfRange);
  if (from > to) return ErrorValue("a substring ends before it begins");
  return StringValue(text.substr(from, to - from));
}

Value ChangedAscii(const Call& call, char first, char last) {
  const std::span<char> room = call.work.NewText(call[0].text.size());
  if (room.size() < call[0].text.size()) return Workspace::OverBound();
  std::ranges::transform(call[0].text, room.begin(), [=](char c) {
    return c >= first && c <= last ? static_cast<char>(c ^ ('a' ^ 'A')) : c;
  });
  return StringValue({room.data(), room.size()});
}
Value LowerAscii(const Call& call) { return ChangedAscii(call, 'A', 'Z'); }
Value UpperAscii(const Call& call) { return ChangedAscii(call, 'a', 'z'); }

// An empty part is found before every character, and at the end.
size_t FindPart(std::string_view text, std::string_view part, size_t from, bool is_first) {
  if (!part.empty()) return FindFrom(text, part, from);
  if (is_first) return 0;
  return from >= text.size() ? kNone : from + FirstCharacter(text.substr(from)).size();
}

Value Replace(const Call& call) {
  const std::string_view text = call[0].text;
  const std::string_view part = call[1].text;
  int64_t left = call.arguments.size() < 4 ? -1 : call[3].number;
  TextBuilder out(call.work);
  size_t from = 0;
  for (bool is_first = true; left != 0; --left, is_first = false) {
    const size_t at = FindPart(text, part, from, is_first);
    if (at == kNone || call.work.is_over_bound()) break;
    out.Add(text.substr(from, at - from));
    out.Add(call[2].text);
    from = at + part.size();
  }
  out.Add(text.substr(from));
  return out.Take();
}

Value Split(const Call& call) {
  const std::string_view text = call[0].text;
  const std::string_view separator = call[1].text;
  const int64_t most = call.arguments.size() < 3 ? -1 : call[2].number;
  std::vector<Value> parts;
  size_t from = 0;
  while (most != 0 && std::ssize(parts) + 1 != most) {
    const size_t at = FindPart(text, separator, from, /*is_first=*/false);
    if (at == kNone || (separator.empty() && at >= text.size())) break;
    if (!call.work.Spend(1)) return Workspace::OverBound();
    parts.push_back(StringValue(text.substr(from, at - from)));
    from = at + separator.size();
  }
  if (most != 0 && !(separator.empty() && text.empty())) {
    parts.push_back(StringValue(text.substr(from)));
  }
  const std::span<Value> room = call.work.NewValues(parts.size());
  if (room.size() < parts.size()) return Workspace::OverBound();
  std::ranges::copy(parts, room.begin());
  return ListValue(room);
}

Value Join(const Call& call) {
  TextBuilder out(call.work);
  bool is_first = true;
  for (const Value& part : call[0].elements()) {
    if (part.kind != ValueKind::kString) return ErrorValue(kNoOverload);
    if (!is_first && call.arguments.size() > 1) out.Add(call[1].text);
    is_first = false;
    out.Add(part.text);
  }
  return out.Take();
}

// Unicode's White_Space.
bool IsSpace(std::string_view c) {
  constexpr std::string_view kSpaces =
      "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
      "\u200a\u2028\u2029\u202f\u205f\u3000";
  return !c.empty() && kSpaces.find(c) != kNone;
}

Value Trim(const Call& call) {
  std::string_view text = call[0].text;
  while (IsSpace(FirstCharacter(text))) text.remove_prefix(FirstCharacter(text).size());
  while (IsSpace(LastCharacter(text))) text.remove_suffix(LastCharacter(text).size());
  return StringValue(text);
}

Value Reverse(const Call& call) {
  TextBuilder out(call.work);
  for (std::string_view text = call[0].text; !text.empty();) {
    const std::string_view last = LastCharacter(text);
    out.Add(last);
    text.remove_suffix(last.size());
  }
  return out.Take();
}

constexpr Function kFunctions[] = {
    {"size", "(string) -> int", SizeOfText},
    {"size", "(bytes) -> int", SizeOfBytes},
    {"size", "(list<A>) -> int", SizeOfItems},
    {"size", "(map<A, B>) -> int", SizeOfItems},
    {"size", "string.() -> int", SizeOfText},
    {"size", "bytes.() -> int", SizeOfBytes},
    {"size", "list<A>.() -> int", SizeOfItems},
    {"size", "map<A, B>.() -> int", SizeOfItems},
    {"contains", "string.(string) -> bool", Contains},
    {"startsWith", "string.(string) -> bool", StartsWith},
    {"endsWith", "string.(string) -> bool", EndsWith},
    {"matches", "(string, string) -> bool", Matches},
    {"matches", "string.(string) -> bool", Matches},
    {"charAt", "string.(int) -> string", CharAt},
    {"indexOf", "string.(string) -> int", IndexOf},
    {"indexOf", "string.(string, int) -> int", IndexOf},
    {"lastIndexOf", "string.(string) -> int", LastIndexOf},
    {"lastIndexOf", "string.(string, int) -> int", LastIndexOf},
    {"lowerAscii", "string.() -> string", LowerAscii},
    {"upperAscii", "string.() -> string", UpperAscii},
    {"replace", "string.(string, string) -> string", Replace},
    {"replace", "string.(string, string, int) -> string", Replace},
    {"split", "string.(string) -> list<string>", Split},
    {"split", "string.(string, int) -> list<string>", Split},
    {"substring", "string.(int) -> string", Substring},
    {"substring", "string.(int, int) -> string", Substring},
    {"trim", "string.() -> string", Trim},
    {"join", "list<string>.() -> string", Join},
    {"join", "list<string>.(string) -> string", Join},
    {"reverse", "string.() -> string", Reverse},
};

}  // namespace

std::span<const Function> TextFunctions() { return kFunctions; }

}  // namespace spotter::segment
