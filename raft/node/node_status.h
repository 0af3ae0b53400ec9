// What a node says of itself, readable from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "raft/core/config.h"
#include "raft/core/membership.h"
#include "raft/core/types.h"
#include "raft/storage/members.h"

namespace raftly {

// A leader's snapshot on its way to a peer.
struct SnapshotOnItsWay {
  NodeId to;
  uint32_t percent = 0;  // of it that the peer has

  bool operator==(const SnapshotOnItsWay&) const = default;
};

// Where another member stands, as its leader sees it.
struct PeerStanding {
  enum class Progress { kProbe, kReplicate, kSnapshot };

  NodeId id;
  Index match;
  Progress progress = Progress::kProbe;
  bool heard = false;        // within an election timeout
  bool awaited = false;      // not heard yet, since the leader knows it, which is less than an election timeout
  bool caught_up = false;    // a learner that could vote
  std::string version = {};  // empty: not said yet

  bool operator==(const PeerStanding&) const = default;
};

struct NodeStatus {
  NodeId id;
  Role role = Role::kFollower;
  Term term;
  NodeId leader;  // empty: none known
  Index commit_index;
  Index last_applied;
  Index first_index;  // of the log in memory
  Index last_index;
  Index snapshot_index;  // of the newest snapshot; 0: none
  Timings timings;
  bool may_vote = true;
  // Its log or snapshot is damaged, and peers are asked for what was there: until then it takes no part in anything.
  bool repairing = false;
  bool ready = false;         // a leader is known, and all is applied here that was committed when this node came up
  size_t open_proposals = 0;  // of clients of this node, and of others that forwarded theirs
  bool has_space = true;      // false: the disk is full, this node accepts no writes
  uint64_t log_bytes = 0;     // of records on the disk
  uint64_t log_since_snapshot = 0;  // bytes of records that no snapshot holds
  std::string cluster_id = {};      // empty: none is known
  std::string incarnation = {};     // empty: this node keeps no identity
  std::vector<SnapshotOnItsWay> sending = {};
  std::vector<NodeId> takes_no_snapshot = {};  // peers that need one and know no such call (Go nodes)
  // The members, joint while they change; as appended here, committed or not. Never null.
  std::shared_ptr<const Members> members = std::make_shared<const Members>();
  std::vector<PeerStanding> peers = {};  // of a leader: the other members, by id
  Index members_at;                      // of the entry that says so; 0: the first start
  std::string error = {};  // the latest refusal between this node and another, while it is recent; names both
};

}  // namespace raftly
