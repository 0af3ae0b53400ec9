// raftly-client, word for word (SPEC section 1), and by its exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

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

TEST_F(Client, ConditionsAreExitStatusFour) {
  const RunResult put = Call({"put", "k", "1", "-if-absent", "-json"});
  EXPECT_EQ(put.exit, 0) << put.err;
  const std::string version = cluster_.Get(1, "k").Header("etag");
  const std::string bare = version.substr(1, version.size() - 2);
  EXPECT_EQ(put.out, "{\"key\":\"k\",\"version\":" + bare + "}\n");
  const RunResult there = Call({"put", "--if-absent", "k", "2"});
  EXPECT_EQ(there.exit, 4);
  EXPECT_EQ(there.out, "");
  EXPECT_THAT(there.err, HasSubstr("(the key's version is " + bare + ")\n"));
  const RunResult json = Call({"delete", "k", "-if-version", "999", "-json"});
  EXPECT_EQ(json.exit, 4);
  EXPECT_THAT(json.err, HasSubstr("\"version\":" + bare + "}\n"));
  EXPECT_EQ(Call({"put", "k", "2", "-if-version=" + bare}).out, "OK: k = 2\n");
  EXPECT_EQ(Call({"put", "-k", "-5"}).out, "OK: -k = -5\n");
}

TEST_F(Client, AddsAndAppendsOncePerKey) {
  EXPECT_EQ(Call({"add", "n", "5"}).out, "n = 5\n");
  EXPECT_EQ(Call({"add", "n"}).out, "n = 6\n");
  EXPECT_EQ(Call({"add", "n", "-10", "-idempotency-key", "once"}).out, "n = -4\n");
  EXPECT_EQ(Call({"add", "n", "-10", "-idempotency-key", "once"}).out, "n = -4\n");
  EXPECT_THAT(Call({"append", "n", "1", "--json"}).out, HasSubstr(R"({"key":"n","value":"-41","version":)"));
  EXPECT_EQ(Call({"append", "n", "x", "-idempotency-key", "once"}).exit, 1) << "the key is another request's";
  const RunResult text = Call({"append", "text", "a\"\n"});
  EXPECT_EQ(text.out, "text = a\"\n\n");
  const RunResult number = Call({"add", "text"});
  EXPECT_EQ(number.exit, 1);
  EXPECT_THAT(number.err, HasSubstr("409"));
}

TEST_F(Client, GetInJsonTellsAbsenceByExitStatusThree) {
  const RunResult get = Call({"get", "k", "-json"});
  EXPECT_EQ(get.exit, 3);
  EXPECT_EQ(get.out, "{\"key\":\"k\",\"version\":0}\n");
}

TEST_F(Client, ListsInPagesOrAll) {
  for (const char* key : {"a/1", "a/2", "b"}) ASSERT_EQ(Call({"put", key, "v"}).exit, 0);
  const RunResult first = Call({"list", "a/", "-limit", "1"});
  EXPECT_EQ(first.out, "a/1 = v\n");
  EXPECT_THAT(first.err, HasSubstr("-after 'a/1'"));
  EXPECT_EQ(Call({"list", "a/", "-after", "a/1"}).out, "a/2 = v\n");
  EXPECT_EQ(Call({"list", "-all", "-values=false"}).out, "a/1\na/2\nb\n");
  EXPECT_THAT(Call({"list", "b", "-json"}).out,
              testing::MatchesRegex(R"(\{"key":"b","value":"v","version":[0-9]+\}.)"));
}

TEST_F(Client, TransactsWhatAFileSays) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/txn.json";
  WriteFile(file, R"({"if":[{"key":"k","version":0}],"then":[{"op":"put","key":"k","value":"v"}],
                      "else":[{"op":"get","key":"k"},{"op":"get","key":"none"}]})");
  const RunResult done = Call({"txn", file});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out, testing::MatchesRegex("succeeded: true\nindex: [0-9]+\nput k\n"));
  const RunResult otherwise = Call({"txn", file});
  EXPECT_EQ(otherwise.exit, 4);
  EXPECT_THAT(otherwise.out, HasSubstr("succeeded: false\n"));
  EXPECT_THAT(otherwise.out, HasSubstr("\nget k = v\nget none not found\n"));
  EXPECT_THAT(Call({"txn", file, "-json"}).out, HasSubstr(R"({"succeeded":false,"index":)"));
  WriteFile(file, "nonsense");
  EXPECT_THAT(Call({"txn", file}).err, HasSubstr("400"));
  EXPECT_THAT(Call({"txn", directory.path() + "/none"}).err, HasSubstr("cannot be read"));
}

TEST_F(Client, WatchesUntilItIsStopped) {
  const TemporaryDirectory directory;
  const std::string address = "127.0.0.1:" + std::to_string(cluster_.http_port(1));
  Process words({ClientBinary(), address, "watch", "w/", "-from", "1"}, directory.path() + "/words");
  Process json({ClientBinary(), address, "watch", "-json"}, directory.path() + "/json");
  ASSERT_TRUE(Eventually([&] {  // it hears what comes after it has begun
    return Call({"put", "w/k", "v"}).exit == 0 && !ReadFile(directory.path() + "/json.out").empty();
  }));
  ASSERT_EQ(Call({"delete", "w/k"}).exit, 0);
  const auto said = [&](const char* what, const char* text) {
    return Eventually([&] { return ReadFile(directory.path() + what).find(text) != std::string::npos; });
  };
  EXPECT_TRUE(said("/words.out", " put w/k = v\n"));
  EXPECT_TRUE(said("/words.out", " delete w/k\n"));
  EXPECT_TRUE(said("/json.out", R"("op":"delete","key":"w/k","version":)"));
  EXPECT_TRUE(words.running());
}

TEST_F(Client, AsksTheNextWhereOneIsDown) {
  const std::string up = "127.0.0.1:" + std::to_string(cluster_.http_port(1));
  const std::string all = "127.0.0.1:" + std::to_string(FreePorts(1)[0]) + "," + up;
  EXPECT_EQ(RunToEnd({ClientBinary(), all, "put", "k", "v"}).out, "OK: k = v\n");
  EXPECT_EQ(RunToEnd({ClientBinary(), all, "get", "k"}).out, "k = v\n");
  EXPECT_THAT(RunToEnd({ClientBinary(), all, "status"}).out, HasSubstr("id: node1\n"));
  EXPECT_THAT(RunToEnd({ClientBinary(), all, "status", "-json"}).out, HasSubstr(R"({"id":"node1",)"));
  const TemporaryDirectory directory;
  EXPECT_THAT(RunToEnd({ClientBinary(), all, "backup", directory.path() + "/b", "-json"}).out,
              HasSubstr(R"("index":)"));
}

// Grown from one node to three by -join, changed, and led by another, all by commands.
TEST_F(Client, ChangesTheMembers) {
  const std::vector<int> ports = FreePorts(6);
  const TemporaryDirectory directory;
  std::vector<std::unique_ptr<Process>> joined;
  const auto place = [](int port) { return "127.0.0.1:" + std::to_string(port); };
  const auto id = [](size_t i) { return "other" + std::to_string(i); };
  for (size_t i = 0; i < 3; ++i) {
    const std::string data = directory.path() + "/" + id(i);
    joined.push_back(std::make_unique<Process>(
        std::vector<std::string>{ServerBinary(), "-id", id(i), "-grpc-addr", place(ports[2 * i]), "-http-addr",
                                 place(ports[2 * i + 1]), "-data-dir", data, "-join",
                                 "http://" + place(cluster_.http_port(1))},
        data));
  }
  const auto listed = [&](const std::string& line) {
    return Eventually([&] { return Call({"member", "list"}).out.find(line) != std::string::npos; });
  };
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(listed("\n" + id(i) + "  voter")) << Call({"member", "list"}).out;
  EXPECT_THAT(Call({"member", "list", "-json"}).out, HasSubstr(R"({"id":"node1",)"));

  const RunResult led = Call({"leader", "other0"});
  EXPECT_THAT(led.out, testing::StartsWith("OK: other0 leads, after ")) << led.err;
  EXPECT_TRUE(Eventually([&] { return Call({"status"}).out.find("leader_id: other0\n") != std::string::npos; }));
  EXPECT_THAT(Call({"leader", "nobody"}).err, HasSubstr("404: there is no such voter"));

  EXPECT_EQ(Call({"member", "remove", "other1"}).out, "OK: removed other1\n");
  EXPECT_TRUE(Eventually([&] { return Call({"member", "list"}).out.find("other1") == std::string::npos; }));
  EXPECT_THAT(Call({"member", "remove", "other1"}).err, HasSubstr("404: other1 is no member"));
  EXPECT_EQ(Call({"member", "promote", "other2"}).out, "OK: other2 is a voter\n");
  const RunResult twice = Call({"member", "add", "other3", place(ports[0]), ":1"});
  EXPECT_EQ(twice.exit, 1);
  EXPECT_THAT(twice.err, HasSubstr("is the address of other0"));
  const RunResult learner = Call({"member", "add", "replica", "127.0.0.1:1", "127.0.0.1:2", "-learner"});
  EXPECT_EQ(learner.out, "OK: replica is a learner\n") << learner.err;
  EXPECT_TRUE(listed("\nreplica  learner")) << Call({"member", "list"}).out;
  // Of two voters one is no majority.
  EXPECT_EQ(Call({"member", "remove", "other2"}).exit, 0);
  joined[0]->Signal(SIGSTOP);
  const RunResult alone = Call({"-deadline", "0.5", "member", "remove", "replica"});
  EXPECT_NE(alone.exit, 0) << "without a majority nothing is decided: " << alone.out;
  joined[0]->Signal(SIGCONT);
}

// A majority is down: what was asked for may be done when it is back, and the same key tells.
TEST(ClientAlone, AnUnknownOutcomeIsExitStatusFive) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  const std::optional<int> leader = cluster.Leader();
  ASSERT_TRUE(leader);
  const std::string address = "127.0.0.1:" + std::to_string(cluster.http_port(*leader));
  const std::vector<std::string> add = {ClientBinary(), "-deadline", "0.5", "-json", address, "add", "n"};
  ASSERT_TRUE(Eventually([&] { return RunToEnd({ClientBinary(), address, "add", "begin"}).exit == 0; }));
  ASSERT_EQ(RunToEnd({ClientBinary(), address, "add", "n"}).out, "n = 1\n");
  for (int node = 1; node <= 3; ++node) {
    if (node != *leader) cluster.Signal(node, SIGSTOP);
  }
  const RunResult unknown = RunToEnd(add);
  EXPECT_EQ(unknown.exit, 5) << unknown.err;
  const std::string field = "\"idempotency_key\":\"";
  const size_t at = unknown.err.find(field);
  ASSERT_NE(at, std::string::npos) << unknown.err;
  for (int node = 1; node <= 3; ++node) cluster.Signal(node, SIGCONT);
  const RunResult known =
      RunToEnd({ClientBinary(), address, "add", "n", "-idempotency-key", unknown.err.substr(at + field.size(), 32)});
  EXPECT_EQ(known.out, "n = 2\n") << known.err;
  EXPECT_EQ(cluster.Get(*leader, "n").Field("value"), "2");
}

TEST(ClientAlone, SaysWhyNobodyAnswers) {
  const int port = FreePorts(1)[0];
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"get", "k"}, {"put", "k", "v"}, {"delete", "k"}, {"status"}}) {
    std::vector<std::string> arguments = {ClientBinary(), "-deadline", "0.3", "127.0.0.1:" + std::to_string(port)};
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
