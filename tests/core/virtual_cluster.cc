#include "tests/core/virtual_cluster.h"

#include <algorithm>
#include <chrono>

#include "raft/core/check.h"

namespace raftly {

using namespace std::chrono_literals;

std::string Text(const Envelope& envelope) {
  const auto* request = std::get_if<Request>(&envelope.content);
  return envelope.from + "->" + envelope.to + " " +
         (request ? Text(*request) : Text(std::get<std::optional<Reply>>(envelope.content)));
}

VirtualCluster::VirtualCluster(const Start& start) : start_(start) {
  for (size_t i = 0; i < start.servers; ++i) {
    Start own = start;
    own.self = NodeId(1, static_cast<char>('a' + i));
    own.seed = start.seed * 100 + i;
    Replace(own.self, own);
  }
}

void VirtualCluster::Replace(const NodeId& node, const Start& start) {
  Start own = start;
  own.self = node;
  own.servers = start_.servers;
  nodes_.erase(node);
  nodes_.emplace(node, DrivenNode(own));
  ++lives_[node];
  Collect();
}

std::vector<NodeId> VirtualCluster::names() const {
  std::vector<NodeId> names;
  for (const auto& [name, node] : nodes_) names.push_back(name);
  return names;
}

NodeId VirtualCluster::leader() const {
  NodeId leader;
  Term highest;
  for (const auto& [name, node] : nodes_) {
    if (node.core().role() != Role::kLeader || node.core().term() < highest) continue;
    leader = name;
    highest = node.core().term();
  }
  return leader;
}

void VirtualCluster::Collect() {
  for (auto& [name, node] : nodes_) CollectFrom(name, node);
}

void VirtualCluster::CollectFrom(const NodeId& name, DrivenNode& node) {
  for (const NodeEvent& event : std::exchange(node.events, {})) Note(name, Text(event));
  for (const Outcome& outcome : std::exchange(node.outcomes, {})) Note(name, Text(outcome));
  for (Message& message : std::exchange(node.outbox, {})) {
    if (auto* call = std::get_if<Call>(&message)) {
      network_.push_back({name, call->to, call->id, lives_[name], std::move(call->request)});
    } else {
      auto& answer = std::get<Answer>(message);
      const auto asked = asked_.find(answer.id);
      if (asked == asked_.end()) continue;
      network_.push_back({name, asked->second.from, asked->second.call, asked->second.life, std::move(answer.reply)});
      asked_.erase(asked);
    }
  }
}

void VirtualCluster::Deliver(size_t position) {
  const Envelope envelope = std::move(network_[position]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
  if (IsCut(envelope)) {
    trace.push_back(Text(envelope) + " X");
    return;
  }
  DrivenNode& node = nodes_.at(envelope.to);
  if (const auto* request = std::get_if<Request>(&envelope.content)) {
    trace.push_back(Text(envelope));
    asked_[++last_asked_] = {envelope.from, envelope.to, envelope.call, envelope.life};
    node.Step(RequestReceived{last_asked_, *request});
  } else if (envelope.life == lives_[envelope.to]) {
    trace.push_back(Text(envelope));
    node.Step(ReplyReceived{envelope.call, std::get<std::optional<Reply>>(envelope.content)});
  }
  Collect();
}

void VirtualCluster::Drop(size_t position) {
  trace.push_back(Text(network_[position]) + " X");
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
}

void VirtualCluster::Repeat(size_t position) { network_.push_back(network_[position]); }

void VirtualCluster::DeliverAll() {
  for (size_t left = network_.size(); left > 0; --left) Deliver(0);
}

void VirtualCluster::DropAll() {
  while (!network_.empty()) Drop(0);
}

void VirtualCluster::Cut(const NodeId& a, const NodeId& b) {
  cuts_.insert({a, b});
  cuts_.insert({b, a});
}

void VirtualCluster::Isolate(const NodeId& node) {
  for (const auto& [other, unused] : nodes_) {
    if (other != node) Cut(node, other);
  }
}

void VirtualCluster::FinishWrites(const NodeId& node) {
  nodes_.at(node).FinishWrites();
  Collect();
}

void VirtualCluster::Settle() {
  Collect();
  for (int round = 0; round < 1000; ++round) {
    for (auto& [name, node] : nodes_) node.FinishWrites();
    Collect();
    if (network_.empty()) return;
    DeliverAll();
  }
  RAFTLY_CHECK(false, "messages breed messages without end");
}

void VirtualCluster::Wait(Duration duration) {
  constexpr Duration kStep = 5ms;
  for (Duration passed{}; passed < duration; passed += kStep) {
    for (auto& [name, node] : nodes_) node.Wait(kStep);
    Settle();
  }
}

void VirtualCluster::TimeOut(const NodeId& node) {
  nodes_.at(node).TimeOut();
  Collect();
}

void VirtualCluster::Elect(const NodeId& node) {
  // Whoever still hears a leader would refuse.
  for (auto& [name, other] : nodes_) {
    if (name != node) other.Doze(other.core().timings().election_timeout);
  }
  TimeOut(node);
  Settle();
  RAFTLY_CHECK(nodes_.at(node).core().role() == Role::kLeader, "a node that does not lead would be asked to");
}

void VirtualCluster::Propose(const NodeId& node, std::string data) {
  nodes_.at(node).Propose(std::move(data));
  Collect();
}

void VirtualCluster::Read(const NodeId& node) {
  nodes_.at(node).Read();
  Collect();
}

void VirtualCluster::HandOver(const NodeId& node, const NodeId& to) {
  nodes_.at(node).HandOver(to);
  Collect();
}

void VirtualCluster::Crash(const NodeId& node) {
  nodes_.at(node).Crash();
  ++lives_[node];
  std::erase_if(asked_, [&](const auto& asked) { return asked.second.to == node; });
  Collect();
}

void VirtualCluster::LoseDirectory(const NodeId& node, bool rejoin) {
  nodes_.at(node).LoseDirectory(rejoin);
  Crash(node);
}

}  // namespace raftly
