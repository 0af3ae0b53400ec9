// Whether a write that another node answered for was applied here: what this node says of it then rests on its own log.
//
//   WriteWatch::Expected expected(watch, command);      // before anybody hears of the write
//   if (expected.Await(term, last_index, deadline)) ...  // an entry of `term` beyond `last_index` does the same here
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <vector>

#include "raft/core/time.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "server/kv/command.h"

namespace raftly {

class WriteWatch {
 public:
  // From any thread.
  class Expected {
   public:
    // `watch` outlives it.
    Expected(WriteWatch& watch, Command command);
    ~Expected();
    Expected(const Expected&) = delete;
    Expected& operator=(const Expected&) = delete;

    // Waits until an entry with this command, of `term` and beyond `after`, has been applied here since this was made.
    // False: an entry of a later term was, and terms never fall along a log; Stop; or `deadline` (steady clock).
    bool Await(Term term, Index after, Time deadline) const;

   private:
    friend class WriteWatch;

    WriteWatch& watch_;
    const Command command_;
    // Under the watch's lock.
    std::map<Term, Index> applied_;  // the last that did the same, of each term
    Term newest_;                    // of all that was applied
  };

  // From the apply executor. Costs nothing while nobody waits.
  void OnApplied(const Entry& entry);
  // Ends all waiting, now and later.
  void Stop();

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::atomic<size_t> waiting_ = 0;  // of expected_, to be read without the lock
  std::vector<Expected*> expected_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
