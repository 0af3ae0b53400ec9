#include "transport/open_calls.h"

#include <utility>
#include <vector>

namespace raftly {

CallId OpenCalls::Open(Duration timeout, ReplyFn done) {
  const Time now = loop_.Now();
  const Time deadline = timeout < kNever - now ? now + timeout : kNever;
  CallId call;
  Time arm_at;
  bool arm = false;
  ReplyFn refused = std::move(done);
  {
    MutexLock lock(mutex_);
    if (!closed_) {
      call = ++last_;
      calls_.emplace(call, Waiting{deadline, std::exchange(refused, nullptr)});
      deadlines_.emplace(deadline, call);
      arm = TakeDeadlineToArm(&arm_at);
    }
  }
  if (refused) refused(absl::CancelledError("the transport has stopped"));
  if (arm) Arm(arm_at);
  return call;
}

void OpenCalls::Settle(CallId call, absl::StatusOr<Reply> result) {
  Gate::Pass pass(answering_);
  if (!pass) return;
  ReplyFn done;
  {
    MutexLock lock(mutex_);
    const auto found = calls_.find(call);
    if (found == calls_.end()) return;
    done = std::move(found->second.done);
    deadlines_.erase({found->second.deadline, call});
    calls_.erase(found);
  }
  done(std::move(result));
}

void OpenCalls::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  answering_.Close();
  std::map<CallId, Waiting> rest;
  {
    MutexLock lock(mutex_);
    rest.swap(calls_);
    deadlines_.clear();
  }
  for (auto& [call, waiting] : rest) waiting.done(absl::CancelledError("the transport stopped"));
}

bool OpenCalls::TakeDeadlineToArm(Time* at) {
  if (deadlines_.empty() || deadlines_.begin()->first >= armed_) return false;
  armed_ = *at = deadlines_.begin()->first;
  return true;
}

void OpenCalls::Arm(Time at) {
  loop_.PostAt(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Expire();
  });
}

void OpenCalls::Expire() {
  Gate::Pass pass(answering_);
  if (!pass) return;
  std::vector<ReplyFn> due;
  Time arm_at;
  bool arm = false;
  {
    MutexLock lock(mutex_);
    armed_ = kNever;
    const Time now = loop_.Now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const auto found = calls_.find(deadlines_.begin()->second);
      due.push_back(std::move(found->second.done));
      calls_.erase(found);
      deadlines_.erase(deadlines_.begin());
    }
    arm = TakeDeadlineToArm(&arm_at);
  }
  if (arm) Arm(arm_at);
  for (ReplyFn& done : due) done(absl::DeadlineExceededError("no answer in time"));
}

}  // namespace raftly
