// A real server that lacks something of its surroundings: a reader of its log, threads.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

class Alone : public ::testing::Test {
 protected:
  // A cluster of one.
  std::vector<std::string> Arguments() const {
    return {ServerBinary(), "-id",       "node1",
            "-grpc-addr",   Address(1),  "-http-addr",
            Address(0),     "-data-dir", directory_.path() + "/data",
            "-log-level",   "debug"};
  }
  std::string Address(size_t port) const { return "127.0.0.1:" + std::to_string(ports_[port]); }
  Answer Put(int n) const { return Ask(ports_[0], "PUT", "/keys/k" + std::to_string(n), PutBody("v")); }

  TemporaryDirectory directory_;
  const std::vector<int> ports_ = FreePorts(2);
};

TEST_F(Alone, WithALogThatNobodyReadsItAnswersEverything) {
  const std::string output = directory_.path() + "/server";
  ASSERT_EQ(mkfifo((output + ".err").c_str(), 0644), 0);
  const int never_read = open((output + ".err").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(never_read, 0);
  Process server(Arguments(), output);
  ASSERT_TRUE(Eventually([&] { return Put(0).status == 200; }));
  for (int n = 1; n <= 2000; ++n) ASSERT_EQ(Put(n).status, 200) << "after " << n;
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(kPatience), 0);
  close(never_read);
}

// Address space is what a thread's stack needs first. How much a server needs in all depends on the machine, so this
// looks for limits at which it cannot start its threads: whatever happens then, it says so.
// (A sanitizer needs more address space than there is.)
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Alone, WithoutThreadsItSaysSoAndEnds) {
  bool seen = false;
  for (int megabytes = 60; megabytes <= 400; megabytes += 20) {
    std::vector<std::string> limited = {"/bin/sh", "-c",
                                        "ulimit -v " + std::to_string(megabytes * 1024) + "; exec \"$@\"", "sh"};
    for (const std::string& argument : Arguments()) limited.push_back(argument);
    const std::string output = directory_.path() + "/limited" + std::to_string(megabytes);
    Process server(limited, output);
    const bool serves = Eventually([&] { return !server.running() || Put(0).status != 0; }) && server.running();
    if (serves) break;
    const std::string said = ReadFile(output + ".err");
    EXPECT_THAT(said, ::testing::Not(HasSubstr("terminate called"))) << megabytes;
    seen = seen || (server.WaitForExit(kPatience) == 1 && said.find("no thread to be had") != said.npos);
  }
  EXPECT_TRUE(seen);
}
#endif

}  // namespace
}  // namespace raftly::test
