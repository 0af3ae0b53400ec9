#include "server/http/poller.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr std::chrono::seconds kTick{1};

std::shared_ptr<const int> Owned(int descriptor) {
  return {new int(descriptor), [](const int* fd) {
            if (*fd >= 0) close(*fd);
            delete fd;
          }};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> Poller::Start(const std::string& thread_name, Handlers handlers) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  auto wake = Owned(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  auto poller = absl::WrapUnique(new Poller(epoll, wake, std::move(handlers)));
  epoll_event woken{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll < 0 || *wake < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, *wake, &woken) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot wait for connections: ", std::strerror(errno)));
  }
  poller->thread_ = std::thread([self = poller.get()] { self->Loop(); });
  pthread_setname_np(poller->thread_.native_handle(), thread_name.c_str());
  return poller;
}

Poller::Poller(int epoll, std::shared_ptr<const int> wake, Handlers handlers)
    : handlers_(std::move(handlers)), epoll_(epoll), wake_(std::move(wake)) {}

Poller::~Poller() {
  Stop();
  close(epoll_);
}

bool Poller::Watch(int fd, Watcher& watcher) const {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watcher}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::Forget(int fd) const { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void Poller::Post(Task task) {
  std::shared_ptr<const int> wake;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;  // the task dies with the parameter, after the lock is released
    posted_.push_back(std::move(task));
    if (!std::exchange(asleep_, false)) return;
    wake = wake_;
  }
  // Not under the lock, which the thread takes first of all. By now this may have been stopped and destroyed.
  eventfd_write(*wake, 1);
}

void Poller::Stop() {
  std::vector<Task> dropped;  // after the lock is released: a task's end may post again
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    dropped.swap(posted_);
  }
  eventfd_write(*wake_, 1);
  if (thread_.joinable()) thread_.join();
}

bool Poller::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
    if (stopped_) return false;
  }
  for (Task& task : tasks) task();
  return true;
}

void Poller::Loop() {
  std::array<epoll_event, 64> events;
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  while (RunPosted()) {
    handlers_.rest();
    int timeout = static_cast<int>(std::chrono::milliseconds(kTick).count());
    {
      MutexLock lock(mutex_);
      asleep_ = posted_.empty() && !stopped_;
      if (!asleep_) timeout = 0;
    }
    const int n = epoll_wait(epoll_, events.data(), events.size(), timeout);
    {
      MutexLock lock(mutex_);
      asleep_ = false;
    }
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == nullptr) {
        eventfd_t ignored;
        eventfd_read(*wake_, &ignored);
      } else {
        const bool hung_up = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        static_cast<Watcher*>(events[i].data.ptr)->OnEvent(hung_up);
      }
    }
    handlers_.rest();
    const auto now = std::chrono::steady_clock::now();
    if (now < next_tick) continue;
    next_tick = now + kTick;
    if (handlers_.tick) handlers_.tick();
  }
}

}  // namespace raftly
