// Mutations: each defence is taken away, alone or with those that mask it, and somebody has to notice.
//
//   make mutants                      the table: what is off, who caught it, after how many seeds
//   build/release/bin/mutations_test  the same as test cases, and tests of the hunt itself
//
// A defence that can be removed without any check noticing is not tested. There are two nets. A named test passes as it
// is and fails with the defence off (RAFTLY_WITHOUT, tests/support/mutation.h); it has to fail by an assertion, a crash
// is no finding unless the row expects one. The simulator violates the named property within so many seeds, and the
// seed that shows it passes with all defences on. A new switch in Defences needs a row in mutations.cc.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace raftly {

struct NamedTest {
  std::string binary;   // "core_test"
  std::string test;     // "Vote.Figure2_AVoteSurvivesACrash"; exactly one
  bool aborts = false;  // what notices is a RAFTLY_CHECK
};

struct Simulator {
  std::string property;  // as the judges name it: "log matching"
  uint64_t seeds = 0;    // at most; from 1
};

struct Mutation {
  std::string off;  // fields of Defences: "pre_vote,stickiness"
  std::variant<NamedTest, Simulator> net;
};

const std::vector<Mutation>& AllMutations();

struct Catch {
  bool caught = false;
  std::string by;      // the test, or the property violated
  uint64_t seeds = 0;  // how many the simulator took; 0: it was a test
  std::string why;     // not caught: because
};

// Runs the row in processes of their own.
Catch Hunt(const Mutation& mutation);

}  // namespace raftly
