// Versions, conditions, add, append and lists over HTTP (SPEC section 4.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "server/http/kv_api.h"
#include "server/kv/kv_service.h"
#include "tests/server/fake_consensus.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;

class NoPeers : public PeerCaller {
 public:
  PeerAnswer Call(const NodeId& peer, const HttpRequest&, std::chrono::milliseconds) override {
    return {PeerAnswer::Outcome::kNoAddress, {}, peer + " has no address"};
  }
};

class KvConditions : public ::testing::Test {
 protected:
  KvConditions() {
    Elect(leaders_, "node1");
    api_.Register(router_);
  }
  HttpResponse Ask(const std::string& method, const std::string& target, const std::string& body = {},
                   const HttpHeaders& headers = {}) {
    return router_.Ask({.method = method, .target = target, .headers = headers, .body = body});
  }
  int Status(const std::string& method, const std::string& target, const std::string& body = {},
             const HttpHeaders& headers = {}) {
    return Ask(method, target, body, headers).status;
  }
  static std::string ETag(const HttpResponse& response) { return std::string(FindHeader(response.headers, "ETag")); }

  WriteWatch writes_;
  KvStore store_{&writes_};
  FakeConsensus consensus_{store_};
  LeaderWatch leaders_;
  KvService service_{"node1", consensus_, store_, leaders_};
  NoPeers peers_;
  KvApi api_{"node1", service_, peers_, writes_};
  Router router_;
};

TEST_F(KvConditions, EveryAnswerNamesTheVersion) {
  EXPECT_EQ(ETag(Ask("PUT", "/keys/k", R"({"value":"a"})")), "\"1\"");
  EXPECT_EQ(ETag(Ask("PUT", "/keys/other", R"({"value":"b"})")), "\"2\"");
  EXPECT_EQ(ETag(Ask("GET", "/keys/k")), "\"1\"");
  EXPECT_EQ(ETag(Ask("GET", "/keys/k?consistency=stale")), "\"1\"");
  EXPECT_EQ(ETag(Ask("DELETE", "/keys/k")), "\"3\"");
  EXPECT_EQ(ETag(Ask("GET", "/keys/k")), "");
}

TEST_F(KvConditions, AWriteWithAConditionThatDoesNotHoldIs412) {
  EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"a"})", {{"If-None-Match", "*"}}), 200);
  const HttpResponse refused = Ask("PUT", "/keys/k", R"({"value":"b"})", {{"If-None-Match", "*"}});
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(ETag(refused), "\"1\"");
  EXPECT_THAT(refused.body, HasSubstr("another version"));
  EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"c"})", {{"If-Match", "\"7\""}}), 412);
  EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"d"})", {{"If-Match", "\"1\""}}), 200);
  EXPECT_EQ(Ask("GET", "/keys/k").body, R"({"key":"k","value":"d"})");
  EXPECT_EQ(Status("DELETE", "/keys/k", "", {{"If-Match", "\"1\""}}), 412);
  EXPECT_EQ(Status("DELETE", "/keys/k", "", {{"If-Match", "\"4\""}}), 200);
  const HttpResponse absent = Ask("DELETE", "/keys/k", "", {{"If-Match", "\"4\""}});
  EXPECT_EQ(absent.status, 412);
  EXPECT_EQ(ETag(absent), "") << "there is none";
}

TEST_F(KvConditions, AConditionThatIsNoneIs400) {
  for (const char* match : {"7", "\"\"", "\"0\"", "W/\"7\"", "\"7\", \"8\"", "*", "\"x\"", "\"-1\""}) {
    EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"a"})", {{"If-Match", match}}), 400) << match;
  }
  EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"a"})", {{"If-None-Match", "\"7\""}}), 400);
  EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"a"})", {{"If-None-Match", "*"}, {"If-Match", "\"7\""}}), 400);
  EXPECT_EQ(consensus_.calls(), 0);
}

TEST_F(KvConditions, AddAndAppendAnswerWithWhatTheKeyHolds) {
  EXPECT_EQ(Ask("POST", "/keys/n", R"({"add":5})").body, R"({"value":"5","version":1})");
  EXPECT_EQ(Ask("POST", "/keys/n", R"({"add":-6})").body, R"({"value":"-1","version":2})");
  EXPECT_EQ(Ask("POST", "/keys/w", R"({"append":"a\"b"})").body, R"({"value":"a\"b","version":3})");
  EXPECT_EQ(Status("POST", "/keys/w", R"({"add":1})"), 409);
  EXPECT_EQ(Status("POST", "/keys/w", R"({"append":"c"})", {{"If-Match", "\"2\""}}), 412);
  EXPECT_EQ(Ask("GET", "/keys/w").body, R"({"key":"w","value":"a\"b"})");
  for (const char* body : {"{}", R"({"add":1,"append":"x"})", R"({"add":1.5})", R"({"add":"1"})", R"({"append":1})",
                           R"({"add":9223372036854775808})", "[]", ""}) {
    EXPECT_EQ(Status("POST", "/keys/w", body), 400) << body;
  }
}

TEST_F(KvConditions, WhatANodeDoesNotUnderstandIs501AndNamesIt) {
  consensus_.Refuse(NotUnderstoodError("node3"));
  const HttpResponse refused = Ask("POST", "/keys/n", R"({"add":5})");
  EXPECT_EQ(refused.status, 501);
  EXPECT_THAT(refused.body, HasSubstr("node3"));
  Elect(leaders_, "node2");
  consensus_.FollowInVain("node2");
  EXPECT_THAT(Ask("POST", "/keys/n", R"({"add":5})").body, HasSubstr("node2 does not understand this"));
  EXPECT_EQ(Status("GET", "/keys"), 501);
}

TEST_F(KvConditions, ListsAreInPages) {
  for (const char* key : {"a", "b%2F1", "b%2F2", "c"}) {
    Ask("PUT", std::string("/keys/") + key, R"({"value":"v"})");
  }
  EXPECT_EQ(Ask("GET", "/keys?prefix=b/&limit=1").body,
            R"({"keys":[{"key":"b/1","value":"v","version":2}],"next":"b/1","index":4})");
  EXPECT_EQ(Ask("GET", "/keys?prefix=b/&after=b/1&values=false").body,
            R"({"keys":[{"key":"b/2","version":3}],"next":null,"index":4})");
  EXPECT_EQ(Ask("GET", "/keys?prefix=x&consistency=stale").body, R"({"keys":[],"next":null,"index":4})");
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "values=maybe", "consistency=other", "prefix=%zz"}) {
    EXPECT_EQ(Status("GET", std::string("/keys?") + query), 400) << query;
  }
}

TEST_F(KvConditions, ATransactionIsAllOrNothing) {
  Ask("PUT", "/keys/a", R"({"value":"1"})");
  const std::string move = R"({"if":[{"key":"a","version":1},{"key":"b","version":0}],
      "then":[{"op":"delete","key":"a"},{"op":"put","key":"b","value":"x"},{"op":"append","key":"b","value":"y"},
              {"op":"add","key":"n","by":2},{"op":"get","key":"b"},{"op":"get","key":"a"}],
      "else":[{"op":"get","key":"b"}]})";
  EXPECT_EQ(Ask("POST", "/api/txn", move).body,
            R"({"succeeded":true,"index":2,"results":[{"op":"delete","key":"a","version":0},)"
            R"({"op":"put","key":"b","version":2},{"op":"append","key":"b","version":2,"value":"xy"},)"
            R"({"op":"add","key":"n","version":2,"value":"2"},{"op":"get","key":"b","version":2,"value":"xy"},)"
            R"({"op":"get","key":"a","version":0}]})");
  EXPECT_EQ(Status("GET", "/keys/a"), 404);
  EXPECT_EQ(Ask("POST", "/api/txn", move).body,
            R"({"succeeded":false,"index":3,"results":[{"op":"get","key":"b","version":2,"value":"xy"}]})");
  // What cannot be done undoes what came before it.
  const HttpResponse refused =
      Ask("POST", "/api/txn", R"({"then":[{"op":"put","key":"c","value":"z"},{"op":"add","key":"b","by":1}]})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr(R"(key \"b\")"));
  EXPECT_EQ(Status("GET", "/keys/c"), 404);
  EXPECT_EQ(Ask("POST", "/api/txn", R"({"then":[]})").body, R"({"succeeded":true,"index":5,"results":[]})");
}

TEST_F(KvConditions, ATransactionThatIsNoneNamesTheField) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"then":{}})", "then: not an array"},
      {R"({"then":[1]})", "then[0].not an object"},
      {R"({"then":[{"op":"swap","key":"k"}]})", "then[0].op"},
      {R"({"then":[{"op":"put","key":"k"}]})", "then[0].value"},
      {R"({"else":[{"op":"get","key":"a"},{"op":"add","key":"k"}]})", "else[1].by"},
      {R"({"then":[{"op":"get","key":""}]})", "then[0].the key is empty"},
      {R"({"if":[{"key":"k"}],"then":[]})", "if[0].version"},
      {R"({"if":[{"key":"k","version":-1}],"then":[]})", "if[0].version"},
      {"{}", "then"},
      {"[]", "object"}};
  for (const auto& [body, why] : wrong) {
    const HttpResponse answer = Ask("POST", "/api/txn", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr(why)) << body;
  }
  std::string many = R"({"then":[{"op":"get","key":"k"})";
  for (int i = 0; i < 128; ++i) many += R"(,{"op":"get","key":"k"})";
  EXPECT_EQ(Status("POST", "/api/txn", many + "]}"), 413);
  EXPECT_EQ(consensus_.calls(), 0);
}

TEST_F(KvConditions, ATransactionWhoseAnswerWouldBeTooLongChangesNothing) {
  ASSERT_EQ(Status("PUT", "/keys/big", "{\"value\":\"" + std::string(1 << 20, 'x') + "\"}"), 200);
  std::string body = R"({"then":[{"op":"put","key":"c","value":"z"})";
  for (int i = 0; i < 5; ++i) body += R"(,{"op":"get","key":"big"})";
  EXPECT_EQ(Status("POST", "/api/txn", body + "]}"), 413);
  EXPECT_EQ(Status("GET", "/keys/c"), 404);
}

// ---- Idempotency-Key -----------------------------------------------------------------------------------------------

TEST_F(KvConditions, AWriteThatComesAgainIsAnsweredAndNotDoneAgain) {
  const HttpHeaders key = {{"Idempotency-Key", "k1"}};
  EXPECT_EQ(Ask("POST", "/keys/n", R"({"add":1})", key).body, R"({"value":"1","version":1})");
  EXPECT_EQ(Ask("POST", "/keys/n", R"({"add":1})").body, R"({"value":"2","version":2})");
  EXPECT_EQ(Ask("POST", "/keys/n", R"({"add":1})", key).body, R"({"value":"1","version":1})") << "the first answer";
  EXPECT_EQ(store_.Get("n")->view(), "2");
  EXPECT_EQ(Status("POST", "/keys/n", R"({"add":2})", key), 422);
  EXPECT_EQ(Status("PUT", "/keys/m", R"({"value":"v"})", key), 422);
  // Of plain writes, too, and of refusals.
  EXPECT_EQ(ETag(Ask("PUT", "/keys/p", R"({"value":"v"})", {{"Idempotency-Key", "k2"}})), "\"6\"");
  Ask("DELETE", "/keys/p");
  EXPECT_EQ(ETag(Ask("PUT", "/keys/p", R"({"value":"v"})", {{"Idempotency-Key", "k2"}})), "\"6\"");
  EXPECT_EQ(Status("GET", "/keys/p"), 404);
  const HttpHeaders taken = {{"Idempotency-Key", "k3"}, {"If-None-Match", "*"}};
  EXPECT_EQ(Status("PUT", "/keys/n", R"({"value":"v"})", taken), 412);
  Ask("DELETE", "/keys/n");
  EXPECT_EQ(Status("PUT", "/keys/n", R"({"value":"v"})", taken), 412) << "that was the first answer";
  const HttpHeaders several = {{"Idempotency-Key", "k4"}};
  const std::string body = R"({"then":[{"op":"add","key":"t","by":1}]})";
  EXPECT_EQ(Ask("POST", "/api/txn", body, several).body, Ask("POST", "/api/txn", body, several).body);
  EXPECT_EQ(store_.Get("t")->view(), "1");
}

TEST_F(KvConditions, AnIdempotencyKeyThatIsNoneIs400) {
  for (const std::string& key : {std::string(), std::string(65, 'x'), std::string("\xFF")}) {
    EXPECT_EQ(Status("PUT", "/keys/k", R"({"value":"v"})", {{"Idempotency-Key", key}}), 400) << key;
  }
  EXPECT_EQ(Status("GET", "/keys/k", "", {{"Idempotency-Key", std::string(65, 'x')}}), 404) << "a read is no write";
}

}  // namespace
}  // namespace raftly
