// GET and changes of /api/cluster/members, at any node (SPEC section 4.3).
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/node/node_status.h"
#include "raft/node/raft_node.h"
#include "server/cluster/at_leader.h"
#include "server/http/router.h"

namespace raftly {

class MembersApi {
 public:
  struct Doors {
    const AtLeader& at_leader;
    std::string version;  // of this program
    std::function<NodeStatus()> status;
    // RaftNode::ChangeMembers, and waits.
    std::function<absl::StatusOr<Applied>(RaftNode::MembersChange)> change;
  };

  // What `doors` refers to outlives it.
  explicit MembersApi(Doors doors) : doors_(std::move(doors)) {}

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse List(const HttpRequest& request) const;
  HttpResponse Add(const HttpRequest& request) const;
  // Of /api/cluster/members/{id}, and of what is below it.
  HttpResponse Remove(const HttpRequest& request) const;
  HttpResponse ReplaceOrPromote(const HttpRequest& request) const;
  HttpResponse Change(const HttpRequest& request, bool force,
                      const std::function<absl::StatusOr<Members>(const Members&)>& change) const;

  const Doors doors_;
};

}  // namespace raftly
