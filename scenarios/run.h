// One run of one scenario on one stage: what its script may do, and what it leaves behind.
//
//   Run run(stage);
//   if (!run.Assemble()) return;                       // a leader that all follow
//   auto isolation = run.inject.Isolate(run.stage.leader());
//   run.Expect(n == 0, "nothing commits without a quorum");
//   run.Set("isolated_commits", n);
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "chaos/clients.h"
#include "chaos/evidence.h"
#include "chaos/injector.h"
#include "chaos/stage.h"

namespace raftly {

class Run {
 public:
  using Operations = std::vector<size_t>;

  explicit Run(Stage& on) : stage(on), inject(on), clients(on) {}

  Stage& stage;
  Injector inject;
  Clients clients;

  // ---- Verdicts
  // Without it the scenario cannot be told: the stage was not set. Returns `holds`.
  bool Need(bool holds, const std::string& what);
  // What every defence on promises. With one off it may well be broken; then the damage must be found by other means.
  void Expect(bool holds, const std::string& what);
  // A line of the summary, in this order.
  template <class Value>
  void Set(const std::string& key, const Value& value) {
    summary_.emplace_back(key, absl::StrCat(value));
  }

  // ---- Verbs. Each is false, and the stage not set, where it does not come about in time.
  bool Start(int node);
  // Starts every node that is down; there is a leader, all follow it, and all logs are committed, applied and end at
  // the same place.
  bool Assemble();
  bool Agree();
  bool WaitForLeader(const Stage::Condition& acceptable, const std::string& what);
  // Put <prefix><from> .. <prefix><to>, one after another, without waiting for answers.
  Operations Ask(int node, const std::string& key, const std::string& value, int from, int to, Duration timeout);
  // The same, and all are acknowledged.
  bool Put(int node, const std::string& key, const std::string& value, int from, int to);
  // Puts until the leader's commit index is `index`.
  bool CommitUpTo(int node, Index index);

  // Asks until these are its members, committed or not: whether they are within `patience`.
  bool ChangeMembers(int node, const Configuration& members, Duration patience);

  int CountAcknowledged(const Operations& operations) const;
  bool AllAnswered(const Operations& operations) const;
  // How many of these writes are in the log.
  int CountIn(const Entries& log, const Operations& operations) const;
  std::string Milliseconds(Time time) const {
    return absl::StrCat(time.time_since_epoch() / std::chrono::milliseconds(1), "ms");
  }

  // Heals everything, reads all that was ever written through the leader, and looks for damage.
  void Examine();

  const std::vector<std::pair<std::string, std::string>>& summary() const { return summary_; }
  const std::vector<std::string>& unmet() const { return unmet_; }
  const std::vector<std::string>& broken() const { return broken_; }
  const std::vector<Damage>& damages() const { return damages_; }

 private:
  bool AtRest() const;
  void ReadBack(int leader);

  std::vector<std::pair<std::string, std::string>> summary_;
  std::vector<std::string> unmet_;   // needs
  std::vector<std::string> broken_;  // expectations
  std::vector<Damage> damages_;
};

}  // namespace raftly
