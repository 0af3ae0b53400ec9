// What the fuzzers have found so far, and their seeds, run again; then each a little broken, by chance that is the same
// every time. An input that does not hold ends the process, which says which it was.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

#ifdef __SANITIZE_ADDRESS__  // of g++; clang's builds have libFuzzer
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

namespace raftly::fuzz {

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

namespace {

namespace fs = std::filesystem;

constexpr int kMutationsPerInput = 200;
constexpr size_t kMostFiles = 80;
constexpr uintmax_t kLargestFile = 1024;

// ---- Which input, where one ends the process -----------------------------------------------------------------------

char running[512];

void SayWhich() { [[maybe_unused]] const ssize_t written = write(2, running, std::strlen(running)); }
void OnAbort(int) { SayWhich(); }

void RunOne(const Target& target, const std::string& name, int mutation, std::string_view input) {
  std::snprintf(running, sizeof running, "fuzz_test: %s, %s, mutation %d\n", target.name, name.c_str(), mutation);
  target.run(input);
}

class Replay : public ::testing::TestWithParam<Target> {
 protected:
  Replay() : before_(std::signal(SIGABRT, OnAbort)) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(SayWhich);
#endif
  }
  ~Replay() override { std::signal(SIGABRT, before_); }

 private:
  void (*const before_)(int);
};

// ---- Inputs --------------------------------------------------------------------------------------------------------

struct Sample {
  std::string name;
  std::string bytes;
};

fs::path CorpusOf(const Target& target) { return fs::path(RAFTLY_TEST_SOURCE_DIR) / "corpus" / target.name; }

std::vector<Sample> Samples(const Target& target) {
  std::vector<Sample> samples;
  for (const std::string& seed : target.seeds()) {
    samples.push_back({"seed " + std::to_string(samples.size() + 1), seed});
  }
  for (const auto& file : fs::directory_iterator(CorpusOf(target))) {
    std::ifstream in(file.path(), std::ios::binary);
    samples.push_back({file.path().filename(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.name < b.name; });
  return samples;
}

// A byte of it changed, lost or doubled, or its end replaced by another's.
std::string Mutated(std::string bytes, const std::vector<Sample>& others, std::mt19937_64& random) {
  for (size_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, 1 + random() % 8));
        break;
      default: {
        const std::string& other = others[random() % others.size()].bytes;
        bytes.resize(at);
        bytes += other.substr(random() % (other.size() + 1));
      }
    }
  }
  return bytes;
}

TEST_P(Replay, WhatWasFoundAndWhatIsNearItHolds) {
  const std::vector<Sample> samples = Samples(GetParam());
  std::mt19937_64 random(1);
  for (const Sample& sample : samples) {
    RunOne(GetParam(), sample.name, 0, sample.bytes);
    for (int i = 1; i <= kMutationsPerInput; ++i) {
      RunOne(GetParam(), sample.name, i, Mutated(sample.bytes, samples, random));
    }
  }
}

TEST_P(Replay, CorpusIsThereAndSmall) {
  size_t files = 0;
  for (const auto& file : fs::directory_iterator(CorpusOf(GetParam()))) {
    EXPECT_LE(file.file_size(), kLargestFile) << file.path();
    ++files;
  }
  EXPECT_GE(files, 10u);
  EXPECT_LE(files, kMostFiles);
}

INSTANTIATE_TEST_SUITE_P(Target, Replay, ::testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace raftly::fuzz
