// Verbs for tests of the log.
#pragma once

#include <cctype>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "raft/storage/wal.h"
#include "raft/storage/wal_record.h"
#include "tests/support/faulty_files.h"
#include "tests/support/mutation.h"

namespace raftly::testing {

inline const std::string kDirectory = "data";
inline const std::string kLog = "data/raft.wal";
inline const std::string kLock = "data/raft.lock";

inline Entry E(uint64_t index, uint64_t term, std::string data = "") {
  return {{index}, {term}, EntryType::kNormal, Bytes(std::move(data))};
}
inline HardState Vote(uint64_t term, NodeId voted_for, bool may_vote = true) {
  return {{term}, std::move(voted_for), may_vote};
}
// Little space ahead, so that files stay small enough to try every byte of them.
inline WalOptions Small() {
  const Defences defences = DefencesUnderTest();
  return {.reserve_bytes = 64,
          .low_water_bytes = 64,
          .verify_checksums = defences.verify_checksums,
          .truncate_torn_tail = defences.truncate_torn_tail,
          .final_sync_failure = defences.final_sync_failure,
          .disk_reserve = defences.disk_reserve,
          .sync = defences.sync_before_promise};
}

inline Wal::Opened Open(FileSystem& files, WalOptions options = Small()) {
  auto opened = Wal::Open(files, kDirectory, options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}
inline absl::Status TryOpen(FileSystem& files, WalOptions options = Small()) {
  return Wal::Open(files, kDirectory, options).status();
}
// As a node does it: space first, then the records, then the sync.
inline absl::Status Store(Wal& log, const std::optional<HardState>& hard_state, const Entries& entries) {
  if (auto status = log.Reserve(Wal::EncodedSize(hard_state, entries)); !status.ok()) return status;
  if (auto status = log.Append(hard_state, entries); !status.ok()) return status;
  return log.Sync();
}

// The bytes of a tests/golden/*.hex file: hexadecimal digits, '#' begins a comment.
inline std::string Golden(const std::string& name) {
  std::ifstream file(std::string(RAFTLY_TEST_SOURCE_DIR) + "/../golden/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::string bytes, digits, line;
  while (std::getline(file, line)) {
    for (const char c : line.substr(0, line.find('#'))) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) digits += c;
    }
  }
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// `size` in four bytes, big-endian, as in front of a record.
inline std::string Length(uint32_t size) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes;
}
inline std::string Record(const Entry& entry) {
  std::string bytes;
  wal::AppendEntry(bytes, entry);
  return bytes;
}
inline std::string Record(const HardState& hard_state) {
  std::string bytes;
  wal::AppendState(bytes, hard_state);
  return bytes;
}
inline std::string Record(wal::Marker marker) {
  std::string bytes;
  wal::AppendMarker(bytes, marker);
  return bytes;
}

}  // namespace raftly::testing
