#include "transport/open_calls.h"

#include <atomic>
#include <thread>

#include "raft/env/thread_loop.h"
#include "tests/support/manual_loop.h"
#include "tests/transport/requests.h"

namespace raftly {
namespace {

struct OpenCallsTest : testing::Test {
  Answers answers;
  ManualLoop loop;
  std::shared_ptr<OpenCalls> calls = std::make_shared<OpenCalls>(loop);
};

TEST_F(OpenCallsTest, TheFirstReplyCountsAndNoOther) {
  const CallId call = calls->Open(100ms, answers.Keep());
  calls->Settle(call, Granted(1));
  calls->Settle(call, Granted(2));
  loop.Advance(1s);
  calls->Close();
  ASSERT_EQ(answers.codes(), Codes{kOk});
  EXPECT_EQ(*answers.all[0], Granted(1));
}

TEST_F(OpenCallsTest, ADeadlineIsKeptToTheNanosecondAndMakesLateRepliesWorthless) {
  const CallId call = calls->Open(100ms, answers.Keep());
  loop.Advance(100ms - 1ns);
  EXPECT_TRUE(answers.all.empty());
  loop.Advance(1ns);
  EXPECT_EQ(answers.codes(), Codes{kLate});
  calls->Settle(call, Granted());
  EXPECT_EQ(answers.codes(), Codes{kLate});
}

TEST_F(OpenCallsTest, EachCallHasItsOwnDeadlineWhateverTheOrderOfOpening) {
  std::vector<int> order;
  const auto note = [&](int which) { return [&order, which](absl::StatusOr<Reply>) { order.push_back(which); }; };
  calls->Open(300ms, note(300));
  calls->Open(100ms, note(100));
  calls->Open(200ms, note(200));
  loop.Advance(150ms);
  EXPECT_EQ(order, (std::vector<int>{100}));
  loop.Advance(100ms);
  EXPECT_EQ(order, (std::vector<int>{100, 200}));
  loop.Advance(100ms);
  EXPECT_EQ(order, (std::vector<int>{100, 200, 300}));
}

TEST_F(OpenCallsTest, ATimeoutWithoutEndNeverExpires) {
  calls->Open(Duration::max(), answers.Keep());
  loop.Advance(std::chrono::hours(24 * 365));
  EXPECT_TRUE(answers.all.empty());
}

TEST_F(OpenCallsTest, AnsweredCallsLeaveNoTimersBehind) {
  for (int i = 0; i < 10'000; ++i) calls->Settle(calls->Open(5s, answers.Keep()), Granted());
  EXPECT_LE(loop.tasks(), 1u);
}

TEST_F(OpenCallsTest, CloseCancelsWhatIsOpenAndWhatComesAfter) {
  const CallId call = calls->Open(100ms, answers.Keep());
  calls->Close();
  EXPECT_EQ(answers.codes(), Codes{kStopped});
  EXPECT_FALSE(calls->Open(100ms, answers.Keep()));
  calls->Settle(call, Granted());
  calls->Close();
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), (Codes{kStopped, kStopped}));
}

TEST_F(OpenCallsTest, ATimerMayOutliveTheCalls) {
  calls->Open(100ms, answers.Keep());
  calls->Close();
  calls.reset();
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), Codes{kStopped});
}

// Replies, deadlines and the end race; whoever wins, each call is answered once.
TEST(OpenCallsThreads, EachCallIsAnsweredExactlyOnce) {
  constexpr int kCalls = 2000;
  ThreadLoop loop("test");
  const auto calls = std::make_shared<OpenCalls>(loop);
  std::vector<std::atomic<int>> answered(kCalls);
  std::atomic<uint64_t> opened{0};
  std::thread opener([&] {
    for (int i = 0; i < kCalls; ++i) {
      const Duration timeout = std::chrono::microseconds(i % 7 * 20);
      const CallId call = calls->Open(timeout, [&answered, i](absl::StatusOr<Reply>) { ++answered[i]; });
      opened = std::max(opened.load(), call.value);
    }
  });
  std::thread settler([&] {
    while (opened < kCalls / 2) calls->Settle({opened.load()}, Granted());
  });
  while (opened < kCalls / 2) std::this_thread::yield();
  calls->Close();
  opener.join();
  settler.join();
  loop.Stop();
  for (int i = 0; i < kCalls; ++i) EXPECT_EQ(answered[i], 1) << i;
}

}  // namespace
}  // namespace raftly
