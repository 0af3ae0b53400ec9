// Watches every node of a simulated cluster for a broken promise of Raft, after every step.
//
//   Judges judges(world, 3);
//   judges.OnStep(0, core);          // fed by the nodes' observers and by a tap on their transports
//   if (!judges.violation().empty()) ...
//
// Paper, Figure 3: Election Safety, Leader Append-Only (by way of log matching), Log Matching, Leader Completeness,
// State Machine Safety. Besides: one vote per term and node, across restarts; nothing that was called durable is lost
// by a crash; commit and applied never move back; who leads was elected by a quorum; what is committed is durable on
// one; equal states at equal applied indexes; what a client was told is in the committed log. A quorum is one of the
// configuration in force where it counts: the last one in the log of the candidate, or of the leader that commits.
//
// The first violation stops the world and is kept. Each call costs what has changed since the last, not the log.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chaos/sim/members_judge.h"
#include "chaos/sim/world.h"
#include "raft/core/raft_core.h"
#include "raft/storage/wal.h"

namespace raftly {

class Judges {
 public:
  // The first `members` of the nodes are the cluster, until its log says otherwise; what others hold counts for no
  // quorum.
  Judges(World& world, std::vector<NodeId> nodes, size_t members);
  Judges(World& world, const std::vector<NodeId>& members) : Judges(world, members, members.size()) {}

  // ---- From a node's observer. A node is known by its place in the list.
  // `first`: the configuration that it goes by where its log says none.
  void OnRecovered(int place, const Wal::Opened& opened, const Configuration& first);
  void OnTruncated(int place, Index from);
  void OnStep(int place, const RaftCore& core);
  void OnApplied(int place, const Entry& entry, uint64_t state_hash);
  // A snapshot is its state now.
  void OnStateLoaded(int place, LogPosition at, uint64_t state_hash);
  // ---- From its transport: what leaves it is a promise.
  void OnVote(int place, Term term, const NodeId& candidate);
  void OnAppendAcknowledged(int place, LogPosition up_to);
  // ---- From the clients and the laboratory.
  void OnClientAcknowledged(LogPosition at, const std::string& command);
  void OnDirectoryLost(int place);
  // It has been removed from the cluster, and its directory is gone: who comes under its name is somebody new.
  void OnRetired(int place);
  void OnVoteRegained(int node) { nodes_[node].amnesiac = false; }
  // Something else that must not be was seen.
  void Accuse(std::string violation);

  // One sentence; empty: none.
  const std::string& violation() const { return violation_; }
  Index highest_commit() const { return Index{committed_.size()}; }
  const MembersJudge& members() const { return members_; }
  // All that may be counted by: see MembersJudge::InForce.
  std::vector<const MembersJudge::Known*> InForce() const;
  // How many terms have had a leader.
  size_t leaderships() const { return leaders_.size(); }

 private:
  // What is known of one node, in its present life unless said otherwise.
  struct Node {
    NodeId id;
    Configuration first;              // where its log says nothing of the members
    std::vector<Index> changes = {};  // entries of the log that do
    // What it may have counted by since the last step; the last of them holds now.
    std::vector<Electorate> electorates = {};
    std::vector<Term> terms;       // of the log, from index 1
    LogPosition durable;           // the highest entry that it has called durable; survives its lives
    std::map<Term, NodeId> votes;  // that left it; survives its lives
    Term promised_term;            // of the latest of them; forgotten with the directory
    // It lost its directory and may not vote yet. Others may still count on what it had acknowledged before.
    bool amnesiac = false;
    Index commit;
    Index applied;
    Role role = Role::kFollower;
    Term term;

    bool Holds(LogPosition position) const {
      return !position.index ||
             (position.index.value <= terms.size() && terms[position.index.value - 1] == position.term);
    }
  };
  // An entry that exists somewhere: the same index and term mean the same command and the same predecessor.
  struct Known {
    Term term;
    Term previous;
    uint64_t data = 0;
    int node = 0;
  };
  struct Committed {
    Term term;
    uint64_t data = 0;
    Term seen_in;  // the term of the node that was first seen to have committed it
    int node = 0;
  };

  void FollowLog(Node& node, const Log& log);
  void Push(Node& node, Term term);
  void CutTo(Node& node, size_t entries);
  // The last one in its log.
  const Configuration& ConfigurationOf(const Node& node) const;
  void CountBy(Node& node);
  void JudgeConfiguration(Node& node, const RaftCore& core);
  bool BeginWith(Node& node, LogPosition base);
  void JudgeEntry(const Node& node, const Entry& entry, Term previous);
  void CallDurable(Node& node, LogPosition position);
  void JudgeRole(Node& node, const RaftCore& core);
  void JudgeLeader(Node& node, const RaftCore& core);
  void JudgeCommit(Node& node, const RaftCore& core);
  // Nothing: no log was ever seen to hold it.
  const Known* KnownAt(LogPosition position) const;
  void JudgeCommitted(const Node& node, LogPosition position, Term seen_in);
  bool MayCampaign(const Node& node) const;
  void JudgeElection(const Node& node);
  void JudgeQuorum(const Node& node, LogPosition position);
  bool AnyHolds(LogPosition position) const;
  std::string NamesOf(NodeSet nodes) const;
  int PlaceOf(const Node& node) const { return static_cast<int>(&node - nodes_.data()); }

  World& world_;
  std::vector<Node> nodes_;
  MembersJudge members_;
  std::map<Term, int> leaders_;
  std::map<std::pair<Term, NodeId>, NodeSet> granted_;  // to that candidate, ever
  std::vector<std::vector<Known>> known_;               // by index - 1
  std::vector<Committed> committed_;                    // by index - 1
  std::vector<uint64_t> state_hashes_;                  // by index - 1
  std::string violation_;
};

}  // namespace raftly
