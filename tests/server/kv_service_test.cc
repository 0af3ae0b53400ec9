// The key-value service on a node that answers as the test says.
#include "server/kv/kv_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "server/kv/command.h"
#include "tests/server/fake_consensus.h"

namespace raftly {
namespace {

using Code = KvResult::Code;
using namespace std::chrono_literals;

class KvServiceTest : public ::testing::Test {
 protected:
  KvOptions Soon() const { return {.deadline = consensus_.Now() + 30ms}; }
  KvOptions Later() const { return {.deadline = consensus_.Now() + 60s}; }

  KvStore store_;
  FakeConsensus consensus_{store_};
  LeaderWatch leaders_;
  KvService service_{"node1", consensus_, store_, leaders_};
};

TEST_F(KvServiceTest, ALeaderServes) {
  Elect(leaders_, "node1");
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kOk);
  EXPECT_EQ(service_.Get("k", Later()).value.view(), "v");
  EXPECT_EQ(service_.Write(*DeleteOf("k"), Later()).code, Code::kOk);
  EXPECT_EQ(service_.Get("k", Later()).code, Code::kNotFound);
}

TEST_F(KvServiceTest, AFollowerServesWithTheLeadersHelp) {
  Elect(leaders_, "node2");
  consensus_.Follow("node2");
  const KvResult written = service_.Write(*PutOf("k", "v"), Later());
  EXPECT_EQ(written.code, Code::kOk);
  EXPECT_EQ(written.leader, "node2") << "which committed and applied it";
  const KvResult read = service_.Get("k", Later());
  EXPECT_EQ(read.value.view(), "v");
  EXPECT_EQ(read.leader, "") << "this node answers itself";
}

TEST_F(KvServiceTest, AFollowerWhoseLeaderTakesNothingFromOthersNamesIt) {
  Elect(leaders_, "node2");
  consensus_.FollowInVain("node2");
  const KvResult result = service_.Write(*PutOf("k", "v"), Later());
  EXPECT_EQ(result.code, Code::kNotLeader);
  EXPECT_EQ(result.leader, "node2");
  EXPECT_EQ(consensus_.calls(), 0);
}

TEST_F(KvServiceTest, WithoutALeaderItWaitsForOne) {
  std::thread election([&] { Elect(leaders_, "node1"); });
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kOk);
  election.join();
}

TEST_F(KvServiceTest, WithoutALeaderUntilTheDeadlineItIsUnavailable) {
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Soon()).code, Code::kUnavailable);
  EXPECT_EQ(service_.Get("k", Soon()).code, Code::kUnavailable);
}

TEST_F(KvServiceTest, AForwardedRequestIsNotKeptWaitingForALeader) {
  KvOptions options = Later();
  options.forwarded = true;
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), options).code, Code::kNotLeader);
}

TEST_F(KvServiceTest, WhatCertainlyWasNotAppliedIsTriedAgain) {
  Elect(leaders_, "node1");
  consensus_.Refuse(NotLeaderError(""));
  consensus_.Refuse(OverwrittenError({Term{1}, Index{1}}, Term{2}));
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kOk);
  EXPECT_EQ(consensus_.calls(), 3);
}

TEST_F(KvServiceTest, AnUnknownOutcomeIsNeverTriedAgain) {
  Elect(leaders_, "node1");
  for (const auto& status : {TimedOutError(), StoppingError()}) {
    consensus_.Refuse(status);
    EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kUnknown);
  }
  EXPECT_EQ(consensus_.calls(), 2);
}

TEST_F(KvServiceTest, AReadsOutcomeIsNeverUnknown) {
  Elect(leaders_, "node1");
  consensus_.Refuse(TimedOutError());
  EXPECT_EQ(service_.Get("k", Later()).code, Code::kUnavailable);
}

TEST_F(KvServiceTest, AFullDiskAndAFullQueueAreToldApart) {
  Elect(leaders_, "node1");
  consensus_.Refuse(DiskFullError());
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kDiskFull);
  consensus_.Refuse(QueueFullError());
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kUnavailable);
}

TEST_F(KvServiceTest, WithoutLeaderAndWithoutSpaceAWriteSaysThatTheDiskIsFull) {
  NodeStatus status;
  status.has_space = false;
  consensus_.SetStatus(status);
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Soon()).code, Code::kDiskFull);
  EXPECT_EQ(service_.Get("k", Soon()).code, Code::kUnavailable);
}

TEST_F(KvServiceTest, AStaleReadAsksNobody) {
  store_.Apply({Index{1}, Term{1}, EntryType::kNormal, Bytes(*EncodePut("k", "old"))});
  EXPECT_EQ(service_.GetStale("k").value.view(), "old");
  EXPECT_EQ(service_.GetStale("other").code, Code::kNotFound);
  EXPECT_EQ(consensus_.calls(), 0);
}

TEST_F(KvServiceTest, LimitsComeBeforeEverythingElse) {
  EXPECT_TRUE(absl::IsInvalidArgument(PutOf("", "v").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PutOf("\xFF", "v").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AddOf("", 1).status()));
  EXPECT_EQ(service_.Get(std::string(65537, 'k'), Later()).code, Code::kTooLong);
  EXPECT_TRUE(absl::IsOutOfRange(PutOf("k", std::string(kMaxValueBytes + 1, 'v')).status()));
  EXPECT_TRUE(absl::IsOutOfRange(PutOf("k", std::string(kMaxValueBytes, '\x01')).status()));
  EXPECT_TRUE(absl::IsOutOfRange(AppendOf("k", std::string(kMaxValueBytes, '\x01')).status()));
  EXPECT_TRUE(absl::IsOutOfRange(DeleteOf(std::string(65537, 'k')).status()));
}

TEST_F(KvServiceTest, StopEndsTheWaiting) {
  std::thread stop([&] { service_.Stop(); });
  EXPECT_EQ(service_.Write(*PutOf("k", "v"), Later()).code, Code::kUnavailable);
  stop.join();
}

}  // namespace
}  // namespace raftly
