#include "tests/core/transcript.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "raft/core/check.h"
#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using Words = std::vector<std::string>;

const std::map<std::string, bool Defences::*>& Switches() {
  static const std::map<std::string, bool Defences::*> switches = {
      {"pre_vote", &Defences::pre_vote},
      {"check_quorum", &Defences::check_quorum},
      {"stickiness", &Defences::stickiness},
      {"current_term_commit", &Defences::current_term_commit},
      {"read_confirmation", &Defences::read_confirmation},
      {"election_restriction", &Defences::election_restriction},
  };
  return switches;
}

class Stage {
 public:
  // The lines that the command printed.
  std::vector<std::string> Do(const std::string& line) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    const std::string command = words.at(0);
    words.erase(words.begin());
    const auto known = Commands().find(command);
    if (known == Commands().end()) return {"unknown command: " + command};
    known->second(*this, words);
    if (!cluster_) return {};
    cluster_->Collect();
    return std::exchange(cluster_->trace, {});
  }

 private:
  using Command = std::function<void(Stage&, const Words&)>;
  static const std::map<std::string, Command>& Commands();

  VirtualCluster& cluster() { return *cluster_; }

  void Nodes(const Words& words) {
    start_ = {.servers = std::stoul(words.at(0))};
    for (size_t i = 1; i < words.size(); ++i) {
      start_.defences.*Switches().at(words[i].substr(0, words[i].find('='))) = false;
    }
    cluster_.emplace(start_);
  }

  void GiveLog(const Words& words) {
    std::string log;
    for (size_t i = 1; i < words.size(); ++i) log += words[i] + " ";
    Start own = start_;
    own.log = log;
    own.seed = static_cast<uint64_t>(words.at(0)[0]);
    cluster().Replace(words.at(0), own);
  }

  void Tick(const Words& words) {
    for (const NodeId& node : cluster().names()) {
      cluster()[node].Wait(std::chrono::milliseconds(std::stoi(words.at(0))));
    }
  }

  void Disk(const Words& words) {
    for (const NodeId& node : words.empty() ? cluster().names() : words) cluster().FinishWrites(node);
  }

  // Delivers or drops what is on its way now between the two, or at all.
  void Move(const Words& words, void (VirtualCluster::*move)(size_t)) {
    size_t position = 0;
    for (size_t left = cluster().network().size(); left > 0; --left) {
      const Envelope& envelope = cluster().network()[position];
      if (words.empty() || words[0] == envelope.from + "->" + envelope.to) {
        (cluster().*move)(position);
      } else {
        ++position;
      }
    }
  }

  void Lose(const Words& words, bool rejoin) { cluster().LoseDirectory(words.at(0), rejoin); }

  void Show() {
    for (const NodeId& name : cluster().names()) {
      const RaftCore& core = cluster()[name].core();
      std::ostringstream line;
      line << name << ": " << ToString(core.role()) << ", term " << core.term().value << ", commit "
           << core.commit().value << ", log " << (core.log().last().index ? Text(core.log()) : "empty")
           << (core.may_vote() ? "" : ", may not vote");
      cluster().trace.push_back(line.str());
    }
  }

  Start start_;
  std::optional<VirtualCluster> cluster_;
};

const std::map<std::string, Stage::Command>& Stage::Commands() {
  static const std::map<std::string, Command> commands = {
      {"nodes", [](Stage& stage, const Words& words) { stage.Nodes(words); }},
      {"log", [](Stage& stage, const Words& words) { stage.GiveLog(words); }},
      {"timeout", [](Stage& stage, const Words& words) { stage.cluster().TimeOut(words.at(0)); }},
      {"tick", [](Stage& stage, const Words& words) { stage.Tick(words); }},
      {"disk", [](Stage& stage, const Words& words) { stage.Disk(words); }},
      {"deliver", [](Stage& stage, const Words& words) { stage.Move(words, &VirtualCluster::Deliver); }},
      {"drop", [](Stage& stage, const Words& words) { stage.Move(words, &VirtualCluster::Drop); }},
      {"wait", [](Stage& stage,
                  const Words& words) { stage.cluster().Wait(std::chrono::milliseconds(std::stoi(words.at(0)))); }},
      {"settle", [](Stage& stage, const Words&) { stage.cluster().Settle(); }},
      {"propose", [](Stage& stage, const Words& words) { stage.cluster().Propose(words.at(0), words.at(1)); }},
      {"read", [](Stage& stage, const Words& words) { stage.cluster().Read(words.at(0)); }},
      {"isolate", [](Stage& stage, const Words& words) { stage.cluster().Isolate(words.at(0)); }},
      {"cut", [](Stage& stage, const Words& words) { stage.cluster().Cut(words.at(0), words.at(1)); }},
      {"heal", [](Stage& stage, const Words&) { stage.cluster().Heal(); }},
      {"crash", [](Stage& stage, const Words& words) { stage.cluster().Crash(words.at(0)); }},
      {"wipe", [](Stage& stage, const Words& words) { stage.Lose(words, false); }},
      {"rejoin", [](Stage& stage, const Words& words) { stage.Lose(words, true); }},
      {"show", [](Stage& stage, const Words&) { stage.Show(); }},
  };
  return commands;
}

}  // namespace

std::string Perform(const std::string& script) {
  Stage stage;
  std::istringstream lines(script);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '>' && line[0] != '#') continue;  // what happened last time
    text += line + "\n";
    if (!line.starts_with("> ")) continue;
    for (const std::string& happened : stage.Do(line.substr(2))) text += happened + "\n";
  }
  return text;
}

}  // namespace raftly
