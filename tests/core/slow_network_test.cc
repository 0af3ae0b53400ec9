// A leader that has become far from everybody hands the lead over (INCIDENTS: slow leaders); nobody else does.
#include <gtest/gtest.h>

#include <map>
#include <variant>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// After how long who answers; peers that are not named say nothing.
using Distances = std::map<NodeId, Duration>;

class SlowNetwork : public ::testing::Test {
 protected:
  // Time passes in steps of 5 ms. True: the leader began to hand the lead over meanwhile.
  bool HandsOver(const Distances& distances, Duration duration) {
    const size_t before = a_.events.size();
    for (const Time until = now_ + duration; now_ < until && a_.core().role() == Role::kLeader;) {
      a_.Wait(milliseconds(5));
      now_ += milliseconds(5);
      a_.FinishWrites();
      for (const Call& call : a_.TakeCalls()) {
        const auto far = distances.find(call.to);
        if (far != distances.end()) answers_.emplace(now_ + far->second, call);
      }
      for (; !answers_.empty() && answers_.begin()->first <= now_; answers_.erase(answers_.begin())) {
        Answer(answers_.begin()->second);
      }
    }
    for (size_t i = before; i < a_.events.size(); ++i) {
      const auto* change = std::get_if<HandoverChanged>(&a_.events[i]);
      if (change == nullptr || change->what != HandoverChanged::What::kBegun) continue;
      EXPECT_EQ(change->why, RoleReason::kNetworkSlow);
      return true;
    }
    return false;
  }

  DrivenNode a_ = Leader();

 private:
  // Nobody can take the lead.
  void Answer(const Call& call) {
    const Term term = a_.core().term();
    const bool to_lead = std::holds_alternative<TimeoutNowRequest>(call.request);
    to_lead ? a_.Answer(call, TimeoutNowReply{term, false}) : a_.Answer(call, Accept(term.value));
  }

  Time now_{};
  std::multimap<Time, Call> answers_;
};

constexpr milliseconds kNear{5};
constexpr milliseconds kFar{60};

TEST_F(SlowNetwork, ALeaderFarFromAllOthersHandsTheLeadOver) {
  EXPECT_FALSE(HandsOver({{"b", kNear}, {"c", kNear}}, milliseconds(2000)));
  EXPECT_FALSE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(900)));
  EXPECT_TRUE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(400)));
}

TEST_F(SlowNetwork, WhereOneIsNearItIsNotTheLeadersNetwork) {
  EXPECT_FALSE(HandsOver({{"b", kNear}, {"c", kNear}}, milliseconds(500)));
  EXPECT_FALSE(HandsOver({{"b", kFar}, {"c", kNear}}, milliseconds(5000)));
}

TEST_F(SlowNetwork, WhereOnlyOneIsHeardNobodyKnowsWhoseNetworkItIs) {
  EXPECT_FALSE(HandsOver({{"b", kNear}, {"c", kNear}}, milliseconds(500)));
  EXPECT_FALSE(HandsOver({{"b", kFar}}, milliseconds(5000)));
}

TEST_F(SlowNetwork, WhoWasAlwaysFarStaysTheLeader) {
  EXPECT_FALSE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(5000)));
}

TEST_F(SlowNetwork, AMomentDoesNotCount) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(HandsOver({{"b", kNear}, {"c", kNear}}, milliseconds(500)));
    EXPECT_FALSE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(700)));
  }
}

TEST_F(SlowNetwork, WhereNobodyTakesTheLeadItIsTriedMoreAndMoreSeldom) {
  EXPECT_FALSE(HandsOver({{"b", kNear}, {"c", kNear}}, milliseconds(500)));
  EXPECT_TRUE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(1500)));
  EXPECT_FALSE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(1500)));
  EXPECT_TRUE(HandsOver({{"b", kFar}, {"c", kFar}}, milliseconds(1500)));
  EXPECT_EQ(a_.core().role(), Role::kLeader);
}

}  // namespace
}  // namespace raftly
