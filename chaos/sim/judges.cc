#include "chaos/sim/judges.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/kv_machine.h"
#include "raft/core/membership.h"

namespace raftly {

namespace {

Configuration FirstOf(const std::vector<NodeId>& nodes, size_t members) {
  return {.voters = {nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(members)}};
}

}  // namespace

Judges::Judges(World& world, std::vector<NodeId> nodes, size_t members)
    : world_(world), members_(nodes, FirstOf(nodes, members), [this](std::string what) { Accuse(std::move(what)); }) {
  for (NodeId& id : nodes) {
    nodes_.emplace_back();
    nodes_.back().id = std::move(id);
  }
}

void Judges::Accuse(std::string violation) {
  if (violation_.empty()) violation_ = std::move(violation);
  world_.Stop();
}

// ---- Durability ----------------------------------------------------------------------------------------------------

void Judges::OnRecovered(int place, const Wal::Opened& opened, const Configuration& first) {
  Node& node = nodes_[place];
  node.first = first;
  if (opened.hard_state.term < node.promised_term) {
    Accuse(absl::StrCat("durability: ", node.id, " came back in term ", opened.hard_state.term.value,
                        " although it had voted in term ", node.promised_term.value));
  } else if (node.promised_term && opened.hard_state.term == node.promised_term &&
             opened.hard_state.voted_for != node.votes[node.promised_term]) {
    Accuse(absl::StrCat("durability: ", node.id, " came back without its vote for ", node.votes[node.promised_term],
                        " in term ", node.promised_term.value));
  }
  CutTo(node, 0);
  node.electorates = {ElectorateOf(first, members_.ids())};
  if (!BeginWith(node, opened.base)) return;
  Term previous = opened.base.term;
  for (const Entry& entry : opened.entries) {
    JudgeEntry(node, entry, previous);
    Push(node, previous = entry.term);
  }
  if (!node.Holds(node.durable)) {
    Accuse(absl::StrCat("durability: ", node.id, " had called its log durable up to index ", node.durable.index.value,
                        " (term ", node.durable.term.value, "), and came back with one that ends at index ",
                        node.terms.size(), " (term ", previous.value, ")"));
  }
  node.commit = node.applied = Index{};
  node.role = Role::kFollower;
  node.term = opened.hard_state.term;
}

void Judges::OnDirectoryLost(int place) {
  CutTo(nodes_[place], 0);
  nodes_[place].durable = {};
  nodes_[place].promised_term = {};
  nodes_[place].amnesiac = true;
}

void Judges::OnRetired(int place) {
  OnDirectoryLost(place);
  nodes_[place].votes.clear();
  nodes_[place].amnesiac = false;
}

void Judges::CallDurable(Node& node, LogPosition position) {
  // What was replaced meanwhile by another leader's entries was true when it was promised, and binds no more.
  if (position.index > node.durable.index && node.Holds(position)) node.durable = position;
}

void Judges::OnAppendAcknowledged(int place, LogPosition up_to) { CallDurable(nodes_[place], up_to); }

void Judges::OnTruncated(int place, Index from) {
  Node& node = nodes_[place];
  CutTo(node, from.value - 1);
  if (node.durable.index < from) return;
  node.durable.index = from - 1;
  node.durable.term = from.value > 1 ? node.terms[from.value - 2] : Term{};
}

// ---- Votes and leaders ---------------------------------------------------------------------------------------------

void Judges::OnVote(int place, Term term, const NodeId& candidate) {
  Node& node = nodes_[place];
  const auto [vote, first] = node.votes.emplace(term, candidate);
  if (!first && vote->second != candidate) {
    Accuse(absl::StrCat("one vote per term: in term ", term.value, " ", node.id, " voted for ", vote->second,
                        " and for ", candidate));
  }
  node.promised_term = std::max(node.promised_term, term);
  granted_[{term, candidate}] |= SetOf(place);
}

void Judges::JudgeRole(Node& node, const RaftCore& core) {
  const bool as_before = core.role() == node.role && core.term() == node.term;
  if (core.term() < node.term) {
    Accuse(absl::StrCat("terms never fall: ", node.id, " went from term ", node.term.value, " to ", core.term().value));
  }
  node.role = core.role();
  node.term = core.term();
  if (as_before || node.role == Role::kFollower) return;
  if (node.role != Role::kLeader && !MayCampaign(node)) {
    return Accuse(absl::StrCat("members: ", node.id, " campaigns for term ", node.term.value, " and is no voter"));
  }
  if (node.role == Role::kLeader) JudgeLeader(node, core);
}

void Judges::JudgeLeader(Node& node, const RaftCore& core) {
  const auto [leader, first] = leaders_.emplace(core.term(), PlaceOf(node));
  if (!first && leader->second != PlaceOf(node)) {
    return Accuse(absl::StrCat("election safety: ", nodes_[leader->second].id, " and ", node.id, " both lead term ",
                               core.term().value));
  }
  JudgeElection(node);
  // Leader completeness, §5.4.3: whatever was committed in an earlier term. By log matching the last such entry speaks
  // for all before it.
  size_t index = committed_.size();
  while (index > 0 && committed_[index - 1].seen_in >= core.term()) --index;
  if (index == 0) return;
  const Committed& last = committed_[index - 1];
  if (!node.Holds({last.term, Index{index}})) {
    Accuse(absl::StrCat("leader completeness: ", node.id, " leads term ", core.term().value,
                        " without the entry at index ", index, " (term ", last.term.value, "), committed in term ",
                        last.seen_in.value, " as ", nodes_[last.node].id, " had seen; its log ends at index ",
                        core.log().last().index.value, " (term ", core.log().last().term.value, ")"));
  }
}

// Thesis §4.2.2: by the last configuration that it knows to be committed, or by a later one.
bool Judges::MayCampaign(const Node& node) const {
  for (auto change = node.changes.rbegin(); change != node.changes.rend(); ++change) {
    if (members_.At({node.terms[change->value - 1], *change})->electorate.Votes(PlaceOf(node))) return true;
    if (*change <= node.commit) return false;
  }
  return node.first.Votes(node.id);
}

// §5.2 and §6. Its own vote is needed, but only counts where it is a voter.
void Judges::JudgeElection(const Node& node) {
  const NodeSet votes = granted_[{node.term, node.id}] | SetOf(PlaceOf(node));
  const auto elects = [votes](const Electorate& electorate) { return electorate.IsQuorum(votes); };
  if (std::any_of(node.electorates.begin(), node.electorates.end(), elects)) return;
  Accuse(absl::StrCat("elected by a quorum: ", node.id, " leads term ", node.term.value, " by the votes of ",
                      NamesOf(votes), ", and goes by {", ToString(ConfigurationOf(node)), "}"));
}

// ---- Logs ----------------------------------------------------------------------------------------------------------

void Judges::OnStep(int place, const RaftCore& core) {
  Node& node = nodes_[place];
  FollowLog(node, core.log());
  if (core.stable() && core.log().HasTermAt(core.stable())) {
    CallDurable(node, {core.log().TermAt(core.stable()), core.stable()});
  }
  JudgeConfiguration(node, core);
  JudgeRole(node, core);
  if (core.commit() != node.commit) JudgeCommit(node, core);
  if (node.electorates.size() > 1) node.electorates.erase(node.electorates.begin(), node.electorates.end() - 1);
}

// Where a log was cut and grown since the last step, terms tell from where: an entry that replaces another has a later
// term than it.
void Judges::FollowLog(Node& node, const Log& log) {
  const uint64_t last = log.last().index.value;
  const LogPosition base = log.base();
  if (!node.Holds(base)) {
    // Figure 13, rule 7. What it held behind the base contradicted what is committed, so nobody may count on it.
    CutTo(node, 0);
    node.durable = base;
    if (!BeginWith(node, base)) return;
  }
  CutTo(node, last);
  if (!node.Holds(node.durable)) {
    return Accuse(absl::StrCat("durability: ", node.id, " threw away its log, which agreed with the snapshot of index ",
                               base.index.value, " and was acknowledged up to index ", node.durable.index.value));
  }
  size_t common = node.terms.size();
  while (common > base.index.value && node.terms[common - 1] != log.TermAt(Index{common})) --common;
  CutTo(node, common);
  for (uint64_t index = node.terms.size() + 1; index <= last; ++index) {
    // What is not in memory any more was judged when it came.
    if (log.Holds(Index{index}))
      JudgeEntry(node, log.At(Index{index}), node.terms.empty() ? Term{} : node.terms.back());
    Push(node, log.TermAt(Index{index}));
  }
}

void Judges::Push(Node& node, Term term) {
  node.terms.push_back(term);
  const Index index{node.terms.size()};
  const MembersJudge::Known* known = members_.At({term, index});
  if (known == nullptr) return;
  node.changes.push_back(index);
  node.electorates.push_back(known->electorate);
}

// §6: a configuration goes back with the log that brought it.
void Judges::CutTo(Node& node, size_t entries) {
  if (node.terms.size() <= entries) return;
  node.terms.resize(entries);
  if (node.changes.empty() || node.changes.back().value <= entries) return;
  while (!node.changes.empty() && node.changes.back().value > entries) node.changes.pop_back();
  node.electorates.push_back(ElectorateOf(ConfigurationOf(node), members_.ids()));
}

const Configuration& Judges::ConfigurationOf(const Node& node) const {
  if (node.changes.empty()) return node.first;
  const Index last = node.changes.back();
  return members_.At({node.terms[last.value - 1], last})->configuration;
}

// §6: "a server always uses the latest configuration in its log, regardless of whether the entry is committed".
void Judges::JudgeConfiguration(Node& node, const RaftCore& core) {
  if (node.changes.empty() && !core.configuration_at()) return;
  if (core.configuration() == ConfigurationOf(node)) return;
  Accuse(absl::StrCat("members: ", node.id, " goes by {", ToString(core.configuration()), "}, and its log says {",
                      ToString(ConfigurationOf(node)), "}"));
}

// What a log begins behind is a prefix of what was committed: a snapshot holds nothing else.
bool Judges::BeginWith(Node& node, LogPosition base) {
  const uint64_t index = base.index.value;
  if (index > committed_.size() || (index > 0 && committed_[index - 1].term != base.term)) {
    Accuse(absl::StrCat("snapshot: the log of ", node.id, " begins after index ", index, " (term ", base.term.value,
                        "), which is not what was committed there"));
    return false;
  }
  for (uint64_t i = 0; i < index; ++i) Push(node, committed_[i].term);
  return true;
}

// Log matching by induction: one index and term, one command and one predecessor.
void Judges::JudgeEntry(const Node& node, const Entry& entry, Term previous) {
  if (known_.size() < entry.index.value) known_.resize(entry.index.value);
  const uint64_t data = HashOf(entry.data.view());
  const Known* known = KnownAt(entry.position());
  if (known == nullptr) {
    known_[entry.index.value - 1].push_back({entry.term, previous, data, PlaceOf(node)});
    if (entry.type != EntryType::kConfig) return;
    members_.OnAppended(entry, node.id, ConfigurationOf(node), [this](LogPosition at) { return AnyHolds(at); });
  } else if (known->data != data || known->previous != previous) {
    Accuse(absl::StrCat("log matching: at index ", entry.index.value, " and term ", entry.term.value, " ", node.id,
                        " and ", nodes_[known->node].id,
                        known->data != data ? " hold different commands"
                                            : absl::StrCat(" disagree on the entry before: term ", previous.value,
                                                           " and ", known->previous.value)));
  }
}

const Judges::Known* Judges::KnownAt(LogPosition position) const {
  if (position.index.value > known_.size()) return nullptr;
  const std::vector<Known>& here = known_[position.index.value - 1];
  const auto known =
      std::find_if(here.begin(), here.end(), [&](const Known& one) { return one.term == position.term; });
  return known == here.end() ? nullptr : &*known;
}

// ---- Commitment ----------------------------------------------------------------------------------------------------

void Judges::JudgeCommit(Node& node, const RaftCore& core) {
  if (core.commit() < node.commit) {
    return Accuse(absl::StrCat("commit never moves back: on ", node.id, " it went from ", node.commit.value, " to ",
                               core.commit().value));
  }
  if (core.commit() > core.log().last().index) {
    return Accuse(absl::StrCat("commit: ", node.id, " has committed index ", core.commit().value,
                               ", beyond the end of its log at ", core.log().last().index.value));
  }
  for (Index index = std::max(node.commit, core.log().base().index) + 1; index <= core.commit(); ++index) {
    JudgeCommitted(node, {core.log().TermAt(index), index}, core.term());
  }
  node.commit = core.commit();
}

void Judges::JudgeCommitted(const Node& node, LogPosition position, Term seen_in) {
  const auto [term, index] = position;
  if (index.value > committed_.size()) {
    const Known* known = KnownAt(position);
    if (known == nullptr) {
      return Accuse(absl::StrCat("commit: ", node.id, " has committed index ", index.value, " (term ", term.value,
                                 "), an entry that no log was seen to hold"));
    }
    committed_.push_back({term, known->data, seen_in, PlaceOf(node)});
    members_.OnCommitted(position);
    return JudgeQuorum(node, position);
  }
  const Committed& known = committed_[index.value - 1];
  if (known.term != term) {
    Accuse(absl::StrCat("state machine safety: at index ", index.value, " ", node.id, " committed the entry of term ",
                        term.value, ", ", nodes_[known.node].id, " that of term ", known.term.value));
  }
}

void Judges::JudgeQuorum(const Node& node, LogPosition position) {
  NodeSet holders = 0;
  for (const Node& other : nodes_) {
    if (other.amnesiac || (other.durable.index >= position.index && other.Holds(position))) {
      holders |= SetOf(PlaceOf(other));
    }
  }
  const auto commits = [holders](const Electorate& electorate) { return electorate.IsQuorum(holders); };
  if (std::any_of(node.electorates.begin(), node.electorates.end(), commits)) return;
  Accuse(absl::StrCat("durable on a quorum: ", node.id, " committed index ", position.index.value, " (term ",
                      position.term.value, ") of {", ToString(ConfigurationOf(node)), "} while no more than ",
                      holders == 0 ? "nobody" : NamesOf(holders), " held it durably"));
}

bool Judges::AnyHolds(LogPosition position) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.Holds(position); });
}

std::vector<const MembersJudge::Known*> Judges::InForce() const {
  return members_.InForce([this](LogPosition at) { return AnyHolds(at); });
}

std::string Judges::NamesOf(NodeSet nodes) const {
  std::string names;
  for (const Node& node : nodes_) {
    if ((nodes & SetOf(PlaceOf(node))) != 0) absl::StrAppend(&names, names.empty() ? "" : ", ", node.id);
  }
  return names;
}

void Judges::OnApplied(int place, const Entry& entry, uint64_t state_hash) {
  Node& node = nodes_[place];
  const uint64_t index = entry.index.value;
  if (index != node.applied.value + 1) {
    return Accuse(absl::StrCat("applied in order: ", node.id, " applied index ", index, " after ", node.applied.value));
  }
  node.applied = entry.index;
  if (entry.index > node.commit) {
    return Accuse(absl::StrCat("applied only when committed: ", node.id, " applied index ", index,
                               ", its commit index is ", node.commit.value));
  }
  const Committed& known = committed_[index - 1];
  if (known.term != entry.term || known.data != HashOf(entry.data.view())) {
    return Accuse(absl::StrCat("state machine safety: ", node.id, " applied at index ", index, " an entry of term ",
                               entry.term.value, " other than the committed one of term ", known.term.value));
  }
  if (state_hashes_.size() < index) {
    state_hashes_.push_back(state_hash);
  } else if (state_hashes_[index - 1] != state_hash) {
    Accuse(absl::StrCat("equal states: after index ", index, " the state of ", node.id, " differs from the others'"));
  }
}

void Judges::OnStateLoaded(int place, LogPosition at, uint64_t state_hash) {
  Node& node = nodes_[place];
  const uint64_t index = at.index.value;
  if (index <= node.applied.value && index > 0 && node.applied) {
    return Accuse(absl::StrCat("applied in order: ", node.id, " took up the state of index ", index, " after applying ",
                               node.applied.value));
  }
  if (index > committed_.size() || committed_[index - 1].term != at.term) {
    return Accuse(absl::StrCat("snapshot: ", node.id, " took up the state of index ", index, " (term ", at.term.value,
                               "), which is not what was committed there"));
  }
  if (index <= state_hashes_.size() && state_hashes_[index - 1] != state_hash) {
    return Accuse(absl::StrCat("equal states: the snapshot of index ", index, " that ", node.id,
                               " took up is not the state that the others had there"));
  }
  node.applied = at.index;
  node.commit = std::max(node.commit, at.index);
}

void Judges::OnClientAcknowledged(LogPosition at, const std::string& command) {
  const bool committed = at.index && at.index.value <= committed_.size();
  if (committed && committed_[at.index.value - 1].term == at.term &&
      committed_[at.index.value - 1].data == HashOf(command)) {
    return;
  }
  Accuse(absl::StrCat("acknowledged write: a client was told that \"", command, "\" is committed at index ",
                      at.index.value, " (term ", at.term.value, "), but ",
                      committed ? absl::StrCat("another entry is, of term ", committed_[at.index.value - 1].term.value)
                                : std::string("nothing is")));
}

}  // namespace raftly
