// Who the nodes of this cluster are and where they serve HTTP, for whoever asks them. Fed by the node, which learns it
// from its log; until that says something, what the flags said holds.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "raft/node/observer.h"
#include "raft/storage/members.h"
#include "server/address.h"

namespace raftly {

class MemberBook : public NodeObserver {
 public:
  // `addresses`: of HTTP, as far as they are known.
  MemberBook(NodeId self, const std::vector<NodeId>& others, std::map<NodeId, Address> addresses);

  // loop. A member of whom it says no address, or none that makes sense, stays where it was.
  void OnMembers(const Members& members) override;

  // From any thread.
  const NodeId& self() const { return self_; }
  // All members, and this node although it may be none; sorted.
  std::vector<NodeId> nodes() const;
  std::vector<NodeId> others() const;
  bool Has(const NodeId& node) const;
  std::optional<Address> HttpAddressOf(const NodeId& node) const;

 private:
  const NodeId self_;
  mutable Mutex mutex_;
  std::vector<NodeId> nodes_ ABSL_GUARDED_BY(mutex_);
  std::map<NodeId, Address> addresses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
