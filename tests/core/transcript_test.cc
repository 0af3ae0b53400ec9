#include "tests/core/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace raftly {
namespace {

std::vector<std::filesystem::path> Transcripts() {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(RAFTLY_TEST_SOURCE_DIR "/testdata")) {
    if (file.path().extension() == ".txt") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Transcript : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Transcript, IsWhatHappens) {
  std::ostringstream written;
  written << std::ifstream(GetParam()).rdbuf();
  const std::string happened = Perform(written.str());
  if (std::getenv("RAFTLY_REGENERATE") != nullptr) {
    std::ofstream(GetParam()) << happened;
    return;
  }
  EXPECT_EQ(written.str(), happened) << "RAFTLY_REGENERATE=1 writes it anew; review the difference";
}

INSTANTIATE_TEST_SUITE_P(Files, Transcript, testing::ValuesIn(Transcripts()),
                         [](const auto& file) { return file.param.stem().string(); });

TEST(TranscriptFormat, KeepsCommentsAndReplacesOutput) {
  EXPECT_EQ(Perform("# why\n> nodes 1\nold\n\n> show\n"),
            "# why\n> nodes 1\n\n> show\na: Follower, term 0, commit 0, log empty\n");
}

}  // namespace
}  // namespace raftly
