// Every line of the grammar of requests (RFC 9112, sections 2 to 7; RFC 9110, sections 5, 7 and 10): what is taken, and
// as what; what is refused, and with which status.
//
// Each case is sent as a whole and byte by byte, to a handler that answers at once and to one that may wait, with
// another request behind it. All four must be answered alike, and behind a refusal nothing may be taken for a request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/http/http_server.h"
#include "server/http/request_reader.h"
#include "server/http/response_writer.h"
#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::string_literals;

// What becomes of the connection.
enum class After { kLives, kEnds };

struct Case {
  std::string name;
  std::string bytes;  // '@' is the path of the handler that is asked, "%AT%" is '@'
  int status = 200;
  std::string seen = {};  // by the handler: "METHOD target body"; empty: it is never asked
  After after = After::kEnds;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const std::string kHost = "Host: x\r\n";

Case Taken(std::string name, std::string bytes, std::string seen, After after = After::kLives) {
  return {std::move(name), std::move(bytes), 200, std::move(seen), after};
}
Case Refused(std::string name, int status, std::string bytes) { return {std::move(name), std::move(bytes), status}; }
// A GET with this request line, and with this header.
Case Line(std::string name, int status, const std::string& line) {
  return Refused(std::move(name), status, line + "\r\n" + kHost + "\r\n");
}
Case Header(std::string name, int status, const std::string& header) {
  return Refused(std::move(name), status, "GET @ HTTP/1.1\r\n" + kHost + header + "\r\n\r\n");
}
Case GoodHeader(std::string name, const std::string& header, After after = After::kLives) {
  return Taken(std::move(name), "GET @ HTTP/1.1\r\n" + kHost + header + "\r\n\r\n", "GET @ ", after);
}
// A PUT with these headers, and what follows them.
std::string Put(const std::string& headers, const std::string& body) {
  return "PUT @ HTTP/1.1\r\n" + kHost + headers + "\r\n\r\n" + body;
}
std::string Chunked(const std::string& chunks) { return Put("Transfer-Encoding: chunked", chunks); }

std::vector<Case> RequestLines() {
  const std::string end = " HTTP/1.1\r\n" + kHost + "\r\n";
  return {
      Taken("OriginForm", "GET @a%20b?c=d" + end, "GET @a%20b?c=d "),
      Taken("AQuestionMarkInTheQuery", "GET @a?b?c" + end, "GET @a?b?c "),
      Taken("Utf8AsItIs", "GET @\xC3\xA4" + end, "GET @\xC3\xA4 "),
      Taken("AbsoluteForm", "GET http://y:1@a?b" + end, "GET @a?b "),
      Taken("AbsoluteFormOfHttps", "GET HTTPS://y@a" + end, "GET @a "),
      Taken("AnEmptyLineBefore", "\r\nGET @" + end, "GET @ "),
      Taken("Http10", "GET @ HTTP/1.0\r\n\r\n", "GET @ ", After::kEnds),
      Taken("Http10WithHost", "GET @ HTTP/1.0\r\n" + kHost + "\r\n", "GET @ ", After::kEnds),
      Taken("ALaterHttp1", "GET @ HTTP/1.2\r\n" + kHost + "\r\n", "GET @ "),
      Line("Http2", 505, "GET @ HTTP/2.0"),
      Line("TheBeginningOfHttp2", 505, "PRI * HTTP/2.0"),
      Line("Http09", 400, "GET @"),
      Line("AHalfVersion", 400, "GET @ HTTP/1"),
      Line("ALongVersion", 400, "GET @ HTTP/1.10"),
      Line("AVersionInLowerCase", 400, "GET @ http/1.1"),
      Line("SomeOtherProtocol", 400, "GET @ HTCPCP/1.0"),
      Line("TwoSpacesBeforeTheTarget", 400, "GET  @ HTTP/1.1"),
      Line("TwoSpacesBehindTheTarget", 400, "GET @  HTTP/1.1"),
      Line("ASpaceAtTheBeginning", 400, " GET @ HTTP/1.1"),
      Line("ASpaceAtTheEnd", 400, "GET @ HTTP/1.1 "),
      Line("ASpaceInTheTarget", 400, "GET @a b HTTP/1.1"),
      Line("ATab", 400, "GET\t@ HTTP/1.1"),
      Line("AFragment", 400, "GET @a#b HTTP/1.1"),
      Line("ANulInTheTarget", 400, "GET @a\0b HTTP/1.1"s),
      Line("AControlCharacterInTheTarget", 400, "GET @a\x7F HTTP/1.1"),
      Line("ACarriageReturnInTheLine", 400, "GET @a\rb HTTP/1.1"),
      Line("NoMethod", 400, "@ HTTP/1.1"),
      Line("AMethodThatIsNoToken", 400, "G(T @ HTTP/1.1"),
      Line("AnotherScheme", 400, "GET ftp://x@ HTTP/1.1"),
      Line("AbsoluteFormWithoutHost", 400, "GET http://@ HTTP/1.1"),
      Line("AbsoluteFormWithAUser", 400, "GET http://u%AT%h/a HTTP/1.1"),
      Line("AuthorityForm", 400, "CONNECT x:80 HTTP/1.1"),
      Line("APathWithoutSlash", 400, "GET a HTTP/1.1"),
      Line("AnAsteriskOfGet", 400, "GET * HTTP/1.1"),
      {"AnAsteriskOfOptions", "OPTIONS *" + end, 404, "", After::kLives},
      {"AnUnknownMethod", "BREW @" + end, 405, "", After::kLives},
      {"AMethodInLowerCase", "get @" + end, 405, "", After::kLives},
      Refused("NoHttpAtAll", 400, "\x16\x03\x01\x02"),
      Refused("ALoneLineFeed", 400, "GET @ HTTP/1.1\n" + kHost + "\r\n"),
      Refused("ALineTooLong", 414, "GET @" + std::string(70'000, 'a') + end),
  };
}

std::vector<Case> Headers() {
  return {
      GoodHeader("SpaceAroundAValue", "X-Some: \t a b \t "),
      GoodHeader("NoSpace", "X-Some:a"),
      GoodHeader("AnEmptyValue", "X-Some:"),
      GoodHeader("BytesBeyondAscii", "X-Some: \xFF"),
      GoodHeader("EveryTokenCharacter", "!#$%&'*+-.^_`|~09azAZ: a"),
      GoodHeader("ARange", "Range: bytes=x"),
      Header("ASpaceBeforeTheColon", 400, "X-Some : a"),
      Header("ATabBeforeTheColon", 400, "X-Some\t: a"),
      Header("AFoldedLine", 400, "X-Some: a\r\n b"),
      Header("ALineFoldedWithATab", 400, "X-Some: a\r\n\tb"),
      Refused("AFoldedFirstLine", 400, "GET @ HTTP/1.1\r\n " + kHost + "\r\n"),
      Header("NoColon", 400, "X-Some"),
      Header("NoName", 400, ": a"),
      Header("ANameThatIsNoToken", 400, "X(: a"),
      Header("ANul", 400, "X-Some: a\0b"s),
      Header("ACarriageReturn", 400, "X-Some: a\rX-Other: b"),
      Header("ALoneLineFeedInTheHeaders", 400, "X-Some: a\nX-Other: b"),
      Refused("ALoneLineFeedAtTheEnd", 400, "GET @ HTTP/1.1\r\n" + kHost + "\n"),
      Header("HeadersTooLarge", 431, "X-Some: " + std::string(70'000, 'a')),
      Refused("NoHost", 400, "GET @ HTTP/1.1\r\n\r\n"),
      Header("TwoHosts", 400, "Host: y"),
      Refused("TwoHostsOfHttp10", 400, "GET @ HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),
      Taken("AHostWithPort", "GET @ HTTP/1.1\r\nHost: x.y-z:80\r\n\r\n", "GET @ "),
      Taken("AnIpv6Host", "GET @ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET @ "),
      Taken("AnEmptyHost", "GET @ HTTP/1.1\r\nHost:\r\n\r\n", "GET @ "),
      Refused("AHostWithAPath", 400, "GET @ HTTP/1.1\r\nHost: x/y\r\n\r\n"),
      Refused("AHostWithAUser", 400, "GET @ HTTP/1.1\r\nHost: u%AT%y\r\n\r\n"),
      Refused("AHostWithASpace", 400, "GET @ HTTP/1.1\r\nHost: x y\r\n\r\n"),
      Refused("AListOfHosts", 400, "GET @ HTTP/1.1\r\nHost: x:1, y:1\r\n\r\n"),
      Refused("AHostWithoutItsBracket", 400, "GET @ HTTP/1.1\r\nHost: [::1\r\n\r\n"),
      GoodHeader("ConnectionKeptAlive", "Connection: Keep-Alive"),
      GoodHeader("AnUpgradeThatNobodyOffers", "Connection: Upgrade\r\nUpgrade: websocket"),
      GoodHeader("ConnectionClosed", "Connection: close", After::kEnds),
      GoodHeader("ConnectionIsAList", "Connection: Upgrade, close", After::kEnds),
      GoodHeader("ConnectionIsAListWithoutSpaces", "connection: keep-alive,CLOSE,x", After::kEnds),
      GoodHeader("ConnectionInTwoHeaders", "Connection: Upgrade\r\nConnection: close", After::kEnds),
  };
}

std::vector<Case> Bodies() {
  return {
      Taken("ABody", Put("Content-Length: 3", "a\r\n"), "PUT @ a\r\n"),
      Taken("ABodyOfNothing", Put("Content-Length: 0", ""), "PUT @ "),
      Taken("NoLength", Put("X-Some: a", ""), "PUT @ "),
      Taken("ALengthWithZeros", Put("Content-Length: 003", "abc"), "PUT @ abc"),
      Taken("ABodyOfGet", "GET @ HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc", "GET @ abc"),
      Refused("TwoLengths", 400, Put("Content-Length: 3\r\nContent-Length: 3", "abc")),
      Refused("AListOfLengths", 400, Put("Content-Length: 3, 3", "abc")),
      Refused("ALengthWithASign", 400, Put("Content-Length: +3", "abc")),
      Refused("ANegativeLength", 400, Put("Content-Length: -3", "abc")),
      Refused("AHexadecimalLength", 400, Put("Content-Length: 0x3", "abc")),
      Refused("AnEmptyLength", 400, Put("Content-Length:", "abc")),
      Refused("ABodyTooLarge", 413, Put("Content-Length: 8388609", "")),
      Refused("ALengthThatOverflows", 413, Put("Content-Length: 18446744073709551619", "abc")),
      Refused("ALengthAndChunks", 400, Put("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
      Refused("AnEncodedBody", 415, Put("Content-Encoding: gzip\r\nContent-Length: 3", "abc")),
      Refused("AnEncodedBodyInChunks", 415, Put("content-encoding: br\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
      Taken("ABodyEncodedAsItIs", Put("Content-Encoding: identity\r\nContent-Length: 3", "abc"), "PUT @ abc"),
      Taken("AnEncodingOfNothing", Put("Content-Encoding: gzip", ""), "PUT @ "),
      Refused("AnUnknownExpectation", 417, Put("Expect: the worst\r\nContent-Length: 3", "abc")),
      Taken("AnExpectationOfHttp10", "PUT @ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            "PUT @ abc", After::kEnds),
      Taken("AnExpectationWithoutBody", Put("Expect: 100-continue", ""), "PUT @ "),
  };
}

std::vector<Case> Chunks() {
  return {
      Taken("SomeChunks", Chunked("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), "PUT @ abc0123456789"),
      Taken("NoChunk", Chunked("0\r\n\r\n"), "PUT @ "),
      Taken("CodingInUpperCase", Put("Transfer-Encoding: Chunked", "1\r\na\r\n0\r\n\r\n"), "PUT @ a"),
      Taken("AChunkWithAnExtension", Chunked("1;a=\"b\"\r\na\r\n00 ;c\r\n\r\n"), "PUT @ a"),
      Taken("ATrailer", Chunked("1\r\na\r\n0\r\nX-Some: b\r\nX-Other: c\r\n\r\n"), "PUT @ a"),
      Refused("ATrailerThatIsNoHeader", 400, Chunked("0\r\nX-Some : b\r\n\r\n")),
      Refused("ATrailerTooLarge", 431, Chunked("0\r\nX-Some: " + std::string(70'000, 'a') + "\r\n\r\n")),
      Refused("AChunkOfNoSize", 400, Chunked("\r\na\r\n0\r\n\r\n")),
      Refused("AChunkOfAnOddSize", 400, Chunked("x\r\na\r\n0\r\n\r\n")),
      Refused("AChunkOfAHexadecimalSize", 400, Chunked("0x1\r\na\r\n0\r\n\r\n")),
      Refused("AChunkOfANegativeSize", 400, Chunked("-1\r\na\r\n0\r\n\r\n")),
      Refused("ASizeBehindASpace", 400, Chunked(" 1\r\na\r\n0\r\n\r\n")),
      Refused("ASizeBeforeASpace", 400, Chunked("1 \r\na\r\n0\r\n\r\n")),
      Refused("AChunkTooLong", 400, Chunked("1\r\nab\r\n0\r\n\r\n")),
      Refused("AChunkWithoutCarriageReturn", 400, Chunked("1\na\r\n0\r\n\r\n")),
      Refused("AnExtensionWithACarriageReturn", 400, Chunked("1;a\rb\r\na\r\n0\r\n\r\n")),
      Refused("AnExtensionTooLong", 400, Chunked("1;" + std::string(5000, 'a') + "\r\na\r\n0\r\n\r\n")),
      Refused("ChunksTooLarge", 413, Chunked("800001\r\n")),
      Refused("AChunkWhoseSizeOverflows", 413, Chunked("10000000000000001\r\n")),
      Refused("AnotherCoding", 400, Put("Transfer-Encoding: gzip", "")),
      Refused("ACodingBehindChunked", 400, Put("Transfer-Encoding: chunked, gzip", "")),
      Refused("ACodingBeforeChunked", 501, Put("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")),
      Refused("AnEmptyCoding", 400, Put("Transfer-Encoding:", "")),
      Refused("TwoCodings", 400, Put("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
      Refused("ChunksOfHttp10", 400, "PUT @ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  };
}

std::vector<Case> All() {
  std::vector<Case> all = RequestLines();
  for (const auto& more : {Headers(), Bodies(), Chunks()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

class RequestGrammar : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    const auto echo = [](const HttpRequest& request) {
      return HttpResponse{.body = absl::StrCat("<", request.method, " ", request.target, " ", request.body, ">"),
                          .content_type = "text/plain"};
    };
    router_ = new Router;
    for (const char* method : {"GET", "PUT"}) {
      router_->Add(method, "/waits/", Waiting(echo));
      router_->AddPrompt(method, "/prompt/", echo);
    }
    router_->AddPrompt("GET", "/behind", [](const HttpRequest&) { return HttpResponse{.body = "\"behind\""}; });
    front_ = new FrontDoor(*router_);
    http_ = new HttpServer({.listen = {"127.0.0.1", 0}, .node = "node1"}, *front_);
    ASSERT_TRUE(http_->Bind().ok());
    ASSERT_TRUE(http_->Start().ok());
  }
  static void TearDownTestSuite() {
    delete http_;
    delete front_;
    delete router_;
  }

  static std::string With(const std::string& path, const std::string& text) {
    return absl::StrReplaceAll(text, {{"@", path}, {"%AT%", "@"}});
  }

  // All that comes back, with another request behind.
  static std::string Send(std::string bytes, bool in_pieces) {
    const RawClient client(http_->port());
    bytes += "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n";
    for (size_t at = 0, size = in_pieces ? 1 : bytes.size(); at < bytes.size(); at += size) {
      client.TrySend(bytes.substr(at, size));  // the server may have ended it before
    }
    client.SendNoMore();
    return client.Rest();
  }

  static Router* router_;
  static FrontDoor* front_;
  static HttpServer* http_;
};

Router* RequestGrammar::router_ = nullptr;
FrontDoor* RequestGrammar::front_ = nullptr;
HttpServer* RequestGrammar::http_ = nullptr;

TEST_P(RequestGrammar, IsAnsweredAlikeByEveryHandlerAndInAnyPieces) {
  const Case& one = GetParam();
  for (const std::string path : {"/prompt/", "/waits/"}) {
    for (const bool in_pieces : {false, true}) {
      const std::string bytes = With(path, one.bytes);
      if (in_pieces && bytes.size() > 10'000) continue;
      SCOPED_TRACE(absl::StrCat(path, in_pieces ? ", byte by byte" : ", as a whole"));
      const std::string answer = Send(bytes, in_pieces);
      EXPECT_THAT(answer, StartsWith(absl::StrCat("HTTP/1.1 ", one.status, " ")));
      if (one.seen.empty()) {
        EXPECT_THAT(answer, HasSubstr("{\"error\":\""));
        EXPECT_THAT(answer, Not(HasSubstr("<")));
      } else {
        EXPECT_THAT(answer, HasSubstr("<" + With(path, one.seen) + ">"));
      }
      if (one.after == After::kLives) {
        EXPECT_THAT(answer, HasSubstr("\"behind\""));
      } else {
        EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
        EXPECT_THAT(answer, Not(HasSubstr("\"behind\"")));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, RequestGrammar, ::testing::ValuesIn(All()),
                         [](const auto& instance) { return instance.param.name; });

TEST(RequestReader, ReadsOneRequestAndLeavesTheNext) {
  RequestReader reader({});
  const std::string put =
      "PUT /keys/a%20b?x=y HTTP/1.1\r\nHost: x:1\r\ncontent-length:  13 \r\nX-Many: a, b\r\n\r\n{\"value\":\"1\"}";
  const std::string next = "GET / HTTP";
  const std::string both = put + next;
  std::string_view data = both;
  ASSERT_EQ(reader.Read(data), RequestReader::State::kComplete);
  EXPECT_EQ(data, next);
  EXPECT_EQ(reader.request().method, "PUT");
  EXPECT_EQ(reader.request().target, "/keys/a%20b?x=y");
  EXPECT_EQ(reader.request().header("Content-Length"), "13");
  EXPECT_EQ(reader.request().header("x-many"), "a, b");
  EXPECT_EQ(reader.request().body, R"({"value":"1"})");
  reader.Reset();
  EXPECT_EQ(reader.Read(data), RequestReader::State::kPartial);
  EXPECT_EQ(data, "");
}

TEST(RequestReader, TheHostOfAnAbsoluteTargetCounts) {
  RequestReader reader({});
  std::string_view data = "GET http://there:1/a HTTP/1.1\r\nHost: here\r\n\r\n";
  ASSERT_EQ(reader.Read(data), RequestReader::State::kComplete);
  EXPECT_EQ(reader.request().target, "/a");
  EXPECT_EQ(reader.request().header("Host"), "there:1");
}

TEST(ResponseWriter, AnAnswer) {
  EXPECT_THAT(WriteResponse({.body = "{}"}, {.node = "node1", .keep_alive = std::chrono::seconds(60)}),
              MatchesRegex("HTTP/1.1 200 OK\r\n"
                           "Date: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] [0-9]+ [0-9:]+ GMT\r\n"
                           "Content-Length: 3\r\nContent-Type: application/json\r\nKeep-Alive: timeout=60\r\n"
                           "Raftly-Node: node1\r\n\r\n\\{\\}\n"));
  const std::string last = WriteResponse(ErrorResponse(503, "no"), {.node = "node1"});
  EXPECT_THAT(last, HasSubstr("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\nRetry-After: 1\r\n"));
}

TEST(ResponseWriter, ARelayedAnswerNamesTheNodeThatGaveIt) {
  const std::string answer = WriteResponse({.headers = {{"Raftly-Node", "node2"}}}, {.node = "node1"});
  EXPECT_THAT(answer, HasSubstr("\r\nRaftly-Node: node2\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("node1")));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST(ResponseWriter, OnlyJsonEndsWithANewlineAndOnlyOnce) {
  const Framing framing{.node = "node1"};
  EXPECT_THAT(WriteResponse({.body = "{}\n"}, framing), HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(WriteResponse({.body = "x", .content_type = "text/plain"}, framing), HasSubstr("Content-Length: 1\r\n"));
  const std::string head = WriteResponse({.body = "{}"}, {.node = "node1", .head_only = true});
  EXPECT_THAT(head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(head, ::testing::EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace raftly
