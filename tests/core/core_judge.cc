#include "tests/core/core_judge.h"

#include <algorithm>
#include <utility>

namespace raftly {

void CoreJudge::Crashed() {
  open_calls_.clear();
  asked_.clear();
  committed_.clear();
  leaders_.clear();
  commit_ = core().commit();
  taken_up_ = core().delivered();
  Require(votes_.empty() || core().term() >= votes_.rbegin()->first, "a term was forgotten in which it had voted");
  term_ = core().term();
  voted_for_ = core().voted_for();
}

void CoreJudge::Look() {
  CheckState();
  CheckRole();
  CheckProgress();
  CheckCommitted();
  CheckMessages();
  for (const NodeEvent& event : node_.events) {
    if (std::holds_alternative<MessageRefused>(event)) ++tally_.refused;
    if (std::holds_alternative<LogTruncated>(event)) ++tally_.truncated;
    if (std::holds_alternative<SnapshotInstalled>(event)) ++tally_.installed;
    const auto* campaign = std::get_if<ElectionStarted>(&event);
    if (campaign != nullptr && campaign->reason == ElectionReason::kHandedOver) ++tally_.handed;
    const auto* handover = std::get_if<HandoverChanged>(&event);
    if (handover != nullptr && handover->what == HandoverChanged::What::kDone) ++tally_.handed;
    if (const auto* found = std::get_if<LeaderChanged>(&event); found != nullptr && !found->leader.empty()) {
      const auto [known, first] = leaders_.emplace(found->term, found->leader);
      Require(known->second == found->leader, "two leaders in one term");
    }
    const auto* changed = std::get_if<RoleChanged>(&event);
    if (changed != nullptr && changed->to == Role::kLeader) ++tally_.led;
  }
  node_.events.clear();
  node_.outcomes.clear();
}

void CoreJudge::CheckState() {
  Require(core().term() >= term_, "the term fell");
  Require(core().term() <= kLastTerm, "the term left its range");
  const bool kept = core().term() > term_ || voted_for_.empty() || core().voted_for() == voted_for_;
  Require(kept, "a vote was taken back");
  Require(core().commit() >= commit_, "the commit index fell");
  const Log& log = core().log();
  Require(core().snapshot().index >= log.base().index, "a log begins behind what a snapshot holds");
  Require(core().snapshot().index <= core().commit(), "a snapshot holds what was not committed");
  Require(core().commit() <= log.last().index, "committed what the log does not hold");
  Require(core().stable() <= log.last().index, "vouches for what the log does not hold");
  Require(log.last().term <= core().term(), "the log is ahead of the term");
  if (log.last().index > log.first()) {
    const Index any = log.first() + 1 + Any(log.last().index - log.first());
    Require(log.TermAt(any - 1) <= log.TermAt(any), "terms fall in the log");
  }
  term_ = core().term();
  voted_for_ = core().voted_for();
  commit_ = core().commit();
}

void CoreJudge::CheckRole() {
  const bool leads = core().role() == Role::kLeader;
  Require(leads == (core().leader() == core().self()), "leads without calling itself leader, or the other way round");
  Require(core().progress().size() == (leads ? peers_.size() : 0),
          "progress without leadership, or the other way round");
  if (core().role() == Role::kCandidate || leads) {
    Require(core().voted_for() == core().self(), "campaigns without its own vote");
    Require(core().may_vote(), "campaigns without a memory");
  }
  if (core().role() == Role::kCandidate || core().role() == Role::kPreCandidate) {
    Require(core().leader().empty(), "campaigns under a leader");
  }
}

void CoreJudge::CheckProgress() {
  const Index last = core().log().last().index;
  for (const auto& [peer, progress] : core().progress()) {
    Require(progress.match < progress.next, "what is to be sent is known to be there");
    Require(progress.next <= last + 1, "more is to be sent than there is");
    Require(progress.in_flight.size() <= 2, "more in flight than the limit");
    Require(progress.step_back >= 1, "a search that stands still");
  }
}

// Delivered in order, once, and never changed.
void CoreJudge::CheckCommitted() {
  for (const LogPosition& at : std::exchange(node_.loads, {})) {
    Require(at.index > taken_up_ + committed_.size(), "an older state than its own was taken up");
    taken_up_ = at.index;
    committed_.clear();
  }
  for (Entry& entry : node_.committed) {
    Require(entry.index == taken_up_ + committed_.size() + 1, "delivered out of order");
    committed_.push_back(std::move(entry));
    ++tally_.committed;
  }
  node_.committed.clear();
  Require(taken_up_ + committed_.size() == core().delivered(), "delivered and not seen");
  Require(core().delivered() == core().commit() || !node_.reads.empty(), "committed and not delivered");
  if (committed_.empty() || !complaint_.empty()) return;
  const Entry& any = committed_[Any(committed_.size())];
  const auto unchanged = [&](const Entry& entry) {
    const Log& log = core().log();
    if (!log.Contains(entry.index)) return entry.index <= log.base().index;
    return log.TermAt(entry.index) == entry.term && (!log.Holds(entry.index) || log.At(entry.index) == entry);
  };
  Require(unchanged(any), "a committed entry changed");
  Require(unchanged(committed_.back()), "the last committed entry changed");
}

void CoreJudge::CheckMessages() {
  for (Message& message : node_.outbox) {
    if (const auto* answer = std::get_if<Answer>(&message)) {
      CheckAnswer(*answer);
      continue;
    }
    auto& call = std::get<Call>(message);
    Require(std::find(peers_.begin(), peers_.end(), call.to) != peers_.end(), "speaks to a stranger");
    if (const auto* append = std::get_if<AppendRequest>(&call.request)) CheckAppend(*append);
    if (const auto* piece = std::get_if<SnapshotRequest>(&call.request)) CheckPiece(*piece);
    open_calls_.push_back(std::move(call));
    if (open_calls_.size() > kMostOpenCalls) open_calls_.pop_front();
  }
  node_.outbox.clear();
  if (node_.disk_is_busy() || !node_.pieces.empty()) return;
  // A leader answers who wants to read when its quorum has answered it.
  const bool leads = core().role() == Role::kLeader;
  Require(std::all_of(asked_.begin(), asked_.end(),
                      [&](const auto& open) { return leads && std::holds_alternative<ReadIndexRequest>(open.second); }),
          "a request was not answered although the disk is idle");
}

void CoreJudge::CheckAnswer(const Answer& answer) {
  const auto asked = asked_.extract(answer.id);
  Require(!asked.empty(), "answered what was not asked, or twice");
  if (asked.empty() || !answer.reply) return;
  const Request& request = asked.mapped();
  const auto* vote = std::get_if<VoteRequest>(&request);
  Require((vote != nullptr) == std::holds_alternative<VoteReply>(*answer.reply),
          "the answer to another kind of request");
  if (!complaint_.empty()) return;
  const bool to_read = std::holds_alternative<ReadIndexRequest>(request);
  Require(to_read == std::holds_alternative<ReadIndexReply>(*answer.reply), "the answer to another kind of request");
  if (to_read) return;
  const bool to_take_over = std::holds_alternative<TimeoutNowRequest>(request);
  Require(to_take_over == std::holds_alternative<TimeoutNowReply>(*answer.reply),
          "the answer to another kind of request");
  if (to_take_over) return;
  const bool to_piece = std::holds_alternative<SnapshotRequest>(request);
  Require(to_piece == std::holds_alternative<SnapshotReply>(*answer.reply), "the answer to another kind of request");
  if (to_piece) return;
  if (vote == nullptr) {
    tally_.accepted += std::get<AppendReply>(*answer.reply).success ? 1 : 0;
  } else if (std::get<VoteReply>(*answer.reply).granted && !vote->pre_vote) {
    const auto [cast, first] = votes_.emplace(vote->term, vote->candidate);
    Require(cast->second == vote->candidate, "two votes in one term");
  }
}

void CoreJudge::CheckAppend(const AppendRequest& append) {
  Require(append.leader == core().self(), "speaks in another's name");
  Require(append.commit <= append.prev.index + append.entries.size(), "a commit index beyond what the message proves");
  Require(append.leader_last >= append.prev.index + append.entries.size(), "sends more than it has");
  Term previous = append.prev.term;
  for (const Entry& entry : append.entries) {
    Require(entry.term >= previous && entry.term <= append.term, "sends a log that cannot be");
    previous = entry.term;
  }
}

void CoreJudge::CheckPiece(const SnapshotRequest& piece) {
  ++tally_.sent;
  Require(piece.leader == core().self(), "sends a snapshot in another's name");
  Require(piece.last_included.index <= core().snapshot().index, "sends a snapshot that it does not have");
  Require(piece.last_included.index >= core().log().base().index, "the log after a snapshot that it sends is gone");
  Require(piece.offset < piece.size, "sends a piece beyond the end");
}

}  // namespace raftly
