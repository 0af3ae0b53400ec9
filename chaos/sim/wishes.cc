#include "chaos/sim/wishes.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Step = Transaction::Step;

// Transactions name these and no others, so that the checker has to search only these together. The last holds numbers
// most of the time.
const std::array<std::string, 3> kGroup = {"g0", "g1", "g2"};

}  // namespace

std::string Wishes::SomeKey() { return kGroup[random_.Below(kGroup.size())]; }

uint64_t Wishes::VersionOf(const std::string& key) const {
  const auto known = versions_.find(key);
  return known == versions_.end() ? 0 : known->second;
}

void Wishes::Change(Operation& operation, uint64_t number, bool adds) {
  if (operation.kind == Kind::kAdd) return;  // its key is only added to
  if (random_.Chance(500)) operation.key = SomeKey();
  const uint64_t dice = random_.Below(1000);
  if (operation.kind == Kind::kGet) return;
  const std::string word = absl::StrCat("v", number);
  if (dice < settings_.transaction_permille) {
    operation.kind = Kind::kTransaction;
    operation.key.clear();
    operation.value.reset();
    operation.transaction = SomeTransaction(number, adds);
  } else if (dice < settings_.transaction_permille + settings_.condition_permille) {
    operation.kind = random_.Chance(250) ? Kind::kDelete : Kind::kPut;
    operation.value.reset();
    if (operation.kind == Kind::kPut) operation.value = word;
    operation.if_version = random_.Chance(200) ? 0 : VersionOf(operation.key);
  } else if (random_.Chance(500) && operation.key != kGroup.back()) {
    operation.kind = Kind::kAppend;
    operation.value = absl::StrCat(",", word);
  } else if (adds) {
    operation.kind = Kind::kAdd;
    operation.key = random_.Chance(500) ? "sum" : kGroup.back();
    operation.value = absl::StrCat(number);
  }
}

Step Wishes::SomeStep(const std::string& word, bool adds) {
  Step step{.op = static_cast<Step::Op>(random_.Below(5)), .key = SomeKey()};
  if (step.op == Step::Op::kAdd && !adds) step.op = Step::Op::kGet;
  if (step.op == Step::Op::kAdd) step.key = kGroup.back();
  if (step.op == Step::Op::kAdd) step.by = random_.Between(int64_t{-9}, int64_t{9});
  if (step.op == Step::Op::kAppend) step.value = absl::StrCat(",", word);
  if (step.op == Step::Op::kPut) step.value = step.key == kGroup.back() ? word.substr(1) : word;
  return step;
}

std::shared_ptr<const Transaction> Wishes::SomeTransaction(uint64_t number, bool adds) {
  auto transaction = std::make_shared<Transaction>();
  const std::string other = SomeKey();
  for (const std::string& key : kGroup) {
    if (key != other || random_.Chance(300)) transaction->checks.push_back({key, VersionOf(key)});
    if (random_.Chance(700)) transaction->otherwise.push_back({.op = Step::Op::kGet, .key = key});
  }
  if (random_.Chance(300)) transaction->otherwise.push_back(SomeStep(absl::StrCat("v", number, "e"), false));
  const uint64_t steps = 1 + random_.Below(3);
  for (uint64_t i = 0; i < steps; ++i) transaction->then.push_back(SomeStep(absl::StrCat("v", number, "t", i), adds));
  return transaction;
}

void Wishes::Learn(const Operation& operation) {
  if (operation.outcome != Operation::Outcome::kOk && operation.outcome != Operation::Outcome::kRefused) return;
  for (const auto& result : operation.results) versions_[result.key] = result.version;
  if (operation.transaction || !operation.version) return;
  const bool gone = operation.kind == Kind::kDelete && operation.outcome == Operation::Outcome::kOk;
  versions_[operation.key] = gone ? 0 : *operation.version;
}

}  // namespace raftly
