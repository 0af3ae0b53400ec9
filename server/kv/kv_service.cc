#include "server/kv/kv_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "raft/node/errors.h"
#include "server/kv/command.h"

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
  void Settle(absl::Status status, NodeId by = {}) {
    MutexLock lock(mutex_);
    status_ = std::move(status);
    by_ = std::move(by);
    settled_.NotifyOne();
  }
  absl::Status Await(Time deadline) {
    const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
    MutexLock lock(mutex_);
    while (!status_) {
      if (!settled_.WaitUntil(mutex_, until) && !status_) return TimedOutError();
    }
    return *status_;
  }
  // The leader that it was forwarded to, if it was.
  NodeId by() const {
    MutexLock lock(mutex_);
    return by_;
  }

 private:
  mutable Mutex mutex_;
  CondVar settled_;
  std::optional<absl::Status> status_ ABSL_GUARDED_BY(mutex_);
  NodeId by_ ABSL_GUARDED_BY(mutex_);
};

std::optional<KvResult> BadRequest(const absl::Status& check) {
  if (check.ok()) return std::nullopt;
  return Failure(absl::IsOutOfRange(check) ? KvResult::Code::kTooLong : KvResult::Code::kInvalid, Text(check));
}

// Certainly not applied, and worth another attempt.
bool Retriable(const absl::Status& status) { return absl::IsFailedPrecondition(status) || absl::IsAborted(status); }

absl::StatusOr<std::string> PutCommand(std::string_view key, std::string_view value) {
  if (auto bad = CheckKey(key); !bad.ok()) return bad;
  if (auto bad = CheckValue(value); !bad.ok()) return bad;
  return EncodePut(key, value);
}

}  // namespace

KvService::KvService(NodeId self, Consensus& consensus, const KvStore& store, LeaderWatch& leaders)
    : self_(std::move(self)), consensus_(consensus), store_(store), leaders_(leaders) {}

KvResult KvService::Put(std::string_view key, std::string_view value, KvOptions options) {
  const auto command = PutCommand(key, value);
  if (auto bad = BadRequest(command.status())) return *bad;
  return Write(*command, Effect::kStores, options);
}

KvResult KvService::Delete(std::string_view key, KvOptions options) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return *bad;
  return Write(EncodeDelete(key), Effect::kFrees, options);
}

KvResult KvService::Get(std::string_view key, KvOptions options) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return *bad;
  KvResult result = OnLeader(Kind::kRead, options, [&] {
    auto ticket = std::make_shared<Ticket>();
    consensus_.Read(
        options.deadline, [ticket](absl::Status status) { ticket->Settle(std::move(status)); }, Handover::kAtOnce);
    return ticket->Await(options.deadline + kGrace);
  });
  return result.code == KvResult::Code::kOk ? Lookup(key) : result;
}

KvResult KvService::GetStale(std::string_view key) const {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return *bad;
  return Lookup(key);
}

KvResult KvService::Lookup(std::string_view key) const {
  auto value = store_.Get(key);
  if (!value) return Failure(KvResult::Code::kNotFound, "no such key");
  return {KvResult::Code::kOk, *std::move(value), {}, {}};
}

KvResult KvService::Write(const std::string& command, Effect effect, const KvOptions& options) {
  NodeId by;
  KvResult result = OnLeader(Kind::kWrite, options, [&] {
    auto ticket = std::make_shared<Ticket>();
    consensus_.Propose(
        command, options.deadline,
        [ticket](const absl::StatusOr<Applied>& applied) {
          applied.ok() ? ticket->Settle({}, applied->by) : ticket->Settle(applied.status());
        },
        Handover::kAtOnce, effect);
    absl::Status status = ticket->Await(options.deadline + kGrace);
    by = ticket->by();
    return status;
  });
  if (result.code == KvResult::Code::kOk) result.leader = std::move(by);
  return result;
}

void KvService::TryPut(std::string_view key, std::string_view value, KvOptions options, TryDone done) {
  auto command = PutCommand(key, value);
  if (auto bad = BadRequest(command.status())) return done(std::move(bad));
  TryWrite(*std::move(command), Effect::kStores, options, std::move(done));
}

void KvService::TryDelete(std::string_view key, KvOptions options, TryDone done) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return done(std::move(bad));
  TryWrite(EncodeDelete(key), Effect::kFrees, options, std::move(done));
}

void KvService::TryGet(std::string key, KvOptions options, TryDone done) {
  if (auto bad = BadRequest(CheckSoughtKey(key))) return done(std::move(bad));
  if (!MayTry(options)) return done(std::nullopt);
  auto answer = [this, key = std::move(key), done = std::move(done)](const absl::Status& status) mutable {
    done(status.ok() ? Lookup(key) : Outcome(Kind::kRead, status));
  };
  consensus_.Read(options.deadline, std::move(answer), Handover::kInBatch);
}

void KvService::TryWrite(std::string command, Effect effect, const KvOptions& options, TryDone done) {
  if (!MayTry(options)) return done(std::nullopt);
  auto answer = [done = std::move(done)](const absl::StatusOr<Applied>& applied) mutable {
    auto result = Outcome(Kind::kWrite, applied.status());
    if (applied.ok()) result->leader = applied->by;
    done(std::move(result));
  };
  consensus_.Propose(std::move(command), options.deadline, std::move(answer), Handover::kInBatch, effect);
}

bool KvService::MayTry(const KvOptions& options) const {
  const LeaderWatch::View view = leaders_.view();
  return !view.stopped && !view.leader.empty() && (view.leader == self_ || !options.forwarded);
}

std::optional<KvResult> KvService::Outcome(Kind kind, const absl::Status& status) {
  if (status.ok()) return KvResult{KvResult::Code::kOk, {}, {}, {}};
  if (IsDiskFull(status)) return Failure(KvResult::Code::kDiskFull, Text(status));
  if (absl::IsResourceExhausted(status)) return Failure(KvResult::Code::kUnavailable, Text(status));
  if (Retriable(status)) return std::nullopt;
  // A read changes nothing, so its outcome is never in doubt.
  return Failure(kind == Kind::kRead ? KvResult::Code::kUnavailable : KvResult::Code::kUnknown, Text(status));
}

KvResult KvService::OnLeader(Kind kind, const KvOptions& options, const std::function<absl::Status()>& attempt) const {
  while (true) {
    const LeaderWatch::View view = leaders_.view();
    if (view.stopped) return Failure(KvResult::Code::kUnavailable, "the node is stopping");
    if (options.forwarded && view.leader != self_) {
      return {KvResult::Code::kNotLeader, {}, view.leader, "this node is not the leader"};
    }
    if (!view.leader.empty()) {
      const absl::Status status = attempt();
      if (auto result = Outcome(kind, status)) return *std::move(result);
      // It takes nothing from other nodes.
      if (view.leader != self_ && LeaderHint(status) == view.leader) {
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
