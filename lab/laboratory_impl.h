// The laboratory's inside: one run, in four files. laboratory.cc does the acts, lab_members.cc those that change
// members, lab_clients.cc asks, verdicts.cc heals everything in the end, reads all back, and has it judged.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "chaos/evidence.h"
#include "chaos/sim/history.h"
#include "chaos/sim/judges.h"
#include "chaos/sim/member_changes.h"
#include "chaos/sim/nemesis.h"
#include "chaos/sim/progress_judge.h"
#include "chaos/sim/sim_cluster.h"
#include "chaos/sim/workload.h"
#include "lab/laboratory.h"

namespace raftly {

// The members, and after them the outsiders.
std::vector<NodeId> IdsOf(const Experiment& experiment);

// One run. Its clients know what they asked and what they were told, and nothing else.
class Laboratory : public Trace {
 public:
  Laboratory(const Experiment& experiment, World& world);

  LabResult Run();

  void OnCall(int node, const Operation& operation) override;
  void OnAnswer(const Operation& operation) override;
  void OnStep(int node, const RaftCore& core) override {
    Trace::OnStep(node, core);
    NoteFinding();
  }
  void OnApplied(int node, const Entry& entry, const KvMachine& machine) override {
    Trace::OnApplied(node, entry, machine);
    NoteFinding();
  }

 private:
  // The simulator's clients and faults.
  struct Swarm {
    explicit Swarm(Laboratory& lab)
        : workload(lab.world_, lab.cluster_, lab.settings_, *lab.experiment_.swarm),
          nemesis(lab.world_, lab.cluster_, lab.settings_, *lab.experiment_.swarm),
          progress(lab.world_, lab.cluster_, lab.settings_,
                   [&lab](const std::string& finding) { lab.NoteStandstill(finding); }) {}
    void Begin() {
      workload.Begin();
      nemesis.Begin();
      progress.Begin();
    }
    void End() {
      progress.End();
      nemesis.Rest();
      workload.End();
    }

    Workload workload;
    Nemesis nemesis;
    ProgressJudge progress;
    std::map<uint64_t, std::pair<size_t, size_t>> events;  // call and answer, by the operation's number
  };
  struct Asked {
    Act act;
    Operation operation;
    int node = 0;
    int attempt = 1;         // answers to earlier ones come too late
    bool uncertain = false;  // one of those may have had its effect
    bool answered = false;
    LogPosition at;   // of a write, as the client was told
    size_t call = 0;  // events
    size_t answer = 0;
  };

  // ---- Acts
  void Perform(size_t number);
  // Nothing where nobody is meant: the act cannot be done.
  std::optional<std::vector<int>> Resolve(std::vector<std::string> names, const std::vector<std::string>& more = {});
  int PlaceOf(const std::string& name);
  void Enact(const Act& act, const std::vector<int>& nodes);
  void Cut(int from, int to, bool cut = true) { cluster_.link(from, to).cut = cut; }
  void Heal(int node);
  // ---- Members: lab_members.cc
  // As for Resolve; of an act that is no change of the members, nobody's wish.
  std::optional<MemberWish> WishOf(const Act& act);
  static Fields FieldsOf(const MemberWish& wish);
  void AskForChange(size_t number, int node, const MemberWish& wish);
  void Start(int node);
  void LoseDirectory(int node);
  // Who is a member runs, and who lost its directory is one again: as an operator would see to it, in the end.
  void TendMembers();
  // ---- Clients
  void Ask(const Act& act, int node);
  void Send(size_t number);
  bool Awaited(size_t number, int attempt) const;
  void OnReply(size_t number, int attempt, const absl::Status& status);
  void AskAgain(size_t number, const absl::Status& why);
  void Answer(size_t number, const absl::Status& status);

  // ---- After the experiment
  void Close();
  void ComeToRest();
  bool Await(absl::FunctionRef<bool()> there, Duration patience);
  bool AtRest() const;
  void ReadAll();
  NodeLogs Logs();
  void NoteFinding();
  void NoteStandstill(const std::string& finding);
  History history() const;

  void Judge(std::string judge, std::string rule, const std::vector<std::string>& findings, std::vector<size_t> events);
  void JudgePromises();
  void JudgeWrites(const NodeLogs& logs);
  void JudgeHistory();
  std::string Document() const;

  const Experiment& experiment_;
  World& world_;
  // A judge stops its world at the first violation. Here the show goes on, but for a swarm's, as in raftly-sim: what
  // nodes do whose promises are broken, and who are short of everything, is anybody's guess.
  World judges_world_;
  Judges judges_;
  std::vector<Asked> asked_;
  bool over_ = false;  // the run: what is still answered is not heard any more
  const Settings settings_;
  SimCluster cluster_;
  MemberChanges operator_;
  std::unique_ptr<Swarm> swarm_;  // null: the acts are all that happens
  std::map<std::string, int> cast_;
  std::optional<size_t> finding_;
  std::optional<std::pair<std::string, size_t>> standstill_;
  bool rests_ = false;
  LabResult result_;
};

}  // namespace raftly
