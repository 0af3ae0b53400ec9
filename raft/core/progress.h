// What a leader knows of one peer's log (Figure 2: nextIndex and matchIndex), and how it paces what it sends.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

// Part of the log that one reader of it needs and that is not in memory. One piece at a time is read, ahead of need.
struct FromDisk {
  Index asked;  // from here on; 0: nothing is being read
  Entries entries;

  // Null: it is not among them.
  const Entry* Find(Index index) const {
    const bool here = !entries.empty() && index >= entries.front().index && index <= entries.back().index;
    return here ? &entries[index - entries.front().index] : nullptr;
  }
};

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
  uint32_t features = 0;         // CoreConfig::features of its, as it last said
  bool may_vote = true;          // the same
  FromDisk from_disk;            // of our log, what it needs next

  // §7: what it needs next is no longer in our log, so it is sent a snapshot, piece by piece.
  struct Installation {
    LogPosition last_included;
    uint64_t size = 0;    // of the file
    uint64_t offset = 0;  // of the next piece
    CallId call;          // the piece that was not answered yet; 0: none
    Time sent_at;
    Time moved_at;  // when it last came further than ever before
    uint64_t furthest = 0;
  };
  std::optional<Installation> installation;
  // It knows no such call (a Go node): it cannot be helped, but it can be named.
  bool takes_no_snapshots = false;

  // It knows no TimeoutNow (a Go node).
  bool takes_no_lead = false;

  // Thesis §4.2.1: who was sent all that there was at the beginning of a round, within an election timeout, has caught
  // up; what was added meanwhile is the next round's. Who may not vote has not: as a voter it could be missed.
  Index round_end;
  Time round_began;
  bool caught_up = false;  // in the last round

  // Of heartbeats that it answered in this term without its disk: the shortest round trip, and since when each has
  // taken far longer; nothing: the last did not.
  Duration quickest = Duration::max();
  std::optional<Time> slow_since;

  Time heard_at;     // when the peer last answered us in this term (check-quorum)
  CallId confirmed;  // the latest call that it answered in this term (reads)
  Index told;        // what was sent says that so much is committed
  Index reads_at;    // it serves reads once it knows that so much is
};

}  // namespace raftly
