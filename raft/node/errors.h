// The errors of proposals and reads. Codes are the API, text is not.
//
//   FailedPrecondition   never entered the log here: ask the leader (LeaderHint)
//   ResourceExhausted    never entered the log: too much is waiting, or the disk is full (IsDiskFull)
//   Aborted              overwritten by another leader's entry: certainly not applied, safe to retry
//   Unavailable          the node stops: outcome unknown
//   DeadlineExceeded     not settled in time: outcome unknown
#pragma once

#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly {

absl::Status NotLeaderError(const NodeId& leader_hint);
absl::Status OverwrittenError(LogPosition ours, Term theirs);
absl::Status QueueFullError();
absl::Status DiskFullError();
absl::Status StoppingError();
absl::Status TimedOutError();

// The leader that a FailedPrecondition names; empty where it knows none.
NodeId LeaderHint(const absl::Status& status);
bool IsDiskFull(const absl::Status& status);

}  // namespace raftly
