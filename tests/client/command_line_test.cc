// The command line of raftly-client.
#include "server/client/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "server/client/endpoints.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using Verb = ClientCommand::Verb;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

ClientCommand Parsed(const std::vector<std::string>& words) {
  const auto command = ParseClientCommand(words);
  EXPECT_TRUE(command.ok()) << command.status();
  return command.value_or(ClientCommand());
}
ClientCommand Parsed(const std::string& line) { return Parsed(Words(line)); }

std::string Error(const std::string& line) { return std::string(ParseClientCommand(Words(line)).status().message()); }

ClientCommand At8001(Verb verb, const std::string& key = "", const std::string& value = "") {
  return {.endpoints = {":8001"}, .verb = verb, .key = key, .value = value};
}

TEST(CommandLine, Addresses) {
  for (const char* text : {"host:8001", "http://host:8001", "http://host:8001/", "https://host:8001"}) {
    const auto endpoint = client::ParseEndpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->address, (Address{"host", 8001})) << text;
    EXPECT_EQ(endpoint->tls, text[4] == 's');
  }
  EXPECT_EQ(client::ParseEndpoint(":8001")->address, (Address{"", 8001}));
  for (const char* text : {"", "host", "host:", "http://", "https://", "host:1/path"}) {
    EXPECT_FALSE(client::ParseEndpoint(text).ok()) << text;
  }
  EXPECT_EQ(Parsed(":1,https://host:2 status").endpoints, (std::vector<std::string>{":1", "https://host:2"}));
  EXPECT_THAT(Error(":1,nonsense status"), HasSubstr("address \"nonsense\""));
  EXPECT_THAT(Error(":1, status"), HasSubstr("address \"\""));
  EXPECT_THAT(Error("-ca f https://a:1,:2 status"), HasSubstr("https://"));
  EXPECT_THAT(Error(":2 status -ca f"), HasSubstr("https://"));
}

TEST(CommandLine, AsItAlwaysWas) {
  EXPECT_EQ(Parsed(":8001 put k v"), At8001(Verb::kPut, "k", "v"));
  EXPECT_EQ(Parsed({":8001", "put", "k", ""}), At8001(Verb::kPut, "k", ""));
  EXPECT_EQ(Parsed(":8001 get k"), At8001(Verb::kGet, "k"));
  EXPECT_EQ(Parsed(":8001 delete k"), At8001(Verb::kDelete, "k"));
  EXPECT_EQ(Parsed(":8001 status"), At8001(Verb::kStatus));
  EXPECT_EQ(Parsed("verify f").file, "f");
  EXPECT_EQ(Parsed(":8001 backup f").file, "f");
  for (const char* line :
       {"", ":8001", ":8001 put k", ":8001 get", ":8001 get a b", ":8001 status x", ":8001 drop k", "verify"}) {
    EXPECT_FALSE(ParseClientCommand(Words(line)).ok()) << line;
  }
  EXPECT_FALSE(ParseClientCommand({":8001", "get", ""}).ok());
  EXPECT_EQ(Error(":8001 put k"), "\"put\" takes 2 arguments, not 1");
  EXPECT_EQ(Error("-x :8001 status"), "unknown flag \"-x\"");
  EXPECT_EQ(Error("-ca"), "flag -ca needs a file");
}

TEST(CommandLine, WhatLooksLikeAFlagAndIsNone) {
  EXPECT_EQ(Parsed(":8001 put k -5"), At8001(Verb::kPut, "k", "-5"));
  EXPECT_EQ(Parsed(":8001 put -k -limit"), At8001(Verb::kPut, "-k", "-limit")) << "no flag of put";
  EXPECT_EQ(Parsed(":8001 put -- -json -if-absent"), At8001(Verb::kPut, "-json", "-if-absent"));
  EXPECT_EQ(Parsed(":8001 get -"), At8001(Verb::kGet, "-"));
  EXPECT_EQ(Parsed(":8001 add k -5").by, -5);
}

TEST(CommandLine, Flags) {
  EXPECT_EQ(Parsed(":8001 put k v --if-version 7").if_version, 7U);
  EXPECT_EQ(Parsed(":8001 put --if-version=7 k v"), Parsed(":8001 put k -if-version 7 v"));
  EXPECT_EQ(Parsed(":8001 put k v -if-absent").if_version, 0U);
  EXPECT_EQ(Parsed(":8001 add k").by, 1);
  EXPECT_EQ(Parsed(":8001 append k v -idempotency-key mine").idempotency_key, "mine");
  EXPECT_EQ(Parsed("-deadline 0.25 :8001 get k").deadline, std::chrono::milliseconds(250));
  for (const char* line : {"-json :8001 get k", ":8001 -json get k", ":8001 get k --json", ":8001 get -json=true k"}) {
    EXPECT_TRUE(Parsed(line).json) << line;
  }
  const ClientCommand list = Parsed(":8001 list p/ -limit 7 -values=false -all -after p/q -stale");
  EXPECT_EQ(list.key, "p/");
  EXPECT_EQ(list.limit, 7);
  EXPECT_EQ(list.after, "p/q");
  EXPECT_TRUE(!list.values && list.all && list.stale);
  EXPECT_EQ(Parsed(":8001 watch -from 9").from, 9U);
  EXPECT_EQ(Parsed(":8001 watch p -last-id 9.1").last_id, "9.1");
  EXPECT_EQ(Parsed(":8001 txn").file, "-");
  EXPECT_EQ(Parsed(":8001 txn f").file, "f");
  EXPECT_EQ(Parsed(":8001 put k v"), At8001(Verb::kPut, "k", "v")) << "and none is kept for the next";
}

TEST(CommandLine, Members) {
  EXPECT_EQ(Parsed(":8001 member list"), At8001(Verb::kMemberList));
  const ClientCommand add = Parsed(":8001 member add n4 :7004 host:8004 -learner");
  EXPECT_EQ(add.verb, Verb::kMemberAdd);
  EXPECT_EQ(add.member, "n4");
  EXPECT_EQ(add.grpc, ":7004");
  EXPECT_EQ(add.http, "host:8004");
  EXPECT_TRUE(add.learner && !add.force);
  const ClientCommand replace = Parsed(":8001 -json member -json replace n2 n4 :7004 :8004 -force");
  EXPECT_EQ(replace.member + " " + replace.successor, "n2 n4");
  EXPECT_TRUE(replace.force && replace.json);
  EXPECT_EQ(Parsed(":8001 member remove n4").member, "n4");
  EXPECT_EQ(Parsed(":8001 member promote n4").verb, Verb::kMemberPromote);
  EXPECT_EQ(Parsed(":8001 leader").member, "");
  EXPECT_EQ(Parsed(":8001 leader n4").member, "n4");
}

TEST(CommandLine, AWrongMemberNamesItsArgument) {
  EXPECT_EQ(Error(":1 member"), "\"member\" needs list, add, replace, remove or promote behind it");
  EXPECT_EQ(Error(":1 member drop n4"), "unknown command \"member drop\"");
  EXPECT_EQ(Error(":1 member add n4 :7004"), "\"member add\" takes 3 arguments, not 2");
  EXPECT_THAT(Error(":1 member add n/4 :7004 :8004"), HasSubstr("ID \"n/4\": "));
  EXPECT_THAT(Error(":1 member add n4 host :8004"), HasSubstr("GRPC \"host\": "));
  EXPECT_THAT(Error(":1 member add n4 :7004 :0"), HasSubstr("HTTP \":0\": "));
  EXPECT_THAT(Error(":1 member replace n,2 n4 :7004 :8004"), HasSubstr("OLD \"n,2\": "));
  EXPECT_THAT(Error(":1 leader n=4"), HasSubstr("ID \"n=4\": "));
  EXPECT_EQ(Error(":1 member promote n4 -force"), "\"member promote\" takes 1 arguments, not 2") << "no flag of it";
  EXPECT_FALSE(ParseClientCommand({":1", "member", "remove", ""}).ok());
}

TEST(CommandLine, AWrongValueNamesItsFlag) {
  EXPECT_EQ(Error(":1 put k v -if-version 0"), "flag -if-version: want a number from 1, not \"0\"");
  EXPECT_EQ(Error(":1 put k v -if-version"), "flag -if-version needs a value");
  EXPECT_EQ(Error(":1 list -limit 1001"), "flag -limit: want 1 to 1000, not \"1001\"");
  EXPECT_EQ(Error(":1 list -values=maybe"), "flag -values: want true or false, not \"maybe\"");
  for (const char* wrong : {"0", "-1", "nan", "4000", "soon"}) {
    EXPECT_THAT(Error(std::string(":1 get k -deadline ") + wrong), HasSubstr("flag -deadline: want")) << wrong;
  }
  EXPECT_EQ(Error(":1 add k much"), "\"much\" is no integer of 64 bits");
  EXPECT_EQ(Error(":1 add k 99999999999999999999"), "\"99999999999999999999\" is no integer of 64 bits");
}

}  // namespace
}  // namespace raftly
