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
    : random_(seed), tracing_(tracing), calm_(seed % 4 == 0), node_(AnyStart(seed)) {
  for (size_t i = 1; i < AnyStart(seed).servers; ++i) peers_.emplace_back(1, static_cast<char>('a' + i));
  node_.Doze(AnyStart(seed).rejoin ? Duration(std::chrono::seconds(1)) : Duration(0));
  term_ = core().term();
}

std::string Hostile::Run(int steps) {
  for (int i = 0; i < steps && complaint_.empty(); ++i) {
    Step();
    while (core().HasUndelivered())
      node_.Step(EntriesRead{.reader = "nobody", .entries = {}});  // as a node comes again
    Check();
  }
  return complaint_;
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
    node_.Read(/*ask_leader=*/Chance(500));
  } else if (Chance(300)) {
    node_.Step(SpaceChanged{static_cast<Space>(Below(3))});
  } else if (Chance(100)) {
    Crash();
  }
}

void Hostile::SendRequest() {
  Request request = Chance(200) ? AnyVote() : Chance(150) ? AnyPiece() : Chance(20) ? AnyReadIndex() : AnyAppend();
  if (tracing_) Note("<- " + Text(request));
  const CallId call{++last_request_};
  ++tally_.messages;
  asked_.emplace(call, request);
  node_.Step(RequestReceived{call, std::move(request)});
}

void Hostile::AnswerACall() {
  if (calls_.empty()) return LetTimePass();
  const Call call = calls_[Below(calls_.size())];
  if (Chance(900)) std::erase_if(calls_, [&](const Call& other) { return other.id == call.id; });
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
  calls_.clear();
  asked_.clear();
  committed_.clear();
  leaders_.clear();
  commit_ = core().commit();
  taken_up_ = core().delivered();
  Require(votes_.empty() || core().term() >= votes_.rbegin()->first, "a term was forgotten in which it had voted");
  term_ = core().term();
  voted_for_ = core().voted_for();
}

Request Hostile::AnyVote() {
  const Term term = AnyTerm();
  VoteRequest request{.term = term, .candidate = AnySender(), .last_log = AnyPlace(), .pre_vote = Chance(400)};
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
  if (peers_.empty() || Chance(20)) return Chance(500) ? NodeId("z") : Chance(500) ? NodeId("a") : NodeId();
  return peers_[Below(peers_.size())];
}

// ---- What must hold ------------------------------------------------------------------------------------------------

void Hostile::Check() {
  CheckState();
  CheckRole();
  CheckProgress();
  CheckCommitted();
  CheckMessages();
  for (const NodeEvent& event : node_.events) {
    if (tracing_) Note("   " + Text(event));
    if (std::holds_alternative<MessageRefused>(event)) ++tally_.refused;
    if (std::holds_alternative<LogTruncated>(event)) ++tally_.truncated;
    if (std::holds_alternative<SnapshotInstalled>(event)) ++tally_.installed;
    if (const auto* found = std::get_if<LeaderChanged>(&event); found != nullptr && !found->leader.empty()) {
      const auto [known, first] = leaders_.emplace(found->term, found->leader);
      Require(known->second == found->leader, "two leaders in one term");
    }
    const auto* changed = std::get_if<RoleChanged>(&event);
    if (changed != nullptr && changed->to == Role::kLeader) ++tally_.led;
  }
  node_.events.clear();
  node_.outcomes.clear();
}

void Hostile::CheckState() {
  Require(core().term() >= term_, "the term fell");
  Require(core().term() <= kLastTerm, "the term left its range");
  const bool kept = core().term() > term_ || voted_for_.empty() || core().voted_for() == voted_for_;
  Require(kept, "a vote was taken back");
  Require(core().commit() >= commit_, "the commit index fell");
  const Log& log = core().log();
  Require(core().snapshot().index >= log.base().index, "a log begins behind what a snapshot holds");
  Require(core().snapshot().index <= core().commit(), "a snapshot holds what was not committed");
  Require(core().commit() <= log.last().index, "committed what the log does not hold");
  Require(core().stable() <= log.last().index, "vouches for what the log does not hold");
  Require(log.last().term <= core().term(), "the log is ahead of the term");
  if (log.last().index > log.first()) {
    const Index any = log.first() + 1 + Below(log.last().index - log.first());
    Require(log.TermAt(any - 1) <= log.TermAt(any), "terms fall in the log");
  }
  term_ = core().term();
  voted_for_ = core().voted_for();
  commit_ = core().commit();
}

void Hostile::CheckRole() {
  const bool leads = core().role() == Role::kLeader;
  Require(leads == (core().leader() == core().self()), "leads without calling itself leader, or the other way round");
  Require(core().progress().size() == (leads ? peers_.size() : 0),
          "progress without leadership, or the other way round");
  if (core().role() == Role::kCandidate || leads) {
    Require(core().voted_for() == core().self(), "campaigns without its own vote");
    Require(core().may_vote(), "campaigns without a memory");
  }
  if (core().role() == Role::kCandidate || core().role() == Role::kPreCandidate) {
    Require(core().leader().empty(), "campaigns under a leader");
  }
}

void Hostile::CheckProgress() {
  const Index last = core().log().last().index;
  for (const auto& [peer, progress] : core().progress()) {
    Require(progress.match < progress.next, "what is to be sent is known to be there");
    Require(progress.next <= last + 1, "more is to be sent than there is");
    Require(progress.in_flight.size() <= 2, "more in flight than the limit");
    Require(progress.step_back >= 1, "a search that stands still");
  }
}

// Delivered in order, once, and never changed.
void Hostile::CheckCommitted() {
  for (const LogPosition& at : std::exchange(node_.loads, {})) {
    Require(at.index > taken_up_ + committed_.size(), "an older state than its own was taken up");
    taken_up_ = at.index;
    committed_.clear();
  }
  for (Entry& entry : node_.committed) {
    Require(entry.index == taken_up_ + committed_.size() + 1, "delivered out of order");
    committed_.push_back(std::move(entry));
    ++tally_.committed;
  }
  node_.committed.clear();
  Require(taken_up_ + committed_.size() == core().delivered(), "delivered and not seen");
  Require(core().delivered() == core().commit() || !node_.reads.empty(), "committed and not delivered");
  if (committed_.empty() || !complaint_.empty()) return;
  const Entry& any = committed_[Below(committed_.size())];
  const auto unchanged = [&](const Entry& entry) {
    const Log& log = core().log();
    if (!log.Contains(entry.index)) return entry.index <= log.base().index;
    return log.TermAt(entry.index) == entry.term && (!log.Holds(entry.index) || log.At(entry.index) == entry);
  };
  Require(unchanged(any), "a committed entry changed");
  Require(unchanged(committed_.back()), "the last committed entry changed");
}

void Hostile::CheckMessages() {
  for (Message& message : node_.outbox) {
    if (const auto* answer = std::get_if<Answer>(&message)) {
      CheckAnswer(*answer);
      continue;
    }
    auto& call = std::get<Call>(message);
    Require(std::find(peers_.begin(), peers_.end(), call.to) != peers_.end(), "speaks to a stranger");
    if (const auto* append = std::get_if<AppendRequest>(&call.request)) CheckAppend(*append);
    if (const auto* piece = std::get_if<SnapshotRequest>(&call.request)) CheckPiece(*piece);
    calls_.push_back(std::move(call));
    if (calls_.size() > 24) calls_.pop_front();
  }
  node_.outbox.clear();
  if (node_.disk_is_busy() || !node_.pieces.empty()) return;
  // A leader answers who wants to read when its quorum has answered it.
  const bool leads = core().role() == Role::kLeader;
  Require(std::all_of(asked_.begin(), asked_.end(),
                      [&](const auto& open) { return leads && std::holds_alternative<ReadIndexRequest>(open.second); }),
          "a request was not answered although the disk is idle");
}

void Hostile::CheckAnswer(const Answer& answer) {
  const auto asked = asked_.extract(answer.id);
  Require(!asked.empty(), "answered what was not asked, or twice");
  if (asked.empty() || !answer.reply) return;
  const Request& request = asked.mapped();
  const auto* vote = std::get_if<VoteRequest>(&request);
  Require((vote != nullptr) == std::holds_alternative<VoteReply>(*answer.reply),
          "the answer to another kind of request");
  if (!complaint_.empty()) return;
  const bool to_read = std::holds_alternative<ReadIndexRequest>(request);
  Require(to_read == std::holds_alternative<ReadIndexReply>(*answer.reply), "the answer to another kind of request");
  if (to_read) return;
  const bool to_piece = std::holds_alternative<SnapshotRequest>(request);
  Require(to_piece == std::holds_alternative<SnapshotReply>(*answer.reply), "the answer to another kind of request");
  if (to_piece) return;
  if (vote == nullptr) {
    tally_.accepted += std::get<AppendReply>(*answer.reply).success ? 1 : 0;
  } else if (std::get<VoteReply>(*answer.reply).granted && !vote->pre_vote) {
    const auto [cast, first] = votes_.emplace(vote->term, vote->candidate);
    Require(cast->second == vote->candidate, "two votes in one term");
  }
}

void Hostile::CheckAppend(const AppendRequest& append) {
  Require(append.leader == core().self(), "speaks in another's name");
  Require(append.commit <= append.prev.index + append.entries.size(), "a commit index beyond what the message proves");
  Require(append.leader_last >= append.prev.index + append.entries.size(), "sends more than it has");
  Term previous = append.prev.term;
  for (const Entry& entry : append.entries) {
    Require(entry.term >= previous && entry.term <= append.term, "sends a log that cannot be");
    previous = entry.term;
  }
}

void Hostile::CheckPiece(const SnapshotRequest& piece) {
  ++tally_.sent;
  Require(piece.leader == core().self(), "sends a snapshot in another's name");
  Require(piece.last_included.index <= core().snapshot().index, "sends a snapshot that it does not have");
  Require(piece.last_included.index >= core().log().base().index, "the log after a snapshot that it sends is gone");
  Require(piece.offset < piece.size, "sends a piece beyond the end");
}

}  // namespace raftly
