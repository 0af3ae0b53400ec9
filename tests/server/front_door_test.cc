// Who is turned away before anybody looks at the request (SPEC section 11.4).
#include "server/http/front_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace raftly {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kOwn = {"localhost", "node1:8001", "node2.internal:8001"};

// A front door before a handler that answers everything.
class FrontDoorTest : public ::testing::Test {
 protected:
  FrontDoorTest() {
    for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
      for (const char* path : {"/keys/", "/api/cluster/chaos/", "/api/chaos/", "/api/cluster"}) {
        router_.AddPrompt(method, path, [](const HttpRequest&) { return HttpResponse(); });
      }
    }
  }
  HttpResponse Ask(const FrontDoor& front, const std::string& method, const std::string& target, HttpHeaders headers) {
    const auto enter = [&](HttpRequest request, HttpReply reply) { front.Handle(request, std::move(reply)); };
    return Await(enter, {.method = method, .target = target, .headers = std::move(headers)});
  }
  int Status(const std::vector<std::string>& others, const std::string& method, HttpHeaders headers) {
    const FrontDoor front(router_, {}, {}, {.hosts = AllowedHosts(kOwn, others)});
    return Ask(front, method, "/keys/k", std::move(headers)).status;
  }

  Router router_;
};

TEST_F(FrontDoorTest, AForeignPageIsRefusedWhateverItAsks) {
  for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
    const HttpHeaders host = {{"Host", "localhost:8001"}};
    const auto with = [&](const char* origin) {
      HttpHeaders headers = host;
      headers.emplace_back("Origin", origin);
      return Status({}, method, headers);
    };
    EXPECT_EQ(Status({}, method, host), 200) << method;
    EXPECT_EQ(with("http://localhost:8001"), 200) << method;
    EXPECT_EQ(with("http://LOCALHOST:8001"), 200) << method;
    // Another server on this machine is another origin, though its name is known.
    EXPECT_EQ(with("http://localhost:3000"), 403) << method;
    EXPECT_EQ(with("http://localhost"), 403) << method;
    EXPECT_EQ(with("http://evil.example"), 403) << method;
    EXPECT_EQ(with("http://evil.example/localhost:8001"), 403) << method;
    EXPECT_EQ(with("null"), 403) << method;
  }
}

// A page at evil.example:8001 whose name was made to point here asks its own origin, as its browser sees it.
TEST_F(FrontDoorTest, ANameMadeToPointHereIsRefused) {
  for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
    EXPECT_EQ(Status({}, method, {{"Host", "evil.example:8001"}, {"Origin", "http://evil.example:8001"}}), 403);
    EXPECT_EQ(Status({}, method, {{"Host", "evil.example:8001"}}), 403);
    EXPECT_EQ(Status({}, method, {{"Host", "localhost.evil.example:8001"}}), 403);
  }
  EXPECT_EQ(Status({"*"}, "GET", {{"Host", "evil.example:8001"}}), 200);
  EXPECT_EQ(Status({"*"}, "GET", {{"Host", "here"}, {"Origin", "http://elsewhere"}}), 403);
}

TEST_F(FrontDoorTest, NodesProbesAndScrapersAreServed) {
  for (const char* host : {"localhost", "LocalHost:8002", "node1:8001", "node1", "node1.:8001", "node2.internal:8001",
                           "10.0.0.7:8001", "127.0.0.1", "[::1]:8001", "[fe80::1%25eth0]:8001", ""}) {
    EXPECT_EQ(Status({}, "GET", {{"Host", host}}), 200) << host;
  }
  EXPECT_EQ(Status({}, "GET", {}), 200);  // HTTP/1.0
  EXPECT_EQ(Status({}, "GET", {{"Host", "10.0.0.7.evil.example"}}), 403);
  EXPECT_EQ(Status({}, "GET", {{"Host", "2130706433.evil"}}), 403);
}

// The proxy says Host: 10.0.0.7:8001, the browser Origin: https://raftly.example.com.
TEST_F(FrontDoorTest, OurPageBehindAProxyThatRewritesHostIsServed) {
  const HttpHeaders behind = {{"Host", "10.0.0.7:8001"}, {"Origin", "https://raftly.example.com"}};
  EXPECT_EQ(Status({}, "POST", behind), 403);
  EXPECT_EQ(Status({"raftly.example.com"}, "POST", behind), 200);
  EXPECT_EQ(Status({"RAFTLY.example.com:443"}, "POST", behind), 200);
  EXPECT_EQ(Status({"raftly.example.com:80"}, "POST", behind), 403);
  EXPECT_EQ(Status({".example.com"}, "POST", behind), 200);
  EXPECT_EQ(Status({"other.example.com"}, "POST", behind), 403);
  // And one that leaves it as it is.
  EXPECT_EQ(Status({}, "GET", {{"Host", "raftly.example.com"}}), 403);
  EXPECT_EQ(Status({"raftly.example.com"}, "GET", {{"Host", "raftly.example.com"}}), 200);
  EXPECT_EQ(Status({".example.com"}, "GET", {{"Host", "example.com"}}), 403);
}

TEST_F(FrontDoorTest, ARefusalNamesTheFlag) {
  const FrontDoor front(router_, {}, {}, {.hosts = AllowedHosts(kOwn, {})});
  const HttpResponse unknown = Ask(front, "GET", "/keys/k", {{"Host", "raftly.example.com"}});
  EXPECT_THAT(unknown.body, HasSubstr("raftly.example.com"));
  EXPECT_THAT(unknown.body, HasSubstr("-allowed-hosts"));
  const HttpResponse foreign = Ask(front, "GET", "/keys/k", {{"Origin", "http://evil.example"}});
  EXPECT_THAT(foreign.body, HasSubstr("-allowed-hosts"));
}

TEST_F(FrontDoorTest, WithChaosOffFaultsAreLookedAtButNotInjected) {
  const FrontDoor front(router_, {}, {}, {.chaos = false});
  for (const char* path : {"/api/chaos/apply", "/api/chaos/heal", "/api/chaos/rules/x", "/api/cluster/chaos/isolate"}) {
    for (const char* method : {"POST", "DELETE"}) {
      const HttpResponse refused = Ask(front, method, path, {});
      EXPECT_EQ(refused.status, 403) << method << " " << path;
      EXPECT_THAT(refused.body, HasSubstr("-chaos=false"));
    }
    EXPECT_EQ(Ask(front, "GET", path, {}).status, 200) << path;
  }
  EXPECT_EQ(Ask(front, "POST", "/api/cluster", {}).status, 200);
  EXPECT_EQ(Ask(front, "DELETE", "/keys/k", {}).status, 200);
}

TEST(AllowedHosts, AnEntryIsANameOrAnAddress) {
  for (const char* good : {"raftly", "raftly.example.com", "raftly:8001", ".svc", "10.0.0.7", "[::1]:80", "*", "a_b"}) {
    EXPECT_TRUE(AllowedHosts::IsEntry(good)) << good;
  }
  for (const char* bad : {"", ".", ":80", "http://raftly", "raftly/", "*.example.com", "a b", "[x]"}) {
    EXPECT_FALSE(AllowedHosts::IsEntry(bad)) << bad;
  }
}

}  // namespace
}  // namespace raftly
