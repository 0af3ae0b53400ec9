#include "server/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <string_view>
#include <thread>
#include <utility>

#include "raft/env/mutex.h"

namespace raftly {
namespace {

constexpr Duration kLastPatience = std::chrono::seconds(1);
constexpr int kPollMs = 100;

// How much to write at once: whole lines where they fit, so that the lines of processes that share a terminal do not
// mix.
size_t Piece(std::string_view bytes) {
  if (bytes.size() <= PIPE_BUF) return bytes.size();
  const size_t end = bytes.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

}  // namespace

struct LogWriter::State {
  State(int descriptor, std::function<std::string(uint64_t)> make_notice)
      : fd(descriptor), notice(std::move(make_notice)) {}

  const int fd;
  const std::function<std::string(uint64_t)> notice;

  mutable Mutex mutex;
  CondVar changed;
  std::string waiting ABSL_GUARDED_BY(mutex);
  bool writing ABSL_GUARDED_BY(mutex) = false;  // the thread has lines in hand
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  uint64_t dropped ABSL_GUARDED_BY(mutex) = 0;
  uint64_t reported ABSL_GUARDED_BY(mutex) = 0;  // of the dropped ones

  bool Stopped() const {
    MutexLock lock(mutex);
    return stopped;
  }
  void WriteOut(std::string_view bytes) const;
};

LogWriter::LogWriter(int fd, std::function<std::string(uint64_t)> notice)
    : state_(std::make_shared<State>(fd, std::move(notice))) {
  std::thread([state = state_] { Run(state); }).detach();
}

LogWriter::~LogWriter() {
  Flush(kLastPatience);
  MutexLock lock(state_->mutex);
  state_->stopped = true;
  state_->changed.NotifyAll();
}

void LogWriter::Write(const std::string& line) {
  MutexLock lock(state_->mutex);
  if (state_->waiting.size() + line.size() > kMaxWaitingBytes) {
    ++state_->dropped;
    return;
  }
  state_->waiting += line;
  if (!state_->writing) state_->changed.NotifyAll();
}

void LogWriter::Flush(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(state_->mutex);
  while (state_->writing || !state_->waiting.empty()) {
    if (!state_->changed.WaitUntil(state_->mutex, deadline)) return;
  }
}

uint64_t LogWriter::dropped() const {
  MutexLock lock(state_->mutex);
  return state_->dropped;
}

void LogWriter::Run(const std::shared_ptr<State>& state) {
  while (true) {
    std::string lines;
    {
      MutexLock lock(state->mutex);
      state->writing = false;
      state->changed.NotifyAll();
      while (state->waiting.empty() && !state->stopped) state->changed.Wait(state->mutex);
      if (state->stopped) return;
      lines.swap(state->waiting);
      state->writing = true;
      const uint64_t unreported = state->dropped - std::exchange(state->reported, state->dropped);
      // They came when these lines were waiting already.
      if (unreported > 0) lines += state->notice(unreported);
    }
    state->WriteOut(lines);
  }
}

// In pieces that a pipe takes whole once poll says that there is room, so that the thread blocks in poll, where it can
// still be told to stop.
void LogWriter::State::WriteOut(std::string_view bytes) const {
  while (!bytes.empty()) {
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    const int polled = poll(&ready, 1, kPollMs);
    if (Stopped()) return;
    if (polled == 0 || (polled < 0 && errno == EINTR)) continue;
    const ssize_t n = write(fd, bytes.data(), Piece(bytes));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return;  // nobody can be told that logging failed
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace raftly
