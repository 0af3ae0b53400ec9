#include "server/cluster/member_book.h"

#include <algorithm>
#include <utility>

namespace raftly {
namespace {

std::vector<NodeId> Sorted(std::vector<NodeId> nodes, const NodeId& self) {
  nodes.push_back(self);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

}  // namespace

MemberBook::MemberBook(NodeId self, const std::vector<NodeId>& others, std::map<NodeId, Address> addresses)
    : self_(std::move(self)), nodes_(Sorted(others, self_)), addresses_(std::move(addresses)) {}

void MemberBook::OnMembers(const Members& members) {
  std::vector<NodeId> nodes;
  std::map<NodeId, Address> addresses;
  for (const auto& [node, member] : members.known) {
    nodes.push_back(node);
    const auto address = ParseAddress(member.http);
    if (address.ok()) addresses.emplace(node, *address);
  }
  MutexLock lock(mutex_);
  nodes_ = Sorted(std::move(nodes), self_);
  for (const NodeId& node : nodes_) {
    if (const auto known = addresses_.find(node); known != addresses_.end()) addresses.insert(*known);
  }
  addresses_ = std::move(addresses);
}

std::vector<NodeId> MemberBook::nodes() const {
  MutexLock lock(mutex_);
  return nodes_;
}

std::vector<NodeId> MemberBook::others() const {
  std::vector<NodeId> others = nodes();
  std::erase(others, self_);
  return others;
}

bool MemberBook::Has(const NodeId& node) const {
  MutexLock lock(mutex_);
  return std::binary_search(nodes_.begin(), nodes_.end(), node);
}

std::optional<Address> MemberBook::HttpAddressOf(const NodeId& node) const {
  MutexLock lock(mutex_);
  const auto known = addresses_.find(node);
  return known == addresses_.end() ? std::nullopt : std::optional(known->second);
}

}  // namespace raftly
