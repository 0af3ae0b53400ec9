// Order, timers and the end of a loop. Nothing here waits for time to pass, or looks at how much did.
#include "raft/env/thread_loop.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace raftly {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

// Returns when all that was posted before has run.
void Flush(ThreadLoop& loop) {
  std::promise<void> ran;
  loop.Post([&] { ran.set_value(); });
  ran.get_future().wait();
}

// Keeps the loop busy until it is opened, so that what is posted meanwhile is waiting together.
class Gate {
 public:
  explicit Gate(ThreadLoop& loop) {
    loop.Post([this] {
      entered_.set_value();
      open_.get_future().wait();
    });
    entered_.get_future().wait();
  }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> open_;
};

TEST(ThreadLoop, RunsTasksInTheOrderOfPosting) {
  ThreadLoop loop("test");
  std::vector<int> ran;
  for (int i = 0; i < 1000; ++i) loop.Post([&ran, i] { ran.push_back(i); });
  Flush(loop);
  ASSERT_EQ(ran.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST(ThreadLoop, RunsAllTasksOnOneThreadThatIsNotOurs) {
  ThreadLoop loop("test");
  std::vector<std::thread::id> ids;
  for (int i = 0; i < 3; ++i) loop.Post([&] { ids.push_back(std::this_thread::get_id()); });
  Flush(loop);
  EXPECT_THAT(ids, ElementsAre(ids[0], ids[0], ids[0]));
  EXPECT_NE(ids[0], std::this_thread::get_id());
}

TEST(ThreadLoop, TakesATaskThatCanOnlyBeMoved) {
  ThreadLoop loop("test");
  auto value = std::make_unique<int>(7);
  int seen = 0;
  loop.Post([&seen, value = std::move(value)] { seen = *value; });
  Flush(loop);
  EXPECT_EQ(seen, 7);
}

TEST(ThreadLoop, ATaskMayPost) {
  ThreadLoop loop("test");
  std::promise<void> inner;
  loop.Post([&] { loop.Post([&] { inner.set_value(); }); });
  inner.get_future().wait();
}

TEST(ThreadLoop, ATimerNeverRunsBeforeItsTime) {
  ThreadLoop loop("test");
  const Time due = loop.Now() + milliseconds(5);
  std::promise<Time> ran;
  loop.PostAt(due, [&] { ran.set_value(loop.Now()); });
  EXPECT_GE(ran.get_future().get(), due);
}

TEST(ThreadLoop, TimersRunInTheOrderOfTheirTimes) {
  ThreadLoop loop("test");
  const Time now = loop.Now();
  std::vector<int> ran;
  std::promise<void> done;
  loop.PostAt(now + milliseconds(6), [&] { ran.push_back(3), done.set_value(); });
  loop.PostAt(now + milliseconds(2), [&] { ran.push_back(1); });
  loop.PostAt(now + milliseconds(4), [&] { ran.push_back(2); });
  done.get_future().wait();
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(ThreadLoop, TimersOfEqualTimesRunInTheOrderOfPosting) {
  ThreadLoop loop("test");
  std::vector<int> ran;
  Gate gate(loop);
  for (int i = 0; i < 100; ++i) loop.PostAt(Time(), [&ran, i] { ran.push_back(i); });
  gate.Open();
  loop.Stop();
  ASSERT_EQ(ran.size(), 100U);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST(ThreadLoop, AnEarlierTimerOvertakesTheOneThatIsWaitedFor) {
  ThreadLoop loop("test");
  std::promise<void> soon;
  loop.PostAt(loop.Now() + hours(1), [] { FAIL(); });
  Flush(loop);
  loop.PostAt(loop.Now() + milliseconds(1), [&] { soon.set_value(); });
  soon.get_future().wait();
}

TEST(ThreadLoop, ATimerThatIsNeverDueDoesNotKeepTheLoopFromWorking) {
  ThreadLoop loop("test");
  loop.PostAt(kNever, [] { FAIL(); });
  Flush(loop);
  Flush(loop);
}

TEST(ThreadLoop, ATimerThatIsDueIsNotStarvedByTasksThatFollowEachOther) {
  ThreadLoop loop("test");
  Flush(loop);
  const Time due = loop.Now() + milliseconds(1);
  std::atomic<bool> timer_ran{false};
  loop.PostAt(due, [&] { timer_ran = true; });
  while (!timer_ran) {
    const bool is_due = loop.Now() >= due;
    // Shared: the task may run on the loop's own thread, after this turn.
    const auto ran_before_it = std::make_shared<std::atomic<bool>>(false);
    loop.Run([&timer_ran, ran_before_it] { *ran_before_it = !timer_ran; });
    ASSERT_FALSE(is_due && *ran_before_it && !timer_ran) << "it was the timer's turn";
  }
  loop.Stop();
}

TEST(ThreadLoop, StopRunsWhatIsPostedButNoTimerThatIsNotDue) {
  ThreadLoop loop("test");
  bool posted = false;
  bool timer = false;
  Gate gate(loop);
  loop.Post([&] { posted = true; });
  loop.PostAt(loop.Now() + hours(1), [&] { timer = true; });
  gate.Open();
  loop.Stop();
  loop.Stop();
  EXPECT_TRUE(posted);
  EXPECT_FALSE(timer);
}

TEST(ThreadLoop, StopDestroysTimersThatNeverRan) {
  auto held = std::make_shared<int>(0);
  ThreadLoop loop("test");
  loop.PostAt(loop.Now() + hours(1), [held] {});
  loop.Stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadLoop, ATaskPostedAfterStopIsDestroyedWithoutRunning) {
  auto held = std::make_shared<int>(0);
  ThreadLoop loop("test");
  loop.Stop();
  loop.Post([held] { FAIL(); });
  loop.PostAt(Time(), [held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
}

// Destroyed under the lock it would post into, this would hang.
TEST(ThreadLoop, ATaskMayPostWhileItIsDestroyed) {
  ThreadLoop loop("test");
  struct PostsOnDestruction {
    ThreadLoop& loop;
    explicit PostsOnDestruction(ThreadLoop& l) : loop(l) {}
    ~PostsOnDestruction() {
      loop.Post([] {});
    }
  };
  loop.PostAt(kNever, [p = std::make_unique<PostsOnDestruction>(loop)] {});
  loop.Post([p = std::make_unique<PostsOnDestruction>(loop)] {});
  loop.Stop();
  loop.Post([p = std::make_unique<PostsOnDestruction>(loop)] {});
}

TEST(ThreadLoop, WhatATaskHoldsIsReleasedBeforeTheNextRuns) {
  ThreadLoop loop("test");
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  bool released = false;
  Gate gate(loop);
  loop.Post([held = std::move(held)] {});
  loop.Post([&] { released = watched.expired(); });
  gate.Open();
  loop.Stop();
  EXPECT_TRUE(released);
}

TEST(ThreadLoop, TheClockNeverMovesBack) {
  ThreadLoop loop("test");
  Time last = loop.Now();
  for (int i = 0; i < 1000; ++i) {
    const Time now = loop.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ThreadLoop, ManyProducersLoseNothingAndKeepTheirOrder) {
  constexpr int kProducers = 8;
  constexpr int kTasks = 5000;
  ThreadLoop loop("a rather long name for a thread");
  std::vector<std::vector<int>> ran(kProducers);
  int timers = 0;
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kTasks; ++i) {
        loop.Post([&ran, p, i] { ran[p].push_back(i); });
        if (i % 100 == 0) loop.PostAt(Time(), [&timers] { ++timers; });
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  loop.Stop();
  for (const auto& order : ran) {
    EXPECT_EQ(order.size(), static_cast<size_t>(kTasks));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
  EXPECT_EQ(timers, kProducers * kTasks / 100);
}

// Until the loop's own thread has nothing to do. A task that it runs may end a moment before it is at rest.
void AwaitRest(ThreadLoop& loop) {
  bool here = false;
  const auto self = std::this_thread::get_id();
  while (!here) {
    std::promise<bool> ran;
    loop.Run([&] { ran.set_value(std::this_thread::get_id() == self); });
    here = ran.get_future().get();
  }
}

TEST(ThreadLoop, AtRestItLendsItsTurn) {
  ThreadLoop loop("test");
  AwaitRest(loop);
  std::thread::id ran;
  loop.Run([&] { ran = std::this_thread::get_id(); });
  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST(ThreadLoop, WhatIsPostedDuringALentTurnComesAfterIt) {
  ThreadLoop loop("test");
  AwaitRest(loop);
  std::vector<int> order;
  std::promise<void> done;
  loop.Run([&] {
    loop.Post([&] { order.push_back(2); });
    loop.Run([&] { order.push_back(3); });
    loop.PostAt(Time(), [&] {
      order.push_back(4);
      done.set_value();
    });
    order.push_back(1);
  });
  done.get_future().wait();
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

TEST(ThreadLoop, ATimerWaitsForTheEndOfALentTurn) {
  ThreadLoop loop("test");
  AwaitRest(loop);
  std::promise<void> fired;
  bool in_turn = false;
  loop.PostAt(loop.Now() + milliseconds(1), [&] {
    EXPECT_FALSE(in_turn);
    fired.set_value();
  });
  loop.Run([&] {
    in_turn = true;
    const Time due = loop.Now() + milliseconds(2);
    while (loop.Now() < due) std::this_thread::yield();
    in_turn = false;
  });
  fired.get_future().wait();
}

TEST(ThreadLoop, TurnsNeverOverlapWhoeverTakesThem) {
  constexpr int kThreads = 6;
  constexpr int kTasks = 5000;
  ThreadLoop loop("test");
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::vector<int>> ran(kThreads);
  int timers = 0;
  std::vector<std::thread> threads;
  const auto turn = [&] { overlapped = overlapped || inside.exchange(1) != 0 || inside.exchange(0) != 1; };
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        const auto task = [&, t, i] {
          turn();
          ran[t].push_back(i);
        };
        if (i % 2 == 0) loop.Run(task);
        if (i % 2 == 1) loop.Post(task);
        if (i % 50 == 0) loop.PostAt(loop.Now() + std::chrono::microseconds(i), [&] { ++timers; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::promise<void> last;
  loop.PostAt(loop.Now() + milliseconds(10), [&] { last.set_value(); });
  last.get_future().wait();
  loop.Stop();
  EXPECT_FALSE(overlapped);
  for (const auto& order : ran) {
    EXPECT_EQ(order.size(), static_cast<size_t>(kTasks));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
  EXPECT_EQ(timers, kThreads * kTasks / 50);
}

TEST(ThreadLoop, AStoppedLoopLendsNothing) {
  ThreadLoop loop("test");
  loop.Stop();
  loop.Run([] { ADD_FAILURE(); });
}

TEST(ThreadLoop, SeveralThreadsMayStopIt) {
  ThreadLoop loop("test");
  std::vector<std::thread> stoppers;
  for (int i = 0; i < 4; ++i) stoppers.emplace_back([&] { loop.Stop(); });
  for (std::thread& stopper : stoppers) stopper.join();
}

}  // namespace
}  // namespace raftly
