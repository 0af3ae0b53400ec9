#include "chaos/sim/history.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Step = Transaction::Step;

std::string Quoted(const std::optional<std::string>& value) {
  return value ? absl::StrCat("\"", *value, "\"") : "nothing";
}

std::string ToString(const Step& step) {
  const std::string begin = absl::StrCat(std::string(raftly::ToString(step.op)), " ", step.key);
  if (step.op == Step::Op::kPut) return absl::StrCat(begin, "=", step.value);
  if (step.op == Step::Op::kAppend) return absl::StrCat(begin, "+", step.value);
  return step.op == Step::Op::kAdd ? absl::StrCat(begin, "+", step.by) : begin;
}

std::string ToString(const std::vector<Step>& steps) {
  return absl::StrJoin(steps, ", ", [](std::string* out, const Step& step) { out->append(ToString(step)); });
}

// What was asked.
std::string Asked(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kPut:
      return absl::StrCat("put ", operation.key, " = ", Quoted(operation.value));
    case Kind::kAppend:
      return absl::StrCat("append ", operation.key, " + ", Quoted(operation.value));
    case Kind::kAdd:
      return absl::StrCat("add ", operation.key, " + ", Quoted(operation.value));
    case Kind::kDelete:
      return absl::StrCat("delete ", operation.key);
    case Kind::kGet:
      return absl::StrCat("get ", operation.key, " -> ", Quoted(operation.value));
    case Kind::kTransaction:
      break;
  }
  return absl::StrCat("txn ", ToString(*operation.transaction));
}

// What was told, beside the value of a get.
std::string Told(const Operation& operation) {
  std::string text;
  if (operation.outcome == Outcome::kRefused) text = " refused";
  if (operation.transaction && operation.outcome == Outcome::kOk) {
    text = operation.succeeded ? " -> then" : " -> else";
    for (const auto& result : operation.results) {
      absl::StrAppend(&text, " ", result.key, "@", result.version,
                      result.value ? absl::StrCat("=", *result.value) : "");
    }
  }
  if (operation.found) absl::StrAppend(&text, " -> ", Quoted(operation.found));
  return operation.version ? absl::StrCat(text, " @", *operation.version) : text;
}

}  // namespace

std::string ToString(const Transaction& transaction) {
  const std::string checks = absl::StrJoin(
      transaction.checks, ", ",
      [](std::string* out, const Transaction::Check& check) { absl::StrAppend(out, check.key, "@", check.version); });
  return absl::StrCat("if ", checks, ": ", ToString(transaction.then), "; else ", ToString(transaction.otherwise));
}

std::string ToString(const Operation& operation) {
  const auto seconds = [](Time time) { return absl::StrFormat("%.6fs", time.time_since_epoch().count() / 1e9); };
  const bool returned = operation.outcome == Outcome::kOk || operation.outcome == Outcome::kRefused;
  return absl::StrCat("client ", operation.client, " ", Asked(operation),
                      operation.if_version ? absl::StrCat(" if @", *operation.if_version) : "", Told(operation), " [",
                      seconds(operation.invoked), ", ", returned ? seconds(operation.returned) : "?", "]");
}

}  // namespace raftly
