#include "chaos/sim/checker.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "chaos/sim/map_model.h"
#include "chaos/sim/random.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Operations = std::vector<const Operation*>;
using State = MapModel::State;

constexpr size_t kShown = 6;  // operations before the one that does not fit
constexpr size_t kNone = SIZE_MAX;

bool Returned(const Operation& operation) {
  return operation.outcome == Outcome::kOk || operation.outcome == Outcome::kRefused;
}

uint64_t HashOf(const State& state) {
  uint64_t hash = state.last;
  for (const auto& key : state.keys) hash = Mix64(hash ^ key.value ^ (key.version << 20) ^ (key.settled ? 1 : 0) << 19);
  return hash;
}

// The search over keys that hang together.
class Search {
 public:
  Search(const Operations& operations, uint64_t budget) : model_(operations), budget_(budget) { Prepare(operations); }

  Linearizability Run();
  uint64_t steps() const { return steps_; }
  std::string Explain() const;
  // What Explain shows, in its order, and the operation that does not fit.
  Operations Contradicting() const;

 private:
  // A call or a return, in order of time, in a doubly linked list from which what has happened is lifted.
  struct Event {
    size_t move = 0;
    bool is_call = true;
    Event* previous = nullptr;
    Event* next = nullptr;
    Event* match = nullptr;  // of a call: its return; null where there is none
  };
  struct Choice {
    Event* call;
    State before;
  };
  using Done = std::vector<uint64_t>;  // a bit for each move
  struct Seen {
    Done done;
    State state;
  };
  struct Candidate {
    MapModel::Move move;
    size_t rival = kNone;  // the other branch of the same transaction: only one of them happened
  };

  void Prepare(const Operations& operations);
  void LinkEvents();
  const Operation& OperationOf(size_t move) const { return *moves_[move].move.operation; }
  bool Take(Event* call);
  void Undo();
  bool IsNew(uint64_t hash) const;
  bool Happened(size_t move) const { return (done_[move / 64] >> (move % 64) & 1) != 0; }
  void Flip(size_t move);
  static void Lift(Event* event);
  static void Restore(Event* event);

  MapModel model_;
  uint64_t budget_;
  uint64_t steps_ = 0;
  std::vector<Candidate> moves_;
  std::vector<Event> events_;
  Event head_;

  std::vector<Choice> choices_;
  State state_;
  Done done_;
  uint64_t done_hash_ = 0;
  std::unordered_map<uint64_t, std::vector<Seen>> seen_;  // by a hash of both
  size_t unreturned_ = 0;                                 // moves whose return is still in the list

  std::vector<size_t> best_;  // the longest order found
  size_t best_blocked_ = 0;   // the move whose return it could not pass
};

void Search::Prepare(const Operations& operations) {
  for (const Operation* operation : operations) {
    moves_.push_back({.move = {.operation = operation}});
    if (operation->kind != Kind::kTransaction || operation->outcome != Outcome::kUnknown) continue;
    moves_.back().rival = moves_.size();
    moves_.push_back({.move = {.operation = operation, .otherwise = true}, .rival = moves_.size() - 1});
  }
  state_ = model_.Empty();
  done_.resize((moves_.size() + 63) / 64);
  LinkEvents();
}

void Search::LinkEvents() {
  struct Stamp {
    Time time;
    bool is_return;
    size_t move;
    auto operator<=>(const Stamp&) const = default;
  };
  // Among equal times calls come first: what might overlap counts as overlapping.
  std::vector<Stamp> stamps;
  for (size_t i = 0; i < moves_.size(); ++i) {
    stamps.push_back({OperationOf(i).invoked, false, i});
    if (Returned(OperationOf(i))) stamps.push_back({OperationOf(i).returned, true, i});
  }
  std::sort(stamps.begin(), stamps.end());
  events_.resize(stamps.size());
  std::vector<Event*> calls(moves_.size());
  Event* last = &head_;
  for (size_t i = 0; i < stamps.size(); ++i) {
    Event* event = &events_[i];
    *event = {stamps[i].move, !stamps[i].is_return, last, nullptr, nullptr};
    last->next = event;
    last = event;
    if (event->is_call) {
      calls[event->move] = event;
    } else {
      calls[event->move]->match = event;
      ++unreturned_;
    }
  }
}

Linearizability Search::Run() {
  Event* event = head_.next;
  // Once every return is explained, writes without one may just as well never have happened.
  while (unreturned_ > 0) {
    if (++steps_ > budget_) return Linearizability::kUnknown;
    if (event->is_call) {
      event = Take(event) ? head_.next : event->next;
      continue;
    }
    // An operation returned here that we could not place before: one of our choices was wrong.
    if (choices_.size() >= best_.size()) {
      best_.clear();
      for (const Choice& choice : choices_) best_.push_back(choice.call->move);
      best_blocked_ = event->move;
    }
    if (choices_.empty()) return Linearizability::kViolated;
    event = choices_.back().call->next;
    Undo();
  }
  return Linearizability::kHolds;
}

bool Search::Take(Event* call) {
  const auto& [move, rival] = moves_[call->move];
  if (rival != kNone && Happened(rival)) return false;
  State after = state_;
  if (!model_.Happen(move, after)) return false;
  std::swap(state_, after);
  Flip(call->move);
  const uint64_t hash = done_hash_ ^ HashOf(state_);
  if (!IsNew(hash)) {
    Flip(call->move);
    std::swap(state_, after);
    return false;
  }
  seen_[hash].push_back({done_, state_});
  choices_.push_back({call, std::move(after)});
  Lift(call);
  if (call->match != nullptr) {
    Lift(call->match);
    --unreturned_;
  }
  return true;
}

void Search::Undo() {
  Choice choice = std::move(choices_.back());
  choices_.pop_back();
  state_ = std::move(choice.before);
  Flip(choice.call->move);
  if (choice.call->match != nullptr) {
    Restore(choice.call->match);
    ++unreturned_;
  }
  Restore(choice.call);
}

bool Search::IsNew(uint64_t hash) const {
  const auto found = seen_.find(hash);
  if (found == seen_.end()) return true;
  return std::none_of(found->second.begin(), found->second.end(),
                      [&](const Seen& seen) { return seen.state == state_ && seen.done == done_; });
}

void Search::Flip(size_t move) {
  done_[move / 64] ^= uint64_t{1} << (move % 64);
  done_hash_ ^= Mix64(move);
}

void Search::Lift(Event* event) {
  event->previous->next = event->next;
  if (event->next != nullptr) event->next->previous = event->previous;
}

void Search::Restore(Event* event) {
  event->previous->next = event;
  if (event->next != nullptr) event->next->previous = event;
}

std::string Search::Explain() const {
  std::string text = absl::StrCat("no order explains\n    ", ToString(OperationOf(best_blocked_)),
                                  "\n  after the longest order found:");
  const size_t shown = std::min(best_.size(), kShown);
  if (shown < best_.size()) absl::StrAppend(&text, "\n    ... ", best_.size() - shown, " before");
  for (size_t i = best_.size() - shown; i < best_.size(); ++i) {
    absl::StrAppend(&text, "\n    ", ToString(OperationOf(best_[i])));
  }
  if (best_.empty()) absl::StrAppend(&text, "\n    (nothing)");
  return text;
}

Operations Search::Contradicting() const {
  Operations shown;
  for (size_t i = best_.size() - std::min(best_.size(), kShown); i < best_.size(); ++i) {
    shown.push_back(&OperationOf(best_[i]));
  }
  shown.push_back(&OperationOf(best_blocked_));
  return shown;
}

// ---- Parts ---------------------------------------------------------------------------------------------------------

std::set<std::string> KeysOf(const Operation& operation) {
  if (operation.transaction == nullptr) return {operation.key};
  std::set<std::string> keys;
  for (const auto& check : operation.transaction->checks) keys.insert(check.key);
  for (const auto* steps : {&operation.transaction->then, &operation.transaction->otherwise}) {
    for (const auto& step : *steps) keys.insert(step.key);
  }
  return keys;
}

// Operations on keys that no transaction ties to others; those are linearizable each for itself.
struct Part {
  std::string keys;
  Operations operations;
};

std::vector<Part> PartsOf(const History& history) {
  std::map<std::string, std::string> tied_to;  // towards a key that is tied to itself
  const std::function<std::string(const std::string&)> root = [&](const std::string& key) {
    const auto found = tied_to.try_emplace(key, key).first;
    return found->second == key ? key : found->second = root(found->second);
  };
  std::vector<const Operation*> asked;
  for (const Operation& operation : history) {
    const bool says_nothing = operation.kind == Kind::kGet && operation.outcome == Outcome::kUnknown;
    const std::set<std::string> keys = KeysOf(operation);
    if (operation.outcome == Outcome::kFailed || says_nothing || keys.empty()) continue;
    for (const std::string& key : keys) tied_to[root(key)] = root(*keys.begin());
    asked.push_back(&operation);
  }
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& [key, unused] : std::map(tied_to)) names[root(key)].push_back(key);
  std::map<std::string, Part> parts;
  for (const Operation* operation : asked) {
    const std::string of = root(*KeysOf(*operation).begin());
    parts[of].operations.push_back(operation);
  }
  std::vector<Part> all;
  for (auto& [of, part] : parts) {
    part.keys = absl::StrCat(names[of].size() > 1 ? "keys " : "key ", absl::StrJoin(names[of], ", "));
    all.push_back(std::move(part));
  }
  return all;
}

// Leaves out what changes no answer: puts and appends of unknown outcome whose word nobody read (an order that contains
// such a one explains the same answers without it: until the next put or delete nobody reads). Not where a client was
// told that a key had changed and not to what: it may have been by one of them.
void LeaveOutUnread(Operations& operations) {
  std::string read;
  for (const Operation* operation : operations) {
    if (operation->transaction || operation->outcome == Outcome::kRefused) return;
    const bool found = operation->kind == Kind::kGet && operation->value.has_value();
    if (found) read.append(*operation->value).append(1, '\0');
    if (operation->found) read.append(*operation->found).append(1, '\0');
  }
  std::erase_if(operations, [&](const Operation* operation) {
    const bool writes_word = operation->kind == Kind::kPut || operation->kind == Kind::kAppend;
    return operation->outcome == Outcome::kUnknown && writes_word &&
           read.find(operation->value.value_or("")) == read.npos;
  });
}

}  // namespace

LinearizabilityVerdict CheckLinearizable(const History& history, uint64_t steps_per_part) {
  LinearizabilityVerdict verdict;
  for (Part& part : PartsOf(history)) {
    LeaveOutUnread(part.operations);
    Search search(part.operations, steps_per_part);
    const Linearizability result = search.Run();
    verdict.steps += search.steps();
    if (result == Linearizability::kViolated) {
      verdict.result = result;
      verdict.explanation = absl::StrCat(part.keys, ": ", search.Explain());
      for (const Operation* operation : search.Contradicting()) {
        verdict.operations.push_back(static_cast<size_t>(operation - history.data()));
      }
      return verdict;  // worse than an unknown part
    }
    if (result == Linearizability::kUnknown) {
      verdict.result = result;
      verdict.explanation = absl::StrCat(part.keys, ": undecided after ", search.steps(), " steps");
    }
  }
  return verdict;
}

}  // namespace raftly
