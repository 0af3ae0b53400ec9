#include "tests/core/hostile.h"

#include <algorithm>
#include <utility>

namespace raftly {

namespace {

// What a seed makes of the node.
Start AnyStart(uint64_t seed) {
  std::mt19937_64 random(seed);
  static constexpr size_t kServers[] = {3, 3, 5, 2, 1};
  static constexpr const char* kLogs[] = {"", "1:1", "1:1 1:2 2:3", "1:1 2:2 2:3 4:4 4:5"};
  Start start{.servers = kServers[random() % 5], .log = kLogs[random() % 4], .seed = random()};
  start.rejoin = random() % 8 == 0;
  start.limits = {
      .entries_per_append = 1 + random() % 4, .bytes_per_append = 64, .appends_in_flight = 1 + random() % 2};
  if (random() % 2 == 0) start.limits.bytes_in_memory = 0;
  start.defences = {};
  start.defences.pre_vote = random() % 4 != 0;
  return start;
}

// One index of one term is mostly one command.
std::string Command(Term term, Index index) { return std::to_string(term.value) + "." + std::to_string(index.value); }

}  // namespace

Hostile::Hostile(uint64_t seed, bool tracing)
    : random_(seed),
      tracing_(tracing),
      calm_(seed % 4 == 0),
      node_(AnyStart(seed)),
      judge_(node_, AnyStart(seed).servers) {
  node_.Doze(AnyStart(seed).rejoin ? Duration(std::chrono::seconds(1)) : Duration(0));
}

std::string Hostile::Run(int steps) {
  for (int i = 0; i < steps && judge_.complaint().empty(); ++i) {
    Step();
    while (core().HasUndelivered())
      node_.Step(EntriesRead{.reader = "nobody", .entries = {}});  // as a node comes again
    if (tracing_) NoteEvents();
    judge_.Look();
  }
  return judge_.complaint();
}

Hostile::Tally Hostile::tally() const {
  Tally tally = tally_;
  static_cast<CoreJudge::Tally&>(tally) = judge_.tally();
  return tally;
}

void Hostile::NoteEvents() {
  for (const NodeEvent& event : node_.events) Note("   " + Text(event));
}

// ---- What happens --------------------------------------------------------------------------------------------------

void Hostile::Step() {
  const uint64_t dice = Below(100);
  if (dice < (calm_ ? 3 : 45)) return SendRequest();
  if (dice < 70) return AnswerACall();
  if (dice < 80) return LetTheDiskWork();
  if (dice < 90) return LetTimePass();
  if (dice < 93) {
    node_.Propose();
  } else if (dice < 95) {
    TakeSnapshot();
  } else if (dice < 97) {
    Chance(700) ? node_.Read(/*ask_leader=*/Chance(500)) : node_.HandOver(Chance(500) ? AnySender() : NodeId());
  } else if (Chance(300)) {
    node_.Step(SpaceChanged{static_cast<Space>(Below(3))});
  } else if (Chance(100)) {
    Crash();
  }
}

void Hostile::SendRequest() {
  Request request = Chance(200)   ? AnyVote()
                    : Chance(150) ? AnyPiece()
                    : Chance(20)  ? AnyReadIndex()
                    : Chance(20)  ? AnyTimeoutNow()
                                  : AnyAppend();
  if (tracing_) Note("<- " + Text(request));
  const CallId call{++last_request_};
  ++tally_.messages;
  judge_.Asked(call, request);
  node_.Step(RequestReceived{call, std::move(request)});
}

void Hostile::AnswerACall() {
  std::deque<Call>& calls = judge_.open_calls();
  if (calls.empty()) return LetTimePass();
  const Call call = calls[Below(calls.size())];
  if (Chance(900)) std::erase_if(calls, [&](const Call& other) { return other.id == call.id; });
  if (Chance(100)) {
    const bool piece = std::holds_alternative<SnapshotRequest>(call.request);
    if (piece && Chance(300)) return void(node_.Step(PieceMissing{call.id}));
    node_.Step(ReplyReceived{call.id, std::nullopt, Chance(500), Chance(100)});
    return;
  }
  const Reply reply = AnyReply(call);
  ++tally_.messages;
  if (tracing_) Note("<- " + call.to + " " + Text(std::optional<Reply>(reply)) + " to " + Text(call.request));
  node_.Step(ReplyReceived{call.id, reply});
}

void Hostile::LetTimePass() {
  if (core().next_deadline() != kNever && Chance(600)) {
    node_.TimeOut();
  } else {
    node_.Doze(Duration(Below(60'000'000)));
  }
}

void Hostile::LetTheDiskWork() {
  if (node_.disk_is_busy()) Chance(250) ? node_.StoreWrite() : node_.FinishWrite();
  if (!node_.pieces.empty() && Chance(700)) StoreAPiece();
  if (node_.reads.empty() || Chance(300)) return;
  node_.FinishRead();
  ++tally_.read;
}

void Hostile::StoreAPiece() {
  const Piece piece = node_.pieces.front();
  if (Chance(100)) {
    node_.pieces.erase(node_.pieces.begin());
    node_.Step(PieceStored{.call = piece.call, .failed = true});
  } else if (Chance(600)) {
    node_.StorePiece(piece.request.size);
  } else {
    node_.StorePiece(Below(piece.request.size), /*whole=*/false);
  }
}

void Hostile::TakeSnapshot() {
  const Index to = std::min(core().delivered(), core().stable());
  if (to <= std::max(core().snapshot().index, core().log().base().index)) return;
  node_.TakeSnapshot(to.value, Chance(600) ? to.value : Below(to.value + 1));
}

// Its disk holds what was written; what was not is gone, and so is the duty to answer.
void Hostile::Crash() {
  if (tracing_) Note("crash");
  node_.Crash();
  judge_.Crashed();
}

Request Hostile::AnyVote() {
  const Term term = AnyTerm();
  VoteRequest request{.term = term, .candidate = AnySender(), .last_log = AnyPlace(), .pre_vote = Chance(400)};
  request.handed_over = Chance(200);
  if (Chance(700)) request.last_log = std::max(request.last_log, core().log().last());
  return request;
}

Request Hostile::AnyAppend() {
  AppendRequest request{.term = AnyTerm(), .leader = AnySender(), .prev = AnyPlace()};
  if (Chance(600) && !core().leader().empty()) request.leader = core().leader();
  const uint64_t count = Below(4);
  Index index = request.prev.index;
  Term at_least = request.prev.term;
  for (uint64_t i = 0; i < count; ++i) {
    index = Chance(5) ? AnyIndex() : index + 1;
    request.entries.push_back(AnyEntry(index, at_least));
    at_least = request.entries.back().term;
  }
  request.commit = AnyIndex();
  if (Chance(800)) request.leader_last = std::max(request.prev.index + count, core().log().last().index);
  if (Chance(50)) request.leader_last = AnyIndex();
  return request;
}

Request Hostile::AnyPiece() {
  SnapshotRequest request{.term = AnyTerm(), .leader = AnySender(), .last_included = AnyPlace(), .size = 100};
  if (Chance(800) && !core().leader().empty()) request.leader = core().leader();
  if (Chance(500)) request.last_included.index = request.last_included.index + Below(3);
  request.offset = Below(3) * 50;
  request.data = Bytes(std::string(Chance(950) ? 50 : 500, 's'));
  if (Chance(20)) request.offset = Near(0);
  if (Chance(20)) request.size = Near(0);
  return request;
}

Request Hostile::AnyTimeoutNow() {
  TimeoutNowRequest request{.term = AnyTerm(), .leader = AnySender()};
  if (Chance(600) && !core().leader().empty()) request.leader = core().leader();
  return request;
}

Entry Hostile::AnyEntry(Index index, Term at_least) {
  const Log& log = core().log();
  Entry entry{.index = index, .term = std::max(at_least, core().term())};
  if (Chance(700) && log.Contains(index)) entry.term = log.TermAt(index);
  if (Chance(30)) entry.term = AnyTerm();
  entry.data = Bytes(Command(entry.term, index));
  if (Chance(950) && log.Holds(index) && log.TermAt(index) == entry.term) entry = log.At(index);
  if (Chance(5)) entry.type = static_cast<EntryType>(static_cast<int32_t>(random_()));
  return entry;
}

Reply Hostile::AnyReply(const Call& call) {
  if (Chance(40)) return Chance(500) ? AnyVoteReply() : Chance(500) ? AnyAppendReply() : AnySnapshotReply();
  if (Chance(5)) return AnyReadIndexReply();
  if (std::holds_alternative<ReadIndexRequest>(call.request)) return AnyReadIndexReply();
  if (std::holds_alternative<VoteRequest>(call.request)) return AnyVoteReply();
  if (std::holds_alternative<TimeoutNowRequest>(call.request)) {
    return TimeoutNowReply{.term = TermOfAReply(), .campaigns = Chance(700)};
  }
  return std::holds_alternative<SnapshotRequest>(call.request) ? AnySnapshotReply() : AnyAppendReply();
}

Reply Hostile::AnyVoteReply() { return VoteReply{.term = TermOfAReply(), .granted = Chance(700)}; }

Reply Hostile::AnyAppendReply() {
  AppendReply reply{.term = TermOfAReply(), .success = Chance(700)};
  if (Chance(50)) reply.space = static_cast<Space>(Below(3));
  if (Chance(500)) reply.conflict_index = Chance(600) ? AnyIndex() : Index{1 + Below(3)};
  if (Chance(300)) reply.conflict_term = AnyTerm();
  return reply;
}

Reply Hostile::AnySnapshotReply() {
  return SnapshotReply{.term = TermOfAReply(), .offset = Chance(950) ? Below(120) : Near(0), .installed = Chance(300)};
}

Reply Hostile::AnyReadIndexReply() {
  ReadIndexReply reply{.term = TermOfAReply(), .commit = {}};
  if (Chance(800)) reply.commit = AnyIndex();
  tally_.told += reply.commit ? 1 : 0;
  return reply;
}

// ---- Small numbers around what the core holds ----------------------------------------------------------------------

uint64_t Hostile::Near(uint64_t value) {
  if (Chance(10)) {
    static constexpr uint64_t kExtremes[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 63, kLastTerm.value + 1};
    return kExtremes[Below(std::size(kExtremes))];
  }
  const uint64_t up = Below(4), down = Below(3);
  return value + up - std::min(down, value + up);
}

Term Hostile::AnyTerm() {
  if (Chance(600)) return core().term();
  if (Chance(1) && Chance(200)) return kLastTerm;  // lawful, and after it there is little to see
  return {Near(core().term().value)};
}

Index Hostile::AnyIndex() {
  switch (Below(4)) {
    case 0:
      return {Near(core().commit().value)};
    case 1:
      return {Near(core().stable().value)};
    case 2:
      return {Near(core().log().last().index.value)};
    default:
      return core().log().last().index;
  }
}

LogPosition Hostile::AnyPlace() {
  const Index index = AnyIndex();
  if (Chance(900) && core().log().HasTermAt(index)) return {core().log().TermAt(index), index};
  return {AnyTerm(), index};
}

NodeId Hostile::AnySender() {
  const std::vector<NodeId>& peers = judge_.peers();
  if (peers.empty() || Chance(20)) return Chance(500) ? NodeId("z") : Chance(500) ? NodeId("a") : NodeId();
  return peers[Below(peers.size())];
}

}  // namespace raftly
