// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "govern/decide_proposal.h"

namespace spotter::govern {
namespace {

struct Row {
  const char* text;
  Reply reply;
};

// mission: X20 C23 (an opt-out word opts out at once; CANCEL also asks staff; YES opts nobody in)
TEST(ReadReply, Table) {
  const Row table[] = {
      {"STOP", Reply::kOptOut},
      {"stop", Reply::kOptOut},
      {"  Stop. \r\n", Reply::kOptOut},
      {"\"STOP\"", Reply::kOptOut},
      {"STOP!!!", Reply::kOptOut},
      {"STOPALL", Reply::kOptOut},
      {"Stop  all", Reply::kOptOut},
      {"unsubscribe", Reply::kOptOut},
      {"END", Reply::kOptOut},
      {"Quit", Reply::kOptOut},
      {"REVOKE", Reply::kOptOut},
      {"optout", Reply::kOptOut},
      {"OPT OUT", Reply::kOptOut},
      {"Opt-Out", Reply::kOptOut},
      {"ARRET", Reply::kOptOut},
      {"arrêt", Reply::kOptOut},
      {"ARRÊT", Reply::kOptOut},
      {"REMOVE", Reply::kOptOut},
      {"td", Reply::kOptOut},
      {"CANCEL", Reply::kOptOutAndTask},
      {"cancel ", Reply::kOptOutAndTask},
      {"HELP", Reply::kHelp},
      {"info", Reply::kHelp},
      {"YES", Reply::kYes},
      {"yes!", Reply::kYes},
      // Not exact words: free text is for people (and for a later reader).
      {"", Reply::kOther},
      {"  ", Reply::kOther},
      {"?", Reply::kOther},
      {"stopping by tomorrow", Reply::kOther},
      {"non-stop", Reply::kOther},
      {"yes please", Reply::kOther},
      {"START", Reply::kOther},
      {"UNSTOP", Reply::kOther},
      {"cancel my class", Reply::kOther},
  };
  for (const Row& row : table) EXPECT_EQ(ReadReply(row.text), row.reply) << row.text;
  EXPECT_EQ(ReadReply(std::string(100000, 's')), Reply::kOther);
}

}  // namespace
}  // namespace spotter::govern
