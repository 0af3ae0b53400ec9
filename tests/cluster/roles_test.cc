// Tokens and roles on real processes (SPEC section 11.3), on every route that the description of the API has.
#include <gmock/gmock.h>

#include <csignal>

#include "server/access/roles.h"
#include "tests/cluster/api_description.h"
#include "tests/cluster/certificate_files.h"
#include "tests/cluster/event_stream.h"
#include "tests/cluster/token_files.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Operation = ApiDescription::Operation;

const ApiDescription& Described() {
  static const ApiDescription description(ReadFile(RAFTLY_TEST_SOURCE_DIR "/../../server/http/openapi.yaml"));
  return description;
}

// The roles that are written there, all of which it needs; none: it is open.
std::vector<std::string> RolesIn(const Operation& operation) {
  if (operation.security.empty()) return {};
  return operation.security.at(0).at("token").get<std::vector<std::string>>();
}

// The first of them that a token with these roles ("read,write") lacks; empty: none.
std::string Missing(const std::vector<std::string>& needed, const std::string& roles) {
  for (const std::string& role : needed) {
    if (roles.find(role) == std::string::npos) return role;
  }
  return "";
}

TEST(Roles, TheTableKnowsEveryRouteAndSaysWhatIsDescribed) {
  for (const Operation& operation : Described().operations()) {
    ASSERT_TRUE(operation.security.is_array()) << operation.name() << " does not say who may do it";
    const auto need = NeedOf(operation.method, operation.target.substr(0, operation.target.find('?')));
    ASSERT_TRUE(need.has_value()) << operation.name();
    std::vector<std::string> roles;
    for (const auto& role : {need->role, need->also}) {
      if (role) roles.emplace_back(NameOf(*role));
    }
    EXPECT_EQ(roles, RolesIn(operation)) << operation.name();
  }
}

class RolesTest : public ::testing::Test {
 protected:
  void Start() {
    cluster_.Start(1, {"-tokens", tokens_.path()});
    ASSERT_TRUE(Eventually([&] { return AskAs("", "GET", "/readyz").status == 200; })) << cluster_.ErrorOutput(1);
  }
  Answer AskAs(const std::string& token, const std::string& method, const std::string& target,
               const std::string& body = "", const std::multimap<std::string, std::string>& headers = {}) const {
    return Ask(cluster_.http_port(1), method, target, body, kPatience, headers, {.token = token});
  }
  // With more patience than the limit on refusals has.
  Answer Refused(const std::string& token, const Operation& operation) const {
    Answer answer;
    EXPECT_TRUE(Eventually([&] {
      answer = AskAs(token, operation.method, operation.target, operation.body);
      return answer.status != 429;
    }));
    return answer;
  }

  TokenFiles tokens_;
  TestCluster cluster_{1};
};

TEST_F(RolesTest, EveryRouteWantsItsRoleAndNoOther) {
  Start();
  for (const Operation& operation : Described().operations()) {
    const auto needed = RolesIn(operation);
    if (needed.empty()) continue;
    const Answer stranger = Refused("", operation);
    EXPECT_EQ(stranger.status, 401) << operation.name();
    EXPECT_EQ(Described().Complaint(operation, stranger), "") << operation.name();
    std::string enough;
    for (const auto& [roles, token] : tokens_.all()) {
      const std::string missing = Missing(needed, roles);
      if (missing.empty()) {
        enough = token;
        continue;
      }
      const Answer answer = Refused(token, operation);
      EXPECT_EQ(answer.status, 403) << operation.name() << " as " << roles;
      EXPECT_THAT(answer.body, HasSubstr("the role " + missing + " is needed"));
    }
    ASSERT_NE(enough, "") << operation.name();
    // An answer without an end: events_test, watch_test.
    if (operation.path == "/api/events" || operation.path == "/api/watch") continue;
    const int status = AskAs(enough, operation.method, operation.target, operation.body).status;
    EXPECT_TRUE(status != 401 && status != 403 && status != 429) << operation.name() << ": " << status;
  }
}

TEST_F(RolesTest, WhatIsRefusedNeverSaysWhetherAKeyExists) {
  Start();
  ASSERT_EQ(AskAs(tokens_.Of("write"), "PUT", "/keys/there", PutBody("v")).status, 200);
  for (const char* token : {"", "chaos"}) {
    const std::string shown = *token == '\0' ? "" : tokens_.Of(token);
    EXPECT_EQ(AskAs(shown, "GET", "/keys/there").body, AskAs(shown, "GET", "/keys/not").body);
  }
}

TEST_F(RolesTest, GuessesAreLimitedAndWhoHasATokenIsServed) {
  Start();
  int limited = 0;
  for (int i = 0; i < 100; ++i) {
    const Answer answer = AskAs("guess" + std::to_string(i), "GET", "/status");
    if (answer.status != 429) continue;
    ++limited;
    EXPECT_EQ(answer.Header("retry-after"), "1");
  }
  EXPECT_GT(limited, 0);
  EXPECT_EQ(AskAs(tokens_.Of("read"), "GET", "/status").status, 200);
}

TEST_F(RolesTest, APageLogsInAndACookieIsWorthNothingAfterwards) {
  Start();
  const Answer begun = AskAs("", "POST", "/api/session", "{\"token\":\"" + tokens_.Of("read") + "\"}");
  ASSERT_EQ(begun.status, 200) << begun.body;
  EXPECT_THAT(begun.Header("set-cookie"), HasSubstr("HttpOnly; SameSite=Strict"));
  const std::string cookie = begun.Header("set-cookie").substr(0, begun.Header("set-cookie").find(';'));
  const auto status = [&] { return AskAs("", "GET", "/status", "", {{"Cookie", cookie}}).status; };
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(AskAs("", "PUT", "/keys/k", PutBody("v"), {{"Cookie", cookie}}).status, 403);
  const Answer foreign =
      AskAs("", "POST", "/api/session", "{}", {{"Cookie", cookie}, {"Origin", "http://elsewhere.example"}});
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(AskAs("", "DELETE", "/api/session", "", {{"Cookie", cookie}}).status, 200);
  EXPECT_EQ(status(), 401);
}

TEST_F(RolesTest, TheFileIsReadAgainAndABadOneChangesNothing) {
  Start();
  ASSERT_EQ(AskAs(tokens_.Of("read"), "GET", "/status").status, 200);
  WriteFile(tokens_.path(), "nonsense");
  cluster_.Signal(1, SIGHUP);
  ASSERT_TRUE(Eventually([&] { return cluster_.ErrorOutput(1).find("files cannot be used") != std::string::npos; }));
  EXPECT_EQ(AskAs(tokens_.Of("read"), "GET", "/status").status, 200);
  tokens_.Write({"write"});
  EXPECT_TRUE(Eventually([&] { return AskAs(tokens_.Of("read"), "GET", "/status").status == 401; }));
}

TEST_F(RolesTest, AWatchEndsWithItsToken) {
  Start();
  EventStream stream(cluster_.http_port(1), {.target = "/api/watch?prefix=k", .token = tokens_.Of("read")});
  ASSERT_EQ(stream.status(), 200) << stream.head();
  const auto put = [&] { return AskAs(tokens_.Of("write"), "PUT", "/keys/k", PutBody("v")).status; };
  ASSERT_EQ(put(), 200);
  ASSERT_TRUE(stream.Next());
  tokens_.Write({"write"});
  ASSERT_TRUE(Eventually([&] { return AskAs(tokens_.Of("read"), "GET", "/status").status == 401; }));
  ASSERT_EQ(put(), 200);
  EXPECT_FALSE(stream.Next()) << "what is written afterwards is not for it";
  EXPECT_TRUE(stream.ended());
}

TEST_F(RolesTest, ChangesAndRefusalsAreWrittenDownAndNoTokenEverIs) {
  cluster_.Start(1, {"-tokens", tokens_.path(), "-log-level", "debug"});
  ASSERT_TRUE(Eventually([&] { return AskAs("", "GET", "/readyz").status == 200; }));
  const std::string guess = "raftly_guessed-token";
  AskAs(guess, "GET", "/keys/k");
  AskAs(tokens_.Of("read"), "PUT", "/keys/k", PutBody("v"));
  AskAs(tokens_.Of("write"), "PUT", "/keys/k", PutBody("secret-value"));
  AskAs(tokens_.Of("operate"), "POST", "/api/config", R"({"heartbeat_ms":51})");
  AskAs(tokens_.Of("operate"), "POST", "/api/snapshot");
  AskAs(tokens_.Of("chaos"), "POST", "/api/chaos/heal");
  const Answer begun = AskAs("", "POST", "/api/session", "{\"token\":\"" + tokens_.Of("read") + "\"}");
  AskAs("", "POST", "/api/session", "{\"token\":\"" + guess + "\"}");
  ASSERT_EQ(cluster_.Terminate(1), 0);
  const std::string log = cluster_.ErrorOutput(1);
  const std::string from = " address=127.0.0.1 request=";
  EXPECT_THAT(log, HasSubstr("refused name=\"\"" + from + "\"GET /keys/k\" status=401"));
  EXPECT_THAT(log, HasSubstr("refused name=read" + from + "\"PUT /keys/k\" status=403"));
  EXPECT_THAT(log, HasSubstr("changed name=operate" + from + "\"POST /api/config\" status=200"));
  EXPECT_THAT(log, HasSubstr("changed name=operate" + from + "\"POST /api/snapshot\" status=200"));
  EXPECT_THAT(log, HasSubstr("changed name=chaos" + from + "\"POST /api/chaos/heal\" status=200"));
  for (const auto& [role, token] : tokens_.all()) EXPECT_THAT(log, Not(HasSubstr(token))) << role;
  const std::string cookie = begun.Header("set-cookie");
  EXPECT_THAT(log, Not(HasSubstr(cookie.substr(cookie.find('=') + 1, 64))));
  for (const char* secret : {"guessed-token", "secret-value"}) EXPECT_THAT(log, Not(HasSubstr(secret)));
}

TEST_F(RolesTest, NodesAskEachOtherForTheirCallersUnderTls) {
  const CertificateFiles files;
  TestCluster cluster(3);
  for (int node = 1; node <= 3; ++node) {
    const std::string name = cluster.Name(node);
    files.Write(name, files.ours.Sign({.names = CertificateFiles::NamesOf(name)}));
    cluster.Start(node,
                  files.PeerFlags(name) + files.HttpFlags(name) + std::vector<std::string>{"-tokens", tokens_.path()});
  }
  const auto as = [&](const std::string& role) {
    cluster.SpeakAs({.authorities = files.Path("ca.crt"), .token = tokens_.Of(role)});
  };
  as("read");
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_THAT(cluster.Ask(1, "GET", "/api/cluster").body, Not(HasSubstr("Down")));
  const std::string change = R"({"heartbeat_ms":81})";
  EXPECT_EQ(cluster.Ask(1, "POST", "/api/cluster/config", change).status, 403);
  as("operate");
  EXPECT_THAT(cluster.Ask(1, "POST", "/api/cluster/config", change).body, Not(HasSubstr("error")));
  as("write");
  for (int node = 1; node <= 3; ++node) EXPECT_EQ(cluster.Put(node, "k", "v").status, 200);
  // On every node it is known whose change it was.
  for (int node = 1; node <= 3; ++node) {
    EXPECT_TRUE(Eventually([&] { return cluster.ErrorOutput(node).find("changed name=operate") != std::string::npos; }))
        << cluster.ErrorOutput(node);
  }
}

TEST_F(RolesTest, OurClientShowsATokenFromAFile) {
  Start();
  const std::string address = "127.0.0.1:" + std::to_string(cluster_.http_port(1));
  const TemporaryDirectory directory;
  WriteFile(directory.path() + "/token", tokens_.Of("write") + "\n");
  const std::vector<std::string> with = {ClientBinary(), "-token-file", directory.path() + "/token", address};
  EXPECT_EQ(RunToEnd(with + std::vector<std::string>{"put", "k", "v"}).out, "OK: k = v\n");
  EXPECT_THAT(RunToEnd(with + std::vector<std::string>{"get", "k"}).err, HasSubstr("the role read is needed"));
  EXPECT_THAT(RunToEnd({ClientBinary(), address, "get", "k"}).err, HasSubstr("401"));
  EXPECT_EQ(RunToEnd({ClientBinary(), address, "get", "k"}).exit, 6);
  EXPECT_EQ(RunToEnd(with + std::vector<std::string>{"get", "k"}).exit, 6);
}

}  // namespace
}  // namespace raftly::test
