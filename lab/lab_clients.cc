// Clients: of acts, and those of a swarm as they are told.
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/clients.h"
#include "lab/laboratory_impl.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Do = Act::Do;
using Told = Operation::Outcome;

// A client that was not told asks again after this.
constexpr Duration kRetryAfter = 50ms;
constexpr Actor kClients = 6000;

}  // namespace

void Laboratory::Ask(const Act& act, int node) {
  using Kind = Operation::Kind;
  Asked asked{.act = act,
              .operation = {.client = static_cast<int>(asked_.size()) + 1,
                            .kind = act.what == Do::kPut      ? Kind::kPut
                                    : act.what == Do::kAppend ? Kind::kAppend
                                    : act.what == Do::kAdd    ? Kind::kAdd
                                    : act.what == Do::kDelete ? Kind::kDelete
                                                              : Kind::kGet,
                            .key = act.key,
                            .value = {},
                            .invoked = world_.now(),
                            .outcome = Told::kUnknown},
              .node = node};
  if (act.what == Do::kPut || act.what == Do::kAppend) asked.operation.value = act.value;
  if (act.what == Do::kAdd) asked.operation.value = std::to_string(act.number);
  asked.call = Add("call", CallOf(asked_.size(), node, asked.operation));
  asked_.push_back(std::move(asked));
  Send(asked_.size() - 1);
}

bool Laboratory::Awaited(size_t number, int attempt) const {
  return !over_ && !asked_[number].answered && asked_[number].attempt == attempt;
}

void Laboratory::Send(size_t number) {
  const Act& act = asked_[number].act;
  const int node = asked_[number].node;
  const int attempt = asked_[number].attempt;
  if (!cluster_.up(node)) return OnReply(number, attempt, absl::FailedPreconditionError("nobody is there"));
  const Time deadline = world_.now() + act.time;
  if (act.what == Do::kGet) {
    const KvMachine& machine = cluster_.machine(node);
    return cluster_.node(node).Read(deadline, [this, number, attempt, &machine](const absl::Status& status) {
      if (!Awaited(number, attempt)) return;
      if (status.ok()) asked_[number].operation.value = machine.Get(asked_[number].operation.key);
      OnReply(number, attempt, status);
    });
  }
  std::string command = act.what == Do::kPut      ? PutCommand(act.key, act.value)
                        : act.what == Do::kAppend ? AppendCommand(act.key, act.value)
                        : act.what == Do::kAdd    ? EncodeAdd(act.key, act.number)
                                                  : EncodeDelete(act.key);
  if (act.retries > 0) {
    command = WithOnce(std::move(command), absl::StrCat("act", number + 1));
    // Where the node dies it answers nothing.
    world_.At(deadline + kRetryAfter, kClients, [this, number, attempt] {
      if (Awaited(number, attempt)) OnReply(number, attempt, absl::UnavailableError("no answer"));
    });
  }
  cluster_.node(node).Propose(command, deadline, [this, number, attempt, command](absl::StatusOr<Applied> applied) {
    if (!Awaited(number, attempt)) return;
    if (applied.ok()) {
      asked_[number].at = applied->at;
      judges_.OnClientAcknowledged(applied->at, command);
    }
    OnReply(number, attempt, applied.status());
  });
}

void Laboratory::OnReply(size_t number, int attempt, const absl::Status& status) {
  Asked& asked = asked_[number];
  if (status.ok() || attempt > asked.act.retries) return Answer(number, status);
  asked.uncertain = asked.uncertain || OutcomeOf(asked.operation.kind, status) == Told::kUnknown;
  ++asked.attempt;
  world_.At(world_.now() + kRetryAfter, kClients, [this, number, attempt, status] {
    if (Awaited(number, attempt + 1)) AskAgain(number, status);
  });
}

void Laboratory::AskAgain(size_t number, const absl::Status& why) {
  Asked& asked = asked_[number];
  if (const int leader = cluster_.leader(); leader >= 0) asked.node = leader;
  Add("again", {{"op", number}, {"node", cluster_.id(asked.node)}, {"why", std::string(why.message())}});
  Send(number);
}

void Laboratory::Answer(size_t number, const absl::Status& status) {
  Asked& asked = asked_[number];
  Operation& operation = asked.operation;
  asked.answered = true;
  operation.returned = world_.now();
  operation.outcome = OutcomeOf(operation.kind, status);
  if (operation.outcome == Told::kFailed && asked.uncertain) operation.outcome = Told::kUnknown;
  Fields fields = AnswerOf(number, operation);
  if (!status.ok()) {
    fields["why"] = std::string(status.message());
  } else if (operation.kind != Operation::Kind::kGet) {
    fields["index"] = asked.at.index.value;
    fields["term"] = asked.at.term.value;
  }
  asked.answer = Add("answer", fields);
  NoteFinding();
}

History Laboratory::history() const {
  History history;
  for (const Asked& asked : asked_) history.push_back(asked.operation);
  if (!swarm_) return history;
  const History others = swarm_->workload.history();
  history.insert(history.end(), others.begin(), others.end());
  return history;
}

// Beside those of acts, which count from 0.
constexpr uint64_t kFirstOfTheSwarm = 1'000'000;

void Laboratory::OnCall(int node, const Operation& operation) {
  swarm_->events[operation.number].first = Add("call", CallOf(kFirstOfTheSwarm + operation.number, node, operation));
}

void Laboratory::OnAnswer(const Operation& operation) {
  swarm_->events[operation.number].second = Add("answer", AnswerOf(kFirstOfTheSwarm + operation.number, operation));
}

}  // namespace raftly
