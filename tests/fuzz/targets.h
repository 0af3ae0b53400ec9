// What is fuzzed: each reader of bytes from outside, with what must hold of it whatever the bytes are.
//
// Built two ways: each target by itself for libFuzzer (`make fuzz`), and all of them for fuzz_test, which runs what is
// in tests/fuzz/corpus, and breaks it a little, with every `make test`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace raftly::fuzz {

// Each ends the process, by a check or a sanitizer, where something does not hold. It depends on its input alone. The
// seeds are inputs that it understands, for mutations to begin with.
void FuzzCommand(std::string_view input);
std::vector<std::string> CommandSeeds();
void FuzzExperiment(std::string_view input);
std::vector<std::string> ExperimentSeeds();
void FuzzHttp(std::string_view input);
std::vector<std::string> HttpSeeds();
void FuzzJson(std::string_view input);
std::vector<std::string> JsonSeeds();
void FuzzPeers(std::string_view input);
std::vector<std::string> PeersSeeds();
void FuzzSettings(std::string_view input);
std::vector<std::string> SettingsSeeds();
void FuzzSnapshot(std::string_view input);
std::vector<std::string> SnapshotSeeds();
void FuzzWal(std::string_view input);
std::vector<std::string> WalSeeds();

struct Target {
  const char* name;
  void (*run)(std::string_view input);
  std::vector<std::string> (*seeds)();
};

inline constexpr Target kTargets[] = {
    {"command", FuzzCommand, CommandSeeds},
    {"experiment", FuzzExperiment, ExperimentSeeds},
    {"http", FuzzHttp, HttpSeeds},
    {"json", FuzzJson, JsonSeeds},
    {"peers", FuzzPeers, PeersSeeds},
    {"settings", FuzzSettings, SettingsSeeds},
    {"snapshot", FuzzSnapshot, SnapshotSeeds},
    {"wal", FuzzWal, WalSeeds},
};

}  // namespace raftly::fuzz
