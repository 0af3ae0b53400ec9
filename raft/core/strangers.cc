// What no lawful member of this cluster can say: the messages of strangers, of another cluster's nodes, of damaged
// memory. They are refused by name before anything else looks at them, so that none of them can move our term, our
// log or one of our numbers beyond its end.
#include <variant>

#include "raft/core/raft_core.h"

namespace raftly {

namespace {

// The log keeps an entry's type in one byte.
constexpr int32_t kLargestEntryType = UINT8_MAX;

// A place has both an index and a term or neither.
bool IsPlace(const LogPosition& position) { return bool{position.index} == bool{position.term}; }

// Gaps, terms that fall or lie in the future, entries without a term or terms without an entry.
bool WellFormed(const AppendRequest& request) {
  if (!IsPlace(request.prev)) return false;
  LogPosition previous = request.prev;
  for (const Entry& entry : request.entries) {
    if (entry.index != previous.index + 1 || entry.term < previous.term || !entry.term) return false;
    const auto type = static_cast<int32_t>(entry.type);
    if (type < 0 || type > kLargestEntryType) return false;
    previous = entry.position();
  }
  if (request.leader_last && previous.index > request.leader_last) return false;
  return previous.term <= request.term;
}

}  // namespace

std::optional<Objection> RaftCore::ObjectionTo(const VoteRequest& request) const {
  if (config_.defences.member_check && IsStranger(request.candidate)) return Objection::kStranger;
  if (request.term > kLastTerm || request.last_log.index > kLastIndex) return Objection::kImpossibleNumber;
  if (!IsPlace(request.last_log)) return Objection::kMalformed;
  // A log ends before the term that its owner campaigns for.
  if (lawful_ && request.last_log.term >= request.term) return Objection::kMalformed;
  return std::nullopt;
}

std::optional<Objection> RaftCore::ObjectionTo(const AppendRequest& request) const {
  if (IsStranger(request.leader)) return Objection::kStranger;
  if (request.term > kLastTerm || request.prev.index > kLastIndex) return Objection::kImpossibleNumber;
  if (!WellFormed(request)) return Objection::kMalformed;
  if (request.term < term()) return std::nullopt;  // a deposed leader; it learns our term
  if (SecondLeader(request.term, request.leader)) return Objection::kSecondLeader;
  return Contradiction(request);
}

std::optional<Objection> RaftCore::ObjectionTo(const SnapshotRequest& request) const {
  const LogPosition& last = request.last_included;
  if (IsStranger(request.leader)) return Objection::kStranger;
  if (request.term > kLastTerm || last.index > kLastIndex) return Objection::kImpossibleNumber;
  if (!last.index || !last.term || last.term > request.term) return Objection::kMalformed;
  if (request.offset > request.size || request.data.size() > request.size - request.offset)
    return Objection::kMalformed;
  if (request.term < term()) return std::nullopt;
  if (SecondLeader(request.term, request.leader)) return Objection::kSecondLeader;
  // What a snapshot holds is committed, and so is what we have committed.
  if (lawful_ && last.index <= commit_ && log_.HasTermAt(last.index) && log_.TermAt(last.index) != last.term) {
    return Objection::kCommittedWouldChange;
  }
  return std::nullopt;
}

std::optional<Objection> RaftCore::ObjectionTo(const ReadIndexRequest& request) const {
  if (IsStranger(request.from)) return Objection::kStranger;
  if (request.term > kLastTerm) return Objection::kImpossibleNumber;
  return std::nullopt;
}

std::optional<Objection> RaftCore::ObjectionTo(const TimeoutNowRequest& request) const {
  if (IsStranger(request.leader)) return Objection::kStranger;
  if (request.term > kLastTerm) return Objection::kImpossibleNumber;
  if (SecondLeader(request.term, request.leader)) return Objection::kSecondLeader;
  return std::nullopt;
}

std::optional<Objection> RaftCore::ObjectionTo(const OpenCall& call, const Reply& reply) const {
  const bool right = call.read_index          ? std::holds_alternative<ReadIndexReply>(reply)
                     : call.hand_over         ? std::holds_alternative<TimeoutNowReply>(reply)
                     : role_ != Role::kLeader ? std::holds_alternative<VoteReply>(reply)
                     : call.snapshot          ? std::holds_alternative<SnapshotReply>(reply)
                                              : std::holds_alternative<AppendReply>(reply);
  if (!right) return Objection::kWrongAnswer;
  const Term theirs = std::visit([](const auto& any) { return any.term; }, reply);
  const auto* read = std::get_if<ReadIndexReply>(&reply);
  if (theirs > kLastTerm || (read != nullptr && read->commit > kLastIndex)) return Objection::kImpossibleNumber;
  return std::nullopt;
}

// §5.2: at most one leader can be elected in a term, and we have met this term's.
bool RaftCore::SecondLeader(Term their_term, const NodeId& leader) const {
  if (their_term != term()) return false;
  if (role_ == Role::kLeader) return true;
  return lawful_ && led_term_ == their_term && led_by_ != leader;
}

// §5.4.3, Leader Completeness: whoever leads in our term or a later one holds all that is committed here. A leader that
// does not is not ours, whatever its term.
std::optional<Objection> RaftCore::Contradiction(const AppendRequest& request) const {
  if (!lawful_) return std::nullopt;
  // Only of a leader that is new to us: a late message speaks of a log that has grown since.
  if (request.term > term() && request.leader_last && request.leader_last < commit_) {
    return Objection::kCommittedWouldChange;
  }
  if (const auto objection = Contradiction(request.prev, request.term)) return objection;
  for (const Entry& entry : request.entries) {
    if (const auto objection = Contradiction(entry.position(), request.term)) return objection;
    if (!log_.Holds(entry.index)) continue;
    const Entry& ours = log_.At(entry.index);
    // §5.3, Log Matching: one index and one term are one command.
    if (ours.term == entry.term && ours != entry) return Objection::kAnotherEntryOfOneTerm;
  }
  return std::nullopt;
}

std::optional<Objection> RaftCore::Contradiction(const LogPosition& theirs, Term their_term) const {
  if (!log_.HasTermAt(theirs.index) || log_.TermAt(theirs.index) == theirs.term) return std::nullopt;
  if (theirs.index <= commit_) return Objection::kCommittedWouldChange;
  // §5.3, Leader Append-Only: what a leader wrote in its own term it never takes back.
  if (log_.TermAt(theirs.index) == their_term) return Objection::kAnotherEntryOfOneTerm;
  return std::nullopt;
}

// An error and not a rejection: a rejection would speak of our log, and have the same sent again from elsewhere.
void RaftCore::Refuse(CallId call, const NodeId& from, Term their_term, Objection why) {
  out_.events.push_back(MessageRefused{from, why, their_term});
  std::string words = config_.self + " refuses " + (from.empty() ? "a nameless node" : from) + ": ";
  words.append(ToString(why));
  Send(Answer{call, std::nullopt, std::move(words)});
}

}  // namespace raftly
