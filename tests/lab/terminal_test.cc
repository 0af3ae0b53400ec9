// What people at a terminal see.
#include "lab/terminal.h"

#include <gmock/gmock.h>

#include "absl/strings/str_split.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Terminal, TheListHasEveryIncident) {
  const std::string list = List();
  for (const Incident& incident : Incidents()) {
    EXPECT_THAT(list, HasSubstr(incident.name));
    EXPECT_THAT(list, HasSubstr(incident.title));
  }
}

TEST(Terminal, AnIncidentIsShownBothWays) {
  const std::string text = Show(*FindIncident("ack-before-quorum"));
  const size_t without = text.find("---- without quorum_commit");
  ASSERT_NE(without, std::string::npos);
  EXPECT_THAT(text.substr(0, without), HasSubstr("no judge has found any damage"));
  EXPECT_THAT(text.substr(without), HasSubstr("DAMAGE, what a client was told is written"));
  EXPECT_THAT(text, HasSubstr("GitHub, 21 October 2018"));
  EXPECT_THAT(text, Not(HasSubstr("does not show")));
  for (const auto line : absl::StrSplit(text, '\n')) EXPECT_LE(line.size(), 150u) << std::string(line);
}

}  // namespace
}  // namespace raftly
