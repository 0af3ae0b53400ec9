// What the library asks for, and reads from the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/client/raftly_client.h"
#include "server/kv/json.h"
#include "tests/client/scripted_server.h"

namespace raftly::client {
namespace {

using ::testing::HasSubstr;

class Requests : public ::testing::Test {
 protected:
  // A client of a server that answers so.
  Client& Answered(const std::string& answer, const std::string& token = "") {
    server_ = std::make_unique<ScriptedServer>(std::vector<std::string>{answer});
    auto client = Client::Open({.endpoints = {"http://" + server_->address() + "/"}, .token = token});
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    return *client_;
  }
  Asked asked() const { return server_->requests().back(); }

 private:
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(Requests, Get) {
  const auto value =
      Answered(Says(200, R"({"key":"a/b \u2603","value":"\u2603"})", "ETag: \"12\"\r\n"), "secret").Get("a/b \u2603");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->value, "\u2603");
  EXPECT_EQ(value->version, 12U);
  EXPECT_EQ(asked().line, "GET /keys/a%2Fb%20%E2%98%83 HTTP/1.1");
  EXPECT_EQ(asked().Header("authorization"), "Bearer secret");
  EXPECT_EQ(asked().Header("idempotency-key"), "") << "a read";
  EXPECT_EQ(Answered(Says(404, R"({"error":"no such key"})")).Get("k", {.stale = true}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(asked().line, "GET /keys/k?consistency=stale HTTP/1.1");
}

TEST_F(Requests, Writes) {
  EXPECT_EQ(*Answered(Says(200, "", "ETag: \"3\"\r\n")).Put("k", "a \"quote\""), 3U);
  EXPECT_EQ(asked().line, "PUT /keys/k HTTP/1.1");
  EXPECT_EQ(asked().body, R"({"value":"a \"quote\""})");
  EXPECT_EQ(*Answered(Says(200)).Delete("k"), 0U) << "a Go server tells no version";
  EXPECT_EQ(asked().line, "DELETE /keys/k HTTP/1.1");
  const auto sum = Answered(Says(200, R"({"value":"-3","version":4})", "ETag: \"4\"\r\n")).Add("k", -5);
  EXPECT_EQ(sum->value, "-3");
  EXPECT_EQ(sum->version, 4U);
  EXPECT_EQ(asked().line, "POST /keys/k HTTP/1.1");
  EXPECT_EQ(asked().body, R"({"add":-5})");
  EXPECT_TRUE(Answered(Says(200, R"({"value":"ab","version":4})")).Append("k", "b").ok());
  EXPECT_EQ(asked().body, R"({"append":"b"})");
}

TEST_F(Requests, Lists) {
  const auto page =
      Answered(
          Says(200, R"({"keys":[{"key":"a","value":"1","version":3},{"key":"b","version":4}],"next":"b","index":9})"))
          .List({.prefix = "p/", .after = "a b", .limit = 2});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(asked().line, "GET /keys?limit=2&prefix=p%2F&after=a%20b HTTP/1.1");
  ASSERT_EQ(page->keys.size(), 2U);
  EXPECT_EQ(page->keys[0].value, "1");
  EXPECT_EQ(page->keys[1].key, "b");
  EXPECT_EQ(page->keys[1].version, 4U);
  EXPECT_EQ(page->next, "b");
  EXPECT_EQ(page->index, 9U);
  const auto last = Answered(Says(200, R"({"keys":[],"next":null,"index":9})")).List({.values = false, .stale = true});
  EXPECT_EQ(last->next, std::nullopt);
  EXPECT_EQ(asked().line, "GET /keys?limit=100&values=false&consistency=stale HTTP/1.1");
}

TEST_F(Requests, Transactions) {
  const auto result = Answered(Says(200, R"({"succeeded":false,"index":8,"results":[
      {"op":"get","key":"a","version":0},{"op":"add","key":"n","version":8,"value":"2"}]})"))
                          .Transact({.conditions = {{"a", 0}, {"b", 7}},
                                     .then = {{.op = Step::Op::kPut, .key = "a", .value = "1"}},
                                     .otherwise = {{.op = Step::Op::kGet, .key = "a"},
                                                   {.op = Step::Op::kAdd, .key = "n", .by = 2},
                                                   {.op = Step::Op::kDelete, .key = "d"},
                                                   {.op = Step::Op::kAppend, .key = "e", .value = "x"}}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(asked().line, "POST /api/txn HTTP/1.1");
  EXPECT_NE(asked().Header("idempotency-key"), "");
  EXPECT_EQ(asked().body,
            R"({"if":[{"key":"a","version":0},{"key":"b","version":7}],"then":[{"op":"put","key":"a","value":"1"}],)"
            R"("else":[{"op":"get","key":"a"},{"op":"add","key":"n","by":2},{"op":"delete","key":"d"},)"
            R"({"op":"append","key":"e","value":"x"}]})");
  EXPECT_FALSE(result->succeeded);
  EXPECT_EQ(result->index, 8U);
  ASSERT_EQ(result->results.size(), 2U);
  EXPECT_EQ(result->results[0].value, std::nullopt);
  EXPECT_EQ(result->results[1].value, "2");
  EXPECT_EQ(result->results[1].version, 8U);
}

TEST_F(Requests, AnswersThatAreNone) {
  EXPECT_FALSE(Answered(Says(200, "nonsense")).Get("k").ok());
  EXPECT_FALSE(Answered(Says(200, R"({"key":"k"})")).Get("k").ok());
  const auto page = Answered(Says(200, R"({"keys":[{"value":"1"}],"next":null,"index":9})")).List({});
  EXPECT_THAT(std::string(page.status().message()), HasSubstr("\"keys[].key\""));
  EXPECT_FALSE(Answered(Says(200, R"({"succeeded":true})")).Transact({}).ok());
  EXPECT_EQ(Answered(Says(418)).Get("k").status().message(), "the server answered 418");
}

TEST(Opening, ChecksWhatItIsGiven) {
  const auto error = [](ClientOptions options) {
    return std::string(Client::Open(std::move(options)).status().message());
  };
  EXPECT_THAT(error({}), HasSubstr("no address"));
  EXPECT_THAT(error({.endpoints = {":1", "nonsense"}}), HasSubstr("\"nonsense\""));
  EXPECT_THAT(error({.endpoints = {":1"}, .authorities = "ca.crt"}), HasSubstr("https://"));
  EXPECT_THAT(error({.endpoints = {"https://:1"}, .authorities = "/nowhere/ca.crt"}), HasSubstr("/nowhere/ca.crt"));
  const auto client = Client::Open({.endpoints = {":1"}});
  EXPECT_EQ((*client)->Get("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*client)->Put("", "v").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace raftly::client
