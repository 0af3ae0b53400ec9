#include "lab/trace.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chaos/clients.h"
#include "chaos/evidence.h"
#include "chaos/sim/life.h"
#include "raft/storage/members.h"
#include "server/kv/command.h"

namespace raftly {
namespace {

using Fields = Trace::Fields;

using Configurations = Trace::Configurations;

std::string CommandOf(const Entry& entry, Configurations configurations) {
  if (entry.type != EntryType::kConfig) return CommandText(entry);
  const auto members = ConfigurationIn(entry);
  if (configurations == Configurations::kAsNotes || !members) return "the configuration";
  return absl::StrCat("members ", ToString(*members));
}

Fields ListOf(const Entries& entries, Configurations configurations) {
  Fields list = Fields::array();
  for (const Entry& entry : entries) {
    list.push_back({entry.index.value, entry.term.value, CommandOf(entry, configurations)});
  }
  return list;
}

std::string_view NameOf(Watcher::Process what) {
  switch (what) {
    case Watcher::Process::kStarted:
      return "started";
    case Watcher::Process::kRejoined:
      return "rejoined";
    case Watcher::Process::kKilled:
      return "killed";
    case Watcher::Process::kPowerLost:
      return "power_lost";
    case Watcher::Process::kPaused:
      return "paused";
    case Watcher::Process::kResumed:
      return "resumed";
    case Watcher::Process::kRefusedToStart:
      return "refused_to_start";
    case Watcher::Process::kLostDirectory:
      return "lost_directory";
    case Watcher::Process::kGaveUp:
      break;
  }
  return "gave_up";
}

std::string_view NameOf(Watcher::Lost why) {
  switch (why) {
    case Watcher::Lost::kCut:
      return "cut";
    case Watcher::Lost::kChance:
      return "chance";
    case Watcher::Lost::kDropped:
      return "dropped";
    case Watcher::Lost::kDown:
      break;
  }
  return "down";
}

std::string_view NameOf(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::kPut:
      return "put";
    case Operation::Kind::kAppend:
      return "append";
    case Operation::Kind::kAdd:
      return "add";
    case Operation::Kind::kDelete:
      return "delete";
    case Operation::Kind::kTransaction:
      return "txn";
    case Operation::Kind::kGet:
      break;
  }
  return "get";
}

std::string_view NameOf(Operation::Outcome outcome) {
  switch (outcome) {
    case Operation::Outcome::kOk:
      return "ok";
    case Operation::Outcome::kFailed:
      return "failed";
    case Operation::Outcome::kRefused:
      return "refused";
    case Operation::Outcome::kUnknown:
      break;
  }
  return "unknown";
}

// The kind of a message, and what it says.
struct Content {
  Fields& fields;
  Configurations configurations;

  void operator()(const VoteRequest& m) const {
    fields["kind"] = m.pre_vote ? "pre_vote" : "vote";
    if (m.handed_over) fields["handed_over"] = true;
    fields["term"] = m.term.value;
    fields["last"] = {m.last_log.index.value, m.last_log.term.value};
  }
  void operator()(const AppendRequest& m) const {
    fields["kind"] = m.entries.empty() ? "heartbeat" : "append";
    fields["term"] = m.term.value;
    fields["prev"] = {m.prev.index.value, m.prev.term.value};
    if (!m.entries.empty()) fields["entries"] = ListOf(m.entries, configurations);
    fields["commit"] = m.commit.value;
  }
  void operator()(const SnapshotRequest& m) const {
    fields["kind"] = "snapshot";
    fields["term"] = m.term.value;
    fields["last"] = {m.last_included.index.value, m.last_included.term.value};
    fields["offset"] = m.offset;
    fields["bytes"] = m.data.size();
    fields["size"] = m.size;
  }
  void operator()(const ReadIndexRequest& m) const {
    fields["kind"] = "read_index";
    fields["term"] = m.term.value;
  }
  void operator()(const TimeoutNowRequest& m) const {
    fields["kind"] = "timeout_now";
    fields["term"] = m.term.value;
  }
  void operator()(const EntriesRequest& m) const {
    fields["kind"] = "fetch_entries";
    fields["first"] = m.first.value;
    fields["proof"] = {m.proof.index.value, m.proof.term.value};
  }
  void operator()(const PieceRequest& m) const {
    fields["kind"] = "fetch_snapshot";
    fields["offset"] = m.offset;
  }
  void operator()(const ForwardRequest& m) const {
    fields["kind"] = "forward";
    fields["commands"] = m.commands.size();
  }
  void operator()(const VoteReply& m) const {
    fields["kind"] = m.granted ? "granted" : "not_granted";
    fields["term"] = m.term.value;
  }
  void operator()(const AppendReply& m) const {
    fields["kind"] = m.success ? "appended" : "mismatch";
    fields["term"] = m.term.value;
    if (!m.success && m.conflict_index) fields["conflict"] = {m.conflict_index.value, m.conflict_term.value};
  }
  void operator()(const SnapshotReply& m) const {
    fields["kind"] = m.installed ? "installed" : "received";
    fields["term"] = m.term.value;
    fields["offset"] = m.offset;
  }
  void operator()(const ReadIndexReply& m) const {
    fields["kind"] = m.commit ? "readable" : "not_leader";
    fields["term"] = m.term.value;
    if (m.commit) fields["commit"] = m.commit->value;
  }
  void operator()(const TimeoutNowReply& m) const {
    fields["kind"] = m.campaigns ? "campaigns" : "cannot_campaign";
    fields["term"] = m.term.value;
  }
  void operator()(const EntriesReply& m) const {
    fields["kind"] = "entries";
    fields["term"] = m.term.value;
    if (!m.entries.empty()) fields["entries"] = ListOf(m.entries, configurations);
  }
  void operator()(const PieceReply& m) const {
    fields["kind"] = "snapshot_piece";
    fields["term"] = m.term.value;
    fields["last"] = {m.last_included.index.value, m.last_included.term.value};
    fields["bytes"] = m.data.size();
  }
  void operator()(const ForwardReply& m) const {
    fields["kind"] = "forwarded";
    fields["term"] = m.term.value;
    fields["commands"] = m.results.size();
  }
};

// The keys that a command may change.
std::set<std::string> KeysOf(const Entry& entry) {
  const Command command = entry.type == EntryType::kNormal ? DecodeCommand(entry.data.view()) : Command();
  std::set<std::string> keys;
  if (!command.key.empty()) keys.insert(command.key);
  if (command.transaction == nullptr) return keys;
  for (const auto* steps : {&command.transaction->then, &command.transaction->otherwise}) {
    for (const auto& step : *steps) {
      if (step.op != Transaction::Step::Op::kGet) keys.insert(step.key);
    }
  }
  return keys;
}

}  // namespace

size_t Trace::Add(std::string_view what, const Fields& fields) {
  const int64_t ns = world_.now().time_since_epoch().count();
  std::string line = absl::StrFormat("{\"t\":%d.%06d,\"e\":\"%s\"", ns / 1'000'000, ns % 1'000'000, std::string(what));
  if (!fields.empty()) {
    // Commands may hold what is no text.
    line.append(1, ',').append(fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(1));
  } else {
    line.append(1, '}');
  }
  if (events_.size() + line.size() > kLongestTrace) full_ = true;
  if (full_) return size_;
  if (size_ > 0) events_.append(",\n");
  events_.append(line);
  return size_++;
}

void Trace::EndOfExperiment() {
  if (leading_ == 0) summary_.without_leader += world_.now() - no_leader_since_;
  ended_ = true;
}

// ---- Messages ------------------------------------------------------------------------------------------------------

void Trace::OnSent(const Message& message) {
  Fields fields = {{"n", message.number}, {"from", id(message.from)}, {"to", id(message.to)}};
  if (message.answers > 0) fields["answers"] = message.answers;
  if (const auto* request = std::get_if<Request>(&message.content)) {
    std::visit(Content{fields, configurations_}, *request);
  } else if (const auto& reply = std::get<absl::StatusOr<Reply>>(message.content); reply.ok()) {
    std::visit(Content{fields, configurations_}, *reply);
  } else {
    fields["kind"] = "refused";
    fields["why"] = std::string(reply.status().message());
  }
  Add("sent", fields);
  if (!ended_) ++summary_.messages;
}

void Trace::OnArrived(uint64_t number) { Add("arrived", {{"n", number}}); }

void Trace::OnLost(uint64_t number, Lost why) {
  Add("lost", {{"n", number}, {"why", std::string(NameOf(why))}});
  if (!ended_) ++summary_.messages_lost;
}

// ---- Nodes ---------------------------------------------------------------------------------------------------------

void Trace::NoteLeading(int node, bool leads) {
  if (std::exchange(of(node).leads, leads) == leads) return;
  if (leads && leading_ == 0 && !ended_) summary_.without_leader += world_.now() - no_leader_since_;
  leading_ += leads ? 1 : -1;
  if (leading_ == 0) no_leader_since_ = world_.now();
}

void Trace::OnProcess(int node, Process what, const std::string& why) {
  Fields fields = {{"node", id(node)}, {"what", std::string(NameOf(what))}};
  if (!why.empty()) fields["why"] = why;
  Add("process", fields);
  const bool ended = what == Process::kKilled || what == Process::kPowerLost || what == Process::kRefusedToStart;
  if (ended) NoteLeading(node, false);
  if (what == Process::kGaveUp && !ended_) ++summary_.gave_up;
}

void Trace::OnRecovered(int node, const Wal::Opened& opened) {
  of(node).base = opened.base.index;
  of(node).members_at = {};
  of(node).last = of(node).durable = opened.entries.empty() ? opened.base.index : opened.entries.back().index;
  Add("recovered", {{"node", id(node)},
                    {"term", opened.hard_state.term.value},
                    {"voted_for", opened.hard_state.voted_for},
                    {"base", {opened.base.index.value, opened.base.term.value}},
                    {"entries", ListOf(opened.entries, configurations_)},
                    {"torn_bytes", opened.torn_tail ? opened.torn_tail->bytes : 0}});
}

void Trace::OnNodeEvent(int node, const NodeEvent& event) {
  if (const auto* e = std::get_if<RoleChanged>(&event)) {
    Add("role", {{"node", id(node)},
                 {"role", std::string(ToString(e->to))},
                 {"term", e->term.value},
                 {"why", std::string(ToString(e->reason))}});
    NoteLeading(node, e->to == Role::kLeader);
    if (e->to == Role::kLeader && !ended_) ++summary_.leader_changes;
  } else if (const auto* leader = std::get_if<LeaderChanged>(&event)) {
    Add("leader", {{"node", id(node)}, {"leader", leader->leader}, {"term", leader->term.value}});
  } else if (const auto* campaign = std::get_if<ElectionStarted>(&event)) {
    Add("campaign",
        {{"node", id(node)}, {"role", std::string(ToString(campaign->role))}, {"term", campaign->term.value}});
    if (campaign->role == Role::kCandidate && !ended_) ++summary_.elections;
  } else if (const auto* vote = std::get_if<VoteCast>(&event)) {
    Add("vote", {{"node", id(node)}, {"for", vote->candidate}, {"term", vote->term.value}});
  } else if (const auto* refused = std::get_if<VoteRefused>(&event)) {
    Add("no_vote", {{"node", id(node)},
                    {"for", refused->candidate},
                    {"term", refused->term.value},
                    {"pre_vote", refused->pre_vote},
                    {"why", std::string(ToString(refused->why))}});
  } else if (const auto* cut = std::get_if<LogTruncated>(&event)) {
    of(node).last = std::min(of(node).last, Index{cut->from.value - 1});
    of(node).durable = std::min(of(node).durable, of(node).last);
    Add("cut", {{"node", id(node)}, {"from", cut->from.value}, {"entries", cut->entries}, {"leader", cut->leader}});
  } else if (const auto* commit = std::get_if<CommitAdvanced>(&event)) {
    Add("commit", {{"node", id(node)}, {"index", commit->commit.value}});
    if (!ended_) summary_.committed = std::max(summary_.committed, commit->commit.value);
  } else if (!std::holds_alternative<ConfigurationChanged>(event) || configurations_ == Configurations::kAsNotes) {
    Add("note", {{"node", id(node)}, {"text", Describe(event)}});
    const auto* sending = std::get_if<InstallationChanged>(&event);
    if (sending != nullptr && sending->what == InstallationChanged::What::kBegun && !ended_) ++summary_.snapshots_sent;
  }
}

// A change, or what a log that was just recovered says. That of the first start is the experiment's.
void Trace::NoteConfiguration(int node, const RaftCore& core) {
  Node& known = of(node);
  if (configurations_ == Configurations::kAsNotes) return;
  if (core.configuration_at() == known.members_at && (!known.members_at || core.configuration() == known.members))
    return;
  known.members_at = core.configuration_at();
  known.members = core.configuration();
  Fields fields = {{"node", id(node)}, {"at", known.members_at.value}, {"voters", known.members.voters}};
  if (known.members.joint()) fields["outgoing"] = known.members.outgoing;
  if (!known.members.learners.empty()) fields["learners"] = known.members.learners;
  Add("members", fields);
}

void Trace::OnStep(int node, const RaftCore& core) {
  Node& known = of(node);
  if (!ended_) summary_.highest_term = std::max(summary_.highest_term, core.term().value);
  const Log& log = core.log();
  if (log.base().index > known.base) {
    known.base = log.base().index;
    known.last = std::max(known.last, known.base);
    Add("base", {{"node", id(node)}, {"index", known.base.value}, {"term", log.base().term.value}});
  }
  if (log.last().index > known.last) {
    const Index from = std::max(known.last + 1, log.first_held());
    Add("log", {{"node", id(node)}, {"entries", ListOf(log.From(from), configurations_)}});
  }
  NoteConfiguration(node, core);
  known.last = log.last().index;
  if (core.stable() != known.durable) {
    known.durable = core.stable();
    Add("durable", {{"node", id(node)}, {"index", known.durable.value}});
  }
  if (core.role() == Role::kLeader && !ended_) {
    summary_.undurable_most = std::max(summary_.undurable_most, known.last - known.durable);
  }
}

void Trace::OnApplied(int node, const Entry& entry, const KvMachine& machine) {
  const Fields fields = {{"node", id(node)}, {"index", entry.index.value}, {"term", entry.term.value}};
  const std::set<std::string> keys = KeysOf(entry);
  for (const std::string& key : keys) {
    const auto value = machine.Get(key);
    Fields changed = fields;
    changed["key"] = key;
    changed["value"] = value ? Fields(*value) : Fields(nullptr);
    Add("apply", changed);
  }
  if (keys.empty()) Add("apply", fields);
}

void Trace::OnStateLoaded(int node, LogPosition at, const KvMachine& machine) {
  Add("loaded",
      {{"node", id(node)}, {"index", at.index.value}, {"term", at.term.value}, {"state", Fields(machine.all())}});
}

void Trace::OnFault(uint64_t number, const std::string& what) {
  Fields fields = {{"what", what}};
  if (number > 0) fields["number"] = number;
  Add("fault", fields);
}

// ---- Clients -------------------------------------------------------------------------------------------------------

Trace::Fields Trace::CallOf(uint64_t op, int node, const Operation& operation) const {
  Fields fields = {{"op", op}, {"node", id(node)}, {"do", std::string(NameOf(operation.kind))}, {"key", operation.key}};
  if (operation.kind != Operation::Kind::kGet && operation.value) fields["value"] = *operation.value;
  if (operation.transaction) fields["value"] = ToString(*operation.transaction);
  return fields;
}

Trace::Fields Trace::AnswerOf(uint64_t op, const Operation& operation) const {
  Fields fields = {{"op", op}, {"outcome", std::string(NameOf(operation.outcome))}};
  const bool read = operation.kind == Operation::Kind::kGet && operation.outcome == Operation::Outcome::kOk;
  if (read) fields["value"] = operation.value ? Fields(*operation.value) : Fields(nullptr);
  return fields;
}

Trace::Fields Trace::ChangeOf(size_t act, int node, const absl::StatusOr<Applied>& began) const {
  const auto outcome = OutcomeOf(Operation::Kind::kPut, began.status());
  Fields fields = {{"act", act}, {"node", id(node)}, {"outcome", std::string(NameOf(outcome))}};
  if (!began.ok()) {
    fields["why"] = std::string(began.status().message());
    return fields;
  }
  fields["index"] = began->at.index.value;
  fields["term"] = began->at.term.value;
  return fields;
}

void Trace::OnDisk(int node, SimDisk::Seen what, uint64_t bytes) {
  const char* name = what == SimDisk::Seen::kSynced       ? "synced"
                     : what == SimDisk::Seen::kSyncFailed ? "sync_failed"
                                                          : "found_unsynced";
  Add("disk", {{"node", id(node)}, {"what", name}, {"bytes", bytes}});
}

}  // namespace raftly
