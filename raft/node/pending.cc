#include "raft/node/pending.h"

#include "raft/core/check.h"
#include "raft/node/errors.h"

namespace raftly {

template <class Result>
absl::Status Settle<Result>::StoppingStatus() {
  return StoppingError();
}
template class Settle<absl::StatusOr<Applied>>;
template class Settle<absl::Status>;

RequestId Pending::AddProposal(Time deadline, SettleProposal settle) {
  const RequestId id = ++last_id_;
  proposals_.emplace(id, Proposal{deadline, {}, std::move(settle)});
  deadlines_.emplace(deadline, id);
  return id;
}

RequestId Pending::AddRead(Time deadline, SettleRead settle) {
  const RequestId id = ++last_id_;
  reads_.emplace(id, Read{deadline, std::move(settle)});
  deadlines_.emplace(deadline, id);
  return id;
}

void Pending::Accept(RequestId id, LogPosition at) {
  const auto found = proposals_.find(id);
  if (found == proposals_.end()) return;
  found->second.at = at;
  by_index_.emplace(at.index, id);
}

void Pending::Settle(RequestId id, absl::StatusOr<Applied> applied) {
  const auto found = proposals_.find(id);
  if (found != proposals_.end()) TakeProposal(found).settle(std::move(applied));
}

void Pending::Refuse(RequestId id, const absl::Status& why) {
  if (const auto found = proposals_.find(id); found != proposals_.end()) {
    TakeProposal(found).settle(why);
  } else {
    TakeRead(id)(why);
  }
}

SettleRead Pending::TakeRead(RequestId id) {
  const auto found = reads_.find(id);
  if (found == reads_.end()) return {};
  deadlines_.erase({found->second.deadline, id});
  SettleRead settle = std::move(found->second.settle);
  reads_.erase(found);
  return settle;
}

Pending::Proposal Pending::TakeProposal(std::map<RequestId, Proposal>::iterator proposal) {
  const RequestId id = proposal->first;
  Proposal taken = std::move(proposal->second);
  deadlines_.erase({taken.deadline, id});
  const auto [begin, end] = by_index_.equal_range(taken.at.index);
  for (auto it = begin; it != end; ++it) {
    if (it->second != id) continue;
    by_index_.erase(it);
    break;
  }
  proposals_.erase(proposal);
  return taken;
}

std::vector<CommittedEntry> Pending::Commit(Entries committed, bool match_term) {
  std::vector<CommittedEntry> joined;
  joined.reserve(committed.size());
  for (Entry& entry : committed) {
    joined.push_back({std::move(entry), {}});
    const LogPosition at = joined.back().entry.position();
    if (match_term && at.term > std::exchange(committed_term_, at.term)) AbortBelow(at.term);
    for (auto it = by_index_.find(at.index); it != by_index_.end(); it = by_index_.find(at.index)) {
      Proposal proposal = TakeProposal(proposals_.find(it->second));
      if (proposal.at == at || !match_term) {
        joined.back().waiters.push_back(std::move(proposal.settle));
      } else {
        proposal.settle(OverwrittenError(proposal.at, at.term));
      }
    }
  }
  return joined;
}

// Terms never fall along a log: once an entry of `term` is committed, no entry of an earlier term can follow it, so
// whoever waits for one need not wait for the deadline to hear that it is lost.
void Pending::AbortBelow(Term term) {
  std::vector<RequestId> lost;
  for (const auto& [index, id] : by_index_) {
    if (proposals_.at(id).at.term < term) lost.push_back(id);
  }
  for (const RequestId id : lost) {
    Proposal proposal = TakeProposal(proposals_.find(id));
    proposal.settle(OverwrittenError(proposal.at, term));
  }
}

void Pending::Skip(Index through) {
  while (!by_index_.empty() && by_index_.begin()->first <= through) {
    TakeProposal(proposals_.find(by_index_.begin()->second)).settle(TimedOutError());
  }
}

void Pending::Expire(Time now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) Refuse(deadlines_.begin()->second, TimedOutError());
}

Time Pending::next_deadline() const { return deadlines_.empty() ? kNever : deadlines_.begin()->first; }

void Pending::SettleAll(const absl::Status& why) {
  while (!deadlines_.empty()) Refuse(deadlines_.begin()->second, why);
}

}  // namespace raftly
