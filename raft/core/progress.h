// What a leader knows of one peer's log (Figure 2: nextIndex and matchIndex), and how it paces what it sends.
#pragma once

#include <deque>

#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

struct Progress {
  struct InFlight {
    CallId call;
    Time sent_at;
  };

  Index match;  // highest entry that the peer is known to hold durably; match < next
  Index next;   // first entry to send next

  // Until a reply shows where the logs agree, one append at a time: the rest would be rejected as well.
  bool probing = true;
  // Appends with entries that were not answered, oldest first. One that is overdue stops counting, but its late
  // answer is still used.
  std::deque<InFlight> in_flight;
  // After a failed call nothing but heartbeats goes out before this time: a dead peer costs nothing but time. kNever
  // while the peer refuses us, until it has an ear for a heartbeat.
  Time paused_until = Time::min();
  // How far to step back at the next rejection that does not say where the logs agree. Doubled each time: such a
  // search takes a round trip for each bit of the log's length, not for each entry.
  uint64_t step_back = 1;

  Space space = Space::kPlenty;  // on its disk, as it last said

  Time heard_at;     // when the peer last answered us in this term (check-quorum)
  CallId confirmed;  // the latest call that it answered in this term (reads)
};

}  // namespace raftly
