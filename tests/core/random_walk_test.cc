// A few thousand random steps of everything that can happen, and the properties of Figure 3 after each.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

class RandomWalk {
 public:
  explicit RandomWalk(uint64_t seed, size_t servers = 3, Defences defences = {}, size_t in_memory = size_t{1} << 20)
      : random_(seed),
        cluster_({.servers = servers,
                  .seed = seed,
                  .limits = {.entries_per_append = 2, .appends_in_flight = 2, .bytes_in_memory = in_memory},
                  .defences = defences}),
        nodes_(cluster_.names()) {}

  // What was violated; empty: nothing.
  std::string Run(int steps) {
    for (int i = 0; i < steps && complaint_.empty(); ++i) {
      Step();
      Check();
    }
    return complaint_;
  }

  // After the storm: faults end, and the cluster must make progress.
  std::string Recover() {
    cluster_.Heal();
    cluster_.Wait(3s);
    Check();
    const NodeId leader = cluster_.leader();
    if (leader.empty()) return "no leader in a quiet network";
    cluster_.Propose(leader, "last");
    cluster_.Wait(500ms);
    Check();
    for (const NodeId& node : nodes_) {
      if (cluster_[node].log() != cluster_[leader].log()) return node + " did not catch up";
      if (cluster_[node].core().commit() != cluster_[leader].core().log().last().index) return node + " did not commit";
    }
    return complaint_;
  }

  size_t commits() const { return committed_.size(); }
  size_t elections() const { return leaders_.size(); }
  const std::vector<std::string>& trace() const { return cluster_.trace; }

 private:
  size_t Pick(size_t n) { return random_() % n; }
  const NodeId& AnyNode() { return nodes_[Pick(nodes_.size())]; }

  void Step() {
    const size_t dice = Pick(1000);
    const size_t queued = cluster_.network().size();
    if (dice < 500) {
      if (queued > 0) cluster_.Deliver(Pick(std::min<size_t>(queued, 8)));
    } else if (dice < 540) {
      if (queued > 0) cluster_.Drop(Pick(queued));
    } else if (dice < 560) {
      if (queued > 0) cluster_.Repeat(Pick(queued));
    } else if (dice < 760) {
      DrivenNode& node = cluster_[AnyNode()];
      // What waited for a write may be answered before the node hears of the write.
      if (node.disk_is_busy() && Pick(4) == 0) {
        node.StoreWrite();
      } else if (node.disk_is_busy()) {
        node.FinishWrite();
      } else if (!node.reads.empty()) {
        node.FinishRead();
      }
      cluster_.Collect();
    } else if (dice < 860) {
      cluster_[AnyNode()].Wait(Duration(Pick(30'000'000)));
      cluster_.Collect();
    } else if (dice < 960) {
      cluster_.Propose(AnyNode(), std::to_string(++proposals_));
    } else if (dice < 972) {
      cluster_.Read(AnyNode());
    } else if (dice < 975) {
      cluster_.HandOver(AnyNode(), Pick(2) == 0 ? AnyNode() : NodeId());
    } else if (dice < 985) {
      cluster_.Crash(AnyNode());
    } else if (dice < 988) {
      cluster_.Isolate(AnyNode());
    } else {
      cluster_.Heal();
    }
    while (cluster_.network().size() > 60) cluster_.Drop(0);
  }

  void Complain(const std::string& what) {
    if (complaint_.empty()) complaint_ = what;
  }

  void Check() {
    for (const NodeId& name : nodes_) {
      const DrivenNode& node = cluster_[name];
      CheckLeader(name, node.core());
      CheckCommitted(name, node);
      if (node.core().stable() > node.core().log().last().index) Complain(name + ": vouches for what it has not");
    }
    if (++checks_ % 16 == 0) CheckLogs();
  }

  // Election Safety, and Leader Completeness.
  void CheckLeader(const NodeId& name, const RaftCore& core) {
    if (core.role() != Role::kLeader) return;
    const auto [known, is_new] = leaders_.emplace(core.term(), name);
    if (known->second != name) Complain("two leaders in term " + std::to_string(core.term().value));
    if (!is_new) return;
    for (const auto& [index, entry] : committed_) {
      const Log& log = core.log();
      if (!log.Contains(index) || log.TermAt(index) != entry.term || (log.Holds(index) && log.At(index) != entry)) {
        Complain(name + " leads without committed entry " + std::to_string(index.value));
      }
    }
  }

  // State Machine Safety: a committed entry never changes, on any node, in any life.
  void CheckCommitted(const NodeId& name, const DrivenNode& node) {
    for (size_t i = 0; i < node.committed.size(); ++i) {
      const Entry& entry = node.committed[i];
      if (entry.index.value != i + 1) Complain(name + ": delivered out of order");
      const auto [known, unused] = committed_.emplace(entry.index, entry);
      if (known->second != entry) Complain(name + ": another entry was committed at " + std::to_string(i + 1));
    }
  }

  // Log Matching.
  void CheckLogs() {
    for (const NodeId& a : nodes_) {
      for (const NodeId& b : nodes_) {
        const Log& one = cluster_[a].core().log();
        const Log& other = cluster_[b].core().log();
        bool must_match = false;
        for (Index index = std::min(one.last().index, other.last().index); index; index = index - 1) {
          must_match = must_match || one.TermAt(index) == other.TermAt(index);
          if (must_match && one.TermAt(index) != other.TermAt(index)) Complain(a + " and " + b + ": logs do not match");
          if (!one.Holds(index) || !other.Holds(index)) continue;
          if (must_match && one.At(index) != other.At(index)) Complain(a + " and " + b + ": logs do not match");
        }
      }
    }
  }

  std::mt19937_64 random_;
  VirtualCluster cluster_;
  std::vector<NodeId> nodes_;
  std::map<Term, NodeId> leaders_;
  std::map<Index, Entry> committed_;
  std::string complaint_;
  uint64_t proposals_ = 0;
  uint64_t checks_ = 0;
};

class RandomWalks : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomWalks, Figure3_KeepAllProperties) {
  RandomWalk walk(GetParam(), 3 + 2 * (GetParam() % 2));
  EXPECT_EQ(walk.Run(4000), "");
  EXPECT_EQ(walk.Recover(), "");
  EXPECT_GT(walk.commits(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalks, testing::Range(uint64_t{1}, uint64_t{9}));

// The same where all that may be on the disk alone is there.
TEST_P(RandomWalks, Figure3_KeepAllPropertiesWithoutMemory) {
  RandomWalk walk(GetParam(), 3 + 2 * (GetParam() % 2), {}, 0);
  EXPECT_EQ(walk.Run(4000), "");
  EXPECT_EQ(walk.Recover(), "");
  EXPECT_GT(walk.commits(), 2u);
}

TEST(RandomWalks, AreRepeatable) {
  RandomWalk one(3), two(3);
  one.Run(2000);
  two.Run(2000);
  EXPECT_EQ(one.trace(), two.trace());
}

// The checks have teeth: without a rule some seed shows the damage.
TEST(RandomWalks, SeeDamageWithoutADefence) {
  for (const auto defence : {&Defences::log_matching, &Defences::quorum_commit}) {
    Defences defences = Without(defence, &Defences::pre_vote, &Defences::stickiness);
    std::string complaint;
    for (uint64_t seed = 1; seed <= 200 && complaint.empty(); ++seed) {
      complaint = RandomWalk(seed, 3, defences).Run(4000);
    }
    EXPECT_NE(complaint, "");
  }
}

}  // namespace
}  // namespace raftly
