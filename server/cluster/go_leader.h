// What is asked of a Go server before a write is handed to it. It answers 200 as soon as anything at all was applied
// where it had put the write, so what it answers is no proof that the write is in the log.
#pragma once

#include <chrono>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "server/cluster/peer_client.h"

namespace raftly {

// Every answer of a C++ node names the node; a Go follower hands on a C++ leader's answer, name and all.
bool AnsweredByGo(const HttpResponse& response);

struct LeaderProbe {
  bool go = false;
  // Of a Go leader: the term that it leads, and the end of its log. A write that it is handed after this is an entry of
  // that term beyond that index, or it is none: nobody but the leader of a term makes entries of that term (§5.2), and
  // it only ever appends.
  LogPosition end = {};
};

// Blocking. Unavailable: no answer, or a Go server that does not lead.
absl::StatusOr<LeaderProbe> ProbeLeader(PeerCaller& peers, const NodeId& leader, std::chrono::milliseconds patience);

}  // namespace raftly
