// raftly-server: one node of a cluster (SPEC section 1).
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/env/posix_files.h"
#include "raft/storage/directory_report.h"
#include "server/access/tokens.h"
#include "server/descriptors.h"
#include "server/health_check.h"
#include "server/log.h"
#include "server/offline.h"
#include "server/options.h"
#include "server/randomness.h"
#include "server/restore.h"
#include "server/server.h"

namespace raftly {
namespace {

constexpr std::chrono::nanoseconds kStopPatience = std::chrono::seconds(5);
// How long the end of the process waits for whoever reads its log.
constexpr std::chrono::nanoseconds kLastLines = std::chrono::seconds(1);

int Fail(const absl::Status& status, const std::string& usage = {}) {
  std::fprintf(stderr, "raftly-server: %s\n%s", std::string(status.message()).c_str(), usage.c_str());
  return 1;
}

int CheckHealthOf(const Options& options) {
  const absl::Status health = CheckHealth(options.health_check_url, options.tls.authorities);
  return health.ok() ? 0 : Fail(health);
}

// What ends the process where the system refuses what it cannot do without. Anything else that is not caught is a
// mistake of ours, and leaves a core.
[[noreturn]] void EndWithoutResources() {
  try {
    std::rethrow_exception(std::current_exception());
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) {
      Fail(absl::ResourceExhaustedError(absl::StrCat("no thread to be had: ", error.what(),
                                                     " (look at ulimit -u, ulimit -v and the cgroup's pids.max)")));
      std::_Exit(1);
    }
    Fail(absl::InternalError(error.what()));
  } catch (const std::bad_alloc&) {
    Fail(absl::ResourceExhaustedError("no memory to be had (look at ulimit -v and the cgroup's memory.max)"));
    std::_Exit(1);
  } catch (...) {
    Fail(absl::InternalError("an exception that nobody catches"));
  }
  std::abort();
}

// Signals are taken by sigwait alone. Called before there is any other thread, for they inherit the mask.
sigset_t BlockSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A limit on a file's size (ulimit -f) is met as an error, which the log knows how to take: as a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  // A broken invariant ends the process at once; the thread that writes the log gets a moment for what led to it.
  std::signal(SIGABRT, [](int) { poll(nullptr, 0, 100); });
  return stop;
}

// A second signal, or a disk that hangs, ends the process without more ado. What was promised is durable anyway.
void ExitOnSecondSignal(sigset_t stop) {
  std::thread([stop] {
    const auto give_up = std::chrono::steady_clock::now() + kStopPatience;
    // A pause of the process, or a debugger, interrupts the wait: that is no second signal.
    for (auto left = kStopPatience; left.count() > 0;) {
      const timespec patience{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
      if (sigtimedwait(&stop, nullptr, &patience) != -1 || errno != EINTR) break;
      left = give_up - std::chrono::steady_clock::now();
    }
    std::_Exit(1);
  }).detach();
}

int Serve(const Options& options) {
  const sigset_t signals = BlockSignals();
  const Logger log(options.id, options.log_level);
  for (const std::string& warning : options.warnings) log.Warn(warning);
  const auto last_lines = [&log] { log.Flush(kLastLines); };
  if (!options.restore.empty()) {
    const auto files = NewPosixFileSystem();
    const absl::Status restored = RestoreBackup(*files, options.restore, options.data_dir, options.id,
                                                {.incarnation = FreshId(), .cluster_id = FreshId()});
    if (!restored.ok()) {
      last_lines();
      return Fail(restored);
    }
    log.Info("restored", {{"backup", options.restore}, {"data_dir", options.data_dir}});
  }
  Server server(options, log, [&] {
    last_lines();
    std::_Exit(1);
  });
  if (auto status = server.Start(); !status.ok()) {
    last_lines();
    return Fail(status);
  }
  log.Info("serving", {{"version", Version()},
                       {"http", ToString(options.http)},
                       {"grpc", ToString(options.grpc)},
                       {"data_dir", options.data_dir},
                       {"peers", std::to_string(options.peers.size())},
                       {"connections", std::to_string(server.max_connections())}});
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) server.ReadSecretsAgain();
  log.Info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  sigset_t stop = signals;
  sigdelset(&stop, SIGHUP);
  ExitOnSecondSignal(stop);
  server.Stop();
  log.Info("stopped");
  return 0;
}

int InspectDirectory(const std::string& directory) {
  const auto files = NewPosixFileSystem();
  const auto report = ReadDirectory(*files, directory);
  if (!report.ok()) return Fail(report.status());
  const Inspection inspection = Inspect(*report, directory);
  std::fputs(inspection.text.c_str(), stdout);
  return inspection.sound ? 0 : 1;
}

int RecoverDirectory(const std::string& directory, const NodeId& self) {
  const auto files = NewPosixFileSystem();
  const auto say = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  };
  const auto confirm = [&](const std::string& question) {
    say(question);
    std::string answer;
    return std::getline(std::cin, answer) && answer == "yes";
  };
  const absl::Status status = Recover({*files, say, confirm, FreshId}, directory, self);
  return status.ok() ? 0 : Fail(status);
}

int PrintNewToken(const Options& options) {
  const NewToken made = MakeToken(options.token_name, options.token_roles, FreshId() + FreshId());
  std::printf("%s\n%s\n", made.token.c_str(), made.line.c_str());
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  const auto options = ParseOptions(arguments);
  if (!options.ok()) return Fail(options.status(), Usage());
  switch (options->action) {
    case Options::Action::kHelp:
      std::fputs(Usage().c_str(), stdout);
      return 0;
    case Options::Action::kVersion:
      std::puts(Version().c_str());
      return 0;
    case Options::Action::kHealthCheck:
      return CheckHealthOf(*options);
    case Options::Action::kInspect:
      return InspectDirectory(options->directory);
    case Options::Action::kRecover:
      return RecoverDirectory(options->directory, options->id);
    case Options::Action::kNewToken:
      return PrintNewToken(*options);
    case Options::Action::kServe:
      break;
  }
  RaiseDescriptorLimit();
  return Serve(*options);
}

}  // namespace
}  // namespace raftly

int main(int argc, char** argv) {
  std::set_terminate(raftly::EndWithoutResources);
  return raftly::Main(std::vector<std::string>(argv + 1, argv + argc));
}
