#include "chaos/sim/checker.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "chaos/sim/random.h"
#include "chaos/sim/register_map.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Operations = std::vector<const Operation*>;
using Value = uint32_t;

constexpr Value kAbsent = 0;
// Of a key that is not added to: a value that no read begins with. Whatever is appended to it, no read will have seen
// it, so all such values are one; else each order of concurrent appends would be a state of its own.
constexpr Value kUnreadable = 1;
constexpr size_t kShown = 6;  // operations before the one that does not fit

// The search over one key.
class KeySearch {
 public:
  KeySearch(const Operations& operations, uint64_t budget) : operations_(operations), budget_(budget) { Prepare(); }

  Linearizability Run();
  uint64_t steps() const { return steps_; }
  std::string Explain() const;
  // What Explain shows, in its order, and the operation that does not fit.
  Operations Contradicting() const;

 private:
  // A call or a return, in order of time, in a doubly linked list from which a linearized operation is lifted.
  struct Event {
    size_t operation = 0;
    bool is_call = true;
    Event* previous = nullptr;
    Event* next = nullptr;
    Event* match = nullptr;  // of a call: its return; null where there is none
  };
  struct Choice {
    Event* call;
    Value value_before;
  };
  using Done = std::vector<uint64_t>;  // a bit for each operation
  struct Seen {
    Done done;
    Value value;
  };

  void Prepare();
  Value Intern(const std::optional<std::string>& value);
  Value After(size_t operation);
  bool Fits(size_t operation) const {
    return operations_[operation]->kind != Kind::kGet || values_[operation] == value_;
  }
  bool Take(Event* call);
  void Undo();
  bool IsNew(uint64_t state) const;
  void Flip(size_t operation);
  static void Lift(Event* event);
  static void Restore(Event* event);

  const Operations& operations_;
  uint64_t budget_;
  uint64_t steps_ = 0;
  std::vector<Value> values_;  // that a put writes or a get read
  std::map<std::string, Value> interned_;
  std::vector<std::optional<std::string>> texts_ = {std::nullopt, std::nullopt};  // of interned values
  std::set<std::string> reads_;
  bool is_added_to_ = false;
  std::vector<Event> events_;
  Event head_;

  std::vector<Choice> choices_;
  Value value_ = kAbsent;
  Done done_;
  uint64_t done_hash_ = 0;
  std::unordered_map<uint64_t, std::vector<Seen>> seen_;  // by a hash of both
  size_t unreturned_ = 0;                                 // operations whose return is still in the list

  std::vector<size_t> best_;  // the longest order found
  size_t best_blocked_ = 0;   // the operation whose return it could not pass
};

void KeySearch::Prepare() {
  for (const Operation* operation : operations_) {
    is_added_to_ = is_added_to_ || operation->kind == Kind::kAdd;
    if (operation->kind == Kind::kGet && operation->value.has_value()) reads_.insert(*operation->value);
  }
  for (const Operation* operation : operations_) {
    const bool whole = operation->kind != Kind::kAppend && operation->kind != Kind::kAdd;
    values_.push_back(whole ? Intern(operation->value) : kAbsent);
  }
  done_.resize((operations_.size() + 63) / 64);
  struct Stamp {
    Time time;
    bool is_return;
    size_t operation;
    auto operator<=>(const Stamp&) const = default;
  };
  // Among equal times calls come first: what might overlap counts as overlapping.
  std::vector<Stamp> stamps;
  for (size_t i = 0; i < operations_.size(); ++i) {
    stamps.push_back({operations_[i]->invoked, false, i});
    if (operations_[i]->outcome == Outcome::kOk) stamps.push_back({operations_[i]->returned, true, i});
  }
  std::sort(stamps.begin(), stamps.end());
  events_.resize(stamps.size());
  std::vector<Event*> calls(operations_.size());
  Event* last = &head_;
  for (size_t i = 0; i < stamps.size(); ++i) {
    Event* event = &events_[i];
    *event = {stamps[i].operation, !stamps[i].is_return, last, nullptr, nullptr};
    last->next = event;
    last = event;
    if (event->is_call) {
      calls[event->operation] = event;
    } else {
      calls[event->operation]->match = event;
      ++unreturned_;
    }
  }
}

Value KeySearch::Intern(const std::optional<std::string>& value) {
  if (!value.has_value()) return kAbsent;
  if (!is_added_to_) {
    const auto read = reads_.lower_bound(*value);
    if (read == reads_.end() || !read->starts_with(*value)) return kUnreadable;
  }
  const auto [place, is_new] = interned_.try_emplace(*value, static_cast<Value>(texts_.size()));
  if (is_new) texts_.push_back(value);
  return place->second;
}

// The key's value when `operation` has taken effect.
Value KeySearch::After(size_t operation) {
  const Operation& what = *operations_[operation];
  switch (what.kind) {
    case Kind::kGet:
      return value_;
    case Kind::kPut:
    case Kind::kDelete:
      return values_[operation];
    case Kind::kAppend:
      if (value_ == kUnreadable) return kUnreadable;
      return Intern(RegisterMap::Appended(texts_[value_], what.value.value_or("")));
    case Kind::kAdd:
      return Intern(RegisterMap::Added(texts_[value_], what.value.value_or("")));
  }
  return value_;
}

Linearizability KeySearch::Run() {
  Event* event = head_.next;
  // Once every return is explained, writes without one may just as well never have happened.
  while (unreturned_ > 0) {
    if (++steps_ > budget_) return Linearizability::kUnknown;
    if (event->is_call) {
      event = Fits(event->operation) && Take(event) ? head_.next : event->next;
      continue;
    }
    // An operation returned here that we could not place before: one of our choices was wrong.
    if (choices_.size() >= best_.size()) {
      best_.clear();
      for (const Choice& choice : choices_) best_.push_back(choice.call->operation);
      best_blocked_ = event->operation;
    }
    if (choices_.empty()) return Linearizability::kViolated;
    event = choices_.back().call->next;
    Undo();
  }
  return Linearizability::kHolds;
}

bool KeySearch::Take(Event* call) {
  const size_t operation = call->operation;
  const Value before = value_;
  Flip(operation);
  value_ = After(operation);
  const uint64_t state = done_hash_ ^ Mix64(value_);
  if (!IsNew(state)) {
    Flip(operation);
    value_ = before;
    return false;
  }
  seen_[state].push_back({done_, value_});
  choices_.push_back({call, before});
  Lift(call);
  if (call->match != nullptr) {
    Lift(call->match);
    --unreturned_;
  }
  return true;
}

void KeySearch::Undo() {
  const Choice choice = choices_.back();
  choices_.pop_back();
  value_ = choice.value_before;
  Flip(choice.call->operation);
  if (choice.call->match != nullptr) {
    Restore(choice.call->match);
    ++unreturned_;
  }
  Restore(choice.call);
}

bool KeySearch::IsNew(uint64_t state) const {
  const auto found = seen_.find(state);
  if (found == seen_.end()) return true;
  return std::none_of(found->second.begin(), found->second.end(),
                      [&](const Seen& seen) { return seen.value == value_ && seen.done == done_; });
}

void KeySearch::Flip(size_t operation) {
  done_[operation / 64] ^= uint64_t{1} << (operation % 64);
  done_hash_ ^= Mix64(operation);
}

void KeySearch::Lift(Event* event) {
  event->previous->next = event->next;
  if (event->next != nullptr) event->next->previous = event->previous;
}

void KeySearch::Restore(Event* event) {
  event->previous->next = event;
  if (event->next != nullptr) event->next->previous = event;
}

std::string KeySearch::Explain() const {
  std::string text = absl::StrCat("key ", operations_.front()->key, ": no order explains\n    ",
                                  ToString(*operations_[best_blocked_]), "\n  after the longest order found:");
  const size_t shown = std::min(best_.size(), kShown);
  if (shown < best_.size()) absl::StrAppend(&text, "\n    ... ", best_.size() - shown, " before");
  for (size_t i = best_.size() - shown; i < best_.size(); ++i) {
    absl::StrAppend(&text, "\n    ", ToString(*operations_[best_[i]]));
  }
  if (best_.empty()) absl::StrAppend(&text, "\n    (nothing)");
  return text;
}

Operations KeySearch::Contradicting() const {
  Operations shown;
  for (size_t i = best_.size() - std::min(best_.size(), kShown); i < best_.size(); ++i) {
    shown.push_back(operations_[best_[i]]);
  }
  shown.push_back(operations_[best_blocked_]);
  return shown;
}

// What can be left out without changing the answer: failures, reads of unknown outcome, and puts and appends of unknown
// outcome whose word nobody read (an order that contains such a one explains the same answers without it: until the
// next put or delete nobody reads).
std::map<std::string, Operations> ByKey(const History& history) {
  std::map<std::string, std::set<std::string>> read;
  for (const Operation& operation : history) {
    if (operation.kind == Kind::kGet && operation.outcome == Outcome::kOk && operation.value.has_value()) {
      for (const auto word : absl::StrSplit(*operation.value, ',')) {
        read[operation.key].insert(std::string(word));
      }
    }
  }
  std::map<std::string, Operations> keys;
  for (const Operation& operation : history) {
    if (operation.outcome == Outcome::kFailed) continue;
    if (operation.outcome == Outcome::kUnknown) {
      if (operation.kind == Kind::kGet) continue;
      const bool writes_word = operation.kind == Kind::kPut || operation.kind == Kind::kAppend;
      if (writes_word && !read[operation.key].contains(operation.value.value_or(""))) continue;
    }
    keys[operation.key].push_back(&operation);
  }
  return keys;
}

}  // namespace

std::string ToString(const Operation& operation) {
  const auto seconds = [](Time time) { return absl::StrFormat("%.6fs", time.time_since_epoch().count() / 1e9); };
  std::string text = absl::StrCat("client ", operation.client);
  const std::string value = operation.value.has_value() ? absl::StrCat("\"", *operation.value, "\"") : "nothing";
  switch (operation.kind) {
    case Kind::kPut:
      absl::StrAppend(&text, " put ", operation.key, " = ", value);
      break;
    case Kind::kAppend:
      absl::StrAppend(&text, " append ", operation.key, " + ", value);
      break;
    case Kind::kAdd:
      absl::StrAppend(&text, " add ", operation.key, " + ", value);
      break;
    case Kind::kDelete:
      absl::StrAppend(&text, " delete ", operation.key);
      break;
    case Kind::kGet:
      absl::StrAppend(&text, " get ", operation.key, " -> ", value);
      break;
  }
  const bool returned = operation.outcome == Outcome::kOk;
  return absl::StrCat(text, " [", seconds(operation.invoked), ", ", returned ? seconds(operation.returned) : "?", "]");
}

LinearizabilityVerdict CheckLinearizable(const History& history, uint64_t steps_per_key) {
  LinearizabilityVerdict verdict;
  for (const auto& [key, operations] : ByKey(history)) {
    KeySearch search(operations, steps_per_key);
    const Linearizability result = search.Run();
    verdict.steps += search.steps();
    if (result == Linearizability::kViolated) {
      verdict.result = result;
      verdict.explanation = search.Explain();
      for (const Operation* operation : search.Contradicting()) {
        verdict.operations.push_back(static_cast<size_t>(operation - history.data()));
      }
      return verdict;  // worse than an unknown key
    }
    if (result == Linearizability::kUnknown) {
      verdict.result = result;
      verdict.explanation = absl::StrCat("key ", key, ": undecided after ", search.steps(), " steps");
    }
  }
  return verdict;
}

}  // namespace raftly
