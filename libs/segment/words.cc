// SPDX-License-Identifier: Apache-2.0
#include "segment/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace spotter::segment {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr Pair kEvents[] = {{"no_show", "no-show"},
                            {"late_cancel", "late cancellation"},
                            {"payment_failed", "failed payment"},
                            {"signup", "sign-up"},
                            {"scan", "door scan"},
                            {"waitlist", "waitlist place"},
                            {"checkin_form", "check-in form"},
                            {"consent", "consent change"},
                            {"message_in", "incoming message"},
                            {"offer_redeemed", "redeemed offer"}};
constexpr Pair kMember[] = {
    {"last_visit_date", "the last visit"},          {"joined_at", "joining"},
    {"avg_classes_per_month", "visits in 30 days"}, {"contract_end", "the end of the contract"},
    {"block_start", "the start of the block"},      {"block_end", "the end of the block"}};
constexpr Pair kGetters[] = {{"getFullYear", "year"},
                             {"getMonth", "month (from 0)"},
                             {"getDayOfYear", "day of the year (from 0)"},
                             {"getDayOfMonth", "day of the month (from 0)"},
                             {"getDate", "day of the month"},
                             {"getDayOfWeek", "day of the week (0 is Sunday)"},
                             {"getHours", "hour"},
                             {"getMinutes", "minute"},
                             {"getSeconds", "seconds"},
                             {"getMilliseconds", "milliseconds"}};
constexpr Pair kFolds[] = {{"sum", "the total"},
                           {"avg", "the average"},
                           {"min", "the least"},
                           {"max", "the greatest"},
                           {"distinct", "the number of different values of"}};
constexpr Pair kTests[] = {{"startsWith", "starts with"},
                           {"endsWith", "ends with"},
                           {"contains", "contains"},
                           {"matches", "matches the pattern"}};
constexpr Pair kNegated[] = {{"startsWith", "does not start with"},
                             {"endsWith", "does not end with"},
                             {"contains", "does not contain"},
                             {"matches", "does not match the pattern"}};

std::string_view Find(std::span<const Pair> pairs, std::string_view name) {
  const auto at = std::ranges::find(pairs, name, &Pair::first);
  return at == pairs.end() ? "" : at->second;
}

}  // namespace

std::string EventWords(std::string_view kind) {
  const std::string_view own = Find(kEvents, kind);
  return own.empty() ? WordsOf(kind) : std::string(own);
}

std::string WordsOf(std::string_view name) {
  std::string words(name);
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string MemberWords(std::string_view name, std::string_view otherwise) {
  const std::string_view own = Find(kMember, name);
  return std::string(own.empty() ? otherwise : own);
}

std::string WithArticle(std::string_view words) {
  const bool is_vowel =
      !words.empty() && std::string_view("aeio").find(words[0]) != std::string_view::npos;
  return fmt::format("{} {}", is_vowel ? "an" : "a", words);
}

std::string_view GetterWords(std::string_view method) { return Find(kGetters, method); }
std::string_view FoldWords(std::string_view name) { return Find(kFolds, name); }
std::string_view TextTest(std::string_view method, bool is_so) {
  return Find(is_so ? std::span<const Pair>(kTests) : std::span<const Pair>(kNegated), method);
}

std::string_view Order(BinaryOp op) {
  static constexpr std::array<std::string_view, 6> kWords = {
      "is", "is not", "is less than", "is at most", "is more than", "is at least"};
  return kWords[std::min<size_t>(static_cast<size_t>(op), 5)];
}
std::string_view TimeOrder(BinaryOp op) {
  static constexpr std::array<std::string_view, 6> kWords = {
      "is", "is not", "is before", "is not after", "is after", "is not before"};
  return kWords[std::min<size_t>(static_cast<size_t>(op), 5)];
}
std::string_view SpanText(BinaryOp op) {
  static constexpr std::array<std::string_view, 6> kWords = {"exactly", "not exactly", "less than",
                                                             "at most", "more than",   "at least"};
  return kWords[std::min<size_t>(static_cast<size_t>(op), 5)];
}
std::string_view Arithmetic(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "plus";
    case BinaryOp::kSubtract:
      return "minus";
    case BinaryOp::kMultiply:
      return "times";
    case BinaryOp::kDivide:
      return "divided by";
    default:
      return "modulo";
  }
}

bool IsPlain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/' || c == ':' || c == '+';
  });
}

}  // namespace spotter::segment
