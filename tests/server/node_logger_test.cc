// What a node says of what happens in it, and how often.
#include "server/node_logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "raft/node/errors.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  int write_end() const { return ends_[1]; }
  // The lines since the last look.
  std::vector<std::string> Lines() {
    EXPECT_EQ(write(ends_[1], "\n", 1), 1);  // so that there is something to read
    std::string text(64 << 10, '\0');
    text.resize(static_cast<size_t>(read(ends_[0], text.data(), text.size())));
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

 private:
  int ends_[2] = {-1, -1};
};

class NodeLoggerTest : public testing::Test {
 protected:
  std::vector<std::string> Lines() {
    log_.Flush(std::chrono::seconds(30));
    return pipe_.Lines();
  }
  void After(Duration duration) { now_ += duration; }
  void Happens(const NodeEvent& event) { logger_.OnEvent(now_, event); }
  void CallFails(const NodeId& peer, const absl::Status& why) {
    Happens(CommitAdvanced{});  // the logger's clock goes with the events
    logger_.OnCallFailed(peer, why);
  }

 private:
  Pipe pipe_;
  Logger log_{"a", LogLevel::kDebug, pipe_.write_end()};
  NodeLogger logger_{log_};
  Time now_{};
};

TEST_F(NodeLoggerTest, ARefusedMessageIsSaidOnceAMinuteWithTheCountOfTheRest) {
  for (int i = 0; i < 1000; ++i) Happens(MessageRefused{"b", Objection::kCommittedWouldChange, Term{7}});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("peer=b term=7 reason=\"a committed entry would be truncated\" "
                                             "not_logged=0")));
  After(61s);
  Happens(MessageRefused{"b", Objection::kCommittedWouldChange, Term{7}});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("not_logged=999")));
}

TEST_F(NodeLoggerTest, ASearchForALeaderIsToldOnceThenAtGrowingIntervalsWithTheCount) {
  const auto campaign = [&](uint64_t term) {
    Happens(ElectionStarted{Role::kPreCandidate, Term{term}, ElectionReason::kTimeout, {}});
    Happens(RoleChanged{Role::kFollower, Role::kPreCandidate, Term{term}, RoleReason::kElectionTimeout});
  };
  campaign(2);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("pre-vote started"), HasSubstr("role changed")));
  // A minute and a half of four campaigns a second.
  std::vector<std::string> lines;
  for (int i = 1; i <= 360; ++i) {
    After(std::chrono::milliseconds(250));
    campaign(2);
    for (std::string& line : Lines()) lines.push_back(std::move(line));
  }
  EXPECT_THAT(lines.size(), 2 * 6u) << "after 1, 3, 7, 15, 31 and 63 seconds";
  EXPECT_THAT(lines.at(0), HasSubstr("campaigns=5 searching_ms=1000.0"));
  EXPECT_THAT(lines.at(10), HasSubstr("campaigns=253 searching_ms=63000.0"));
  Happens(LeaderChanged{"b", Term{2}});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("leader changed")));
  campaign(3);
  EXPECT_THAT(Lines().at(0), HasSubstr("campaigns=1")) << "another search";
}

TEST_F(NodeLoggerTest, EachPeerAndEachReasonIsSaid) {
  Happens(MessageRefused{"b", Objection::kStranger, Term{7}});
  Happens(MessageRefused{"c", Objection::kStranger, Term{7}});
  Happens(MessageRefused{"b", Objection::kMalformed, Term{7}});
  EXPECT_THAT(Lines(), SizeIs(3));
}

TEST_F(NodeLoggerTest, AThousandNamesAreNotAThousandLines) {
  for (int i = 0; i < 1000; ++i) Happens(MessageRefused{std::to_string(i), Objection::kStranger, Term{7}});
  EXPECT_THAT(Lines(), SizeIs(LineLimit::kKinds + 1));
}

TEST_F(NodeLoggerTest, ARefusedVoteIsSaidWithItsReasonAndBothPositions) {
  VoteRefused refused{.candidate = "c",
                      .term = Term{7},
                      .pre_vote = false,
                      .why = NoVote::kLogBehind,
                      .theirs = {Term{2}, Index{10}},
                      .ours = {Term{3}, Index{20}},
                      .voted_for = {}};
  Happens(refused);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("INFO a vote refused candidate=c term=7 reason=\"its log is behind\" "
                                             "their_last_index=10 their_last_term=2 our_last_index=20 our_last_term=3 "
                                             "voted_for=none")));
  refused.pre_vote = true;
  for (int i = 0; i < 100; ++i) Happens(refused);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("DEBUG a pre-vote refused candidate=c term=7")));
  After(2s);
  Happens(refused);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("not_logged=99")));
}

TEST_F(NodeLoggerTest, APeerThatRefusesUsIsNamedOnceAMinute) {
  for (int i = 0; i < 100; ++i) CallFails("b", PeerRefusedError("b refuses a: not among its peers"));
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("WARN a peer refuses this node peer=b "
                                             "reason=\"b refuses a: not among its peers\"")));
  After(61s);
  CallFails("b", PeerRefusedError("b refuses a: not among its peers"));
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("not_logged=99")));
  Happens(PeerRefuses{"c"});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("peer=c")));
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace raftly
