// What is recognised without httplib, and that it is the same.
#include "server/http/plain_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "server/http/http_server.h"
#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using Verdict = PlainRequest::Verdict;
using ::testing::HasSubstr;
using namespace std::string_literals;

const std::string kPut =
    "PUT /keys/a%20b?consistency=stale HTTP/1.1\r\nHost: x:1\r\ncontent-length:  13 \r\nX-Many: a, b\r\n\r\n"
    "{\"value\":\"1\"}";

TEST(PlainHttp, ACompleteRequest) {
  const std::string next = "GET / HTTP";
  const PlainRequest found = ParsePlainRequest(kPut + next);
  ASSERT_EQ(found.verdict, Verdict::kComplete);
  EXPECT_EQ(found.bytes, kPut.size());
  EXPECT_EQ(found.request.method, "PUT");
  EXPECT_EQ(found.request.target, "/keys/a%20b?consistency=stale");
  EXPECT_EQ(found.request.header("Content-Length"), "13");
  EXPECT_EQ(found.request.header("x-many"), "a, b");
  EXPECT_EQ(found.request.body, R"({"value":"1"})");
  EXPECT_EQ(ParsePlainRequest("DELETE /keys/a HTTP/1.1\r\n\r\n").verdict, Verdict::kComplete);
}

TEST(PlainHttp, EveryBeginningOfARequestIsIncomplete) {
  for (size_t n = 0; n < kPut.size(); ++n) {
    EXPECT_EQ(ParsePlainRequest(kPut.substr(0, n)).verdict, Verdict::kIncomplete) << kPut.substr(0, n);
  }
}

TEST(PlainHttp, WhatIsUnusualIsLeftToHttplib) {
  const std::string end = "\r\n\r\n";
  for (const char* head : {
           "GET /keys/a HTTP/1.0",
           "GET http://x/keys/a HTTP/1.1",
           "GET /keys/a  HTTP/1.1",
           "GET /keys/a",
           " GET /keys/a HTTP/1.1",
           "GET /keys/\xC3\xA4 HTTP/1.1",
           "GET /keys/a#b HTTP/1.1",
           "GET /keys/a HTTP/1.1\r\nContent-Length: 1",
           "PUT /keys/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1",
           "PUT /keys/a HTTP/1.1\r\nContent-Length: +1",
           "PUT /keys/a HTTP/1.1\r\nContent-Length: 0x1",
           "PUT /keys/a HTTP/1.1\r\nContent-Length: 1 1",
           "PUT /keys/a HTTP/1.1\r\nContent-Length:",
           "PUT /keys/a HTTP/1.1\r\nContent-Length: 99999999999999999999",
           "PUT /keys/a HTTP/1.1\r\nContent-Length : 1",
           "PUT /keys/a HTTP/1.1\r\nTransfer-Encoding: chunked",
           "PUT /keys/a HTTP/1.1\r\ncontent-encoding: gzip",
           "PUT /keys/a HTTP/1.1\r\nExpect: 100-continue",
           "GET /keys/a HTTP/1.1\r\nConnection: close",
           "GET /keys/a HTTP/1.1\r\nRange: bytes=0-1",
           "GET /keys/a?b?c HTTP/1.1",
           "GET /keys/a HTTP/1.1\r\nX: a\r\n folded",
           "GET /keys/a HTTP/1.1\r\nX: a\nY: b",
           "GET /keys/a HTTP/1.1\r\nX: a\tb",
           "GET /keys/a HTTP/1.1\r\nX: %41",
           "GET /keys/a HTTP/1.1\r\nno colon",
           "GET /keys/a HTTP/1.1\r\n: nameless",
       }) {
    EXPECT_EQ(ParsePlainRequest(head + end).verdict, Verdict::kUnusual) << head;
  }
  const std::string longest(4096, 'a');
  EXPECT_EQ(ParsePlainRequest("GET /" + longest + " HTTP/1.1" + end).verdict, Verdict::kUnusual);
  EXPECT_EQ(ParsePlainRequest("GET / HTTP/1.1\r\nX:" + longest + end).verdict, Verdict::kUnusual);
  EXPECT_EQ(ParsePlainRequest("GET / HTTP/1.1\r\nConnection: Keep-Alive" + end).verdict, Verdict::kComplete);
  EXPECT_EQ(ParsePlainRequest("GET /keys/\0a HTTP/1.1\r\n\r\n"s).verdict, Verdict::kUnusual);
}

std::string Describe(const HttpRequest& request) {
  std::string out = request.method + "|" + request.target + "|" + request.body;
  for (const char* name : {"Host", "Content-Length", "X-Many", "Content-Type"}) {
    out += "|" + std::string(request.header(name));
  }
  return out;
}

// The same request once with a handler that may wait, which gets it through httplib, and once with a prompt one.
TEST(PlainHttp, HttplibFindsTheSameRequest) {
  for (const std::string& sent :
       {kPut, std::string("GET /keys/a HTTP/1.1\r\nHost: y\r\n\r\n"), std::string("DELETE /keys/?a HTTP/1.1\r\n\r\n"),
        std::string("GET /keys/a HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"),
        std::string("PUT /keys/a HTTP/1.1\r\nX-Many:a,\"b\"; c=~\r\nContent-Length: 0\r\n\r\n")}) {
    std::vector<std::string> seen;
    for (const bool prompt : {false, true}) {
      Router router;
      const auto answer = [&](const HttpRequest& request) {
        seen.push_back(Describe(request));
        return HttpResponse{};
      };
      for (const char* method : {"GET", "PUT", "DELETE"}) {
        router.Add(
            method, "/keys/", answer,
            prompt ? [&](const HttpRequest& request,
                         HttpReply reply) { reply(HttpAnswer{0, [response = answer(request)] { return response; }}); }
                   : PromptHandler());
      }
      const FrontDoor front(router);
      HttpServer http({.listen = {"127.0.0.1", 0}, .node = "node1"}, front);
      ASSERT_TRUE(http.Listen().ok());
      http.Start();
      const RawClient client(http.port());
      client.Send(sent);
      client.SendNoMore();
      EXPECT_THAT(client.Rest(), HasSubstr("HTTP/1.1 200 OK\r\n"));
    }
    ASSERT_EQ(seen.size(), 2u) << sent;
    EXPECT_EQ(seen[0], seen[1]);
  }
}

TEST(PlainHttp, AnAnswer) {
  EXPECT_EQ(WriteResponse(HttpResponse{.body = "{}"}, {.node = "node1", .keep_alive = std::chrono::seconds(60)}),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nKeep-Alive: timeout=60\r\n"
            "Raftly-Node: node1\r\n\r\n{}");
  const std::string last = WriteResponse(ErrorResponse(503, "no"), {.node = "node1"});
  EXPECT_THAT(last, HasSubstr("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\nRetry-After: 1\r\n"));
  // A relayed answer names the node that gave it.
  EXPECT_EQ(WriteResponse(HttpResponse{.headers = {{"Raftly-Node", "node2"}}}, {.node = "node1"}),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nRaftly-Node: node2\r\n\r\n");
}

}  // namespace
}  // namespace raftly
