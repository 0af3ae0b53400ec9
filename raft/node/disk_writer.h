// The node's way to its disk: hands writes over in order, makes everything queued durable with one sync (group commit),
// then lets the promises leave that the writes made true.
//
// Push is called on the loop; all the rest runs on the disk executor.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "raft/core/raft_core.h"
#include "raft/env/environment.h"
#include "raft/env/mutex.h"
#include "raft/node/observer.h"
#include "raft/storage/wal.h"

namespace raftly {

class DiskWriter : public std::enable_shared_from_this<DiskWriter> {
 public:
  // What the disk reports, each called on the disk executor.
  struct Callbacks {
    absl::AnyInvocable<void(WriteId)> done;         // durable up to and including this write
    absl::AnyInvocable<void(Space)> space;          // what is left, when that changes
    absl::AnyInvocable<void(EntriesRead)> read;     // what Read asked for
    absl::AnyInvocable<void(absl::Status)> failed;  // final: nothing was promised that was not durable before
  };
  struct Timings {
    Duration seal_after;
    Duration space_retry;
  };

  DiskWriter(Environment environment, std::unique_ptr<Wal> wal, Timings timings, NodeObserver* observer,
             Callbacks callbacks);

  // `promises` run on the disk executor once the write is durable.
  void Push(Write write, std::vector<Task> promises);
  // The log up to and including `through` is not needed any more.
  void DropThrough(Index through);
  // After all writes pushed before.
  void Read(EntriesWanted wanted);
  // The same, for a peer whose disk is damaged; `done` runs on the disk executor.
  void Read(EntriesWanted wanted, absl::AnyInvocable<void(Entries)> done);
  // Completes what was pushed, seals and closes the log, then runs `closed` on the disk executor. The last call.
  void Close(absl::AnyInvocable<void()> closed);
  WalStats stats() const { return wal_->stats(); }

 private:
  struct Job {
    Write write;
    std::vector<Task> promises;
  };

  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drain();
  absl::Status Reserve(const std::deque<Job>& jobs);
  absl::Status WriteAll(const std::deque<Job>& jobs);
  void Done(std::deque<Job>& jobs);
  void ReportSpace(Space space);
  void RetryLater();
  void SealLater();
  void SealIfIdle(WriteId last);
  void Fail(const absl::Status& status);

  const Environment environment_;
  const std::unique_ptr<Wal> wal_;
  const Timings timings_;
  NodeObserver* const observer_;

  Mutex mutex_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;

  // Disk executor only.
  Callbacks callbacks_;
  std::deque<Job> stalled_;  // no space for these: they stay first in line
  WriteId last_done_;
  Space space_ = Space::kPlenty;
  Time last_done_at_{};
  bool sealing_ = false;  // a timer is set
  bool retrying_ = false;
  bool finished_ = false;  // failed or closed
};

}  // namespace raftly
