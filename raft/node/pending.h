// Clients waiting for an answer. Each is settled exactly once, whatever the cluster does.
//
// On the node's loop. A waiter is known by its request until the core answers, then by the place of its entry in the
// log: index AND term. An index alone would report a write as done that another leader's entry has replaced (the same
// index, a later term).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "raft/node/raft_node.h"

namespace raftly {

// Runs its callback exactly once: with what it is told, or as "stopping" when it is dropped.
template <class Result>
class Settle {
 public:
  using Callback = absl::AnyInvocable<void(Result)>;

  Settle() = default;
  explicit Settle(Callback callback) : callback_(std::move(callback)) {}
  Settle(Settle&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
  Settle& operator=(Settle&& other) noexcept {
    std::swap(callback_, other.callback_);
    return *this;
  }
  ~Settle() { (*this)(StoppingStatus()); }

  void operator()(Result result) {
    if (Callback callback = std::exchange(callback_, nullptr)) callback(std::move(result));
  }

 private:
  static absl::Status StoppingStatus();
  Callback callback_;
};

using SettleProposal = Settle<absl::StatusOr<Applied>>;
using SettleRead = Settle<absl::Status>;

// A waiter whose entry was committed, on its way to the state machine.
struct CommittedEntry {
  Entry entry;
  std::vector<SettleProposal> waiters;
};

class Pending {
 public:
  RequestId AddProposal(Time deadline, SettleProposal settle);
  RequestId AddRead(Time deadline, SettleRead settle);

  void Accept(RequestId id, LogPosition at);
  // A proposal that another node has seen to. Nothing where it is settled already.
  void Settle(RequestId id, absl::StatusOr<Applied> applied);
  // With an error of errors.h. Nothing where it is settled already.
  void Refuse(RequestId id, const absl::Status& why);
  // Takes a read out, to be settled when the state machine is far enough. Empty where it is settled already.
  SettleRead TakeRead(RequestId id);

  // Joins committed entries with who waits for them. Settles as Aborted who waited for another entry at such an index,
  // unless `match_term` is off (Defences::waiter_term).
  std::vector<CommittedEntry> Commit(Entries committed, bool match_term);

  // A snapshot took the place of all entries up to here: who waits for one of them may find it there, or not, and is
  // settled as DeadlineExceeded.
  void Skip(Index through);
  // Settles as DeadlineExceeded who has waited too long.
  void Expire(Time now);
  Time next_deadline() const;
  void SettleAll(const absl::Status& why);

 private:
  struct Proposal {
    Time deadline;
    LogPosition at;  // index 0: the core has not answered yet
    SettleProposal settle;
  };
  struct Read {
    Time deadline;
    SettleRead settle;
  };
  using Deadlines = std::set<std::pair<Time, RequestId>>;

  void AbortBelow(Term term);
  Proposal TakeProposal(std::map<RequestId, Proposal>::iterator proposal);

  RequestId last_id_;
  std::map<RequestId, Proposal> proposals_;
  std::multimap<Index, RequestId> by_index_;  // of accepted proposals; two terms may wait at one index
  std::map<RequestId, Read> reads_;
  Deadlines deadlines_;
  Term committed_term_;  // of the last committed entry
};

}  // namespace raftly
