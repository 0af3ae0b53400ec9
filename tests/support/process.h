// A child process of a test: started, signalled, waited for. It never outlives the test.
//
//   Process server({"bin/raftly-server", "-id", "node1"}, output_file);
//   server.Signal(SIGTERM);
//   EXPECT_EQ(server.WaitForExit(10s), 0);
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace raftly::test {

// One thread at a time, which must be the one that lives longest: a child dies with the thread that started it.
class Process {
 public:
  // Standard output and error go to `<output>.out` and `<output>.err`, which are appended to.
  Process(const std::vector<std::string>& arguments, const std::string& output);
  // SIGKILL, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // The exit code, minus the signal's number where a signal ended it, or nullopt where it still runs after `limit`.
  std::optional<int> WaitForExit(std::chrono::milliseconds limit);
  bool running() { return !WaitForExit(std::chrono::milliseconds(0)).has_value(); }

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> exit_;
};

// What a program that runs to its end has said.
struct RunResult {
  std::optional<int> exit;  // as WaitForExit; nullopt: it had to be killed
  std::string out;
  std::string err;
};

RunResult RunToEnd(const std::vector<std::string>& arguments,
                   std::chrono::milliseconds limit = std::chrono::milliseconds(30'000));

// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The whole file; empty where there is none.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& contents);

}  // namespace raftly::test
