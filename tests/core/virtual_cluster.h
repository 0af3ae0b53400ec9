// Several cores and a network of messages that the test delivers, drops and repeats by hand.
//
//   VirtualCluster cluster({.servers = 3});
//   cluster.Elect("a");
//   cluster.Isolate("a");
//   cluster["a"].Propose();
//   cluster.Settle();                       // disks and network, until all is quiet
//
// Each node has its own clock, as in life; nothing moves but by a verb. What happens is written into `trace`.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/driver.h"

namespace raftly {

struct Envelope {
  NodeId from;
  NodeId to;
  CallId call;        // of the core that asked
  uint64_t life = 0;  // of the node that asked: a reply does not reach the next life
  std::variant<Request, std::optional<Reply>> content;
};

class VirtualCluster {
 public:
  explicit VirtualCluster(const Start& start);

  DrivenNode& operator[](const NodeId& node) { return nodes_.at(node); }
  std::vector<NodeId> names() const;
  NodeId leader() const;  // the one with the highest term; empty: none

  // ---- The network
  const std::deque<Envelope>& network() const { return network_; }
  void Deliver(size_t position);
  void Drop(size_t position);
  void Repeat(size_t position);  // a copy arrives, too
  void DeliverAll();             // what is on its way now; the answers stay on their way
  void DropAll();
  void Isolate(const NodeId& node);  // until Heal
  void Cut(const NodeId& a, const NodeId& b);
  void Heal() { cuts_.clear(); }

  // ---- Disks, clocks, lives
  void FinishWrites(const NodeId& node);
  void Settle();
  void Wait(Duration duration);  // every clock, in small steps, with Settle in between
  void TimeOut(const NodeId& node);
  void Elect(const NodeId& node);  // times out, wins, and its no-op is everywhere
  void Propose(const NodeId& node, std::string data = "x");
  void Read(const NodeId& node);
  void HandOver(const NodeId& node, const NodeId& to = {});
  void Crash(const NodeId& node);  // and starts again
  void LoseDirectory(const NodeId& node, bool rejoin);
  void Replace(const NodeId& node, const Start& start);

  // Moves what nodes have put into their outboxes onto the network, and notes what happened. After touching a node
  // directly.
  void Collect();

  std::vector<std::string> trace;

 private:
  bool IsCut(const Envelope& envelope) const { return cuts_.contains({envelope.from, envelope.to}); }
  void CollectFrom(const NodeId& name, DrivenNode& node);
  void Note(const NodeId& node, const std::string& what) { trace.push_back(node + ": " + what); }

  struct Asked {
    NodeId from;
    NodeId to;
    CallId call;
    uint64_t life;
  };

  Start start_;
  std::map<NodeId, DrivenNode> nodes_;
  std::map<NodeId, uint64_t> lives_;
  std::map<NodeId, size_t> noted_commits_;
  std::deque<Envelope> network_;
  std::map<CallId, Asked> asked_;  // requests under delivery, by the number that they were handed over with
  CallId last_asked_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
};

std::string Text(const Envelope& envelope);

}  // namespace raftly
