// /api/snapshot: a backup as a file that can be restored, and snapshots made by hand (SPEC section 4).
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/node/raft_node.h"
#include "server/cluster/peer_client.h"
#include "server/http/router.h"
#include "server/kv/consensus.h"
#include "server/kv/leader_watch.h"

namespace raftly {

// What the interface needs of a node; a script in tests. Blocking, from any thread.
struct SnapshotDoors {
  NodeId self;
  Consensus& consensus;
  PeerCaller& peers;
  const LeaderWatch& leaders;
  std::function<std::string()> cluster_id;
  std::function<absl::StatusOr<SnapshotInfo>()> take;
  // At most `size` bytes of the snapshot's file from `offset` on. NotFound: it is not there any more.
  std::function<absl::StatusOr<std::string>(Index, uint64_t offset, uint64_t size)> read;
};

class SnapshotApi {
 public:
  explicit SnapshotApi(SnapshotDoors doors) : doors_(std::move(doors)) {}

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse Backup(const HttpRequest& request);
  HttpResponse Make(const HttpRequest& request);
  // Until this node has applied all that was acknowledged before the call. Unavailable: nobody can tell what that is.
  absl::Status CatchUp();
  bool ReadHere(Time deadline);
  void Pause(Duration pause) const;
  absl::StatusOr<Index> CommittedAt(const NodeId& leader);

  const SnapshotDoors doors_;
};

}  // namespace raftly
