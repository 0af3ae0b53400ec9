// The identity file: what it says, what is refused, and what a crash leaves.
#include "raft/storage/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/faulty_files.h"

namespace raftly {
namespace {

using ::testing::AllOf;
using testing::FaultyFiles;
using ::testing::HasSubstr;

const std::string kCluster = UniqueId(0x0123456789abcdef, 0xfedcba9876543210);
const std::string kIncarnation = UniqueId(0, 1);
const Identity kNode1{kCluster, "node1", kIncarnation};

TEST(Identity, IsOneJsonObjectOnOneLine) {
  EXPECT_EQ(EncodeIdentity(kNode1), R"({"cluster_id":"0123456789abcdeffedcba9876543210","node_id":"node1",)"
                                    R"("incarnation":"00000000000000000000000000000001","format":1})"
                                    "\n");
}

TEST(Identity, ReadsWhatItWrote) {
  FaultyFiles files;
  EXPECT_EQ(*ReadIdentity(files, "d"), std::nullopt) << "a directory of a Go server has none";
  ASSERT_TRUE(WriteIdentity(files, "d", {"", "node1", kIncarnation}).ok());
  EXPECT_EQ(**ReadIdentity(files, "d"), (Identity{"", "node1", kIncarnation})) << "no cluster is known yet";
  ASSERT_TRUE(WriteIdentity(files, "d", kNode1).ok());
  EXPECT_EQ(**ReadIdentity(files, "d"), kNode1);
}

TEST(Identity, FieldsThatAreNotKnownYetAreLeftAside) {
  EXPECT_TRUE(DecodeIdentity(
                  R"({"later":[1],"cluster_id":"","node_id":"n","incarnation":")" + kIncarnation + R"(","format":1})",
                  "d/identity")
                  .ok());
}

TEST(Identity, WhatIsNoneIsRefusedByNameWithTheRemedy) {
  const std::string good = EncodeIdentity(kNode1);
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const struct {
    std::string text;
    std::string says;
  } cases[] = {
      {"", "JSON"},
      {"[]", "JSON"},
      {good.substr(0, good.size() / 2), "JSON"},
      {std::string(40, '\0'), "JSON"},
      {good + good, "JSON"},
      {with("\"format\":1", "\"form\":1"), "format"},
      {with("\"format\":1", "\"format\":\"1\""), "format"},
      {with("cluster_id", "cluster"), "cluster_id"},
      {with("0123456789abcdef", "0123456789ABCDEF"), "cluster_id"},
      {with("0123456789abcdef", ""), "cluster_id"},
      {with("\"" + kCluster + "\"", "7"), "cluster_id"},
      {with("node_id", "id"), "node_id"},
      {with("\"node1\"", "\"\""), "node_id"},
      {with("\"node1\"", "null"), "node_id"},
      {with("incarnation", "life"), "incarnation"},
      {with(kIncarnation, kIncarnation + "0"), "incarnation"},
      {with(kIncarnation, ""), "incarnation"},
  };
  for (const auto& [text, says] : cases) {
    FaultyFiles files;
    files.Put("d/identity", text);
    const absl::Status status = ReadIdentity(files, "d").status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << text;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("d/identity"), HasSubstr(says), HasSubstr("-recover")))
        << text;
  }
}

TEST(Identity, OfALaterFormatIsLeftToTheVersionThatWroteIt) {
  FaultyFiles files;
  files.Put("d/identity", R"({"format":2,"anything":true})");
  const absl::Status status = ReadIdentity(files, "d").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("d/identity"), HasSubstr("format 2")));
}

TEST(ClusterId, TravelsInAConfigurationEntry) {
  const auto entry = [](EntryType type, const std::string& data) {
    return Entry{.index = {3}, .term = {1}, .type = type, .data = Bytes(data)};
  };
  EXPECT_EQ(ClusterIdOf(entry(EntryType::kConfig, EncodeClusterId(kCluster))), kCluster);
  EXPECT_EQ(ClusterIdOf(entry(EntryType::kConfig, R"({"members":[],"cluster_id":")" + kCluster + "\"}")), kCluster);
  EXPECT_EQ(ClusterIdOf(entry(EntryType::kNormal, EncodeClusterId(kCluster))), std::nullopt) << "a client's command";
  for (const char* other : {"", "x", "[]", "{}", R"({"cluster_id":7})", R"({"cluster_id":"abc"})"}) {
    EXPECT_EQ(ClusterIdOf(entry(EntryType::kConfig, other)), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace raftly
