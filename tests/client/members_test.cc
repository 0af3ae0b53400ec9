// What the commands of members ask for, and how the answers read.
#include "server/client/members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "server/client/commands.h"
#include "tests/client/scripted_server.h"

namespace raftly {
namespace {

using client::kReset;
using client::Says;
using client::ScriptedServer;
using ::testing::HasSubstr;
using Verb = ClientCommand::Verb;

constexpr char kMembers[] =
    R"({"cluster_id":"c","index":9,"joint":false,"members":[)"
    R"({"id":"n1","grpc":"host:7001","http":"host:8001","role":"voter","incarnation":"a","match_index":120,)"
    R"("progress":"replicate","version":"0.1.0"},)"
    R"({"id":"node-4","grpc":"host:7004","http":"","role":"learner","incarnation":"","match_index":7,"progress":)"
    R"("snapshot","version":"","caught_up":false,"becomes_voter":true,"replaces":"n1","error":"not heard"}]})";

// What the program says, and ends with.
struct Said {
  ExitCode exit;
  std::string out;
  std::string err;
};

std::string Read(std::FILE* file) {
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text.push_back(static_cast<char>(c));
  std::fclose(file);
  return text;
}

Said Call(ScriptedServer& server, std::vector<std::string> words) {
  words.insert(words.begin(), {"-deadline", "5", server.address()});
  const auto command = ParseClientCommand(words);
  EXPECT_TRUE(command.ok()) << command.status();
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  const ExitCode exit = RunClientCommand(*command, out, err);
  return {exit, Read(out), Read(err)};
}

TEST(Members, AreALineEachInColumns) {
  ScriptedServer server({Says(200, kMembers)});
  const Said said = Call(server, {"member", "list"});
  EXPECT_EQ(said.exit, ExitCode::kDone);
  EXPECT_EQ(
      said.out,
      "ID      ROLE     GRPC       HTTP       MATCH  PROGRESS   VERSION  NOTES\n"
      "n1      voter    host:7001  host:8001  120    replicate  0.1.0\n"
      "node-4  learner  host:7004  -          7      snapshot   -        catching up; becomes a voter; replaces n1; "
      "not heard\n");
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(server.requests()[0].line, "GET /api/cluster/members HTTP/1.1");
  EXPECT_EQ(Call(server, {"member", "list", "-json"}).out, std::string(kMembers) + "\n");
}

TEST(Members, AJointChangeIsSaid) {
  ScriptedServer server({Says(200, R"({"cluster_id":"","index":0,"joint":true,"members":[]})")});
  EXPECT_THAT(Call(server, {"member", "list"}).err, HasSubstr("a change is under way"));
}

TEST(Members, ChangesAskForWhatTheApiHas) {
  ScriptedServer server({Says(200, kMembers)});
  const auto asked = [&](const std::vector<std::string>& words) {
    EXPECT_EQ(Call(server, words).exit, ExitCode::kDone);
    const client::Asked last = server.requests().back();
    return last.line.substr(0, last.line.rfind(' ')) + " " + last.body;
  };
  EXPECT_EQ(asked({"member", "add", "node-4", ":7004", "h:8004", "-learner"}),
            R"(POST /api/cluster/members {"id":"node-4","grpc":":7004","http":"h:8004","learner":true})");
  EXPECT_EQ(asked({"member", "add", "node-4", ":7004", "h:8004", "-force"}),
            R"(POST /api/cluster/members {"id":"node-4","grpc":":7004","http":"h:8004","force":true})");
  EXPECT_EQ(asked({"member", "replace", "n1", "node-4", ":7004", ":8004"}),
            R"(POST /api/cluster/members/n1/replace {"id":"node-4","grpc":":7004","http":":8004"})");
  EXPECT_EQ(asked({"member", "remove", "n1"}), "DELETE /api/cluster/members/n1 ");
  EXPECT_EQ(asked({"member", "remove", "n1", "-force"}), "DELETE /api/cluster/members/n1?force=true ");
  EXPECT_EQ(asked({"member", "promote", "node-4"}), "POST /api/cluster/members/node-4/promote ");
  EXPECT_EQ(Call(server, {"member", "add", "node-4", ":7004", ":8004"}).out,
            "OK: node-4 is a learner, and a voter once it has caught up\n");
  EXPECT_EQ(Call(server, {"member", "promote", "n1"}).out, "OK: n1 is a voter\n");
  EXPECT_EQ(Call(server, {"member", "remove", "n1"}).out, "OK: removed n1\n");
  EXPECT_EQ(Call(server, {"member", "replace", "n1", "n5", ":1", ":2"}).out, "OK: n5 takes the place of n1\n");
}

TEST(Members, TheLeadIsHandedOver) {
  ScriptedServer server({Says(200, R"({"leader_id":"n2","took_ms":12})")});
  EXPECT_EQ(Call(server, {"leader", "n2"}).out, "OK: n2 leads, after 12 ms\n");
  EXPECT_EQ(server.requests()[0].line, "POST /api/cluster/leader HTTP/1.1");
  EXPECT_EQ(server.requests()[0].body, R"({"id":"n2"})");
  EXPECT_EQ(Call(server, {"leader", "-json"}).out, "{\"leader_id\":\"n2\",\"took_ms\":12}\n");
  EXPECT_EQ(server.requests()[1].body, R"({"id":""})");
}

TEST(Members, WhatIsRefusedIsSaidInTheServersWords) {
  for (const int status : {400, 404, 409, 412, 501, 507}) {
    ScriptedServer server({Says(status, R"({"error":"for this reason"})")});
    const Said said = Call(server, {"member", "remove", "n1"});
    EXPECT_EQ(said.exit, ExitCode::kError) << status;
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.err, "raftly-client: the server answered " + std::to_string(status) + ": for this reason\n");
  }
  ScriptedServer server({Says(403, R"({"error":"the role operate is needed"})")});
  EXPECT_EQ(Call(server, {"leader"}).exit, ExitCode::kNotAllowed);
}

TEST(Members, WhatMayHaveBeenTakenIsNotAskedAgain) {
  for (const std::string& answer : {kReset, Says(504, R"({"error":"nobody knows"})")}) {
    ScriptedServer server({answer, Says(200, kMembers)});
    const Said said = Call(server, {"member", "remove", "n1"});
    EXPECT_EQ(said.exit, ExitCode::kUnknown);
    EXPECT_THAT(said.err, HasSubstr("(the outcome is unknown: see member list)"));
    EXPECT_EQ(server.requests().size(), 1U);
  }
  ScriptedServer server({Says(503, R"({"error":"no leader"})"), Says(200, kMembers)});
  EXPECT_EQ(Call(server, {"member", "remove", "n1"}).exit, ExitCode::kDone) << "certainly not done, so again";
}

TEST(Members, AnAnswerThatIsNoneNamesTheField) {
  ScriptedServer server({Says(200, R"({"members":[{"id":"n1","grpc":7}]})")});
  const Said said = Call(server, {"member", "list"});
  EXPECT_EQ(said.exit, ExitCode::kError);
  EXPECT_THAT(said.err, HasSubstr("members[].grpc"));
}

}  // namespace
}  // namespace raftly
