#include "tests/style/source_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace raftly::style {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> WhatIsWrong(const std::string& path, const std::string& text) {
  std::vector<std::string> what;
  for (const Complaint& complaint : Check({path, text})) what.push_back(complaint.what);
  return what;
}

std::vector<std::string> Including(const std::string& path, const std::string& included) {
  return WhatIsWrong(path, "#include \"" + included + "\"\n");
}

std::string Lines(size_t n, const std::string& line) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += line + "\n";
  return text;
}

TEST(Floors, AFileIncludesFromItsOwnFloorOrBelow) {
  EXPECT_THAT(Including("raft/node/raft_node.cc", "raft/storage/wal.h"), IsEmpty());
  EXPECT_THAT(Including("raft/storage/wal.cc", "raft/env/files.h"), IsEmpty());
  EXPECT_THAT(Including("server/main.cc", "server/http/http_server.h"), IsEmpty());
  EXPECT_THAT(Including("tests/node/node_test.cc", "server/http/http_server.h"), IsEmpty());
}

TEST(Floors, AHigherFloorIsRefused) {
  EXPECT_THAT(Including("raft/storage/wal.cc", "raft/node/errors.h"), ElementsAre(HasSubstr("floor 2 from floor 1")));
  EXPECT_THAT(Including("raft/node/raft_node.cc", "transport/wire.h"), ElementsAre(HasSubstr("floor 3")));
  EXPECT_THAT(Including("server/kv/kv_service.cc", "server/http/kv_api.h"), ElementsAre(HasSubstr("floor 5")));
  EXPECT_THAT(Including("server/http/kv_api.cc", "tests/support/eventually.h"), ElementsAre(HasSubstr("floor 6")));
}

TEST(Floors, TheCoreIncludesTheStandardLibraryOnly) {
  EXPECT_THAT(WhatIsWrong("raft/core/log.cc", "#include <algorithm>\n#include \"raft/core/log.h\"\n"), IsEmpty());
  EXPECT_THAT(Including("raft/core/log.cc", "absl/strings/str_cat.h"), ElementsAre(HasSubstr("standard library")));
  EXPECT_THAT(WhatIsWrong("raft/core/log.cc", "#include <unistd.h>\n"), ElementsAre(HasSubstr("standard library")));
}

TEST(Floors, TheSpecialRules) {
  EXPECT_THAT(Including("server/http/chaos_api.cc", "chaos/injector.h"), ElementsAre(HasSubstr("laboratory")));
  EXPECT_THAT(Including("transport/wire.cc", "raft/node/node_status.h"), ElementsAre(HasSubstr("know no node")));
  EXPECT_THAT(Including("raft/node/raft_node.cc", "proto/raft.pb.h"), ElementsAre(HasSubstr("inside transport/")));
  EXPECT_THAT(Including("transport/wire.cc", "proto/raft.pb.h"), IsEmpty());
  EXPECT_THAT(Including("chaos/cluster.cc", "gtest/gtest.h"), ElementsAre(HasSubstr("gtest")));
  EXPECT_THAT(Including("server/kv/kv_store.cc", "httplib.h"), ElementsAre(HasSubstr("HTTP")));
}

TEST(Words, NobodySleeps) {
  EXPECT_THAT(WhatIsWrong("tests/a_test.cc", "std::this_thread::sleep_for(1s);\n"), ElementsAre(HasSubstr("sleep")));
  EXPECT_THAT(WhatIsWrong("server/main.cc", "usleep(5);\n"), ElementsAre(HasSubstr("usleep")));
}

TEST(Words, WhatRunsInVirtualTimeReadsNoClock) {
  const std::string line = "auto now = std::chrono::steady_clock::now();\n";
  EXPECT_THAT(WhatIsWrong("raft/node/raft_node.cc", line), ElementsAre(HasSubstr("clock")));
  EXPECT_THAT(WhatIsWrong("transport/network_proxy.cc", line), ElementsAre(HasSubstr("clock")));
  EXPECT_THAT(WhatIsWrong("server/kv/kv_service.cc", line), ElementsAre(HasSubstr("clock")));
  EXPECT_THAT(WhatIsWrong("transport/grpc_client.cc", line), IsEmpty()) << "gRPC wants deadlines of the wall clock";
  EXPECT_THAT(WhatIsWrong("raft/env/thread_loop.cc", line), IsEmpty());
  EXPECT_THAT(WhatIsWrong("tests/env/loop_test.cc", line), IsEmpty());
}

TEST(Words, TheDoorsKnowNoProtocol) {
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "int last_vote_ = 0;\n"), ElementsAre(HasSubstr("last_vote_")));
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "void OnVoteGranted();\n"), ElementsAre(HasSubstr("OnVoteGranted")));
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "Term term;\n"), ElementsAre(HasSubstr("Term")));
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "int terminal = Determine(devoted);\n"), IsEmpty());
}

TEST(Words, CommentsAndStringsMaySayAnything) {
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "// the vote of a term\n/* commit\n term */ int a;\n"), IsEmpty());
  EXPECT_THAT(WhatIsWrong("raft/env/files.cc", "Log(\"term \\\" vote\", 'v', R\"(commit \"x\")\", 1'000);\n"),
              IsEmpty());
}

TEST(Shape, AHeaderBeginsWithAComment) {
  EXPECT_THAT(WhatIsWrong("raft/core/a.h", "// What it is for.\n#pragma once\n"), IsEmpty());
  EXPECT_THAT(WhatIsWrong("raft/core/a.h", "#pragma once\n"), ElementsAre(HasSubstr("begins with a comment")));
  EXPECT_THAT(WhatIsWrong("raft/core/a.h", "// What it is for.\n"), ElementsAre(HasSubstr("#pragma once")));
}

TEST(Shape, AFileThatNeedsScrollingForMinutesWantsASecondFile) {
  EXPECT_THAT(WhatIsWrong("raft/core/a.cc", Lines(kMaxFileLines, "int a;")), IsEmpty());
  EXPECT_THAT(WhatIsWrong("raft/core/a.cc", Lines(kMaxFileLines + 1, "int a;")), ElementsAre(HasSubstr("501 lines")));
}

TEST(Shape, AFunctionFitsAScreenOrTwo) {
  const auto function = [](size_t lines) { return "void F() {\n" + Lines(lines - 2, "  G();") + "}\n"; };
  EXPECT_THAT(WhatIsWrong("raft/core/a.cc", function(kMaxFunctionLines)), IsEmpty());
  EXPECT_THAT(WhatIsWrong("raft/core/a.cc", function(kMaxFunctionLines + 1)), ElementsAre(HasSubstr("81 lines")));
  const std::string member = "class A {\n  void F() {\n" + Lines(kMaxFunctionLines, "    G();") + "  }\n};\n";
  EXPECT_THAT(WhatIsWrong("raft/core/a.cc", member), ElementsAre(HasSubstr("82 lines")));
}

TEST(Shape, AComplaintNamesTheLine) {
  const std::vector<Complaint> complaints = Check({"server/main.cc", "\n\nusleep(5);\n"});
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0].line, 3u);
}

}  // namespace
}  // namespace raftly::style
