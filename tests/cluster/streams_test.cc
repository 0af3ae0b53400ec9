// Event streams that come and go leave nothing behind in the server's process.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/cluster/event_stream.h"

namespace raftly::test {
namespace {

constexpr int kStreams = 50;
constexpr int kRounds = 10;
// Connections to the other nodes, and threads that ask them, are more at times.
constexpr int kSlack = 8;

struct Footprint {
  ptrdiff_t threads = 0;
  ptrdiff_t descriptors = 0;
  long resident_kb = 0;
};

std::ostream& operator<<(std::ostream& out, const Footprint& footprint) {
  return out << footprint.threads << " threads, " << footprint.descriptors << " descriptors, " << footprint.resident_kb
             << " kB resident";
}

ptrdiff_t CountEntries(const std::string& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

Footprint Measure(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  const std::string status = ReadFile(proc + "/status");
  return {.threads = CountEntries(proc + "/task"),
          .descriptors = CountEntries(proc + "/fd"),
          .resident_kb = std::atol(status.substr(status.find("VmRSS:") + 6).c_str())};
}

// All open at the same time, all at work, all dropped.
void OpenAndDrop(int port) {
  std::vector<std::unique_ptr<EventStream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<EventStream>(port, EventStream::Options{.include = "chaos,log,links"}));
  }
  for (const auto& stream : streams) ASSERT_TRUE(stream->Await("status")) << stream->head();
}

TEST(EventStreams, OpenedAndDroppedInALoopTheyLeaveNothingBehind) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const pid_t pid = cluster.process(1).pid();
  // What the first streams bring to life stays: connections to the other nodes, and threads that ask them.
  const Footprint idle = Measure(pid);
  OpenAndDrop(cluster.http_port(1));
  Footprint before;
  ASSERT_TRUE(Eventually([&] {
    before = Measure(pid);
    return before.threads <= idle.threads + kSlack && before.descriptors <= idle.descriptors + kSlack;
  }));

  for (int round = 0; round < kRounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(OpenAndDrop(cluster.http_port(1)));
    // A stream that was dropped counts until the server has noticed.
    ASSERT_TRUE(Eventually([&] { return Measure(pid).descriptors <= before.descriptors + kSlack; })) << round;
  }

  Footprint after;
  EXPECT_TRUE(Eventually([&] {
    after = Measure(pid);
    return after.threads <= before.threads + kSlack && after.descriptors <= before.descriptors + kSlack;
  })) << before
      << "; after: " << after;
  std::cout << kRounds << " x " << kStreams << " streams, before: " << before << "; after: " << after << "\n";
}

}  // namespace
}  // namespace raftly::test
