// Messages of peers: from protobuf's bytes through the transport's conversion into a core, in any order, with a disk
// and a clock that go at any pace. Whatever they say, the core's invariants hold and no check is reached.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "raft/core/check.h"
#include "tests/core/core_judge.h"
#include "tests/core/driver.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"
#include "transport/wire.h"

namespace raftly::fuzz {
namespace {

constexpr int kMostSteps = 64;
constexpr uint8_t kAskedOnce = 84;  // from here on: to take over, and for what a damaged log lacks

// ---- Bytes to messages ---------------------------------------------------------------------------------------------

// Nothing: these are no bytes of such a message, or the transport refuses what they say. Else what the transport makes
// of them, which is the same when it is sent on.
template <class Message>
auto Received(std::string_view bytes) {
  Message message;
  using Value = typename decltype(Decode(Message()))::value_type;
  std::optional<Value> none;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return none;
  auto decoded = Decode(std::move(message));
  if (!decoded.ok()) {
    RAFTLY_CHECK(absl::IsInvalidArgument(decoded.status()) && !decoded.status().message().empty(),
                 "a message is refused without a reason");
    return none;
  }
  const auto again = Decode(Encode(*decoded));
  RAFTLY_CHECK(again.ok() && *again == *decoded, "a message changes when it is sent on");
  return std::optional<Value>(*std::move(decoded));
}

template <class Variant, class Message>
std::optional<Variant> ReceivedAs(std::string_view bytes) {
  auto message = Received<Message>(bytes);
  return message ? std::optional<Variant>(*std::move(message)) : std::nullopt;
}

std::optional<Request> RequestOf(uint8_t kind, std::string_view bytes) {
  switch (kind < kAskedOnce ? kind % 6 : kind % 3 + 6) {
    case 0:
      return ReceivedAs<Request, pb::VoteRequest>(bytes);
    case 1:
      return ReceivedAs<Request, pb::SnapshotChunk>(bytes);
    case 2:
      return ReceivedAs<Request, pb::ReadIndexRequest>(bytes);
    case 3: {
      pb::ReplicateRequest message;
      if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
      auto request = RequestIn(message);
      return request.ok() ? std::optional<Request>(*std::move(request)) : std::nullopt;
    }
    case 6:
      return ReceivedAs<Request, pb::TimeoutNowRequest>(bytes);
    case 7:
      return ReceivedAs<Request, pb::FetchEntriesRequest>(bytes);
    case 8:
      return ReceivedAs<Request, pb::FetchSnapshotRequest>(bytes);
    default:
      return ReceivedAs<Request, pb::AppendEntriesRequest>(bytes);
  }
}

std::optional<Reply> ReplyOf(const Request& asked, std::string_view bytes) {
  if (std::holds_alternative<VoteRequest>(asked)) return ReceivedAs<Reply, pb::VoteResponse>(bytes);
  if (std::holds_alternative<SnapshotRequest>(asked)) return ReceivedAs<Reply, pb::SnapshotResponse>(bytes);
  if (std::holds_alternative<TimeoutNowRequest>(asked)) return ReceivedAs<Reply, pb::TimeoutNowResponse>(bytes);
  pb::ReplicateResponse message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  auto reply = ReplyIn(message);
  return reply.ok() ? std::optional<Reply>(*std::move(reply)) : std::nullopt;
}

// ---- A core among them ---------------------------------------------------------------------------------------------

Start StartOf(Input& input) {
  static constexpr const char* kLogs[] = {"", "1:1", "1:1 1:2 2:3", "1:1 2:2 2:3 4:4 4:5"};
  const uint8_t what = input.Byte();
  Start start{.servers = 1u + what % 5, .log = kLogs[what / 5 % 4], .defences = {}};
  start.rejoin = what >= 240;
  start.limits = {.entries_per_append = 2, .bytes_per_append = 64, .appends_in_flight = 2};
  if (what / 20 % 2 == 1) start.limits.bytes_in_memory = 0;
  return start;
}

class World {
 public:
  explicit World(const Start& start) : node_(start), judge_(node_, start.servers) {}

  void Run(Input& input) {
    for (int step = 0; step < kMostSteps && !input.empty(); ++step) {
      Step(input.Byte(), input);
      while (core().HasUndelivered()) node_.Step(EntriesRead{.reader = "nobody", .entries = {}});
      judge_.Look();
      RAFTLY_CHECK(judge_.complaint().empty(), judge_.complaint().c_str());
    }
  }

 private:
  // The first half of the numbers are messages, with their kind.
  void Step(uint8_t what, Input& input) {
    if (what < 96) return Hear(what, input.Chunk());
    if (what < 160) return Answer(what, input.Chunk());
    if (what < 200) return LetTheDiskWork(what);
    if (what < 230) return LetTimePass(what);
    Act(what);
  }

  void Hear(uint8_t kind, std::string_view bytes) {
    auto request = RequestOf(kind, bytes);
    // Between the nodes; no core sees them.
    if (!request || std::holds_alternative<ForwardRequest>(*request) ||
        std::holds_alternative<EntriesRequest>(*request) || std::holds_alternative<PieceRequest>(*request)) {
      return;
    }
    const CallId call{++last_request_};
    judge_.Asked(call, *request);
    node_.Step(RequestReceived{call, *std::move(request)});
  }

  void Answer(uint8_t which, std::string_view bytes) {
    std::deque<Call>& calls = judge_.open_calls();
    if (calls.empty()) return;
    const Call call = calls[which % calls.size()];
    if (which % 16 != 0) std::erase_if(calls, [&](const Call& other) { return other.id == call.id; });
    auto reply = ReplyOf(call.request, bytes);
    if (!reply && which % 8 == 7 && std::holds_alternative<SnapshotRequest>(call.request))
      return void(node_.Step(PieceMissing{call.id}));
    if (!reply) return void(node_.Step(ReplyReceived{call.id, std::nullopt, which % 2 == 0, which % 32 == 5}));
    if (std::holds_alternative<ForwardReply>(*reply)) return;
    node_.Step(ReplyReceived{call.id, *std::move(reply)});
  }

  // One thing at a time: the judge takes what was committed for later than a snapshot that was taken up since its last
  // look.
  void LetTheDiskWork(uint8_t what) {
    if (node_.disk_is_busy() && what < 190) return what % 4 == 0 ? node_.StoreWrite() : node_.FinishWrite();
    if (!node_.reads.empty() && what < 195) return node_.FinishRead();
    if (node_.pieces.empty()) return;
    const uint64_t size = node_.pieces.front().request.size;
    what % 8 == 7 ? node_.StorePiece(size / 2, /*whole=*/false) : node_.StorePiece(size);
  }

  void LetTimePass(uint8_t what) {
    if (what % 3 == 0) return node_.Doze(std::chrono::milliseconds(what));
    if (core().next_deadline() != kNever) node_.TimeOut();
  }

  void Act(uint8_t what) {
    if (what == 239) return void(node_.HandOver());
    if (what < 240) return void(node_.Propose());
    if (what < 244) return void(node_.Read(what % 2 == 0));
    if (what < 248) return void(node_.Step(SpaceChanged{static_cast<Space>(what % 3)}));
    if (what < 252) return TakeSnapshot(what);
    if (what < 254) return void(node_.Step(PeerGone{.peer = core().leader()}));
    node_.Crash();
    judge_.Crashed();
  }

  void TakeSnapshot(uint8_t what) {
    const Index to = std::min(core().delivered(), core().stable());
    if (to <= std::max(core().snapshot().index, core().log().base().index)) return;
    node_.TakeSnapshot(to.value, what % 2 == 0 ? to.value : to.value - 1);
  }

  const RaftCore& core() const { return node_.core(); }

  DrivenNode node_;
  CoreJudge judge_;
  uint64_t last_request_ = 0;
};

// ---- Inputs --------------------------------------------------------------------------------------------------------

template <class Message>
std::string Step(uint8_t what, const Message& message) {
  std::string step(1, static_cast<char>(what));
  AppendChunk(step, Encode(message).SerializeAsString());
  return step;
}

template <class Message>
std::string OnStream(uint8_t what, const Message& message) {
  pb::ReplicateResponse answer;
  PutReply(message, answer);
  std::string step(1, static_cast<char>(what));
  AppendChunk(step, answer.SerializeAsString());
  return step;
}

constexpr uint8_t kVote = 0, kPiece = 1, kReadIndex = 2, kAppend = 4, kAnswer = 97, kTimeoutNow = 84,
                  kFetchEntries = 85, kFetchSnapshot = 86;
const std::string kDisk = "\xa1", kTimeout = "\xc9", kPropose = "\xe8", kRead = "\xf1", kSnapshot = "\xf8",
                  kCrash = "\xff", kHandOver = "\xef";

AppendRequest AppendOf(uint64_t term, LogPosition prev, std::vector<Term> terms, uint64_t commit) {
  AppendRequest append{.term = {term}, .leader = "b", .prev = prev, .commit = {commit}};
  for (const Term entry_term : terms) {
    append.entries.push_back({.index = prev.index + append.entries.size() + 1, .term = entry_term, .data = Bytes("x")});
  }
  append.leader_last = prev.index + terms.size();
  return append;
}

}  // namespace

void FuzzPeers(std::string_view input) {
  [[maybe_unused]] static const bool silent = (SilenceProtobuf(), true);
  Input bytes(input);
  const Start start = StartOf(bytes);
  World world(start);
  world.Run(bytes);
}

std::vector<std::string> PeersSeeds() {
  const std::string follower("\x02"), empty_leader("\x02"), long_log("\x0c"), on_disk("\x20");
  const std::string elected = kTimeout + Step(kAnswer, VoteReply{{1}, true}) + Step(kAnswer, VoteReply{{1}, true}) +
                              kDisk + Step(kAnswer, VoteReply{{1}, true}) + kDisk + kDisk;
  const auto accepted = OnStream(kAnswer, AppendReply{.term = {1}, .success = true});
  const auto refused = OnStream(kAnswer, AppendReply{.term = {1}, .conflict_index = {1}});
  return {
      follower + Step(kAppend, AppendOf(1, {}, {{1}, {1}}, 1)) + kDisk +
          Step(kAppend, AppendOf(2, {{1}, {1}}, {{2}}, 2)) + kDisk + kCrash +
          Step(kVote, VoteRequest{{3}, "c", {{2}, {2}}}) + kDisk,
      long_log + Step(kAppend, AppendOf(3, {{1}, {2}}, {{3}, {3}}, 3)) + kDisk + kSnapshot + kDisk +
          Step(kPiece,
               SnapshotRequest{
                   .term = {3}, .leader = "b", .last_included = {{3}, {9}}, .size = 4, .data = Bytes("snap")}) +
          kDisk + kDisk,
      empty_leader + elected + kPropose + kDisk + accepted + accepted + kRead + accepted + kSnapshot + kPropose +
          kDisk + refused,
      on_disk + elected + kPropose + kPropose + kDisk + refused + kDisk + accepted + accepted +
          Step(kAnswer, SnapshotReply{{1}, 0, true}),
      follower + Step(kAppend, AppendOf(1, {}, {{1}}, 1)) + kDisk +
          Step(kTimeoutNow, TimeoutNowRequest{.term = {1}, .leader = "b"}) + kDisk +
          Step(kFetchEntries, EntriesRequest{.from = "c", .first = {1}, .proof = {{1}, {2}}}) +
          Step(kFetchSnapshot, PieceRequest{.from = "c", .last_included = {{1}, {1}}}),
      empty_leader + elected + kPropose + kHandOver + kDisk + accepted + accepted +
          Step(kAnswer, TimeoutNowReply{.term = {1}, .campaigns = true}) +
          Step(kVote, VoteRequest{.term = {2}, .candidate = "b", .last_log = {{1}, {2}}}) + kDisk,
      follower + Step(kReadIndex, ReadIndexRequest{"b", {1}}) + kTimeout +
          Step(kVote, VoteRequest{.term = {1}, .candidate = "b", .last_log = {}, .pre_vote = true}) +
          Step(kAppend, AppendOf(1, {}, {}, 0)),
  };
}

}  // namespace raftly::fuzz
