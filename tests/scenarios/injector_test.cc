// Each fault by its effect, and that it ends alone; in virtual time and on threads.
#include "chaos/injector.h"

#include <gtest/gtest.h>

#include "chaos/sim/kv_machine.h"
#include "chaos/sim_stage.h"
#include "chaos/thread_stage.h"
#include "scenarios/run.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

template <class StageUnderTest>
class InjectorTest : public ::testing::Test {
 protected:
  InjectorTest()
      : stage_({.nodes = 3, .seed = 5, .timings = {.election_timeout = 400ms, .heartbeat = 80ms}}, timeline_),
        run_(stage_) {
    EXPECT_TRUE(run_.Assemble());
    leader_ = stage_.leader();
    follower_ = (leader_ + 1) % 3;
    other_ = (leader_ + 2) % 3;
  }

  bool Eventually(const Stage::Condition& condition) { return stage_.RunUntil(condition, 20s); }
  Index LastIndex(int node) const { return stage_.status(node).last_index; }
  size_t AskToPut() { return run_.clients.Put(leader_, "x", std::to_string(++values_), 30s); }
  bool Put() {
    const size_t put = AskToPut();
    return Eventually([&] { return run_.clients.answered(put); }) && run_.clients.succeeded(put);
  }
  bool FollowerHasAll() {
    return Eventually([&] { return LastIndex(follower_) == LastIndex(leader_); });
  }
  // The leader goes on with the other one.
  void ExpectFollowerIsCutOff() {
    const Index before = LastIndex(follower_);
    EXPECT_TRUE(Put());
    stage_.RunFor(200ms);
    EXPECT_EQ(LastIndex(follower_), before);
  }

  Timeline timeline_;
  StageUnderTest stage_;
  raftly::Run run_;  // GoogleTest has a Run of its own
  Injector& inject_ = run_.inject;
  int leader_ = -1, follower_ = -1, other_ = -1;
  int values_ = 0;
};

using Stages = ::testing::Types<SimStage, ThreadStage>;
class StageNames {
 public:
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, SimStage> ? "Simulated" : "Threads";
  }
};
TYPED_TEST_SUITE(InjectorTest, Stages, StageNames);

// ---- The network ---------------------------------------------------------------------------------------------------

TYPED_TEST(InjectorTest, AnIsolatedLeaderIsReplacedAndComesBackAsAFollower) {
  auto isolation = this->inject_.Isolate(this->leader_);
  EXPECT_TRUE(this->Eventually([&] { return this->stage_.leader() >= 0 && this->stage_.leader() != this->leader_; }));
  EXPECT_TRUE(isolation.Heal().ok());
  EXPECT_TRUE(this->run_.Agree());
  EXPECT_NE(this->stage_.leader(), this->leader_);
}

TYPED_TEST(InjectorTest, APartitionCutsOnePair) {
  auto partition = this->inject_.Partition(this->leader_, this->follower_);
  this->ExpectFollowerIsCutOff();
  EXPECT_EQ(this->LastIndex(this->other_), this->LastIndex(this->leader_));
  EXPECT_TRUE(partition.Heal().ok());
  EXPECT_TRUE(this->FollowerHasAll());
}

TYPED_TEST(InjectorTest, AOneWayPartitionLetsTheOtherWayThrough) {
  auto crash = this->inject_.Crash(this->other_);
  auto deaf = this->inject_.OneWay(this->follower_, this->leader_);
  const size_t put = this->AskToPut();
  EXPECT_TRUE(this->FollowerHasAll()) << "requests arrive";
  EXPECT_FALSE(this->run_.clients.answered(put)) << "acknowledgements do not";
}

TYPED_TEST(InjectorTest, ADelayCountsOncePerDirection) {
  auto crash = this->inject_.Crash(this->other_);
  auto delay = this->inject_.Delay(this->follower_, 60ms, 10ms);
  const Time asked = this->stage_.now();
  EXPECT_TRUE(this->Put());
  EXPECT_GE(this->stage_.now() - asked, 100ms);
}

TYPED_TEST(InjectorTest, TotalLossIsAnIsolationAndHalfOfItIsNot) {
  {
    auto loss = this->inject_.Loss(this->follower_, 1);
    this->ExpectFollowerIsCutOff();
  }
  EXPECT_TRUE(this->FollowerHasAll());
  auto loss = this->inject_.Loss(this->follower_, 0.5);
  EXPECT_TRUE(this->Put());
  EXPECT_TRUE(this->FollowerHasAll());
}

// ---- Processes and disks -------------------------------------------------------------------------------------------

TYPED_TEST(InjectorTest, ACrashOfAllLosesNothingThatWasAcknowledged) {
  EXPECT_TRUE(this->Put());
  const Index last = this->LastIndex(this->leader_);
  {
    auto first = this->inject_.Crash(0), second = this->inject_.Crash(1), third = this->inject_.Crash(2);
    EXPECT_FALSE(this->stage_.up(0) || this->stage_.up(1) || this->stage_.up(2));
  }
  EXPECT_TRUE(this->run_.Agree());
  EXPECT_GT(this->LastIndex(0), last);
  EXPECT_EQ(this->stage_.ReadStale(0, "x"), std::to_string(this->values_));
}

TYPED_TEST(InjectorTest, HealingTheNetworkDoesNotReviveACrashedNode) {
  auto isolation = this->inject_.Isolate(this->follower_);
  auto crash = this->inject_.Crash(this->follower_);
  this->inject_.HealNetwork();
  this->stage_.RunFor(100ms);
  EXPECT_FALSE(isolation.active());
  EXPECT_TRUE(crash.active());
  EXPECT_FALSE(this->stage_.up(this->follower_));
  EXPECT_TRUE(crash.Heal().ok());
  EXPECT_TRUE(this->stage_.up(this->follower_));
  EXPECT_TRUE(this->run_.Agree());
}

TYPED_TEST(InjectorTest, RevivingANodeHealsNoLink) {
  auto isolation = this->inject_.Isolate(this->follower_);
  auto crash = this->inject_.Crash(this->follower_);
  EXPECT_TRUE(crash.Heal().ok());
  this->ExpectFollowerIsCutOff();
}

TYPED_TEST(InjectorTest, ATornTailIsCutAndWhatWasBeforeItIsKept) {
  EXPECT_TRUE(this->Put() && this->FollowerHasAll());
  auto isolation = this->inject_.Isolate(this->follower_);  // nothing comes to it between the two reads below
  { auto cut = this->inject_.Crash(this->follower_); }      // it may not have synced all that it has
  const Index last = this->LastIndex(this->follower_);
  auto crash = this->inject_.Crash(this->follower_);
  const Entry torn{
      .index = last + 1, .term = Term{1}, .type = EntryType::kNormal, .data = Bytes(PutCommand("x", "torn"))};
  auto tear = this->inject_.TearTail(this->follower_, torn, Injector::RecordBytes(torn) - 1);
  EXPECT_TRUE(crash.Heal().ok());
  EXPECT_EQ(this->LastIndex(this->follower_), last);
  EXPECT_TRUE(isolation.Heal().ok());
  EXPECT_TRUE(this->run_.Agree());
}

TYPED_TEST(InjectorTest, AFlippedByteUnderTheSealKeepsANodeOutUntilItIsPutBack) {
  EXPECT_TRUE(this->Put() && this->FollowerHasAll());
  this->stage_.RunFor(500ms);                               // idle logs are sealed
  auto isolation = this->inject_.Isolate(this->follower_);  // its peers could mend it
  auto crash = this->inject_.Crash(this->follower_);
  auto flip = this->inject_.FlipByte(this->follower_, 60);
  EXPECT_TRUE(this->stage_.Start(this->follower_).ok());
  EXPECT_TRUE(this->stage_.status(this->follower_).repairing);
  this->stage_.Stop(this->follower_);
  EXPECT_TRUE(flip.Heal().ok());
  EXPECT_TRUE(crash.Heal().ok());
  EXPECT_TRUE(isolation.Heal().ok());
  EXPECT_TRUE(this->run_.Agree());
}

TYPED_TEST(InjectorTest, AStoppedNodeComesBackWithItsLog) {
  EXPECT_TRUE(this->Put() && this->FollowerHasAll());
  const Index last = this->LastIndex(this->follower_);
  this->stage_.Stop(this->follower_);
  EXPECT_FALSE(this->stage_.up(this->follower_));
  EXPECT_TRUE(this->stage_.Start(this->follower_).ok());
  EXPECT_GE(this->LastIndex(this->follower_), last);
}

// ---- Handles -------------------------------------------------------------------------------------------------------

TYPED_TEST(InjectorTest, AFaultEndsWithItsHandleAndTouchesNoOther) {
  auto delay = this->inject_.Delay(this->follower_, 1ms);
  {
    auto loss = this->inject_.Loss(this->follower_, 0.1);
    EXPECT_EQ(this->stage_.rules(this->follower_).List().size(), 2u);
  }
  ASSERT_EQ(this->stage_.rules(this->follower_).List().size(), 1u);
  EXPECT_EQ(ActionName(this->stage_.rules(this->follower_).List()[0]), "delay");
  EXPECT_TRUE(delay.Heal().ok());
  EXPECT_TRUE(delay.Heal().ok()) << "a second time is nothing";
  EXPECT_TRUE(this->stage_.rules(this->follower_).List().empty());
}

TYPED_TEST(InjectorTest, AFaultHealsByItselfWhenToldTo) {
  auto loss = this->inject_.Loss(this->follower_, 1);
  loss.HealAfter(50ms);
  EXPECT_TRUE(loss.active());
  EXPECT_TRUE(this->Eventually([&] { return !loss.active(); }));
  EXPECT_TRUE(this->stage_.rules(this->follower_).List().empty());
}

TYPED_TEST(InjectorTest, WhatWasDoneIsInTheTimeline) {
  this->inject_.Isolate(0).Heal().IgnoreError();
  const auto noted = [&](const std::string& what) {
    for (const Observation& seen : this->timeline_.observations()) {
      if (seen.what == what) return true;
    }
    return false;
  };
  EXPECT_TRUE(noted("fault: isolation of n1"));
  EXPECT_TRUE(noted("heals: isolation of n1"));
}

}  // namespace
}  // namespace raftly
