// Golden bytes, derived by hand from the proto3 encoding: a key is (field << 3 | wire type), numbers are varints
// (type 0), strings, bytes and messages carry their length (type 2), and a default value is not written at all.
#include "transport/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace raftly {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// "08 03 …" -> bytes. Whatever is not a hexadecimal digit only separates.
std::string Hex(const std::string& text) {
  std::string digits, bytes;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c))) digits += c;
  }
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// Both ways: the value has these bytes, and these bytes have this value.
template <class Message, class Value>
void ExpectGolden(const Value& value, const std::string& hex) {
  EXPECT_EQ(Encode(value).SerializeAsString(), Hex(hex));
  Message message;
  ASSERT_TRUE(message.ParseFromString(Hex(hex)));
  const auto decoded = Decode(std::move(message));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, value);
}

absl::StatusOr<AppendRequest> DecodeAppend(const std::string& hex) {
  pb::AppendEntriesRequest message;
  if (!message.ParseFromString(Hex(hex))) return absl::DataLossError("not protobuf");
  return Decode(std::move(message));
}

AppendRequest TwoEntries() {
  AppendRequest request;
  request.term = {3};
  request.leader = "n2";
  request.prev = {.term = {2}, .index = {4}};
  request.entries = {{.index = {5}, .term = {3}, .type = EntryType::kConfig, .data = Bytes("x")},
                     {.index = {6}, .term = {3}, .type = EntryType::kNormal, .data = Bytes()}};
  request.commit = {4};
  request.leader_last = {6};
  return request;
}

TEST(Wire, ReadIndex) {
  ExpectGolden<pb::ReadIndexRequest>(ReadIndexRequest{.from = "n2", .term = {3}}, "0a 02 6e32  10 03");
  ExpectGolden<pb::ReadIndexResponse>(ReadIndexReply{.term = {3}, .commit = Index{300}}, "08 03  10 01  18 ac02");
  ExpectGolden<pb::ReadIndexResponse>(ReadIndexReply{.term = {3}, .commit = Index{0}}, "08 03  10 01");
  ExpectGolden<pb::ReadIndexResponse>(ReadIndexReply{.term = {3}, .commit = {}}, "08 03");
}

// The one asks who the other is; it says what it takes it for, where it knows.
TEST(Wire, Introductions) {
  AppendRequest asks{.term = {3}, .leader = "n2"};
  asks.stamp.introduce = true;
  ExpectGolden<pb::AppendEntriesRequest>(asks, "08 03  12 02 6e32  f806 01");
  AppendReply answers;
  answers.term = {3};
  answers.success = true;
  answers.introduction = {.incarnation = "i", .version = "v"};
  ExpectGolden<pb::AppendEntriesResponse>(answers, "08 03  10 01  b206 01 69  ba06 01 76");
  ExpectGolden<pb::VoteRequest>(VoteRequest{.term = {4}, .candidate = "n1", .stamp = {.to_incarnation = "i"}},
                                "08 04  12 02 6e31  f206 01 69");
}

TEST(Wire, TimeoutNow) {
  ExpectGolden<pb::TimeoutNowRequest>(
      TimeoutNowRequest{.term = {3}, .leader = "n2", .stamp = {.cluster_id = "c", .to = "n1", .incarnation = "i"}},
      "08 03  12 02 6e32  a206 01 63  aa06 02 6e31  b206 01 69");
  ExpectGolden<pb::TimeoutNowResponse>(TimeoutNowReply{.term = {3}, .campaigns = true}, "08 03  10 01");
  ExpectGolden<pb::TimeoutNowResponse>(TimeoutNowReply{.term = {3}}, "08 03");
  ExpectGolden<pb::VoteRequest>(VoteRequest{.term = {4}, .candidate = "n1", .handed_over = true},
                                "08 04  12 02 6e31  b806 01");
}

TEST(Wire, FetchEntries) {
  ExpectGolden<pb::FetchEntriesRequest>(EntriesRequest{.from = "n1",
                                                       .first = {2},
                                                       .proof = {{3}, {5}},
                                                       .stamp = {.cluster_id = "c", .to = "n2", .incarnation = "i"}},
                                        "0a 02 6e31  10 02  18 05  20 03  a206 01 63  aa06 02 6e32  b206 01 69");
  ExpectGolden<pb::FetchEntriesResponse>(EntriesReply{.term = {4},
                                                      .proof = Proof::kHeld,
                                                      .previous = {{1}, {1}},
                                                      .entries = {{{2}, {3}, EntryType::kNormal, Bytes("x")}},
                                                      .begins = {1},
                                                      .snapshot = {{3}, {4}}},
                                         "08 04  10 01  18 01  20 01  2a 07 0802 1003 1a 01 78  30 01  38 04  40 03");
  ExpectGolden<pb::FetchEntriesResponse>(EntriesReply{.term = {4}, .proof = Proof::kReplaced}, "08 04  10 02");
  ExpectGolden<pb::FetchEntriesResponse>(EntriesReply{.proof = Proof::kCompacted}, "10 03");
  ExpectGolden<pb::FetchEntriesResponse>(EntriesReply{.proof = Proof::kMissing}, "");
}

TEST(Wire, WhatNoPeerAsksForIsRefusedByName) {
  pb::FetchEntriesRequest request;
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(pb::FetchEntriesRequest(request)).status()));
  request.set_first_index(7);
  request.set_proof_index(6);
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(pb::FetchEntriesRequest(request)).status()));
  pb::FetchEntriesResponse gap;
  gap.add_entries()->set_index(3);
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(pb::FetchEntriesResponse(gap)).status()));
}

TEST(Wire, FetchSnapshot) {
  ExpectGolden<pb::FetchSnapshotRequest>(
      PieceRequest{.from = "n1", .at_least = {6}, .last_included = {{3}, {5}}, .offset = 4},
      "0a 02 6e31  10 05  18 03  20 04  28 06");
  ExpectGolden<pb::FetchSnapshotResponse>(
      PieceReply{.term = {4}, .last_included = {{3}, {5}}, .size = 9, .data = Bytes("x")},
      "08 04  10 05  18 03  20 09  2a 01 78  30 83adf0e608");
  pb::FetchSnapshotResponse damaged;
  damaged.set_data("x");
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(std::move(damaged)).status()));
}

TEST(Wire, Forward) {
  const ForwardRequest request{.from = "n2",
                               .commands = {{.data = "x"}, {.data = "", .frees_space = true}},
                               .patience = std::chrono::milliseconds(300),
                               .stamp = {.cluster_id = "c", .to = "n1", .incarnation = "i"}};
  ExpectGolden<pb::ForwardRequest>(
      request, "0a 02 6e32  12 03 0a0178  12 02 1001  18 ac02  a206 01 63  aa06 02 6e31  b206 01 69");
  const ForwardReply reply{
      .term = {3},
      .results = {{.at = {.term = {3}, .index = {7}}, .text = "ok"}, {.code = 8, .text = "full", .disk_full = true}}};
  ExpectGolden<pb::ForwardResponse>(reply, "08 03  12 08 1007 1803 22026f6b  12 0a 0808 220466756c6c 2801");
}

TEST(Wire, WhatANodeUnderstandsIsABitForEachKind) {
  ExpectGolden<pb::AppendEntriesResponse>(AppendReply{.term = {3}, .success = true, .features = 5},
                                          "08 03 10 01 a806 05");
  ExpectGolden<pb::ForwardRequest>(ForwardRequest{.from = "n2", .commands = {{.data = "x", .features = 1}}},
                                   "0a 02 6e32  12 05 0a0178 1801");
}

TEST(Wire, MoreCommandsThanANodeForwardsAreRefused) {
  pb::ForwardRequest message;
  for (int i = 0; i < 65537; ++i) message.add_commands();
  const auto decoded = Decode(std::move(message));
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("commands: 65537"));
}

TEST(Wire, AStreamCarriesThreeKinds) {
  pb::ReplicateRequest message;
  EXPECT_TRUE(absl::IsUnimplemented(RequestIn(message).status())) << "what a later version may add";
  message.mutable_append();
  EXPECT_TRUE(std::holds_alternative<AppendRequest>(*RequestIn(message)));
  message.Clear();
  message.mutable_read_index();
  EXPECT_TRUE(std::holds_alternative<ReadIndexRequest>(*RequestIn(message)));
  message.Clear();
  message.mutable_forward();
  EXPECT_TRUE(std::holds_alternative<ForwardRequest>(*RequestIn(message)));
  const std::vector<Reply> replies = {AppendReply{.term = {3}, .success = true},
                                      ReadIndexReply{.term = {3}, .commit = Index{4}},
                                      ForwardReply{.term = {3}, .results = {{.code = 4, .text = "late"}}}};
  for (const Reply& reply : replies) {
    pb::ReplicateResponse response;
    PutReply(reply, response);
    EXPECT_EQ(*ReplyIn(response), reply);
  }
}

TEST(Wire, VoteRequest) {
  ExpectGolden<pb::VoteRequest>(
      VoteRequest{.term = {3}, .candidate = "node1", .last_log = {.term = {2}, .index = {300}}, .pre_vote = true},
      "08 03  12 05 6e6f646531  18 ac02  20 02  28 01");
  ExpectGolden<pb::VoteRequest>(VoteRequest{}, "");
}

TEST(Wire, RequestsSayWhoTheyAreFromAndWhomTheyAreMeantFor) {
  const Stamp stamp{.cluster_id = "c1", .to = "n3", .incarnation = "i"};
  ExpectGolden<pb::VoteRequest>(VoteRequest{.term = {3}, .stamp = stamp},
                                "08 03  a2 06 02 6331  aa 06 02 6e33  b2 06 01 69");
  ExpectGolden<pb::AppendEntriesRequest>(AppendRequest{.term = {3}, .stamp = stamp},
                                         "08 03  a2 06 02 6331  aa 06 02 6e33  b2 06 01 69");
}

TEST(Wire, VoteResponse) {
  ExpectGolden<pb::VoteResponse>(VoteReply{.term = {7}, .granted = true}, "08 07  10 01");
  ExpectGolden<pb::VoteResponse>(VoteReply{.term = {7}, .granted = false}, "08 07");
  ExpectGolden<pb::VoteResponse>(VoteReply{}, "");
}

TEST(Wire, AppendEntriesRequest) {
  ExpectGolden<pb::AppendEntriesRequest>(TwoEntries(),
                                         "08 03  12 02 6e32  18 04  20 02"
                                         "  2a 09 [08 05  10 03  1a 01 78  20 01]"
                                         "  2a 04 [08 06  10 03]"
                                         "  30 04  38 06");
  ExpectGolden<pb::AppendEntriesRequest>(AppendRequest{}, "");
}

TEST(Wire, AppendEntriesRequestOfAGoPeerLacksTheLeadersLastIndex) {
  AppendRequest request = TwoEntries();
  request.leader_last = {};
  ExpectGolden<pb::AppendEntriesRequest>(request,
                                         "08 03  12 02 6e32  18 04  20 02"
                                         "  2a 09 [08 05  10 03  1a 01 78  20 01]"
                                         "  2a 04 [08 06  10 03]"
                                         "  30 04");
}

TEST(Wire, AppendEntriesResponse) {
  AppendReply rejected;
  rejected.term = {9};
  rejected.conflict_term = {2};
  rejected.conflict_index = {17};
  ExpectGolden<pb::AppendEntriesResponse>(rejected, "08 09  18 02  20 11");
  AppendReply accepted;
  accepted.term = {9};
  accepted.success = true;
  ExpectGolden<pb::AppendEntriesResponse>(accepted, "08 09  10 01");
  ExpectGolden<pb::AppendEntriesResponse>(AppendReply{}, "");
}

TEST(Wire, TheLargestNumbers) {
  ExpectGolden<pb::VoteResponse>(VoteReply{.term = {kMax}, .granted = false}, "08 ff ff ff ff ff ff ff ff ff 01");
}

TEST(Wire, DataIsBytesNotText) {
  AppendRequest request;
  request.entries = {{.index = {1}, .term = {1}, .type = EntryType::kNormal, .data = Bytes(Hex("00 ff 80"))}};
  ExpectGolden<pb::AppendEntriesRequest>(request, "2a 09 [08 01  10 01  1a 03 00ff80]");
}

TEST(Wire, UnknownEntryTypesAreCarried) {
  AppendRequest request;
  request.entries = {{.index = {1}, .term = {1}, .type = static_cast<EntryType>(-5), .data = Bytes()}};
  ExpectGolden<pb::AppendEntriesRequest>(request, "2a 0f [08 01  10 01  20 fb ff ff ff ff ff ff ff ff 01]");
  request.entries[0].type = static_cast<EntryType>(7);
  ExpectGolden<pb::AppendEntriesRequest>(request, "2a 06 [08 01  10 01  20 07]");
}

TEST(Wire, UnknownFieldsOfALaterVersionAreIgnored) {
  pb::VoteResponse message;
  ASSERT_TRUE(message.ParseFromString(Hex("08 07  10 01  f2 06 03 616263")));  // field 110: "abc"
  EXPECT_EQ(*Decode(std::move(message)), (VoteReply{.term = {7}, .granted = true}));
}

TEST(Wire, EntriesMustFollowWithoutAGap) {
  for (const char* bytes : {
           "18 04  2a 04 [08 06  10 03]",                        // a gap after prev
           "18 04  2a 04 [08 04  10 03]",                        // overlaps prev
           "18 04  2a 02 [10 03]",                               // no index at all
           "18 04  2a 04 [08 05  10 03]  2a 04 [08 07  10 03]",  // a gap between entries
           "18 04  2a 04 [08 05  10 03]  2a 04 [08 05  10 03]",  // twice the same
       }) {
    const auto decoded = DecodeAppend(bytes);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument) << bytes;
    EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(".index")) << bytes;
  }
}

TEST(Wire, TheErrorNamesTheEntry) {
  const auto decoded = DecodeAppend("18 04  2a 04 [08 05  10 03]  2a 04 [08 07  10 03]");
  EXPECT_EQ(decoded.status().message(), "entries[1].index: 7 where 6 follows prev_log_index");
}

TEST(Wire, EntriesPastTheLastIndexAreRefused) {
  const auto decoded = DecodeAppend("18 ff ff ff ff ff ff ff ff ff 01  2a 02 [10 03]");
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("prev_log_index"));
  EXPECT_TRUE(DecodeAppend("18 ff ff ff ff ff ff ff ff ff 01").ok());  // a heartbeat there is odd, but well-formed
}

TEST(Wire, EveryTruncationIsAnErrorOrAMessage) {
  const std::string whole = Encode(TwoEntries()).SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    pb::AppendEntriesRequest message;
    if (message.ParseFromString(whole.substr(0, size))) (void)Decode(std::move(message)).ok();
  }
}

}  // namespace
}  // namespace raftly
