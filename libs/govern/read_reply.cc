// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "govern/decide_proposal.h"

namespace spotter::govern {

namespace {

struct Word {
  std::string_view text;
  Reply reply;
};

// The words of 47 CFR 64.1200(a)(10) and those that carriers and providers act on by themselves;
// "YES" would opt in at some providers, here it only answers. Ours is the union: the stricter.
constexpr std::array kWords = {
    Word{"stop", Reply::kOptOut},
    Word{"stopall", Reply::kOptOut},
    Word{"stop all", Reply::kOptOut},
    Word{"unsubscribe", Reply::kOptOut},
    Word{"end", Reply::kOptOut},
    Word{"quit", Reply::kOptOut},
    Word{"revoke", Reply::kOptOut},
    Word{"optout", Reply::kOptOut},
    Word{"opt out", Reply::kOptOut},
    Word{"opt-out", Reply::kOptOut},
    Word{"arret", Reply::kOptOut},
    Word{"arr\xC3\xAAt", Reply::kOptOut},
    Word{"arr\xC3\x8At", Reply::kOptOut},
    Word{"remove", Reply::kOptOut},
    Word{"td", Reply::kOptOut},
    Word{"cancel", Reply::kOptOutAndTask},
    Word{"help", Reply::kHelp},
    Word{"info", Reply::kHelp},
    Word{"yes", Reply::kYes},
};

constexpr size_t kLongestReply = 64;  // longer texts are no command

bool IsSeparator(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsPunctuation(char c) {
  return std::string_view(".,;:!?\"'`()[]*").find(c) != std::string_view::npos;
}

std::string Folded(std::string_view text) {
  auto is_edge = [](char c) { return IsSeparator(c) || IsPunctuation(c); };
  while (!text.empty() && is_edge(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_edge(text.back())) text.remove_suffix(1);
  std::string folded;
  if (text.size() > kLongestReply) return folded;
  for (const char c : text) {
    if (IsSeparator(c)) {
      if (folded.back() != ' ') folded += ' ';
    } else {
      folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return folded;
}

}  // namespace

Reply ReadReply(std::string_view text) {
  const std::string folded = Folded(text);
  const auto* word =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.text == folded; });
  return word == kWords.end() ? Reply::kOther : word->reply;
}

}  // namespace spotter::govern
