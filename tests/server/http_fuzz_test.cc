// Every handler behind a real socket, asked for things that no client means: each answer is well-formed HTTP, each
// failure JSON, nothing is a 500, nothing hangs, and afterwards the node serves as before.
//
// Requests are valid ones, broken. RAFTLY_FUZZ_SECONDS makes it run longer, RAFTLY_FUZZ_SEED makes others.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "tests/server/fuzz_client.h"
#include "tests/server/fuzz_node.h"
#include "tests/server/fuzz_requests.h"

namespace raftly {
namespace {

constexpr int kRequests = 4000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class HttpFuzz : public ::testing::Test {
 protected:
  // Sends requests until there were enough.
  template <class Send>
  void Fuzz(const Send& send) {
    const uint64_t seed = FromEnvironment("RAFTLY_FUZZ_SEED", 1);
    const uint64_t seconds = FromEnvironment("RAFTLY_FUZZ_SECONDS", 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    FuzzRequests requests(seed);
    FuzzClient client(node_.port());
    uint64_t sent = 0;
    std::string before;
    while (sent < kRequests || std::chrono::steady_clock::now() < until) {
      const FuzzRequest request = requests.Next();
      const std::string complaint = send(client, request);
      ++sent;
      ASSERT_EQ(complaint, "") << "request " << sent << " of seed " << seed << ":\n"
                               << Printable(request.Bytes()) << "\nafter:\n"
                               << before;
      before = Printable(request.Bytes());
    }
    RecordProperty("requests", std::to_string(sent));
    std::cout << sent << " requests of seed " << seed << "\n";
  }

  void TearDown() override {
    FuzzClient client(node_.port());
    for (const FuzzRequest& request : FuzzRequests::Valid()) {
      const FuzzAnswer answer = client.Ask(request);
      EXPECT_EQ(answer.complaint, "");
      EXPECT_EQ(answer.status, 200) << Printable(request.Bytes()) << "\n" << answer.body;
    }
  }

  FuzzNode node_;
};

TEST_F(HttpFuzz, BrokenBodiesTargetsAndHeaders) {
  Fuzz([](FuzzClient& client, const FuzzRequest& request) { return client.Ask(request).complaint; });
}

// The length of the body is not what it says, or the bytes are no request at all: the server may wait for more until
// this side has closed, but what it says is an answer.
TEST_F(HttpFuzz, BrokenFraming) {
  std::mt19937_64 random(FromEnvironment("RAFTLY_FUZZ_SEED", 1));
  Fuzz([&](FuzzClient& client, const FuzzRequest& request) {
    std::string bytes = request.Bytes();
    for (int i = 0; i < 3; ++i) BreakBytes(bytes, random);
    return client.SendAndClose(bytes);
  });
}

}  // namespace
}  // namespace raftly
