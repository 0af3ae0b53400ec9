// The rules of source_rules.h, held against every source file of the project.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/style/source_rules.h"

namespace raftly::style {
namespace {

namespace fs = std::filesystem;

std::vector<Source> Sources(const fs::path& root) {
  std::vector<Source> sources;
  for (const char* folder : {"raft", "transport", "server", "chaos", "scenarios", "bench", "tests"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& file : fs::recursive_directory_iterator(root / folder)) {
      const fs::path extension = file.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      std::ostringstream text;
      text << std::ifstream(file.path()).rdbuf();
      sources.push_back({fs::relative(file.path(), root).generic_string(), text.str()});
    }
  }
  return sources;
}

TEST(Tree, KeepsItsRules) {
  const fs::path root = fs::path(RAFTLY_TEST_SOURCE_DIR) / "../..";
  const std::vector<Source> sources = Sources(fs::canonical(root));
  EXPECT_GT(sources.size(), 20u) << "these are not the project's sources";
  for (const Source& source : sources) {
    for (const Complaint& complaint : Check(source)) {
      ADD_FAILURE() << complaint.path << ":" << complaint.line << ": " << complaint.what;
    }
  }
}

}  // namespace
}  // namespace raftly::style
