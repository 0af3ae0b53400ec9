// The laboratory behind HTTP: the real program, and programs that behave badly.
#include "server/http/lab_api.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;

constexpr const char* kExperiment =
    R"({"format": 1, "nodes": 3, "seed": 1, "duration_ms": 900, "acts": [{"at_ms": 500, "do": "crash", "node": "L"}]})";

HttpResponse Ask(const Router& router, const std::string& method, const std::string& target,
                 const std::string& body = {}) {
  return router.Ask({.method = method, .target = target, .body = body});
}

class LabTest : public ::testing::Test {
 protected:
  LabTest() : api_(absl::StrCat(RAFTLY_BIN_DIR, "/raftly-lab")) { api_.Register(router_); }

  LabApi api_;
  Router router_;
};

TEST_F(LabTest, TheCatalogueIsServedAndEachOfIt) {
  for (int times = 0; times < 2; ++times) {
    const HttpResponse all = Ask(router_, "GET", "/api/lab/incidents");
    EXPECT_EQ(all.status, 200);
    EXPECT_THAT(all.body, HasSubstr("\"name\":\"ack-before-quorum\""));
  }
  const HttpResponse one = Ask(router_, "GET", "/api/lab/incidents/ack-before-quorum");
  EXPECT_EQ(one.status, 200);
  EXPECT_THAT(one.body, HasSubstr("\"switches\":[\"quorum_commit\"]"));
  for (const char* name : {"nothing", "--help", "a%20b", "../run"}) {
    EXPECT_EQ(Ask(router_, "GET", absl::StrCat("/api/lab/incidents/", name)).status, 404) << name;
  }
}

TEST_F(LabTest, AnExperimentIsRun) {
  const HttpResponse ran = Ask(router_, "POST", "/api/lab/run", kExperiment);
  EXPECT_EQ(ran.status, 200) << ran.body;
  EXPECT_THAT(ran.body, HasSubstr("\"damage\":false"));
  EXPECT_EQ(Ask(router_, "POST", "/api/lab/run", kExperiment).body, ran.body) << "the same bytes each time";
}

TEST_F(LabTest, TheDefencesAreNamed) {
  for (int times = 0; times < 2; ++times) {
    const HttpResponse all = Ask(router_, "GET", "/api/lab/defences");
    EXPECT_EQ(all.status, 200);
    EXPECT_THAT(all.body, HasSubstr(R"({"name":"pre_vote","words":"pre-vote"})"));
  }
}

TEST_F(LabTest, AnExperimentIsSavedAsAPage) {
  const HttpResponse page = Ask(router_, "POST", "/api/lab/page", kExperiment);
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("id=\"raftly-saved\""));
  EXPECT_EQ(Ask(router_, "POST", "/api/lab/page", "{").status, 400);
}

TEST_F(LabTest, WhatIsWrongWithAnExperimentIsNamed) {
  const HttpResponse refused = Ask(router_, "POST", "/api/lab/run", R"({"format": 2})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("line 1: format: must be an integer from 1 to 1"));
  EXPECT_EQ(Ask(router_, "POST", "/api/lab/run").status, 400);
  EXPECT_EQ(Ask(router_, "POST", "/api/lab/run", std::string(size_t{6} << 20, ' ')).status, 400);
}

TEST(LabProgramTest, ThatIsNotThereIsNamed) {
  LabApi api("/nowhere/raftly-lab");
  Router router;
  api.Register(router);
  for (const auto& [method, target] : {std::pair{"POST", "/api/lab/run"}, std::pair{"GET", "/api/lab/incidents"}}) {
    const HttpResponse response = Ask(router, method, target, kExperiment);
    EXPECT_EQ(response.status, 501);
    EXPECT_THAT(response.body, HasSubstr("not installed: no /nowhere/raftly-lab"));
  }
}

// Programs of our own in its place.
class BadLab : public ::testing::Test {
 protected:
  BadLab() { std::filesystem::create_directories(home_); }
  ~BadLab() override { std::filesystem::remove_all(home_); }

  std::string Program(const std::string& script) {
    const std::string path = absl::StrCat(home_, "/lab");
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  const std::string home_ = absl::StrCat(::testing::TempDir(), "raftly-bad-lab-", getpid());
};

TEST_F(BadLab, HowItEndedIsTold) {
  const auto ending = [this](const std::string& script) {
    return LabProcesses(Program(script)).Run({"run"}, "x").status();
  };
  EXPECT_TRUE(ending("cat >/dev/null; exit 0").ok());
  EXPECT_TRUE(ending("exit 1").ok()) << "damage is no failure, nor is input that nobody reads";
  EXPECT_TRUE(absl::IsInvalidArgument(ending("echo 'raftly-lab: line 3: no' >&2; exit 2")));
  EXPECT_EQ(ending("echo 'raftly-lab: line 3: no' >&2; exit 2").message(), "line 3: no");
  EXPECT_TRUE(absl::IsDeadlineExceeded(ending("exit 3")));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ending("kill -XCPU $$")));
  EXPECT_TRUE(absl::IsInternal(ending("kill -SEGV $$")));
}

TEST_F(BadLab, MuchGoesInAndOut) {
  const std::string input(size_t{7} << 20, 'x');
  const auto output = LabProcesses(Program("cat")).Run({}, input);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->size(), input.size());
}

TEST_F(BadLab, AThirdAtTheSameTimeIsRefused) {
  const std::string go = absl::StrCat(home_, "/go");
  LabProcesses lab(Program(absl::StrCat("echo x >>", home_, "/begun; while [ ! -e ", go, " ]; do sleep 0.02; done")));
  std::vector<std::thread> two;
  for (int i = 0; i < 2; ++i) {
    two.emplace_back([&] { EXPECT_TRUE(lab.Run({}, "").ok()); });
  }
  const auto begun = [&] {
    std::error_code error;
    return std::filesystem::file_size(absl::StrCat(home_, "/begun"), error) == 4 && !error;
  };
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(9);
  while (!begun() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_TRUE(absl::IsResourceExhausted(lab.Run({}, "").status()));
  const std::ofstream opened(go);  // now they may end
  for (std::thread& one : two) one.join();
  EXPECT_TRUE(lab.Run({}, "").ok()) << "there is room again";
}

}  // namespace
}  // namespace raftly
