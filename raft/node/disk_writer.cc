#include "raft/node/disk_writer.h"

#include <iterator>
#include <utility>

namespace raftly {
namespace {

// Too late for "try again": what came before in the same batch is written.
absl::Status Final(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? absl::InternalError(status.message()) : status;
}

}  // namespace

DiskWriter::DiskWriter(Environment environment, std::unique_ptr<Wal> wal, Timings timings, NodeObserver* observer,
                       Callbacks callbacks)
    : environment_(environment),
      wal_(std::move(wal)),
      timings_(timings),
      observer_(observer),
      callbacks_(std::move(callbacks)) {}

void DiskWriter::Push(Write write, std::vector<Task> promises) {
  MutexLock lock(mutex_);
  queue_.push_back({std::move(write), std::move(promises)});
  Schedule();
}

// One drain at a time: what is pushed while it syncs shares the next sync.
void DiskWriter::Schedule() {
  if (std::exchange(scheduled_, true)) return;
  environment_.disk.Post([self = shared_from_this()] { self->Drain(); });
}

void DiskWriter::Drain() {
  std::deque<Job> jobs = std::move(stalled_);
  stalled_.clear();
  {
    MutexLock lock(mutex_);
    scheduled_ = false;
    std::move(queue_.begin(), queue_.end(), std::back_inserter(jobs));
    queue_.clear();
  }
  if (finished_) return;

  const absl::Status reserved = Reserve(jobs);
  if (absl::IsResourceExhausted(reserved)) {
    stalled_ = std::move(jobs);
    ReportSpace(Space::kNone);
    RetryLater();
    return;
  }
  if (const absl::Status status = reserved.ok() ? WriteAll(jobs) : reserved; !status.ok()) {
    Fail(status);
    return;
  }
  if (!jobs.empty()) Done(jobs);
  // After what is done: a leader counts its own copies before it hears that there will be no more.
  ReportSpace(wal_->space());
  if (wal_->space() != Space::kPlenty) RetryLater();
}

void DiskWriter::Done(std::deque<Job>& jobs) {
  last_done_ = jobs.back().write.id;
  last_done_at_ = environment_.loop.Now();
  for (Job& job : jobs) {
    for (Task& promise : job.promises) promise();
  }
  callbacks_.done(last_done_);
  SealLater();
}

// One timer at a time: a busy log would fill the loop with thousands that find it busy still.
void DiskWriter::SealLater() {
  if (std::exchange(sealing_, true)) return;
  environment_.loop.PostAt(last_done_at_ + timings_.seal_after, [self = shared_from_this(), id = last_done_] {
    self->environment_.disk.Post([self, id] {
      self->sealing_ = false;
      self->SealIfIdle(id);
    });
  });
}

// The one place where lack of space is mild: nothing is written yet, and all of it can be tried again.
absl::Status DiskWriter::Reserve(const std::deque<Job>& jobs) {
  uint64_t bytes = 0;
  for (const Job& job : jobs) bytes += Wal::EncodedSize(job.write.hard_state, job.write.entries);
  return wal_->Reserve(bytes);
}

absl::Status DiskWriter::WriteAll(const std::deque<Job>& jobs) {
  size_t entries = 0;
  bool wrote = false;
  for (const Job& job : jobs) {
    if (job.write.thrown_away_for) {
      if (absl::Status status = wal_->ThrowAway(*job.write.thrown_away_for); !status.ok()) return Final(status);
    }
    if (!job.write.hard_state && job.write.entries.empty()) continue;  // promises only
    wrote = true;
    entries += job.write.entries.size();
    if (absl::Status status = wal_->Append(job.write.hard_state, job.write.entries); !status.ok()) return status;
  }
  if (!wrote) return absl::OkStatus();  // what they wait for is durable already
  const Time begin = environment_.loop.Now();
  absl::Status status = wal_->Sync();
  if (status.ok() && observer_ != nullptr) observer_->OnSynced(entries, environment_.loop.Now() - begin);
  return status;
}

void DiskWriter::DropThrough(Index through) {
  environment_.disk.Post([self = shared_from_this(), through] {
    if (self->finished_) return;
    if (absl::Status status = self->wal_->DropThrough(through); !status.ok()) self->Fail(status);
  });
}

void DiskWriter::Read(EntriesWanted wanted) {
  const NodeId reader = wanted.reader;
  Read(std::move(wanted), [this, reader](Entries entries) { callbacks_.read({reader, std::move(entries)}); });
}

// What is damaged there the next start has to mend: a node does not go on with half a log.
void DiskWriter::Read(EntriesWanted wanted, absl::AnyInvocable<void(Entries)> done) {
  environment_.disk.Post([self = shared_from_this(), wanted = std::move(wanted), done = std::move(done)]() mutable {
    if (self->finished_) return;
    absl::StatusOr<Entries> entries = self->wal_->Read(wanted.from, wanted.entries, wanted.bytes);
    if (absl::IsNotFound(entries.status())) entries = Entries{};
    if (!entries.ok()) return self->Fail(entries.status());
    done(*std::move(entries));
  });
}

void DiskWriter::ReportSpace(Space space) {
  if (std::exchange(space_, space) != space) callbacks_.space(space);
}

void DiskWriter::RetryLater() {
  if (std::exchange(retrying_, true)) return;
  environment_.loop.PostAt(environment_.loop.Now() + timings_.space_retry, [self = shared_from_this()] {
    self->environment_.disk.Post([self] {
      self->retrying_ = false;
      self->Drain();
    });
  });
}

// SPEC section 3: an idle log is sealed, so that a later recovery can tell damage from an interrupted write.
void DiskWriter::SealIfIdle(WriteId last) {
  if (finished_ || space_ == Space::kNone) return;
  if (last != last_done_) return SealLater();
  {
    MutexLock lock(mutex_);
    if (!queue_.empty()) return;
  }
  // For want of space the log stays unsealed, as after a crash.
  if (absl::Status status = wal_->Seal(); !status.ok() && !absl::IsResourceExhausted(status)) Fail(status);
}

void DiskWriter::Fail(const absl::Status& status) {
  finished_ = true;
  if (observer_ != nullptr) observer_->OnFatal(status);
  callbacks_.failed(status);
}

void DiskWriter::Close(absl::AnyInvocable<void()> closed) {
  environment_.disk.Post([self = shared_from_this(), closed = std::move(closed)]() mutable {
    self->Drain();
    if (!std::exchange(self->finished_, true)) {
      if (absl::Status status = self->wal_->Close(); !status.ok() && self->observer_ != nullptr) {
        self->observer_->OnFatal(status);
      }
    }
    closed();
  });
}

}  // namespace raftly
