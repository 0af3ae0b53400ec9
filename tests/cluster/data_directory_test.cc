// Data directories as other hands left them: the Go server's, a damaged one, one of an interrupted write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// SPEC section 3 by hand, so that the reader under test has no part in it.
std::string BigEndian(uint64_t value, int bytes) {
  std::string encoded;
  for (int i = bytes - 1; i >= 0; --i) encoded += static_cast<char>(value >> (8 * i));
  return encoded;
}

uint32_t Crc32(const std::string& data) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

std::string Record(const std::string& data) { return BigEndian(data.size(), 4) + data + BigEndian(Crc32(data), 4); }

std::string StateRecord(uint64_t term, const std::string& voted_for) {
  return Record(BigEndian(1, 1) + BigEndian(term, 8) + BigEndian(voted_for.size(), 4) + voted_for);
}

std::string EntryRecord(uint64_t index, uint64_t term, const std::string& command) {
  return Record(BigEndian(2, 1) + BigEndian(index, 8) + BigEndian(term, 8) + BigEndian(0, 1) +
                BigEndian(command.size(), 4) + command);
}

std::string GoLog() {
  return StateRecord(1, "node1") + EntryRecord(1, 1, "") + EntryRecord(2, 1, R"({"op":"put","key":"a","value":"1"})") +
         EntryRecord(3, 1, R"({"op":"put","key":"b","value":"2"})") + StateRecord(7, "node2") +
         EntryRecord(4, 7, R"({"op":"delete","key":"a"})") + EntryRecord(5, 7, R"({"op":"put","key":"c"})");
}

// Offsets of the records, walked by their length fields up to the zero-filled space.
std::vector<uint64_t> RecordOffsets(const std::string& log) {
  std::vector<uint64_t> offsets;
  uint64_t offset = 0;
  while (offset + 4 <= log.size()) {
    uint64_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(log[offset + i]);
    if (length == 0) break;
    offsets.push_back(offset);
    offset += 8 + length;
  }
  return offsets;
}

// Every file but the lock, with its contents.
std::map<std::string, std::string> Contents(const std::string& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = file.path().filename().string();
    if (file.is_regular_file() && name.find("lock") == std::string::npos && name.find("LOCK") == std::string::npos) {
      contents[name] = ReadFile(file.path().string());
    }
  }
  return contents;
}

void WriteKeys(TestCluster& cluster, int keys) {
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (int i = 0; i < keys; ++i) ASSERT_EQ(cluster.Put(1, "key" + std::to_string(i), std::to_string(i)).status, 200);
}

TEST(GoDataDirectory, OpensAndServesItsKeys) {
  TestCluster cluster(1);
  WriteFile(cluster.Wal(1), GoLog());
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_EQ(cluster.Get(1, "a").status, 404) << "it was deleted";
  EXPECT_EQ(cluster.Get(1, "b").Field("value"), "2");
  EXPECT_EQ(cluster.Get(1, "c").status, 200);
  EXPECT_EQ(cluster.Get(1, "c").Field("value"), "") << "an absent value is empty";
  EXPECT_GT(std::stoull(cluster.Status(1).Field("term")), 7u);
  EXPECT_EQ(cluster.Put(1, "d", "4").status, 200);
  EXPECT_EQ(cluster.Terminate(1), 0);
  EXPECT_EQ(ReadFile(cluster.Wal(1)).substr(0, GoLog().size()), GoLog()) << "what was there stays as it was";
}

TEST(GoDataDirectory, ItsTornTailIsCut) {
  TestCluster cluster(1);
  const std::string torn = EntryRecord(6, 7, R"({"op":"put","key":"e","value":"5"})");
  WriteFile(cluster.Wal(1), GoLog() + torn.substr(0, torn.size() - 6));
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_EQ(cluster.Get(1, "b").Field("value"), "2");
  EXPECT_EQ(cluster.Get(1, "e").status, 404);
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr(std::to_string(GoLog().size())));
}

TEST(Rot, AFlippedByteInTheMiddleOfASyncedLogStopsTheStart) {
  TestCluster cluster(1);
  WriteKeys(cluster, 20);
  ASSERT_EQ(cluster.Terminate(1), 0);
  std::string log = ReadFile(cluster.Wal(1));
  const std::vector<uint64_t> records = RecordOffsets(log);
  ASSERT_GT(records.size(), 20u);
  const uint64_t damaged = records[records.size() / 2];
  log[damaged + 6] = static_cast<char>(log[damaged + 6] ^ 1);
  WriteFile(cluster.Wal(1), log);
  const auto before = Contents(cluster.DataDirectory(1));

  cluster.Start(1);
  EXPECT_EQ(cluster.process(1).WaitForExit(kPatience), 1);
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr(std::to_string(damaged)));
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr("raft.wal"));
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr("-rejoin"));
  EXPECT_TRUE(Contents(cluster.DataDirectory(1)) == before) << "nothing but the lock may change";
}

TEST(Rot, IsSeenAfterAKillToo) {
  TestCluster cluster(1);
  WriteKeys(cluster, 20);
  cluster.Kill(1);
  std::string log = ReadFile(cluster.Wal(1));
  const std::vector<uint64_t> records = RecordOffsets(log);
  const uint64_t damaged = records[records.size() / 2];
  log[damaged + 6] = static_cast<char>(log[damaged + 6] ^ 1);
  WriteFile(cluster.Wal(1), log);
  cluster.Start(1);
  EXPECT_EQ(cluster.process(1).WaitForExit(kPatience), 1);
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr(std::to_string(damaged)));
  EXPECT_TRUE(ReadFile(cluster.Wal(1)) == log);
}

// One bit of an old write.
void DamageValue(const TestCluster& cluster, int node, const std::string& value) {
  std::string log = ReadFile(cluster.Wal(node));
  const size_t at = log.rfind(value);
  ASSERT_NE(at, std::string::npos);
  log[at] = static_cast<char>(log[at] ^ 1);
  WriteFile(cluster.Wal(node), log);
}

TEST(Rot, AmongOthersANodeGetsBackWhatItLost) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(cluster.Put(1, "key" + std::to_string(i), "value" + std::to_string(i) + ".").status, 200);
  }
  ASSERT_TRUE(cluster.WaitForAgreement());
  ASSERT_EQ(cluster.Put(1, "behind", "x").status, 200);  // in a batch of its own
  ASSERT_TRUE(cluster.WaitForAgreement());
  const int damaged = cluster.Leader() == 3 ? 2 : 3;
  const int other = 5 - damaged;
  ASSERT_EQ(cluster.Terminate(damaged), 0);
  DamageValue(cluster, damaged, "value7.");
  ASSERT_EQ(cluster.Put(1, "meanwhile", "x").status, 200);

  cluster.Start(damaged);
  ASSERT_TRUE(Eventually([&] { return cluster.GetStale(damaged, "meanwhile").status == 200; }))
      << cluster.ErrorOutput(damaged);
  EXPECT_THAT(cluster.ErrorOutput(damaged),
              AllOf(HasSubstr("repair begins"), HasSubstr("raft.wal"), HasSubstr("repair has all that was missing"),
                    HasSubstr("repair done")));
  EXPECT_THAT(cluster.Ask(damaged, "GET", "/metrics").body, HasSubstr("raftly_repaired_entries_total "));
  // It counts again: without it there is no majority.
  cluster.Kill(other);
  ASSERT_TRUE(Eventually([&] { return cluster.Put(damaged, "after", "x").status == 200; }))
      << cluster.ErrorOutput(damaged);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(cluster.Get(damaged, "key" + std::to_string(i)).Field("value"), "value" + std::to_string(i) + ".");
  }
  EXPECT_THAT(ReadFile(cluster.Wal(damaged)), HasSubstr("value7."));
}

// No flag says who its peers are, nor where.
TEST(Rot, ANodeThatJoinedAsksTheMembersThatItsLogNames) {
  TestCluster cluster(3);
  cluster.StartAlone(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (const int node : {2, 3}) {
    cluster.StartToJoin(node, 1);
    ASSERT_TRUE(Eventually([&] {
      const std::string members = cluster.Ask(1, "GET", "/api/cluster/members").body;
      return members.find(cluster.Name(node)) != std::string::npos && members.find("learner") == std::string::npos &&
             members.find("\"joint\":false") != std::string::npos;
    })) << cluster.ErrorOutput(node);
  }
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(cluster.Put(1, "key" + std::to_string(i), "value" + std::to_string(i) + ".").status, 200);
  }
  ASSERT_TRUE(cluster.WaitForAgreement());
  ASSERT_EQ(cluster.Put(1, "behind", "x").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  ASSERT_EQ(cluster.Terminate(3), 0);
  DamageValue(cluster, 3, "value7.");

  cluster.StartToJoin(3, 1);
  ASSERT_TRUE(Eventually([&] { return cluster.GetStale(3, "behind").status == 200; })) << cluster.ErrorOutput(3);
  EXPECT_EQ(cluster.GetStale(3, "key7").Field("value"), "value7.");
  EXPECT_THAT(cluster.ErrorOutput(3), AllOf(HasSubstr("repair begins"), HasSubstr("repair done")));
  cluster.Kill(2);
  EXPECT_TRUE(Eventually([&] { return cluster.Put(3, "after", "x").status == 200; })) << "it counts again";
}

TEST(Rot, WhileNobodyCanHelpTheNodeSaysSoAndTakesNoPart) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(cluster.Put(1, "key" + std::to_string(i), "value" + std::to_string(i) + ".").status, 200);
  }
  ASSERT_TRUE(cluster.WaitForAgreement());
  ASSERT_EQ(cluster.Put(1, "behind", "x").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  for (int node = 1; node <= 3; ++node) ASSERT_EQ(cluster.Terminate(node), 0);
  DamageValue(cluster, 3, "value2.");
  cluster.Start(3);
  ASSERT_TRUE(Eventually([&] { return cluster.ErrorOutput(3).find("repair waits") != std::string::npos; }));
  EXPECT_EQ(cluster.Status(3).Field("repairing"), "true");
  EXPECT_EQ(cluster.Ask(3, "GET", "/readyz").status, 503);
  EXPECT_EQ(cluster.Put(3, "x", "y").status, 503);
  cluster.Start(1);
  ASSERT_TRUE(Eventually([&] { return cluster.Put(3, "x", "y").status == 200; })) << cluster.ErrorOutput(3);
  EXPECT_EQ(cluster.Status(3).Field("repairing"), "");
  EXPECT_EQ(cluster.Get(3, "key2").Field("value"), "value2.");
}

TEST(TornTail, AHalfWrittenLastRecordIsCutAndReported) {
  TestCluster cluster(1);
  WriteKeys(cluster, 20);
  ASSERT_EQ(cluster.Terminate(1), 0);
  const std::string log = ReadFile(cluster.Wal(1));
  const std::string half = EntryRecord(1'000, 1, R"({"op":"put","key":"torn","value":"x"})").substr(0, 30);
  WriteFile(cluster.Wal(1), log + half);

  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr(std::to_string(log.size()))) << "the line names the offset";
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr(std::to_string(half.size()))) << "and how many bytes went";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cluster.Get(1, "key" + std::to_string(i)).Field("value"), std::to_string(i));
  EXPECT_EQ(cluster.Get(1, "torn").status, 404);
  EXPECT_EQ(cluster.Put(1, "after", "x").status, 200);
  ASSERT_EQ(cluster.Terminate(1), 0);
  EXPECT_EQ(ReadFile(cluster.Wal(1)).substr(0, log.size()), log);
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  EXPECT_EQ(cluster.Get(1, "after").Field("value"), "x") << "what was written after the cut stays";
}

}  // namespace
}  // namespace raftly::test
