// Tokens, sessions and the limit on refusals (SPEC section 11.3).
#include "server/http/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/access/refusal_limit.h"
#include "server/http/assets.h"
#include "server/http/front_door.h"
#include "server/http/http_source.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Line(const std::string& name, const std::string& token, const std::string& more) {
  return absl::StrCat("{\"name\":\"", name, "\",\"sha256\":\"", ToHex(DigestOf(token)), "\",", more, "}");
}

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    access_.Register(router_);
    for (const char* method : {"GET", "PUT", "DELETE"}) {
      router_.AddPrompt(method, "/keys/", [](const HttpRequest&) { return HttpResponse(); });
    }
    router_.AddPrompt("POST", "/api/txn", [](const HttpRequest&) { return HttpResponse(); });
    router_.AddPrompt("GET", "/status", [](const HttpRequest&) { return HttpResponse(); });
    router_.AddPrompt("GET", "/api/log", [](const HttpRequest&) { return HttpResponse(); });
    router_.AddPrompt("GET", "/forgotten", [](const HttpRequest&) { return HttpResponse(); });
    router_.AddPrompt("GET", "/healthz", [](const HttpRequest&) { return HttpResponse(); });
    SetTokens({Line("reader", "r-token", R"("role":"read")"), Line("writer", "w-token", R"("role":["read","write"])"),
               Line("scoped", "s-token", R"("role":["read","write"],"prefixes":["app/","é"])")});
  }
  void SetTokens(const std::vector<std::string>& lines) {
    std::string text = "[";
    for (const std::string& line : lines) absl::StrAppend(&text, text.size() > 1 ? "," : "", line);
    const auto table = TokenTable::Parse(text + "]");
    ASSERT_TRUE(table.ok()) << table.status();
    access_.SetTokens(*table);
  }
  HttpResponse Ask(HttpRequest request) {
    const FrontDoor front(router_, {}, {}, {.access = &access_});
    const auto enter = [&](HttpRequest asked, HttpReply reply) { front.Handle(asked, std::move(reply)); };
    return Await(enter, request);
  }
  HttpResponse Ask(const std::string& method, const std::string& target, const std::string& token) {
    HttpRequest request{.method = method, .target = target};
    if (!token.empty()) request.headers = {{"Authorization", "Bearer " + token}};
    return Ask(request);
  }
  // The cookie that a page with this token gets, as it sends it.
  std::string LogIn(const std::string& token) {
    const HttpResponse response =
        Ask({.method = "POST", .target = "/api/session", .body = absl::StrCat("{\"token\":\"", token, "\"}")});
    const std::string cookie(FindHeader(response.headers, "Set-Cookie"));
    return cookie.substr(0, cookie.find(';'));
  }
  int StatusWith(const std::string& cookie) {
    return Ask({.method = "GET", .target = "/status", .headers = {{"Cookie", "other=1; " + cookie}}}).status;
  }

  int drawn_ = 0;
  Router router_;
  Access access_{[](const NodeId& node) { return node == "node1" || node == "node2"; }, "node1",
                 [this] { return absl::StrCat("random", ++drawn_); }};
};

TEST_F(AccessTest, WithoutTokensEverythingIsOpen) {
  access_.SetTokens(nullptr);
  EXPECT_EQ(Ask("PUT", "/keys/k", "").status, 200);
  EXPECT_EQ(Ask("GET", "/forgotten", "").status, 200);
}

TEST_F(AccessTest, ARequestWithoutATokenIs401AndSaysWhatIsMissing) {
  const HttpResponse response = Ask("PUT", "/keys/k", "");
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.body, HasSubstr("the role write"));
  EXPECT_THAT(std::string(FindHeader(response.headers, "WWW-Authenticate")), HasSubstr("Bearer"));
  EXPECT_EQ(Ask("PUT", "/keys/k", "wrong").status, 401);
  EXPECT_EQ(Ask("GET", "/nothing", "").status, 401);
  EXPECT_EQ(Ask("GET", "/healthz", "").status, 200);
}

TEST_F(AccessTest, ARoleIsForItsRoutesAlone) {
  EXPECT_EQ(Ask("GET", "/keys/k", "r-token").status, 200);
  EXPECT_EQ(Ask("HEAD", "/keys/k", "r-token").status, 200);
  const HttpResponse refused = Ask("PUT", "/keys/k", "r-token");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("the role write is needed; reader has read"));
  EXPECT_EQ(Ask("PUT", "/keys/k", "w-token").status, 200);
  EXPECT_EQ(Ask("GET", "/nothing", "r-token").status, 404);
  EXPECT_EQ(Ask("PATCH", "/status", "r-token").status, 405);
}

// Each key that it looks at or changes counts, in either branch.
TEST_F(AccessTest, ATransactionStaysWithinThePrefixes) {
  const auto ask = [&](const std::string& body) {
    return Ask({.method = "POST", .target = "/api/txn", .headers = {{"Authorization", "Bearer s-token"}}, .body = body})
        .status;
  };
  EXPECT_EQ(ask(R"({"if":[{"key":"app/a","version":0}],"then":[{"op":"put","key":"app/b","value":"v"}]})"), 200);
  EXPECT_EQ(ask(R"({"if":[{"key":"other","version":0}],"then":[{"op":"put","key":"app/b","value":"v"}]})"), 403);
  EXPECT_EQ(ask(R"({"then":[{"op":"get","key":"app/b"},{"op":"get","key":"other"}]})"), 403);
  EXPECT_EQ(ask(R"({"if":[{"key":"app/a","version":7}],"else":[{"op":"delete","key":"ap"}]})"), 403);
  EXPECT_EQ(ask("no transaction"), 200) << "which whoever parses it says";
}

TEST_F(AccessTest, ARouteThatTheTableForgotIsNobodys) { EXPECT_EQ(Ask("GET", "/forgotten", "w-token").status, 403); }

TEST_F(AccessTest, PrefixesAreOfKeysAndHideTheRest) {
  EXPECT_EQ(Ask("PUT", "/keys/app/x", "s-token").status, 200);
  EXPECT_EQ(Ask("PUT", "/keys/%61pp%2Fx", "s-token").status, 200);
  EXPECT_EQ(Ask("GET", "/keys/%C3%A9", "s-token").status, 200);
  EXPECT_EQ(Ask("GET", "/keys/app", "s-token").status, 403);
  EXPECT_EQ(Ask("DELETE", "/keys/other", "s-token").status, 403);
  EXPECT_EQ(Ask("GET", "/api/log", "s-token").status, 403);
  EXPECT_EQ(Ask("GET", "/status", "s-token").status, 200);
}

TEST_F(AccessTest, ACookieStandsForItsTokenUntilItsSessionEnds) {
  const std::string cookie = LogIn("r-token");
  EXPECT_EQ(StatusWith(cookie), 200);
  EXPECT_EQ(StatusWith(cookie + "x"), 401);
  EXPECT_EQ(Ask({.method = "DELETE", .target = "/api/session", .headers = {{"Cookie", cookie}}}).status, 200);
  EXPECT_EQ(StatusWith(cookie), 401);  // sent again
  EXPECT_EQ(LogIn("wrong"), "");
}

TEST_F(AccessTest, ATokenThatIsGoneTakesItsSessionsAlong) {
  const std::string cookie = LogIn("r-token");
  SetTokens({Line("writer", "w-token", R"("role":"write")")});
  EXPECT_EQ(StatusWith(cookie), 401);
  EXPECT_EQ(Ask("GET", "/status", "r-token").status, 401);
}

TEST_F(AccessTest, ACookieIsOutOfReachOfPagesAndOfOtherSites) {
  HttpRequest request{.method = "POST", .target = "/api/session", .body = R"({"token":"r-token"})"};
  EXPECT_THAT(std::string(FindHeader(Ask(request).headers, "Set-Cookie")), HasSubstr("; HttpOnly; SameSite=Strict"));
  EXPECT_THAT(std::string(FindHeader(Ask(request).headers, "Set-Cookie")), Not(HasSubstr("Secure")));
  request.client = std::make_shared<HttpClient>(HttpClient{.address = "10.0.0.1", .encrypted = true});
  EXPECT_THAT(std::string(FindHeader(Ask(request).headers, "Set-Cookie")), HasSubstr("; Secure"));
  request.headers = {{"Origin", "https://elsewhere.example"}, {"Host", "localhost"}};
  EXPECT_EQ(Ask(request).status, 403);
}

TEST_F(AccessTest, ANodeAsksForWhomItSaysAndNobodyElseCanSaySo) {
  HttpRequest request{.method = "PUT", .target = "/keys/k", .headers = {{kCallerHeader, "writer;write"}}};
  EXPECT_EQ(Ask(request).status, 401);
  request.client =
      std::make_shared<HttpClient>(HttpClient{.address = "10.0.0.2", .encrypted = true, .nodes = {"node2"}});
  EXPECT_EQ(Ask(request).status, 200);
  request.headers = {{kCallerHeader, "reader;read"}};
  EXPECT_EQ(Ask(request).status, 403);
  request.headers = {};  // for itself it reads
  EXPECT_EQ(Ask(request).status, 403);
  request.method = "GET";
  EXPECT_EQ(Ask(request).status, 200);
}

// An authority may vouch for others than the nodes: for clients, or for other servers of the same house.
TEST_F(AccessTest, ACertificateThatNamesNoMemberIsNoNodes) {
  HttpRequest request{.method = "PUT", .target = "/keys/k", .headers = {{kCallerHeader, "writer;write"}}};
  request.client =
      std::make_shared<HttpClient>(HttpClient{.address = "10.0.0.2", .encrypted = true, .nodes = {"alice.example"}});
  EXPECT_EQ(Ask(request).status, 401);
  request.client = std::make_shared<HttpClient>(
      HttpClient{.address = "10.0.0.2", .encrypted = true, .nodes = {"alice.example", "node2"}});
  EXPECT_EQ(Ask(request).status, 200);
}

TEST_F(AccessTest, WhoIsRefusedTooOftenIsTold429AndOthersAreNot) {
  int told = 0;
  const FrontDoor front(router_, {}, {}, {.access = &access_, .on_refused = [&](const HttpRequest&, int) { ++told; }});
  const auto enter = [&](HttpRequest asked, HttpReply reply) { front.Handle(asked, std::move(reply)); };
  const auto from = [&](const char* address, const std::string& token) {
    HttpRequest request{.method = "GET", .target = "/status", .headers = {{"Authorization", "Bearer " + token}}};
    request.client = std::make_shared<HttpClient>(HttpClient{.address = address});
    return Await(enter, request).status;
  };
  std::map<int, int> answers;
  for (int i = 0; i < 1000; ++i) ++answers[from("10.0.0.1", absl::StrCat("guess", i))];
  EXPECT_GT(answers[429], 900);
  EXPECT_EQ(answers[401], told);
  EXPECT_EQ(from("10.0.0.2", "wrong"), 401);
  EXPECT_EQ(from("10.0.0.1", "r-token"), 200);  // whoever has a token is served
}

TEST_F(AccessTest, GuessesAtTheLoginAreRefusalsLikeAnyOther) {
  int told = 0;
  const FrontDoor front(router_, {}, {}, {.access = &access_, .on_refused = [&](const HttpRequest&, int) { ++told; }});
  const auto enter = [&](HttpRequest asked, HttpReply reply) { front.Handle(asked, std::move(reply)); };
  std::map<int, int> answers;
  const auto log_in = [&](const std::string& token) {
    HttpRequest request{.method = "POST", .target = "/api/session"};
    request.body = absl::StrCat("{\"token\":\"", token, "\"}");
    return Await(enter, request).status;
  };
  for (int i = 0; i < 1000; ++i) ++answers[log_in(absl::StrCat("guess", i))];
  EXPECT_GT(answers[429], 900);
  EXPECT_EQ(answers[401], told);
  EXPECT_EQ(log_in("r-token"), 200);
}

TEST_F(AccessTest, WhoBeginsManySessionsEndsNobodyElses) {
  const std::string cookie = LogIn("w-token");
  const std::string first = LogIn("r-token");
  for (size_t i = 0; i < Sessions::kMost; ++i) LogIn("r-token");
  EXPECT_EQ(StatusWith(first), 401);
  EXPECT_EQ(StatusWith(cookie), 200);
}

class Endless : public HttpSource {
 public:
  void Begin(std::weak_ptr<HttpAsker>) override {}
  Piece Next(std::string& out) override {
    out += "more";
    return Piece::kSome;
  }
};

TEST_F(AccessTest, AStreamEndsWithTheTokenOrSessionThatOpenedIt) {
  const auto open = [&](HttpHeaders headers) {
    return access_.Guard({.method = "GET", .target = "/api/watch", .headers = std::move(headers)},
                         std::make_shared<Endless>());
  };
  const auto next = [](HttpSource& stream) {
    std::string out;
    const auto piece = stream.Next(out);
    EXPECT_EQ(out, piece == HttpSource::Piece::kSome ? "more" : "");
    return piece;
  };
  const std::string cookie = LogIn("r-token");
  const auto by_token = open({{"Authorization", "Bearer r-token"}});
  const auto by_cookie = open({{"Cookie", cookie}});
  const auto other = open({{"Authorization", "Bearer w-token"}});
  for (const auto& stream : {by_token, by_cookie, other}) EXPECT_EQ(next(*stream), HttpSource::Piece::kSome);
  Ask({.method = "DELETE", .target = "/api/session", .headers = {{"Cookie", cookie}}});
  EXPECT_EQ(next(*by_cookie), HttpSource::Piece::kEnd);
  EXPECT_EQ(next(*by_token), HttpSource::Piece::kSome);
  SetTokens({Line("writer", "w-token", R"("role":"read")"), Line("reader", "r-token", R"("role":"chaos")")});
  EXPECT_EQ(next(*by_token), HttpSource::Piece::kEnd);
  EXPECT_EQ(next(*other), HttpSource::Piece::kSome);
}

TEST(Pages, RunNoCodeButTheirOwnFiles) {
  Router router;
  RegisterAssets(router);
  for (const char* page : {"/", "/lab"}) {
    const HttpResponse response = router.Ask({.method = "GET", .target = page});
    const std::string policy(FindHeader(response.headers, "Content-Security-Policy"));
    EXPECT_THAT(policy, HasSubstr("default-src 'self'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(FindHeader(response.headers, "X-Content-Type-Options"), "nosniff");
    size_t scripts = 0;
    for (size_t at = response.body.find("<script"); at != std::string::npos;
         at = response.body.find("<script", at + 1)) {
      EXPECT_LT(response.body.find(" src=", at), response.body.find('>', at)) << page;
      ++scripts;
    }
    EXPECT_GT(scripts, 0U);
    EXPECT_THAT(response.body, Not(::testing::ContainsRegex(" on[a-z]+=")));
  }
}

TEST(RefusalLimit, TenASecondForAnAddressOrAnIpv6Network) {
  RefusalLimit limit;
  const Time now{std::chrono::seconds(100)};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Admit(absl::StrCat("2001:db8::", i), now));
  EXPECT_FALSE(limit.Admit("2001:db8::ffff", now));
  EXPECT_TRUE(limit.Admit("2001:db8:0:1::1", now));
  EXPECT_TRUE(limit.Admit("2001:db8::1", now + std::chrono::seconds(1)));
}

TEST(Tokens, AMistakeInTheFileIsNamedAndNothingOfItRepeated) {
  const auto error = [](const std::string& text) { return std::string(TokenTable::Parse(text).status().message()); };
  const std::string good = Line("a", "token", R"("role":"read")");
  EXPECT_TRUE(TokenTable::Parse("[" + good + "]").ok());
  EXPECT_TRUE(TokenTable::Parse("{\"tokens\":[" + good + "]}").ok());
  EXPECT_TRUE(TokenTable::Parse("[]").ok());
  EXPECT_THAT(error("[" + good + "," + good + "]"), HasSubstr("tokens[1].name"));
  EXPECT_THAT(error(R"([{"name":"a","sha256":"secret","role":"read"}])"), HasSubstr("tokens[0].sha256"));
  EXPECT_THAT(error(R"([{"name":"a","sha256":"secret","role":"read"}])"), Not(HasSubstr("secret")));
  EXPECT_THAT(error("[" + Line("a", "t", R"("role":"admin")") + "]"), HasSubstr("tokens[0].role"));
  EXPECT_THAT(error("[" + Line("a b", "t", R"("role":"read")") + "]"), HasSubstr("tokens[0].name"));
  EXPECT_THAT(error("[" + Line("a", "t", R"("role":"read","prefixes":[])") + "]"), HasSubstr("prefixes"));
  EXPECT_FALSE(TokenTable::Parse("nonsense").ok());
  // What is misspelt would be left out, and the token would be for all keys.
  EXPECT_THAT(error("[" + Line("a", "t", R"("role":"read","prefix":["app/"])") + "]"), HasSubstr("tokens[0].prefix"));
  EXPECT_THAT(error("[" + good + "," + Line("b", "token", R"("role":"chaos")") + "]"), HasSubstr("tokens[1].sha256"));
}

}  // namespace
}  // namespace raftly
