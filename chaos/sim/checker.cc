#include "chaos/sim/checker.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
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

// Of writes whose clients were not told: who saw what they wrote was.
using Versions = std::map<const Operation*, uint64_t>;

bool Returned(const Operation& operation) {
  return operation.outcome == Outcome::kOk || operation.outcome == Outcome::kRefused;
}

uint64_t HashOf(const State& state) {
  uint64_t hash = state.last;
  for (const auto& key : state.keys) hash = Mix64(hash ^ key.value ^ (key.version << 20) ^ (key.settled ? 1 : 0) << 19);
  return hash;
}

// The search over keys that hang together. What surely happened is put in order first; what may have happened is only
// tried where nothing else is left before somebody's return.
class Search {
 public:
  Search(const Operations& operations, const Versions& seen, uint64_t budget) : model_(operations), budget_(budget) {
    Prepare(operations, seen);
  }

  Linearizability Run();
  uint64_t steps() const { return steps_; }
  std::string Explain() const;
  // What Explain shows, in its order, and the operation that does not fit.
  Operations Contradicting() const;

 private:
  // A call or a return of what surely happened, in order of time, in a doubly linked list from which it is lifted when
  // it has its place.
  struct Event {
    size_t operation = 0;
    size_t place = 0;  // in time
    bool is_call = true;
    Event* previous = nullptr;
    Event* next = nullptr;
    Event* match = nullptr;  // of a call: its return
  };
  struct Guess {
    MapModel::Move move;
    size_t place = 0;      // in time, of its call
    size_t rival = kNone;  // the other branch of the same transaction: only one of them happened
  };
  struct Choice {
    MapModel::Move move;
    State before;
    Event* event;  // its call; of a guess the return that was in the way
    size_t guess;  // kNone: none
    bool sure;     // nothing but its place changes: whatever else may come next may as well come after it
  };
  using Bits = std::vector<uint64_t>;
  // What was done and where it led, and with which guesses: one row of as many words as guessed_ has each time. Many
  // rows may share the rest, and all of them are looked at each time.
  struct Seen {
    Bits done;
    State state;
    Bits rows;
  };

  void Prepare(const Operations& operations, const Versions& seen);
  bool Enter(const MapModel::Move& move, Bits& bits, size_t bit);
  static std::optional<uint64_t> TurnOf(const MapModel::Move& move);
  bool Take(Event* call);
  bool TryGuess(size_t guess, Event* blocked);
  Choice TakeBack();
  void Undo(const Choice& choice);
  bool IsNew();
  static bool Has(const Bits& bits, size_t bit) { return (bits[bit / 64] >> (bit % 64) & 1) != 0; }
  void Flip(Bits& bits, size_t bit);
  static void Lift(Event* event);
  static void Restore(Event* event);

  MapModel model_;
  uint64_t budget_;
  uint64_t steps_ = 0;
  Operations operations_;  // that surely happened
  std::vector<Event> events_;
  Event head_;
  std::vector<Guess> guesses_;  // in order of their calls

  std::vector<Choice> choices_;
  State state_;
  Bits done_;     // of operations_
  Bits guessed_;  // of guesses_
  uint64_t done_hash_ = 0;
  std::unordered_map<uint64_t, std::vector<Seen>> seen_;  // by a hash of what is done and the state
  size_t unreturned_ = 0;                                 // operations whose return is still in the list
  // Versions of writes that have no place yet and did happen: the lowest is the next.
  std::multiset<uint64_t> turns_;

  Operations best_;                          // the longest order found
  const Operation* best_blocked_ = nullptr;  // whose return it could not pass
};

void Search::Prepare(const Operations& operations, const Versions& seen) {
  struct Stamp {
    Time time;
    bool is_return;
    size_t operation;
    auto operator<=>(const Stamp&) const = default;
  };
  // Among equal times calls come first: what might overlap counts as overlapping.
  std::vector<Stamp> stamps;
  for (size_t i = 0; i < operations.size(); ++i) {
    stamps.push_back({operations[i]->invoked, false, i});
    if (Returned(*operations[i])) stamps.push_back({operations[i]->returned, true, i});
  }
  std::sort(stamps.begin(), stamps.end());
  events_.reserve(stamps.size());
  std::map<size_t, Event*> calls;
  Event* last = &head_;
  for (size_t place = 0; place < stamps.size(); ++place) {
    const auto& [time, is_return, i] = stamps[place];
    const Operation* operation = operations[i];
    if (!Returned(*operation)) {
      const auto version = seen.find(operation);
      guesses_.push_back({.move = {.operation = operation}, .place = place});
      if (version != seen.end()) turns_.insert(*(guesses_.back().move.version = version->second));
      if (operation->kind != Kind::kTransaction) continue;
      guesses_.back().rival = guesses_.size();
      guesses_.push_back({{operation, true, guesses_.back().move.version}, place, guesses_.size() - 1});
      continue;
    }
    events_.push_back({.operation = operations_.size(), .place = place, .is_call = !is_return, .previous = last});
    Event* const event = &events_.back();
    last = last->next = event;
    if (is_return) {
      event->operation = calls[i]->operation;
      calls[i]->match = event;
    } else {
      calls[i] = event;
      operations_.push_back(operation);
      if (const auto turn = TurnOf({.operation = operation})) turns_.insert(*turn);
    }
  }
  unreturned_ = operations_.size();
  done_.resize(operations_.size() / 64 + 1);
  guessed_.resize(guesses_.size() / 64 + 1);
  state_ = model_.Empty();
}

Linearizability Search::Run() {
  Event* event = head_.next;
  size_t guess = 0;
  // Once every return is explained, writes without one may just as well never have happened.
  while (unreturned_ > 0) {
    if (++steps_ > budget_) return Linearizability::kUnknown;
    if (event->is_call) {
      event = Take(event) ? head_.next : event->next;
      guess = 0;
      continue;
    }
    // An operation returned here that we could not place before.
    if (guess < guesses_.size() && guesses_[guess].place < event->place) {
      const bool taken = TryGuess(guess, event);
      event = taken ? head_.next : event;
      guess = taken ? 0 : guess + 1;
      continue;
    }
    // One of our choices was wrong.
    if (choices_.size() >= best_.size()) {
      best_.clear();
      for (const Choice& choice : choices_) best_.push_back(choice.move.operation);
      best_blocked_ = operations_[event->operation];
    }
    if (choices_.empty()) return Linearizability::kViolated;
    const Choice wrong = TakeBack();
    if (wrong.sure) return Linearizability::kViolated;
    event = wrong.guess == kNone ? wrong.event->next : wrong.event;
    guess = wrong.guess == kNone ? 0 : wrong.guess + 1;
  }
  return Linearizability::kHolds;
}

// The version of a write that did happen.
std::optional<uint64_t> Search::TurnOf(const MapModel::Move& move) {
  const Operation& operation = *move.operation;
  const bool changes = operation.kind != Kind::kGet && operation.outcome != Outcome::kRefused;
  return changes ? move.own_version() : std::nullopt;
}

// Makes it happen next, where that leads to what was not seen before.
bool Search::Enter(const MapModel::Move& move, Bits& bits, size_t bit) {
  const std::optional<uint64_t> turn = TurnOf(move);
  if (turn && *turn > *turns_.begin()) return false;
  State after = state_;
  if (!model_.Happen(move, after)) return false;
  const bool looks = move.operation->kind == Kind::kGet || move.operation->outcome == Outcome::kRefused;
  const bool sure = looks && after == state_;
  std::swap(state_, after);
  Flip(bits, bit);
  if (!IsNew()) {
    Flip(bits, bit);
    std::swap(state_, after);
    return false;
  }
  choices_.push_back({move, std::move(after), nullptr, kNone, sure});
  if (turn) turns_.erase(turns_.find(*turn));
  return true;
}

bool Search::Take(Event* call) {
  if (!Enter({.operation = operations_[call->operation]}, done_, call->operation)) return false;
  choices_.back().event = call;
  Lift(call);
  Lift(call->match);
  --unreturned_;
  return true;
}

bool Search::TryGuess(size_t guess, Event* blocked) {
  const auto& [move, place, rival] = guesses_[guess];
  if (Has(guessed_, guess) || (rival != kNone && Has(guessed_, rival))) return false;
  if (!Enter(move, guessed_, guess)) return false;
  choices_.back().event = blocked;
  choices_.back().guess = guess;
  return true;
}

// The last choice that might have been another one; else the first of all.
Search::Choice Search::TakeBack() {
  while (true) {
    Choice choice = std::move(choices_.back());
    choices_.pop_back();
    Undo(choice);
    if (!choice.sure || choices_.empty()) return choice;
  }
}

void Search::Undo(const Choice& choice) {
  state_ = choice.before;
  if (const auto turn = TurnOf(choice.move)) turns_.insert(*turn);
  if (choice.guess != kNone) return Flip(guessed_, choice.guess);
  Flip(done_, choice.event->operation);
  Restore(choice.event->match);
  Restore(choice.event);
  ++unreturned_;
}

// Notes it where it is. Who has guessed less can do whatever one can who has guessed more.
bool Search::IsNew() {
  std::vector<Seen>& alike = seen_[done_hash_ ^ HashOf(state_)];
  const auto same = [this](const Seen& seen) { return seen.done == done_ && seen.state == state_; };
  auto seen = std::find_if(alike.begin(), alike.end(), same);
  if (seen == alike.end()) seen = alike.insert(seen, {.done = done_, .state = state_, .rows = {}});
  const size_t words = guessed_.size();
  for (size_t row = 0; row < seen->rows.size(); row += words) {
    bool within = true;
    for (size_t i = 0; within && i < words; ++i) within = (seen->rows[row + i] & ~guessed_[i]) == 0;
    if (within) return false;
  }
  seen->rows.insert(seen->rows.end(), guessed_.begin(), guessed_.end());
  return true;
}

void Search::Flip(Bits& bits, size_t bit) {
  bits[bit / 64] ^= uint64_t{1} << (bit % 64);
  if (&bits == &done_) done_hash_ ^= Mix64(bit);
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
  std::string text =
      absl::StrCat("no order explains\n    ", ToString(*best_blocked_), "\n  after the longest order found:");
  const size_t shown = std::min(best_.size(), kShown);
  if (shown < best_.size()) absl::StrAppend(&text, "\n    ... ", best_.size() - shown, " before");
  for (size_t i = best_.size() - shown; i < best_.size(); ++i) {
    absl::StrAppend(&text, "\n    ", ToString(*best_[i]));
  }
  if (best_.empty()) absl::StrAppend(&text, "\n    (nothing)");
  return text;
}

Operations Search::Contradicting() const {
  Operations shown(best_.end() - static_cast<ptrdiff_t>(std::min(best_.size(), kShown)), best_.end());
  shown.push_back(best_blocked_);
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
// such a one explains the same answers without it: until the next put or delete nobody reads). Not where sums are read
// in its place, nor where a client was told that a key had changed and not to what: it may have been by one of them.
void LeaveOutUnread(Operations& operations) {
  std::set<std::string> reads;
  std::set<char> seams;  // what a word that is appended begins with
  for (const Operation* operation : operations) {
    if (operation->transaction || operation->kind == Kind::kAdd || operation->outcome == Outcome::kRefused) return;
    const auto& value = operation->kind == Kind::kGet ? operation->value : operation->found;
    if (value) reads.insert(*value);
    if (operation->kind == Kind::kAppend && !operation->value->empty()) seams.insert(operation->value->front());
  }
  // A whole word ends here.
  const auto ends = [&](const std::string& read, size_t at) { return at == read.size() || seams.contains(read[at]); };
  const auto holds = [&](const std::string& read, const std::string& word, bool at_the_beginning) {
    if (at_the_beginning) return read.starts_with(word) && ends(read, word.size());
    for (size_t at = read.find(word); at != read.npos; at = read.find(word, at + 1)) {
      if (ends(read, at + word.size())) return true;
    }
    return false;
  };
  std::erase_if(operations, [&](const Operation* operation) {
    const bool puts = operation->kind == Kind::kPut;
    if (operation->outcome != Outcome::kUnknown || (!puts && operation->kind != Kind::kAppend)) return false;
    const std::string word = operation->value.value_or("");
    return std::none_of(reads.begin(), reads.end(), [&](const std::string& read) { return holds(read, word, puts); });
  });
}

// What an answer tells of a key.
struct Sight {
  std::string key;
  std::string value;
  uint64_t version;
  auto operator<=>(const Sight&) const = default;
};

std::set<Sight> SightsOf(const Operations& operations) {
  std::set<Sight> sights;
  for (const Operation* operation : operations) {
    const auto& value = operation->kind == Kind::kGet ? operation->value : operation->found;
    if (operation->outcome == Outcome::kOk && value && operation->version) {
      sights.insert({operation->key, *value, *operation->version});
    }
    for (const auto& result : operation->results) {
      if (result.value) sights.insert({result.key, *result.value, result.version});
    }
  }
  return sights;
}

// It may have made the key's value what it is.
bool MayHaveMade(const Operation& operation, const Sight& sight) {
  const auto made = [&](bool put, bool append, const std::string& word) {
    return (put && sight.value == word) || (append && sight.value.ends_with(word));
  };
  if (operation.transaction == nullptr) {
    return operation.key == sight.key &&
           (operation.kind == Kind::kAdd ||
            made(operation.kind == Kind::kPut, operation.kind == Kind::kAppend, operation.value.value_or("")));
  }
  using Op = Transaction::Step::Op;
  for (const auto* steps : {&operation.transaction->then, &operation.transaction->otherwise}) {
    for (const auto& step : *steps) {
      if (step.key != sight.key) continue;
      if (step.op == Op::kAdd || made(step.op == Op::kPut, step.op == Op::kAppend, step.value)) return true;
    }
  }
  return false;
}

// Where only one write can have made what somebody saw, that one has the version.
Versions SeenVersions(const Operations& operations) {
  Versions versions;
  for (const Sight& sight : SightsOf(operations)) {
    const Operation* maker = nullptr;
    int makers = 0;
    for (const Operation* operation : operations) {
      if (operation->kind == Kind::kGet || !MayHaveMade(*operation, sight)) continue;
      maker = operation;
      ++makers;
    }
    if (makers == 1 && maker->outcome == Outcome::kUnknown) versions.emplace(maker, sight.version);
  }
  return versions;
}

}  // namespace

LinearizabilityVerdict CheckLinearizable(const History& history, uint64_t steps_per_part) {
  LinearizabilityVerdict verdict;
  for (Part& part : PartsOf(history)) {
    LeaveOutUnread(part.operations);
    Search search(part.operations, SeenVersions(part.operations), steps_per_part);
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
