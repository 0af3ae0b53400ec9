// SPEC section 4, as a client sees it: three processes, any of which is asked.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

class Api : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new TestCluster(3);
    cluster_->StartAll();
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }
  void SetUp() override { ASSERT_TRUE(cluster_->WaitForLeader()) << cluster_->ErrorOutput(1); }

  static TestCluster& cluster() { return *cluster_; }
  static Answer AskAny(const std::string& method, const std::string& path, const std::string& body = "") {
    return Ask(cluster_->http_port(1), method, path, body);
  }
  int Follower() {
    const int leader = cluster_->Leader().value_or(0);
    return leader == 1 ? 2 : 1;
  }

 private:
  static TestCluster* cluster_;
};

TestCluster* Api::cluster_ = nullptr;

TEST_F(Api, EveryNodeTakesAnyRequest) {
  for (int node = 1; node <= 3; ++node) {
    const std::string key = "through-" + std::to_string(node);
    const Answer put = cluster().Put(node, key, "value");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(put.body, "");
    for (int reader = 1; reader <= 3; ++reader) {
      const Answer get = cluster().Get(reader, key);
      EXPECT_EQ(get.status, 200) << get.body;
      EXPECT_EQ(get.Field("key"), key);
      EXPECT_EQ(get.Field("value"), "value");
    }
    const Answer deleted = cluster().Delete(node, key);
    EXPECT_EQ(deleted.status, 200) << deleted.body;
    EXPECT_EQ(deleted.body, "");
    for (int reader = 1; reader <= 3; ++reader) EXPECT_EQ(cluster().Get(reader, key).status, 404);
  }
}

TEST_F(Api, DeletingWhatIsNotThereIsFine) { EXPECT_EQ(cluster().Delete(Follower(), "never-was").status, 200); }

TEST_F(Api, AForwardedAnswerNamesTheNodeThatAnswered) {
  const int leader = cluster().Leader().value_or(0);
  const Answer put = cluster().Put(Follower(), "forwarded", "x");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.Header("raftly-node"), cluster().Name(leader));
  EXPECT_EQ(cluster().GetStale(Follower(), "forwarded").Header("raftly-node"), cluster().Name(Follower()));
}

TEST_F(Api, StatusHasItsSixFields) {
  ASSERT_EQ(cluster().Put(1, "counted", "x").status, 200);
  const int leader = cluster().Leader().value_or(0);
  const Answer status = cluster().Status(leader);
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(status.Field("id"), cluster().Name(leader));
  EXPECT_EQ(status.Field("state"), "Leader");
  EXPECT_EQ(status.Field("leader_id"), cluster().Name(leader));
  EXPECT_GE(std::stoull(status.Field("term")), 1u);
  EXPECT_GE(std::stoull(status.Field("commit_index")), 2u) << "the no-op and the key";
  EXPECT_GE(std::stoull(status.Field("last_applied")), 2u);
  EXPECT_EQ(cluster().Status(Follower()).Field("state"), "Follower");
}

TEST_F(Api, KeysHoldSlashesSpacesAndEmoji) {
  for (const std::string key :
       {"a/b/c", "with space", "per%cent", "snow\u2603/\U0001F680", "a?b&c=d#e+f", "line\nbreak"}) {
    EXPECT_EQ(cluster().Put(Follower(), key, "v:" + key).status, 200) << key;
    const Answer get = cluster().Get(Follower(), key);
    EXPECT_EQ(get.status, 200) << key;
    EXPECT_EQ(get.Field("key"), key);
    EXPECT_EQ(get.Field("value"), "v:" + key);
  }
}

TEST_F(Api, ValuesUpToAMebibyteTravelThroughAFollower) {
  const std::string largest(size_t{1} << 20, 'v');
  const Answer put = cluster().Put(Follower(), "large", largest);
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(cluster().Get(Follower(), "large").Field("value"), largest);
}

TEST_F(Api, LargerValuesAndBodiesAre413) {
  EXPECT_EQ(cluster().Put(1, "large", std::string((size_t{1} << 20) + 1, 'v')).status, 413);
  EXPECT_EQ(cluster().Put(Follower(), "large", std::string(size_t{2} << 20, 'v')).status, 413);
  EXPECT_EQ(cluster().Put(1, "large", std::string(size_t{8} << 20, 'v')).status, 413);
}

TEST_F(Api, AnEncodingOverTwoMebibytesIs413) {
  // A control character takes six bytes in JSON.
  EXPECT_EQ(cluster().Put(1, "escaped", std::string(size_t{1} << 19, '\x01')).status, 413);
}

TEST_F(Api, KeysAreOneByteToOneKibibyte) {
  EXPECT_EQ(cluster().Put(1, std::string(1024, 'k'), "v").status, 200);
  EXPECT_EQ(cluster().Put(1, std::string(1025, 'k'), "v").status, 413);
  EXPECT_EQ(cluster().Get(1, std::string(1025, 'k')).status, 404);  // a Go server may have written it
  EXPECT_EQ(AskAny("PUT", "/keys/", PutBody("v")).status, 400);
  EXPECT_EQ(AskAny("GET", "/keys/").status, 400);
  EXPECT_EQ(AskAny("DELETE", "/keys/").status, 400);
}

TEST_F(Api, InvalidUtf8Is400) {
  EXPECT_EQ(AskAny("PUT", "/keys/%FF%FE", PutBody("v")).status, 400);
  EXPECT_EQ(AskAny("GET", "/keys/%C3%28").status, 400);
  EXPECT_EQ(AskAny("PUT", "/keys/k", "{\"value\":\"\xFF\"}").status, 400);
}

TEST_F(Api, MalformedBodiesAre400AndSayWhy) {
  for (const char* body : {"{", "[]", "\"text\"", "{}", "{\"value\":5}", "{\"value\":null}", "{\"valeu\":\"v\"}", ""}) {
    const Answer put = AskAny("PUT", "/keys/malformed", body);
    EXPECT_EQ(put.status, 400) << body;
    EXPECT_NE(put.Field("error"), "") << body << " was answered with " << put.body;
  }
  EXPECT_EQ(AskAny("GET", "/keys/malformed").status, 404);
}

TEST_F(Api, AWrongMethodIs405AndNamesTheRightOnes) {
  const Answer keys = AskAny("PATCH", "/keys/k", PutBody("v"));
  EXPECT_EQ(keys.status, 405);
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    EXPECT_NE(keys.Header("allow").find(method), std::string::npos) << keys.Header("allow");
  }
  const Answer status = AskAny("DELETE", "/status");
  EXPECT_EQ(status.status, 405);
  EXPECT_NE(status.Header("allow").find("GET"), std::string::npos);
}

TEST_F(Api, AnUnknownPathIs404) { EXPECT_EQ(AskAny("GET", "/no/such/path").status, 404); }

TEST_F(Api, AnUnknownConsistencyIs400) { EXPECT_EQ(AskAny("GET", "/keys/k?consistency=maybe").status, 400); }

TEST(Lifecycle, SigtermExitsWithZeroInGoodTime) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  ASSERT_EQ(cluster.Put(1, "hello", "world").status, 200);
  for (int node = 1; node <= 3; ++node) {
    EXPECT_EQ(cluster.Terminate(node, milliseconds(10'000)), 0) << cluster.ErrorOutput(node);
  }
}

TEST(Lifecycle, AClusterOfOneServesAndRemembers) {
  TestCluster cluster(1);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  ASSERT_EQ(cluster.Put(1, "hello", "world").status, 200);
  EXPECT_EQ(cluster.Terminate(1), 0);
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_EQ(cluster.Get(1, "hello").Field("value"), "world");
}

TEST(Lifecycle, SigintStopsToo) {
  TestCluster cluster(1);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  cluster.Signal(1, SIGINT);
  EXPECT_EQ(cluster.process(1).WaitForExit(kPatience), 0);
}

}  // namespace
}  // namespace raftly::test
