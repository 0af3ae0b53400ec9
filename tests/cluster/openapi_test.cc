// server/http/openapi.yaml, held against the server: nothing is described that is not so, nothing is left out.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <set>
#include <sstream>

#include "server/log.h"
#include "server/server.h"
#include "tests/cluster/api_description.h"

namespace raftly::test {
namespace {

using Operation = ApiDescription::Operation;

// Their answers have no end: events_test, watch_test.
bool IsStream(const std::string& path) { return path == "/api/events" || path == "/api/watch"; }

const ApiDescription& Described() {
  static const ApiDescription description(ReadFile(RAFTLY_TEST_SOURCE_DIR "/../../server/http/openapi.yaml"));
  return description;
}

// The path with its parameter filled in.
std::string With(const std::string& parameter, std::string path) {
  const size_t begin = path.find('{');
  if (begin != std::string::npos) path.replace(begin, path.find('}') + 1 - begin, parameter);
  return path;
}

class OpenApi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new TestCluster(3);
    cluster_->StartAll();
    ASSERT_TRUE(cluster_->WaitForLeader()) << cluster_->ErrorOutput(1);
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }
  void SetUp() override { Calm(); }

  // No faults, a leader, and what the examples speak of.
  static void Calm() {
    ASSERT_EQ(AskNode("POST", "/api/cluster/chaos/heal").status, 200);
    ASSERT_TRUE(cluster_->WaitForLeader()) << cluster_->ErrorOutput(1);
    for (const Operation& operation : Described().operations()) {
      const bool prepares = operation.name() == "PUT /keys/{key}" || operation.name() == "POST /api/chaos/apply" ||
                            operation.name() == "POST /api/cluster/members";
      if (!prepares) continue;
      ASSERT_EQ(AskNode(operation.method, operation.target, operation.body).status, 200);
    }
  }

  static Answer AskNode(const std::string& method, const std::string& target, const std::string& body = "",
                        const std::multimap<std::string, std::string>& headers = {}) {
    return Ask(cluster_->http_port(1), method, target, body, kPatience, headers);
  }

  // What the example asks for. The names of assets change with what is in them, so the page is asked for one.
  static std::string TargetOf(const Operation& operation) {
    if (operation.path != "/assets/{file}") return operation.target;
    const std::string page = AskNode("GET", "/").body;
    const size_t begin = std::min(page.find("/assets/"), page.size());
    return page.substr(begin, page.find('"', begin) - begin);
  }

  // The answer has this status, and is as described.
  static void Expect(int status, const Operation& operation, const std::string& target, const std::string& body,
                     const std::multimap<std::string, std::string>& headers = {}) {
    const Answer answer = AskNode(operation.method, target, body, headers);
    EXPECT_EQ(answer.status, status) << operation.method << " " << target << ": " << answer.body;
    EXPECT_EQ(Described().Complaint(operation, answer), "") << operation.method << " " << target;
    EXPECT_NE(answer.Header("raftly-node"), "") << operation.name();
  }

 private:
  static TestCluster* cluster_;
};

TestCluster* OpenApi::cluster_ = nullptr;

TEST_F(OpenApi, EveryOperationDoesWhatItsExampleSays) {
  for (const Operation& operation : Described().operations()) {
    if (IsStream(operation.path)) continue;
    Calm();
    Expect(200, operation, TargetOf(operation), operation.body);
  }
}

TEST_F(OpenApi, ANodeThatIsDownHasAllItsFields) {
  TestCluster alone(3);
  alone.Start(1);
  ASSERT_TRUE(Eventually([&] { return alone.Status(1).status == 200; }));
  for (const Operation& operation : Described().operations()) {
    // Whom they ask is all nodes, but for what takes a leader.
    if (operation.path.rfind("/api/cluster", 0) != 0 || operation.Describes(503)) continue;
    const Answer answer = Ask(alone.http_port(1), operation.method, operation.target, operation.body);
    EXPECT_EQ(answer.status, 200) << operation.name();
    EXPECT_EQ(Described().Complaint(operation, answer), "") << operation.name();
  }
}

TEST_F(OpenApi, WithoutALeaderItIs503) {
  TestCluster alone(3);
  alone.Start(1);
  ASSERT_TRUE(Eventually([&] { return alone.Status(1).status == 200; }));
  // Side by side, for a change of the members waits five seconds for a leader.
  std::vector<std::pair<Operation, std::future<Answer>>> asked;
  for (const Operation& operation : Described().operations()) {
    if (!operation.Describes(503) || IsStream(operation.path)) continue;
    asked.emplace_back(operation, std::async(std::launch::async, [&alone, operation] {
                         // As a forwarding node would ask: it has little time left.
                         return Ask(alone.http_port(1), operation.method, operation.target, operation.body, kPatience,
                                    {{"Raftly-Timeout-Ms", "100"}});
                       }));
  }
  for (auto& [operation, promise] : asked) {
    const Answer answer = promise.get();
    EXPECT_EQ(answer.status, 503) << operation.name();
    EXPECT_EQ(Described().Complaint(operation, answer), "") << operation.name();
  }
}

TEST_F(OpenApi, WhatIsNotJsonIs400) {
  for (const Operation& operation : Described().operations()) {
    if (operation.body.empty()) continue;
    for (const char* body : {"", "{", "[]", R"({"value":7,"node":7,"a":7,"rules":7,"election_timeout_ms":"7"})"}) {
      Expect(400, operation, operation.target, body);
    }
  }
}

TEST_F(OpenApi, BadNamesAre400Or404) {
  for (const Operation& operation : Described().operations()) {
    if (operation.path == "/keys/{key}") Expect(400, operation, "/keys/%FF", operation.body);
    if (operation.path == "/api/chaos/rules/{id}") Expect(400, operation, "/api/chaos/rules/%F", "");
    if (operation.path == "/api/events") Expect(400, operation, "/api/events?include=nonsense", "");
    if (operation.path == "/api/watch") Expect(400, operation, "/api/watch?from=nonsense", "");
    if (!operation.Describes(404)) continue;
    const bool named = operation.path.find('{') != std::string::npos;
    Expect(404, operation, With("there-is-none", operation.path) + (named ? "" : "there-is-none"), operation.body);
  }
}

TEST_F(OpenApi, WhatIsTooLongIs413) {
  const std::string huge(size_t{8} << 20, ' ');
  for (const Operation& operation : Described().operations()) {
    if (!operation.Describes(413)) continue;
    if (operation.method == "PUT") Expect(413, operation, "/keys/" + std::string(1025, 'k'), operation.body);
    if (operation.method == "POST") Expect(413, operation, operation.target, huge + "{}");
  }
}

TEST_F(OpenApi, AForeignPageAndAnUnknownNameAre403) {
  for (const Operation& operation : Described().operations()) {
    Expect(403, operation, TargetOf(operation), operation.body, {{"Origin", "http://elsewhere.example"}});
    Expect(403, operation, TargetOf(operation), operation.body, {{"Host", "elsewhere.example"}});
  }
}

TEST_F(OpenApi, WithChaosOffInjectingFaultsIs403) {
  TestCluster calm(1, {"-chaos=false"});
  calm.StartAll();
  ASSERT_TRUE(calm.WaitForLeader()) << calm.ErrorOutput(1);
  for (const Operation& operation : Described().operations()) {
    if (operation.path.find("/chaos/") == std::string::npos) continue;
    const Answer answer = Ask(calm.http_port(1), operation.method, operation.target, operation.body);
    EXPECT_EQ(answer.status, operation.method == "GET" ? 200 : 403) << operation.name();
    EXPECT_EQ(Described().Complaint(operation, answer), "") << operation.name();
  }
}

TEST_F(OpenApi, AMethodThatIsNotDescribedIs405) {
  for (const std::string& path : Described().paths()) {
    const std::set<std::string> described = Described().MethodsOf(path);
    for (const char* method : {"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}) {
      if (described.contains(method)) continue;
      const Answer answer = AskNode(method, With("x", path));
      if (answer.status == 404) continue;  // of a path with a parameter, only what exists is served at all
      EXPECT_EQ(answer.status, 405) << method << " " << path;
      std::set<std::string> allowed;
      std::istringstream list(answer.Header("allow"));
      for (std::string one; std::getline(list >> std::ws, one, ',');) allowed.insert(one);
      EXPECT_EQ(allowed, described) << path;
    }
  }
}

TEST(OpenApiSchemas, WhatIsNotAsDescribedIsNoticed) {
  const auto complaint = [](const char* json) {
    return Described().SchemaComplaint("Link", ApiDescription::Json::parse(json));
  };
  EXPECT_EQ(complaint(R"({"from":"a","to":"b","appends":1,"votes":0,"losses":0})"), "");
  EXPECT_EQ(complaint(R"({"from":"a","to":"b","appends":1,"votes":0})"), "$.losses is missing");
  EXPECT_EQ(complaint(R"({"from":"a","to":7,"appends":1,"votes":0,"losses":0})"), "$.to is not of type string");
  EXPECT_EQ(complaint(R"({"from":"a","to":"b","appends":1,"votes":0,"losses":-1})"), "$.losses is below 0");
  EXPECT_EQ(complaint(R"({"from":"a","to":"b","appends":1,"votes":0,"losses":0,"x":0})"), "$.x is not described");
}

TEST(OpenApiPaths, EveryPathOfTheServerIsDescribed) {
  const TemporaryDirectory directory;
  Options options;
  options.id = "node1";
  options.http_peers = {{"node1", {}}};
  options.data_dir = directory.path();
  const Logger log("node1", LogLevel::kError);
  const Server server(options, log, [] {});
  std::set<std::string> served;
  for (const std::string& path : server.paths()) {
    const std::set<std::string> described = Described().PathsOf(path);
    EXPECT_FALSE(described.empty()) << path << " is not described";
    served.insert(described.begin(), described.end());
  }
  EXPECT_EQ(served, Described().paths());
}

}  // namespace
}  // namespace raftly::test
