#include "transport/grpc_peer_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/at_once.h"

namespace raftly {
namespace {

// What may wait to be sent, for a peer that does not read. The core sends far less at a time (CoreConfig::Limits).
constexpr size_t kMostWaiting = 4096;
constexpr size_t kMostOutgoingBytes = size_t{64} << 20;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace

void PeerStream::Open(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue& completions, OnEnd on_end) {
  MutexLock lock(mutex_);
  on_end_ = std::move(on_end);
  completions_ = &completions;
  grpc::TemplatedGenericStub<grpc::ByteBuffer, pb::ReplicateResponse> stub(channel);
  stream_ = stub.PrepareCall(&context_, "/raft.RaftService/Replicate", completions_);
  stream_->StartCall(starting_.Begin(shared_from_this()));
}

bool PeerStream::Send(const Outgoing& message, Duration timeout, ReplyFn& done) {
  {
    AtOnce at_once(*completions_);
    MutexLock lock(mutex_);
    // Where it is about to end, the end says what becomes of this: a peer may just have said that it knows no such
    // call.
    if (ended_) return false;
    const bool full = waiting_.size() >= kMostWaiting || outgoing_.size() >= kMostWaiting ||
                      outgoing_bytes_ + message.bytes > kMostOutgoingBytes;
    if (!full) {
      const uint64_t number = ++last_number_;
      const Time now = SteadyNow();
      const Time deadline = timeout < kNever - now ? now + timeout : kNever;
      std::optional<AppendRequest> again;
      if (message.append != nullptr && !heard_) again = *message.append;
      waiting_.emplace(number, Waiting{deadline, std::move(done), std::move(again), message.once});
      outgoing_.push_back({number, message.encode(number)});
      outgoing_bytes_ += outgoing_.back().bytes.Length();
      Arm();
      WriteNext();
      return true;
    }
  }
  done(absl::UnavailableError(absl::StrCat(peer_, ": too much waits for it")));
  return true;
}

void PeerStream::Cancel(absl::Status why) {
  MutexLock lock(mutex_);
  if (cancelled_.ok()) cancelled_ = std::move(why);
  context_.TryCancel();
}

void PeerStream::WriteNext() {
  if (!started_ || write_under_way_ || ending_) return;
  while (!outgoing_.empty()) {
    const Unsent next = std::move(outgoing_.front());
    outgoing_.pop_front();
    outgoing_bytes_ -= next.bytes.Length();
    if (waiting_.count(next.number) == 0) continue;  // its time is over
    write_under_way_ = true;
    return stream_->Write(next.bytes, writing_.Begin(shared_from_this()));
  }
}

void PeerStream::OnStarted(bool ok) {
  MutexLock lock(mutex_);
  if (!ok) return Finish();
  started_ = true;
  stream_->Read(&response_, reading_.Begin(shared_from_this()));
  WriteNext();
}

void PeerStream::OnWritten(bool ok) {
  MutexLock lock(mutex_);
  write_under_way_ = false;
  if (ok) WriteNext();  // else a read fails too, and says why
}

void PeerStream::OnRead(bool ok) {
  ReplyFn done;
  absl::StatusOr<Reply> reply = absl::UnknownError("");
  {
    MutexLock lock(mutex_);
    if (!ok) return Finish();
    if (!std::exchange(heard_, true)) {
      for (auto& [number, waiting] : waiting_) waiting.request.reset();
    }
    const auto found = waiting_.find(response_.number());
    if (found != waiting_.end()) {
      done = std::move(found->second.done);
      waiting_.erase(found);
      reply = ReplyToOne(response_);
    }
    stream_->Read(&response_, reading_.Begin(shared_from_this()));
  }
  if (done) done(std::move(reply));
}

absl::StatusOr<Reply> PeerStream::ReplyToOne(pb::ReplicateResponse& response) const {
  if (response.code() != 0) {
    // The codes are the same numbers by design.
    return absl::Status(static_cast<absl::StatusCode>(response.code()), absl::StrCat(peer_, ": ", response.error()));
  }
  return ReplyIn(response);
}

// ---- Deadlines -----------------------------------------------------------------------------------------------------

// One alarm for all: most are answered long before.
void PeerStream::Arm() {
  if (ended_ || waiting_.empty()) return;
  Time earliest = kNever;
  for (const auto& [number, waiting] : waiting_) earliest = std::min(earliest, waiting.deadline);
  if (earliest >= armed_for_) return;
  const bool armed = armed_for_ != kNever;
  armed_for_ = earliest;
  if (armed) return alarm_.Cancel();  // OnAlarm sets it anew
  const auto left = std::chrono::ceil<std::chrono::system_clock::duration>(earliest - SteadyNow());
  alarm_.Set(completions_, std::chrono::system_clock::now() + left, timing_.Begin(shared_from_this()));
}

void PeerStream::OnAlarm(bool) {
  std::vector<ReplyFn> late;
  {
    MutexLock lock(mutex_);
    armed_for_ = kNever;
    // It should have ended long ago: its peer said what nobody understands, and holds the stream open.
    if (ending_) context_.TryCancel();
    const Time now = SteadyNow();
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto next = std::next(it);
      if (it->second.deadline <= now) {
        late.push_back(std::move(it->second.done));
        waiting_.erase(it);
      }
      it = next;
    }
    Arm();
  }
  for (ReplyFn& done : late) done(absl::DeadlineExceededError(absl::StrCat(peer_, ": did not answer in time")));
}

// ---- The end -------------------------------------------------------------------------------------------------------

void PeerStream::Finish() {
  if (std::exchange(ending_, true)) return;
  stream_->Finish(&status_, finishing_.Begin(shared_from_this()));
}

void PeerStream::OnFinished(bool) {
  std::map<uint64_t, Waiting> waiting;
  std::vector<Unheard> unheard;
  std::deque<Unsent> unsent;
  absl::Status why;
  {
    MutexLock lock(mutex_);
    ended_ = true;
    waiting.swap(waiting_);
    unsent.swap(outgoing_);
    alarm_.Cancel();
    why = !cancelled_.ok() ? cancelled_
                           : absl::Status(static_cast<absl::StatusCode>(status_.error_code()),
                                          absl::StrCat(peer_, ": ", status_.error_message()));
    if (why.ok()) why = absl::UnavailableError(absl::StrCat(peer_, ": ended the stream"));
  }
  const Time now = SteadyNow();
  for (auto& [number, one] : waiting) {
    const bool left =
        std::none_of(unsent.begin(), unsent.end(), [n = number](const Unsent& u) { return u.number == n; });
    if (absl::IsUnimplemented(why) && one.request) {
      unheard.push_back({*std::move(one.request), one.deadline - now, std::move(one.done)});
    } else if (one.once && !left && !absl::IsUnimplemented(why)) {
      one.done(absl::AbortedError(absl::StrCat(why.message(), "; it was not sent")));
    } else {
      one.done(why);
    }
  }
  std::exchange(on_end_, nullptr)(status_, std::move(unheard));  // it may hold this stream
}

}  // namespace raftly
