// What the library does with each answer: ask again, of whom, under which key, or tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "server/client/raftly_client.h"
#include "tests/client/scripted_server.h"

namespace raftly::client {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong{60'000};
constexpr milliseconds kShort{400};
constexpr char kSum[] = R"({"value":"7","version":9})";

std::unique_ptr<Client> ClientOf(const std::vector<std::string>& endpoints, milliseconds deadline = kLong) {
  auto client = Client::Open({.endpoints = endpoints, .deadline = deadline});
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

std::string KeyOf(const ScriptedServer& server, size_t request) {
  return server.requests().at(request).Header("idempotency-key");
}

TEST(Retry, AnUnavailableNodeIsFollowedByTheNextUnderTheSameKey) {
  const ScriptedServer first({Says(503, R"({"error":"no leader"})")});
  const ScriptedServer second({Says(200, kSum, "ETag: \"9\"\r\n")});
  const auto sum = ClientOf({first.address(), second.address()})->Add("k", 7);
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(sum->value, "7");
  EXPECT_EQ(sum->version, 9U);
  EXPECT_EQ(KeyOf(first, 0).size(), 32U) << "128 bits";
  EXPECT_EQ(KeyOf(first, 0), KeyOf(second, 0));
}

TEST(Retry, AnUnknownOutcomeIsAskedForUntilTheKeptAnswerComes) {
  for (const std::string& unknown : {Says(504, R"({"error":"outcome unknown"})"), kReset, std::string("HTTP/1.1 2")}) {
    const ScriptedServer server({unknown, unknown, Says(200, kSum)});
    const auto sum = ClientOf({server.address()})->Add("k", 7);
    ASSERT_TRUE(sum.ok()) << sum.status();
    ASSERT_EQ(server.requests().size(), 3U);
    EXPECT_EQ(KeyOf(server, 0), KeyOf(server, 1));
    EXPECT_EQ(KeyOf(server, 0), KeyOf(server, 2));
    EXPECT_EQ(server.requests()[0].body, server.requests()[2].body);
  }
}

TEST(Retry, EveryWriteHasAKeyOfItsOwn) {
  const ScriptedServer server({Says(200, kSum)});
  const auto client = ClientOf({server.address()});
  ASSERT_TRUE(client->Add("k", 1).ok());
  ASSERT_TRUE(client->Add("k", 1).ok());
  ASSERT_TRUE(client->Add("k", 1, {.idempotency_key = "mine"}).ok());
  EXPECT_NE(KeyOf(server, 0), KeyOf(server, 1));
  EXPECT_EQ(KeyOf(server, 2), "mine");
}

TEST(Retry, NobodyThereUntilTheDeadlineIsUnavailable) {
  const std::string first = NobodysAddress(), second = NobodysAddress();
  const auto put = ClientOf({first, second}, kShort)->Put("k", "v");
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable) << put.status();
  EXPECT_THAT(std::string(put.status().message()), HasSubstr(": connection refused"));
}

TEST(Retry, UnavailableUntilTheDeadlineIsNotDone) {
  const ScriptedServer server({Says(503, R"({"error":"no leader"})")});
  const auto put = ClientOf({server.address()}, kShort)->Put("k", "v");
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable) << put.status();
  EXPECT_EQ(put.status().message(), "the server answered 503: no leader");
  EXPECT_GT(server.requests().size(), 2U);
}

TEST(Retry, OneTryOfUnknownOutcomeMakesTheWholeUnknown) {
  const ScriptedServer server({kReset, Says(503)});
  const auto add = ClientOf({server.address()}, kShort)->Add("k", 1);
  EXPECT_EQ(add.status().code(), absl::StatusCode::kDeadlineExceeded) << add.status();
  EXPECT_EQ(IdempotencyKeyOf(add.status()), KeyOf(server, 0));
  const ScriptedServer lost({kReset, Says(503)});
  const auto get = ClientOf({lost.address()}, kShort)->Get("k");
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable) << "a read does nothing";
}

TEST(Retry, WhoHangsLeavesTimeForAnother) {
  const ScriptedServer hangs({kHang});
  const ScriptedServer answers({Says(200, kSum)});
  const auto add = ClientOf({hangs.address(), answers.address()}, milliseconds(2'000))->Add("k", 7);
  EXPECT_TRUE(add.ok()) << add.status();
  EXPECT_EQ(KeyOf(hangs, 0), KeyOf(answers, 0));
}

TEST(Retry, WhoAnswersIsStayedWith) {
  const ScriptedServer answers({Says(200, kSum)}), other({Says(200, kSum)});
  const auto client = ClientOf({NobodysAddress(), answers.address(), other.address()});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->Add("k", 7).ok());
  EXPECT_EQ(answers.requests().size(), 3U);
  EXPECT_TRUE(other.requests().empty());
}

TEST(Retry, WhatIsDecidedIsToldAtOnce) {
  const std::vector<std::pair<int, absl::StatusCode>> decided = {
      {400, absl::StatusCode::kInvalidArgument},   {401, absl::StatusCode::kUnauthenticated},
      {403, absl::StatusCode::kPermissionDenied},  {409, absl::StatusCode::kFailedPrecondition},
      {413, absl::StatusCode::kInvalidArgument},   {422, absl::StatusCode::kAlreadyExists},
      {507, absl::StatusCode::kResourceExhausted},
  };
  for (const auto& [status, code] : decided) {
    const ScriptedServer server({Says(status, R"({"error":"because"})")}), other({Says(200, kSum)});
    const auto add = ClientOf({server.address(), other.address()})->Add("k", 1);
    EXPECT_EQ(add.status().code(), code) << status;
    EXPECT_EQ(add.status().message(), "the server answered " + std::to_string(status) + ": because");
    EXPECT_EQ(ConflictingVersion(add.status()), std::nullopt);
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_TRUE(other.requests().empty());
  }
}

TEST(Retry, AConditionThatDoesNotHoldTellsTheVersion) {
  const ScriptedServer server({Says(412, "", "ETag: \"17\"\r\n"), Says(412)});
  const auto client = ClientOf({server.address()});
  const auto put = client->Put("k", "v", {.if_version = 16});
  EXPECT_EQ(put.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ConflictingVersion(put.status()), 17U);
  EXPECT_EQ(server.requests()[0].Header("if-match"), "\"16\"");
  EXPECT_EQ(ConflictingVersion(client->Delete("k", {.if_version = 16}).status()), 0U) << "absent";
  EXPECT_FALSE(client->Put("k", "v", {.if_version = 0}).ok());
  EXPECT_EQ(server.requests()[2].Header("if-none-match"), "*");
  EXPECT_EQ(server.requests()[2].Header("if-match"), "");
}

TEST(Retry, RetryAfterIsKept) {
  const ScriptedServer busy({Says(429, "", "Retry-After: 1\r\n"), Says(200, kSum)});
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(ClientOf({busy.address()})->Add("k", 1).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(KeyOf(busy, 0), KeyOf(busy, 1));
}

TEST(Retry, WhoWantsToRestLongerThanTheDeadlineIsNotAskedAgain) {
  const ScriptedServer busy({Says(429, R"({"error":"too many"})", "Retry-After: 3000\r\n")});
  const ScriptedServer other({Says(200, kSum)});
  const auto alone = ClientOf({busy.address()});
  EXPECT_EQ(alone->Add("k", 1).status().message(), "the server answered 429: too many");
  EXPECT_THAT(std::string(alone->Add("k", 1).status().message()), HasSubstr("left alone"));
  EXPECT_EQ(busy.requests().size(), 1U);
  const auto both = ClientOf({busy.address(), other.address()});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(both->Add("k", 1).ok());
  EXPECT_EQ(busy.requests().size(), 2U);
}

TEST(Retry, APlainWriteGoesWithoutAKeyWhereTheClusterDoesNotKnowThem) {
  const ScriptedServer server({Says(501, R"({"error":"node3 is too old"})"), Says(200, "", "ETag: \"5\"\r\n")});
  const auto put = ClientOf({server.address()})->Put("k", "v");
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(*put, 5U);
  EXPECT_NE(KeyOf(server, 0), "");
  EXPECT_EQ(KeyOf(server, 1), "");
}

TEST(Retry, WithoutAKeyNothingOfUnknownOutcomeIsRepeated) {
  const ScriptedServer server({Says(501), Says(503), kReset, Says(200)});
  const auto removed = ClientOf({server.address()})->Delete("k");
  EXPECT_EQ(removed.status().code(), absl::StatusCode::kDeadlineExceeded) << removed.status();
  EXPECT_EQ(server.requests().size(), 3U) << "what is certainly not done is asked for again, what may be is not";
}

TEST(Retry, AnythingElseWaitsForNodesThatHaveJustStartedAndThenTells) {
  const ScriptedServer soon({Says(501), Says(501), Says(200, kSum)});
  EXPECT_TRUE(ClientOf({soon.address()})->Add("k", 7).ok());
  EXPECT_EQ(KeyOf(soon, 0), KeyOf(soon, 2));
  const ScriptedServer never({Says(501, R"({"error":"node3 is too old"})")});
  const auto put = ClientOf({never.address()})->Put("k", "v", {.if_version = 3});
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(put.status().message(), "the server answered 501: node3 is too old");
  EXPECT_NE(KeyOf(never, never.requests().size() - 1), "") << "a condition is never dropped";
}

TEST(Retry, ManyThreadsShareAClient) {
  const ScriptedServer server({Says(200, kSum)});
  const auto client = ClientOf({NobodysAddress(), server.address()});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_TRUE(client->Add("k", 7).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.requests().size(), 160U);
}

}  // namespace
}  // namespace raftly::client
