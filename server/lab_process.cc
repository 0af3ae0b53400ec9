#include "server/lab_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

extern char** environ;

namespace raftly {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Beyond what the program allows itself: it may have to wait for a processor.
constexpr auto kPatience = std::chrono::seconds(kLabSeconds + 2);
constexpr size_t kMostOutput = size_t{80} << 20;
constexpr int kRefused = 2, kOutOfMemory = 3;  // its exit codes

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void Close() {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  int fd = -1;
};

absl::Status ErrorOf(const char* call) {
  return absl::InternalError(absl::StrCat("the laboratory cannot be started: ", call, ": ", strerror(errno)));
}

// Our end of a way in or out, and the program's.
struct Way {
  Descriptor ours;
  Descriptor theirs;

  absl::Status Open() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return ErrorOf("socketpair");
    ours.fd = ends[0];
    theirs.fd = ends[1];
    return absl::OkStatus();
  }
};

// Gives the program its input and takes what it says, until it has closed both or the time is over.
class Conversation {
 public:
  Conversation(Way& in, Way& out, Way& error, const std::string& input)
      : in_(in), out_(out), error_(error), rest_(input) {
    if (rest_.empty()) in_.ours.Close();
  }

  // False: the time is over, or it says more than anybody wants to hear.
  bool Run(SteadyClock::time_point deadline) {
    while (out_.ours.fd >= 0 || error_.ours.fd >= 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
      if (left.count() <= 0 || output.size() > kMostOutput || complaint.size() > kMostOutput) return false;
      std::array<pollfd, 3> waits = {pollfd{in_.ours.fd, POLLOUT, 0}, pollfd{out_.ours.fd, POLLIN, 0},
                                     pollfd{error_.ours.fd, POLLIN, 0}};
      if (poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
      if (waits[0].revents != 0) Give();
      if (waits[1].revents != 0) Take(out_, output);
      if (waits[2].revents != 0) Take(error_, complaint);
    }
    return true;
  }

  std::string output;
  std::string complaint;

 private:
  void Give() {
    const ssize_t n = send(in_.ours.fd, rest_.data(), rest_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) rest_.remove_prefix(static_cast<size_t>(n));
    if (n <= 0 || rest_.empty()) in_.ours.Close();
  }
  static void Take(Way& way, std::string& into) {
    std::array<char, 65536> buffer;
    const ssize_t n = recv(way.ours.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) into.append(buffer.data(), static_cast<size_t>(n));
    if (n <= 0) way.ours.Close();
  }

  Way& in_;
  Way& out_;
  Way& error_;
  std::string_view rest_;
};

absl::StatusOr<pid_t> Spawn(const std::string& program, const std::vector<std::string>& arguments, const Way& in,
                            const Way& out, const Way& error) {
  std::vector<std::string> words = {program, "--seconds", std::to_string(kLabSeconds), "--mib",
                                    std::to_string(kLabMib)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const absl::Cleanup release = [&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  };
  posix_spawn_file_actions_adddup2(&actions, in.theirs.fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.theirs.fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.theirs.fd, STDERR_FILENO);
  // This process takes its signals in a way of its own, which is none of the program's business.
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGABRT, SIGINT, SIGTERM}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  if (failed == 0) return pid;
  errno = failed;
  if (failed == ENOENT) return absl::UnimplementedError(absl::StrCat("the laboratory is not installed: no ", program));
  return ErrorOf("posix_spawn");
}

}  // namespace

std::string LabProgram() {
  std::array<char, 4096> path;
  const ssize_t n = readlink("/proc/self/exe", path.data(), path.size());
  const std::string self(path.data(), n > 0 ? static_cast<size_t>(n) : 0);
  return self.substr(0, self.rfind('/') + 1) + "raftly-lab";
}

absl::StatusOr<std::string> LabProcesses::Run(const std::vector<std::string>& arguments, const std::string& input) {
  const absl::Cleanup leave = [this] { --running_; };
  if (++running_ > kLabsAtOnce) {
    return absl::ResourceExhaustedError(absl::StrCat("the laboratory runs ", kLabsAtOnce, " experiments at a time"));
  }
  Way in, out, error;
  for (Way* way : {&in, &out, &error}) {
    if (absl::Status status = way->Open(); !status.ok()) return status;
  }
  const absl::StatusOr<pid_t> pid = Spawn(program_, arguments, in, out, error);
  if (!pid.ok()) return pid.status();
  for (Way* way : {&in, &out, &error}) way->theirs.Close();
  Conversation conversation(in, out, error, input);
  const bool ended = conversation.Run(SteadyClock::now() + kPatience);
  if (!ended) kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  std::string_view complaint = conversation.complaint;
  while (!complaint.empty() && complaint.back() == '\n') complaint.remove_suffix(1);
  if (constexpr std::string_view kName = "raftly-lab: "; complaint.substr(0, kName.size()) == kName) {
    complaint.remove_prefix(kName.size());
  }
  const bool killed = WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
  if (!ended || killed || (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory)) {
    return absl::DeadlineExceededError(
        absl::StrCat("the experiment takes longer than ", kLabSeconds, " s, or more than ", kLabMib, " MiB of memory"));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kRefused) return absl::InvalidArgumentError(std::string(complaint));
  if (WIFEXITED(status) && WEXITSTATUS(status) < kRefused) return std::move(conversation.output);
  return absl::InternalError(absl::StrCat("the laboratory ended unexpectedly: ", std::string(complaint)));
}

}  // namespace raftly
