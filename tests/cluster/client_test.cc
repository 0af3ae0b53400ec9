// raftly-client, word for word (SPEC section 1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

class Client : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
  }

  RunResult Call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {ClientBinary(), "127.0.0.1:" + std::to_string(cluster_.http_port(1))});
    return RunToEnd(arguments);
  }

  TestCluster cluster_{1};
};

TEST_F(Client, PutsGetsAndDeletes) {
  const RunResult put = Call({"put", "hello", "big world"});
  EXPECT_EQ(put.exit, 0) << put.err;
  EXPECT_EQ(put.out, "OK: hello = big world\n");

  const RunResult get = Call({"get", "hello"});
  EXPECT_EQ(get.exit, 0) << get.err;
  EXPECT_EQ(get.out, "hello = big world\n");

  const RunResult deleted = Call({"delete", "hello"});
  EXPECT_EQ(deleted.exit, 0) << deleted.err;
  EXPECT_EQ(deleted.out, "OK: deleted hello\n");

  const RunResult missing = Call({"get", "hello"});
  EXPECT_EQ(missing.exit, 0) << missing.err;
  EXPECT_EQ(missing.out, "key \"hello\" not found\n");
}

TEST_F(Client, EncodesKeys) {
  EXPECT_EQ(Call({"put", "a/b c?\u2603", "v"}).out, "OK: a/b c?\u2603 = v\n");
  EXPECT_EQ(cluster_.Get(1, "a/b c?\u2603").Field("value"), "v");
}

TEST_F(Client, PrintsTheStatusFieldByField) {
  const RunResult status = Call({"status"});
  EXPECT_EQ(status.exit, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("id: node1\n"));
  EXPECT_THAT(status.out, HasSubstr("state: Leader\n"));
  EXPECT_THAT(status.out, HasSubstr("leader_id: node1\n"));
  for (const char* field : {"term: ", "commit_index: ", "last_applied: "}) EXPECT_THAT(status.out, HasSubstr(field));
}

TEST_F(Client, ErrorsGoToStderrWithExitOne) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"put", "key"},
                                             {"get"},
                                             {"delete"},
                                             {"frobnicate"},
                                             {"put", "", "v"},
                                             {"put", std::string(2000, 'k'), "v"}}) {
    const RunResult result = Call(arguments);
    EXPECT_EQ(result.exit, 1) << result.out;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "");
  }
}

TEST(ClientAlone, SaysWhyNobodyAnswers) {
  const int port = FreePorts(1)[0];
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"get", "k"}, {"put", "k", "v"}, {"delete", "k"}, {"status"}}) {
    std::vector<std::string> arguments = {ClientBinary(), "127.0.0.1:" + std::to_string(port)};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const RunResult result = RunToEnd(arguments);
    EXPECT_EQ(result.exit, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "raftly-client: no answer from 127.0.0.1:" + std::to_string(port) + ": connection refused\n");
  }
  EXPECT_THAT(RunToEnd({ClientBinary(), "nowhere.invalid:80", "status"}).err, HasSubstr(": unknown host: "));
  const RunResult health =
      RunToEnd({ServerBinary(), "-health-check", "http://127.0.0.1:" + std::to_string(port) + "/"});
  EXPECT_EQ(health.exit, 1);
  EXPECT_THAT(health.err, HasSubstr("connection refused"));
}

}  // namespace
}  // namespace raftly::test
