#include "chaos/sim/map_model.h"

#include <algorithm>
#include <charconv>

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Step = Transaction::Step;
using Value = MapModel::Value;

constexpr Value kAbsent = 0;
// Of a key that is not added to: a value that no read begins with. Whatever is appended to it, no read will have seen
// it, so all such values are one; else each order of concurrent appends would be a state of its own.
constexpr Value kUnreadable = 1;

std::optional<int64_t> NumberIn(const std::string& text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return !text.empty() && error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

MapModel::MapModel(const std::vector<const Operation*>& operations) : texts_(2) {
  const auto facts = [this](const std::string& key) -> Facts& {
    const auto [place, is_new] = places_.try_emplace(key, facts_.size());
    if (is_new) facts_.emplace_back();
    return facts_[place->second];
  };
  const auto told = [](Facts& of, const std::optional<std::string>& value) {
    if (value) of.reads.insert(*value);
  };
  for (const Operation* operation : operations) {
    versions_ = versions_ || operation->version || operation->if_version || operation->transaction;
    if (operation->transaction) {
      for (const auto& check : operation->transaction->checks) facts(check.key);
      for (const auto* steps : {&operation->transaction->then, &operation->transaction->otherwise}) {
        for (const Step& step : *steps) facts(step.key).added_to |= step.op == Step::Op::kAdd;
      }
      for (const auto& result : operation->results) told(facts(result.key), result.value);
      continue;
    }
    Facts& of = facts(operation->key);
    of.added_to |= operation->kind == Kind::kAdd;
    if (operation->kind == Kind::kGet && operation->outcome == Outcome::kOk) told(of, operation->value);
    told(of, operation->found);
  }
}

// ---- Values and versions -------------------------------------------------------------------------------------------

Value MapModel::Intern(size_t place, const std::optional<std::string>& value) {
  if (!value) return kAbsent;
  const Facts& facts = facts_[place];
  if (!facts.added_to) {
    const auto read = facts.reads.lower_bound(*value);
    if (read == facts.reads.end() || !read->starts_with(*value)) return kUnreadable;
  }
  const auto [known, is_new] = interned_.try_emplace(*value, static_cast<Value>(texts_.size()));
  if (is_new) texts_.push_back(value);
  return known->second;
}

bool MapModel::Is(const Key& key, const std::optional<std::string>& value) const {
  return key.value != kUnreadable && texts_[key.value] == value;
}

// Nothing: it is no number, or would not be one.
std::optional<std::string> MapModel::Sum(const Key& key, int64_t by) const {
  const auto number = key.value == kAbsent ? std::optional<int64_t>(0) : NumberIn(texts_[key.value].value_or(""));
  int64_t sum = 0;
  if (!number || __builtin_add_overflow(*number, by, &sum)) return std::nullopt;
  return std::to_string(sum);
}

Value MapModel::Appended(size_t place, const Key& key, const std::string& word) {
  return key.value == kUnreadable ? kUnreadable : Intern(place, texts_[key.value].value_or("") + word);
}

// Somebody saw the key with this version.
bool MapModel::See(Key& key, std::optional<uint64_t> version, State& state) const {
  if (!version) return true;
  if (key.settled) return key.version == *version;
  if (*version <= key.version) return false;
  key = {key.value, true, *version};
  state.last = std::max(state.last, *version);
  return true;
}

// Something has its turn at this index.
bool MapModel::Turn(std::optional<uint64_t> version, State& state) const {
  if (!version) return true;
  if (*version <= state.last) return false;
  state.last = *version;
  return true;
}

void MapModel::Set(Key& key, Value value, std::optional<uint64_t> version, const State& state) const {
  const bool settled = value == kAbsent || version || !versions_;
  key = {value, settled, value == kAbsent || !versions_ ? 0 : state.last};
}

// ---- Operations ----------------------------------------------------------------------------------------------------

bool MapModel::Happen(const Move& move, State& state) {
  const Operation& operation = *move.operation;
  if (operation.kind == Kind::kTransaction) return Transact(move, state);
  if (operation.outcome == Outcome::kRefused) return Refused(operation, state);
  if (operation.kind != Kind::kGet) return Write(move, state);
  Key& key = state.keys[PlaceOf(operation.key)];
  return Is(key, operation.value) && See(key, operation.version, state);
}

bool MapModel::Refused(const Operation& operation, State& state) {
  Key& key = state.keys[PlaceOf(operation.key)];
  if (!See(key, operation.version, state)) return false;
  if (operation.if_version && (!key.settled || key.version != *operation.if_version)) return true;
  return operation.kind == Kind::kAdd && !Sum(key, std::stoll(operation.value.value_or("0")));
}

bool MapModel::Write(const Move& move, State& state) {
  const Operation& operation = *move.operation;
  const std::optional<uint64_t> version = move.own_version();
  const size_t place = PlaceOf(operation.key);
  Key& key = state.keys[place];
  if (!See(key, operation.if_version, state) || !Turn(version, state)) return false;
  Value value = kAbsent;
  if (operation.kind == Kind::kPut) value = Intern(place, operation.value);
  if (operation.kind == Kind::kAppend) value = Appended(place, key, operation.value.value_or(""));
  if (operation.kind == Kind::kAdd) {
    const auto sum = Sum(key, std::stoll(operation.value.value_or("0")));
    if (!sum) return false;
    value = Intern(place, sum);
  }
  Set(key, value, version, state);
  return !operation.found || Is(key, operation.found);
}

// ---- Transactions --------------------------------------------------------------------------------------------------

bool MapModel::Checks(const Transaction& transaction, bool hold, State& state) const {
  const auto& checks = transaction.checks;
  const auto key_of = [&](const auto& check) -> Key& { return state.keys[PlaceOf(check.key)]; };
  if (hold) {
    return std::all_of(checks.begin(), checks.end(),
                       [&](const auto& check) { return See(key_of(check), check.version, state); });
  }
  return std::any_of(checks.begin(), checks.end(), [&](const auto& check) {
    return !key_of(check).settled || key_of(check).version != check.version;
  });
}

MapModel::Ran MapModel::Run(const std::vector<Transaction::Step>& steps, const Move& move, State& state) {
  const Operation& operation = *move.operation;
  const std::optional<uint64_t> version = move.own_version();
  const bool told = operation.outcome == Outcome::kOk;
  if (told && operation.results.size() != steps.size()) return Ran::kOtherwise;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Transaction::Step& step = steps[i];
    const size_t place = PlaceOf(step.key);
    Key& key = state.keys[place];
    if (step.op == Step::Op::kDelete) Set(key, kAbsent, version, state);
    if (step.op == Step::Op::kPut) Set(key, Intern(place, step.value), version, state);
    if (step.op == Step::Op::kAppend) Set(key, Appended(place, key, step.value), version, state);
    if (step.op == Step::Op::kAdd) {
      const auto sum = Sum(key, step.by);
      if (!sum) return Ran::kCannot;
      Set(key, Intern(place, sum), version, state);
    }
    if (!told) continue;
    const Operation::Result& result = operation.results[i];
    const bool same = step.op == Step::Op::kPut || Is(key, result.value);
    if (!same || result.key != step.key || !See(key, result.version, state)) return Ran::kOtherwise;
  }
  return Ran::kDone;
}

bool MapModel::Transact(const Move& move, State& state) {
  const Operation& operation = *move.operation;
  const Transaction& transaction = *operation.transaction;
  if (operation.outcome == Outcome::kRefused) {
    const auto cannot = [&](bool hold) {
      State then = state;
      return Checks(transaction, hold, then) &&
             Run(hold ? transaction.then : transaction.otherwise, move, then) == Ran::kCannot;
    };
    return cannot(true) || cannot(false);
  }
  const bool hold = operation.outcome == Outcome::kOk ? operation.succeeded : !move.otherwise;
  if (!Checks(transaction, hold, state) || !Turn(move.own_version(), state)) return false;
  return Run(hold ? transaction.then : transaction.otherwise, move, state) == Ran::kDone;
}

}  // namespace raftly
