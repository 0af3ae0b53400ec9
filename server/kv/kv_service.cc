#include "server/kv/kv_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "raft/node/errors.h"
#include "server/kv/outcome.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A refused attempt is repeated when leadership moves, or after this long: the refusal may outrun the news of it.
constexpr Duration kRetryPause = milliseconds(20);
// A node without disk space and without a leader has nobody to hand a write to; another may still take over.
constexpr Duration kFullDiskPatience = milliseconds(1000);
// The node settles everything by its deadline. If it does not, the client still gets an answer.
constexpr Duration kGrace = milliseconds(1000);

KvResult Failure(KvResult::Code code, std::string message) { return {code, {}, {}, std::move(message)}; }

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// A value that one thread waits for and another delivers.
class Ticket {
 public:
  void Settle(absl::StatusOr<Applied> applied) {
    MutexLock lock(mutex_);
    applied_ = std::move(applied);
    settled_.NotifyOne();
  }
  absl::StatusOr<Applied> Await(Time deadline) {
    const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
    MutexLock lock(mutex_);
    while (!applied_) {
      if (!settled_.WaitUntil(mutex_, until) && !applied_) return TimedOutError();
    }
    return *std::move(applied_);
  }

 private:
  Mutex mutex_;
  CondVar settled_;
  std::optional<absl::StatusOr<Applied>> applied_ ABSL_GUARDED_BY(mutex_);
};

std::optional<KvResult> BadRequest(const absl::Status& check) {
  if (check.ok()) return std::nullopt;
  return Failure(absl::IsOutOfRange(check) ? KvResult::Code::kTooLong : KvResult::Code::kInvalid, Text(check));
}

// Certainly not applied, and worth another attempt.
bool Retriable(const absl::Status& status) { return absl::IsFailedPrecondition(status) || absl::IsAborted(status); }

// What it needs of the nodes.
KvWrite WriteOf(std::string command, Effect effect, bool conditional) {
  return {std::move(command), effect, conditional ? kConditions : 0};
}

// What the machine says became of it.
KvResult ResultOf(WriteOutcome outcome) {
  using Kind = WriteOutcome::Kind;
  KvResult result{.code = KvResult::Code::kOk, .version = outcome.version};
  switch (outcome.kind) {
    case Kind::kDone:
      result.value = Bytes(std::move(outcome.value));
      break;
    case Kind::kElse:
      result.code = KvResult::Code::kElse;
      result.message = outcome.version ? "the key has another version" : "there is no such key";
      break;
    case Kind::kNotNumber:
      result.code = KvResult::Code::kConflict;
      result.message = "the value is no number of 64 bits, or the sum would not be one";
      if (!outcome.value.empty()) result.message = "key \"" + outcome.value + "\": " + result.message;
      break;
    case Kind::kOther:
      result.code = KvResult::Code::kOtherRequest;
      result.message = "this Idempotency-Key was another request's";
      break;
    case Kind::kTooLong:
      result.code = KvResult::Code::kTooLong;
      result.message = "the value, or the answer, would be too long";
  }
  return result;
}

}  // namespace

absl::StatusOr<KvWrite> PutOf(std::string_view key, std::string_view value, Condition condition) {
  if (auto bad = CheckKey(key); !bad.ok()) return bad;
  if (auto bad = CheckValue(value); !bad.ok()) return bad;
  auto command = EncodePut(key, value, condition);
  if (!command.ok()) return command.status();
  return WriteOf(*std::move(command), Effect::kStores, condition.has_value());
}

absl::StatusOr<KvWrite> AppendOf(std::string_view key, std::string_view value, Condition condition) {
  if (auto bad = CheckKey(key); !bad.ok()) return bad;
  if (auto bad = CheckValue(value); !bad.ok()) return bad;
  auto command = EncodeAppend(key, value, condition);
  if (!command.ok()) return command.status();
  return WriteOf(*std::move(command), Effect::kStores, true);
}

absl::StatusOr<KvWrite> AddOf(std::string_view key, int64_t by, Condition condition) {
  if (auto bad = CheckKey(key); !bad.ok()) return bad;
  return WriteOf(EncodeAdd(key, by, condition), Effect::kStores, true);
}

KvWrite Once(KvWrite write, std::string_view key) {
  write.command = WithOnce(std::move(write.command), key);
  write.features |= kOnce;
  return write;
}

absl::StatusOr<KvWrite> TransactionOf(std::string_view json) {
  const auto transaction = ParseTransaction(json);
  if (!transaction.ok()) return transaction.status();
  auto command = EncodeTransaction(*transaction);
  if (!command.ok()) return command.status();
  return KvWrite{*std::move(command), Effect::kStores, kTransactions};
}

absl::StatusOr<KvWrite> DeleteOf(std::string_view key, Condition condition) {
  if (auto bad = CheckSoughtKey(key); !bad.ok()) return bad;
  return WriteOf(EncodeDelete(key, condition), Effect::kFrees, condition.has_value());
}

KvService::KvService(NodeId self, Consensus& consensus, const KvStore& store, LeaderWatch& leaders)
    : self_(std::move(self)), consensus_(consensus), store_(store), leaders_(leaders) {}

KvResult KvService::Get(std::string_view key, KvOptions options) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return *bad;
  KvResult result = CatchUp(options);
  return result.code == KvResult::Code::kOk ? Lookup(key) : result;
}

KvResult KvService::CatchUp(KvOptions options) {
  return OnLeader(Kind::kRead, options, [&]() -> absl::StatusOr<Applied> {
    auto ticket = std::make_shared<Ticket>();
    consensus_.Read(
        options.deadline,
        [ticket](absl::Status status) { status.ok() ? ticket->Settle(Applied()) : ticket->Settle(std::move(status)); },
        Handover::kAtOnce);
    return ticket->Await(options.deadline + kGrace);
  });
}

KvResult KvService::GetStale(std::string_view key) const {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return *bad;
  return Lookup(key);
}

KvResult KvService::Lookup(std::string_view key) const {
  auto found = store_.Find(key);
  if (!found) return Failure(KvResult::Code::kNotFound, "no such key");
  return {.code = KvResult::Code::kOk, .value = std::move(found->value), .version = found->version};
}

KvResult KvService::Write(const KvWrite& write, KvOptions options) {
  return OnLeader(Kind::kWrite, options, [&] {
    auto ticket = std::make_shared<Ticket>();
    consensus_.Propose(
        write.command, options.deadline,
        [ticket](absl::StatusOr<Applied> applied) { ticket->Settle(std::move(applied)); }, Handover::kAtOnce,
        write.effect, write.features);
    return ticket->Await(options.deadline + kGrace);
  });
}

void KvService::TryGet(std::string key, KvOptions options, TryDone done) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return done(std::move(bad));
  TryCatchUp(options, [this, key = std::move(key), done = std::move(done)](std::optional<KvResult> result) mutable {
    done(result && result->code == KvResult::Code::kOk ? Lookup(key) : std::move(result));
  });
}

void KvService::TryCatchUp(KvOptions options, TryDone done) {
  if (!MayTry(options)) return done(std::nullopt);
  auto answer = [done = std::move(done)](const absl::Status& status) mutable { done(Outcome(Kind::kRead, status)); };
  consensus_.Read(options.deadline, std::move(answer), Handover::kInBatch);
}

void KvService::TryWrite(KvWrite write, KvOptions options, TryDone done) {
  if (!MayTry(options)) return done(std::nullopt);
  auto answer = [done = std::move(done)](const absl::StatusOr<Applied>& applied) mutable { done(Outcome(applied)); };
  consensus_.Propose(std::move(write.command), options.deadline, std::move(answer), Handover::kInBatch, write.effect,
                     write.features);
}

bool KvService::MayTry(const KvOptions& options) const {
  const LeaderWatch::View view = leaders_.view();
  return !view.stopped && !view.leader.empty() && (view.leader == self_ || !options.forwarded);
}

std::optional<KvResult> KvService::Outcome(Kind kind, const absl::Status& status) {
  if (status.ok()) return KvResult{.code = KvResult::Code::kOk};
  if (absl::IsUnimplemented(status)) return Failure(KvResult::Code::kNotUnderstood, Text(status));
  if (IsDiskFull(status)) return Failure(KvResult::Code::kDiskFull, Text(status));
  if (absl::IsResourceExhausted(status)) return Failure(KvResult::Code::kUnavailable, Text(status));
  if (Retriable(status)) return std::nullopt;
  // A read changes nothing, so its outcome is never in doubt.
  return Failure(kind == Kind::kRead ? KvResult::Code::kUnavailable : KvResult::Code::kUnknown, Text(status));
}

std::optional<KvResult> KvService::Outcome(const absl::StatusOr<Applied>& applied) {
  if (!applied.ok()) return Outcome(Kind::kWrite, applied.status());
  auto outcome = DecodeOutcome(applied->result, applied->at.index);
  if (!outcome.ok()) return Failure(KvResult::Code::kUnknown, Text(outcome.status()));
  KvResult result = ResultOf(*std::move(outcome));
  result.leader = applied->by;
  return result;
}

KvResult KvService::OnLeader(Kind kind, const KvOptions& options,
                             const std::function<absl::StatusOr<Applied>()>& attempt) const {
  while (true) {
    const LeaderWatch::View view = leaders_.view();
    if (view.stopped) return Failure(KvResult::Code::kUnavailable, "the node is stopping");
    if (options.forwarded && view.leader != self_) {
      return {KvResult::Code::kNotLeader, {}, view.leader, "this node is not the leader"};
    }
    if (!view.leader.empty()) {
      const absl::StatusOr<Applied> applied = attempt();
      auto result = kind == Kind::kWrite ? Outcome(applied) : Outcome(kind, applied.status());
      if (result) return *std::move(result);
      // It takes nothing from other nodes.
      if (view.leader != self_ && LeaderHint(applied.status()) == view.leader) {
        return {KvResult::Code::kNotLeader, {}, view.leader, "this node is not the leader"};
      }
      leaders_.Await(view.version, std::min(options.deadline, Now() + kRetryPause));
    } else if (!AwaitLeader(view.version, kind, options.deadline)) {
      return Failure(KvResult::Code::kDiskFull, "the disk is full and no other node leads");
    }
    if (Now() >= options.deadline) return Failure(KvResult::Code::kUnavailable, "no leader within the deadline");
  }
}

bool KvService::AwaitLeader(uint64_t seen, Kind kind, Time deadline) const {
  const bool full = kind == Kind::kWrite && !consensus_.status().has_space;
  const Time until = full ? std::min(deadline, Now() + kFullDiskPatience) : deadline;
  const LeaderWatch::View view = leaders_.Await(seen, until);
  return !full || view.version != seen || view.stopped || consensus_.status().has_space;
}

bool KvService::AwaitNews(const NodeId& tried, Time deadline) const {
  const LeaderWatch::View view = leaders_.view();
  if (view.leader == tried) leaders_.Await(view.version, std::min(deadline, Now() + kRetryPause));
  return Now() < deadline && !leaders_.view().stopped;
}

}  // namespace raftly
