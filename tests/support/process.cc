#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace raftly::test {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void Become(char* const* arguments, const char* out, const char* err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int in_fd = open("/dev/null", O_RDONLY);
  const int out_fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int err_fd = open(err, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (in_fd < 0 || out_fd < 0 || err_fd < 0) _exit(126);
  dup2(in_fd, 0);
  dup2(out_fd, 1);
  dup2(err_fd, 2);
  syscall(SYS_close_range, 3, ~0U, 0);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& output) {
  const std::string out = output + ".out";
  const std::string err = output + ".err";
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) Die("fork");
  if (pid_ == 0) Become(argv.data(), out.c_str(), err.c_str());
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) Die("pidfd_open");
}

Process::~Process() {
  if (running()) {
    Signal(SIGKILL);
    WaitForExit(std::chrono::minutes(1));
  }
  close(pidfd_);
}

void Process::Signal(int signal) const {
  if (exit_) return;
  kill(pid_, signal);
  // Until one of its threads has taken the signal the others go on, which takes a while on a busy machine.
  siginfo_t stopped;
  if (signal == SIGSTOP) waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED | WEXITED | WNOWAIT);
}

std::optional<int> Process::WaitForExit(std::chrono::milliseconds limit) {
  if (exit_) return exit_;
  pollfd ready{pidfd_, POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) Die("waitpid");
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return exit_;
}

RunResult RunToEnd(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  const TemporaryDirectory directory;
  const std::string output = directory.path() + "/run";
  RunResult result;
  {
    Process process(arguments, output);
    result.exit = process.WaitForExit(limit);
  }
  result.out = ReadFile(output + ".out");
  result.err = ReadFile(output + ".err");
  return result;
}

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "raftly-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) Die("mkdtemp");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& contents) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << contents;
}

}  // namespace raftly::test
