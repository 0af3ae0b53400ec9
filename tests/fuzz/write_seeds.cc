// Writes every target's seeds: write_seeds DIRECTORY makes DIRECTORY/<target>/seed-<number>.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/targets.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_seeds DIRECTORY\n");
    return 2;
  }
  for (const raftly::fuzz::Target& target : raftly::fuzz::kTargets) {
    const std::filesystem::path directory = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(directory);
    int number = 0;
    for (const std::string& seed : target.seeds()) {
      std::ofstream file(directory / ("seed-" + std::to_string(++number)), std::ios::binary);
      if (!(file << seed).flush()) {
        std::fprintf(stderr, "write_seeds: cannot write below %s\n", directory.c_str());
        return 1;
      }
    }
  }
  return 0;
}
