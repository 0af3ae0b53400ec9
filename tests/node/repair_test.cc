// A node with damage on its disk and its peers: a test for each row of the table in raft/storage/log_repair.h that
// needs peers. tests/storage/log_repair_test.cc has the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <vector>

#include "raft/node/repair.h"
#include "raft/storage/wal_record.h"
#include "tests/node/node_cluster.h"
#include "tests/support/mutation.h"

namespace raftly::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void FlipAt(const std::filesystem::path& path, uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

// In the last place where a file of the directory holds it.
void FlipIn(const std::filesystem::path& directory, const std::string& text, const std::string& end = ".wal") {
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (!file.path().string().ends_with(end)) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const size_t at = bytes.rfind(text);
    if (at != std::string::npos) return FlipAt(file.path(), at);
  }
  ADD_FAILURE() << "nowhere: " << text;
}

// ---- Peers that say what a test has them say -----------------------------------------------------------------------

class Witness : public NodeObserver {
 public:
  void OnRepair(const RepairNews& news) override {
    MutexLock lock(mutex_);
    news_.push_back(news);
  }
  void OnFatal(const absl::Status& why) override {
    MutexLock lock(mutex_);
    fatal_ = why;
  }
  bool Saw(RepairNews::What what) const {
    MutexLock lock(mutex_);
    return std::any_of(news_.begin(), news_.end(), [&](const RepairNews& one) { return one.what == what; });
  }
  RepairNews Last() const {
    MutexLock lock(mutex_);
    return news_.back();
  }
  absl::Status fatal() const {
    MutexLock lock(mutex_);
    return fatal_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<RepairNews> news_ ABSL_GUARDED_BY(mutex_);
  absl::Status fatal_ ABSL_GUARDED_BY(mutex_);
};

class FakePeer {
 public:
  using Says = std::function<absl::StatusOr<Reply>(const Request&)>;
  FakePeer(InMemNetwork& network, const NodeId& id, Says says)
      : loop_(id), transport_(network, id, loop_), says_(std::move(says)) {
    EXPECT_TRUE(transport_
                    .Start([this](const Request& request, ReplyFn reply) {
                      MutexLock lock(mutex_);
                      if (const auto* entries = std::get_if<EntriesRequest>(&request)) asked_.push_back(*entries);
                      reply(says_(request));
                    })
                    .ok());
  }
  ~FakePeer() {
    transport_.Stop();
    loop_.Stop();
  }

  void Say(Says says) {
    MutexLock lock(mutex_);
    says_ = std::move(says);
  }
  std::vector<EntriesRequest> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }
  absl::StatusOr<Reply> Ask(const NodeId& node, Request request) {
    std::promise<absl::StatusOr<Reply>> answer;
    transport_.Call(node, std::move(request), kPatience,
                    [&](absl::StatusOr<Reply> reply) { answer.set_value(std::move(reply)); });
    return answer.get_future().get();
  }

 private:
  ThreadLoop loop_;
  InMemTransport transport_;
  mutable Mutex mutex_;
  Says says_ ABSL_GUARDED_BY(mutex_);
  std::vector<EntriesRequest> asked_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<Reply> NotThere(const Request&) { return absl::UnavailableError("not there"); }
absl::StatusOr<Reply> Missing(const Request& request) {
  if (!std::holds_alternative<EntriesRequest>(request)) return NotThere(request);
  return Reply(EntriesReply{.proof = Proof::kMissing});
}

class DamagedNode : public ::testing::Test {
 protected:
  // Entries 1 to 5, each its own batch, of which the second is damaged.
  DamagedNode() : DamagedNode({{1}, {1}, EntryType::kNormal, Bytes("command 1")}) {}
  explicit DamagedNode(Entry first) {
    std::string path = (std::filesystem::temp_directory_path() / "raftly-repair-XXXXXX").string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    config_.core.self = "node1";
    config_.core.peers = {"node2", "node3"};
    config_.data_dir = (root_ / "node1").string();
    config_.wal.reserve_bytes = config_.wal.low_water_bytes = 4096;
    log_.push_back(std::move(first));
    for (uint64_t i = 2; i <= 5; ++i) {
      log_.push_back({{i}, {1}, EntryType::kNormal, Bytes("command " + std::to_string(i))});
    }
    auto opened = Wal::Open(*files_, config_.data_dir, config_.wal);
    EXPECT_TRUE(opened.ok());
    const auto store = [&](const std::optional<HardState>& state, const Entries& entries) {
      EXPECT_TRUE(opened->log->Reserve(Wal::EncodedSize(state, entries)).ok());
      EXPECT_TRUE(opened->log->Append(state, entries).ok());
      EXPECT_TRUE(opened->log->Sync().ok());
    };
    store(HardState{{1}, "node2"}, {});
    for (const Entry& entry : log_) store(std::nullopt, {entry});
    store(HardState{{3}, "node3"}, {});
    EXPECT_TRUE(opened->log->Close().ok());
    FlipIn(config_.data_dir, "command 2");
  }
  ~DamagedNode() override {
    server_.reset();
    std::filesystem::remove_all(root_);
  }

  absl::Status Start() {
    server_ = std::make_unique<Server>(network_, *files_, config_, 1, &witness_);
    return server_->node.Start();
  }
  RaftNode& node() { return server_->node; }
  bool Mended() {
    return Eventually([&] { return witness_.Saw(RepairNews::What::kDone); });
  }
  Entries LogOfNode() {
    std::promise<Entries> tail;
    node().Tail(100, [&](Entries entries) { tail.set_value(std::move(entries)); });
    return tail.get_future().get();
  }
  FakePeer::Says Holding(const Entries& log) {
    return [log](const Request& request) -> absl::StatusOr<Reply> {
      const auto* wanted = std::get_if<EntriesRequest>(&request);
      if (wanted == nullptr) return NotThere(request);
      const uint64_t first = wanted->first.value;
      EntriesReply reply{.proof = Proof::kHeld};
      if (first > 1) reply.previous = log[first - 2].position();
      for (uint64_t i = first; i < wanted->proof.index.value; ++i) reply.entries.push_back(log[i - 1]);
      return Reply(reply);
    };
  }

  std::filesystem::path root_;
  const std::unique_ptr<FileSystem> files_ = NewPosixFileSystem();
  NodeConfig config_;
  Entries log_;
  InMemNetwork network_;
  Witness witness_;
  std::unique_ptr<Server> server_;
};

TEST_F(DamagedNode, AsksForWhatIsMissingAndTakesItFromWhoeverHoldsWhatFollows) {
  FakePeer behind(network_, "node2", Missing), whole(network_, "node3", Holding(log_));
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), log_);
  EXPECT_FALSE(node().status().repairing);
  EXPECT_EQ(node().status().term, Term{3});
  ASSERT_EQ(behind.asked().size(), 1u);
  EXPECT_EQ(behind.asked()[0].first, Index{2});
  EXPECT_EQ(behind.asked()[0].proof, log_[2].position());
}

TEST_F(DamagedNode, PassesOverAPeerThatSendsWhatDoesNotFit) {
  Entries wrong = log_;
  wrong[1].term = Term{7};
  FakePeer liar(network_, "node2", Holding(wrong)), whole(network_, "node3", Holding(log_));
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), log_);
}

TEST_F(DamagedNode, TakesNoPartUntilAPeerCanHelp) {
  FakePeer away(network_, "node2", NotThere), behind(network_, "node3", Missing);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Eventually([&] { return witness_.Saw(RepairNews::What::kWaits); }));
  EXPECT_THAT(witness_.Last().text, AllOf(HasSubstr("node2: not there"), HasSubstr("node3: it does not hold index 3")));
  EXPECT_TRUE(node().status().repairing);
  const auto vote = behind.Ask("node1", VoteRequest{.term = {9}, .candidate = "node3", .last_log = {{9}, {9}}});
  EXPECT_TRUE(absl::IsFailedPrecondition(vote.status())) << vote.status();
  const auto append = behind.Ask("node1", AppendRequest{.term = {9}, .leader = "node3"});
  EXPECT_TRUE(absl::IsFailedPrecondition(append.status())) << append.status();
  std::promise<absl::Status> refused;
  node().Propose("x", kNever, [&](const absl::StatusOr<Applied>& applied) { refused.set_value(applied.status()); });
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.get_future().get()));
  away.Say(Holding(log_));
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), log_);
}

TEST_F(DamagedNode, GivesUpWhereAllPeersSayThatTheyDoNotHoldIt) {
  config_.repair_patience = Duration(0);
  FakePeer two(network_, "node2", Missing), three(network_, "node3", Missing);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Eventually([&] { return !witness_.fatal().ok(); }));
  EXPECT_TRUE(absl::IsDataLoss(witness_.fatal()));
  EXPECT_THAT(std::string(witness_.fatal().message()),
              AllOf(HasSubstr("raft.wal"), HasSubstr("no peer holds what was there"), HasSubstr("node2: "),
                    HasSubstr("node3: ")));
}

// A peer that is behind, or has another entry there that is not committed yet, has not spoken its last word.
TEST_F(DamagedNode, AsksAgainWhereAllPeersSayNoForNow) {
  FakePeer two(network_, "node2", Missing), three(network_, "node3", Missing);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Eventually([&] { return witness_.Saw(RepairNews::What::kWaits); }));
  const Entry theirs{{3}, {2}, EntryType::kNormal, Bytes("theirs")};
  three.Say([&](const Request& request) -> absl::StatusOr<Reply> {
    if (!std::holds_alternative<EntriesRequest>(request)) return NotThere(request);
    return Reply(EntriesReply{.proof = Proof::kReplaced, .previous = log_[0].position(), .entries = {log_[1], theirs}});
  });
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), (Entries{log_[0], log_[1], theirs}));
}

TEST_F(DamagedNode, WithoutPeersIsRefused) {
  config_.core.peers.clear();
  EXPECT_TRUE(absl::IsDataLoss(Start()));
}

Entry Saying(Index index, const std::set<NodeId>& voters) {
  return {index, {1}, EntryType::kConfig, Bytes(EncodeMembers(Among({.voters = voters}, {})))};
}

// Which came by -join: no flag says who else there is.
class DamagedNodeThatJoined : public DamagedNode {
 protected:
  DamagedNodeThatJoined() : DamagedNode(Saying({1}, {"node1", "node2", "node3"})) {
    config_.members_may_change = true;
    config_.core.peers.clear();
    config_.core.joins = true;
  }
};

TEST_F(DamagedNodeThatJoined, AsksTheMembersThatItsLogNames) {
  FakePeer behind(network_, "node2", Missing), whole(network_, "node3", Holding(log_));
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), log_);
  EXPECT_EQ(behind.asked().size(), 1u);
}

TEST_F(DamagedNodeThatJoined, AsksThoseOfTheFlagsAsWell) {
  config_.core.peers = {"node9"};
  FakePeer two(network_, "node2", Missing), three(network_, "node3", Missing), flag(network_, "node9", Holding(log_));
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Mended());
  EXPECT_EQ(LogOfNode(), log_);
}

TEST(WhatDamageLeaves, NamesTheMembersOfTheHighestIndexInWhateverOrderItIsShown) {
  Damage damage;
  damage.LearnFrom({Saying({3}, {"node1", "node2"}), Saying({7}, {"node1", "node3"})});
  damage.LearnFrom(Saying({5}, {"node1", "node4"}));
  damage.LearnFrom(Entry{{9}, {1}, EntryType::kConfig, Bytes("{}")});
  EXPECT_EQ(damage.members.size(), 2u);
  EXPECT_TRUE(damage.members.contains("node3"));
}

TEST_F(DamagedNode, StopsWhileItAsks) {
  FakePeer away(network_, "node2", NotThere);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Eventually([&] { return witness_.Saw(RepairNews::What::kWaits); }));
  node().Stop();
  EXPECT_TRUE(witness_.fatal().ok());
  EXPECT_FALSE(witness_.Saw(RepairNews::What::kDone));
}

// ---- Among nodes ---------------------------------------------------------------------------------------------------

class DamageInACluster : public ::testing::Test {
 protected:
  void Write(size_t count) {
    for (size_t i = 0; i < count; ++i) cluster_.ProposeUntilDone("command " + std::to_string(written_++) + ".");
  }
  // In two batches at least, so that something lies behind damage in the first.
  void WriteInBatches(size_t count) {
    Write(count - 1);
    cluster_.WaitForAgreement(written_);
    Write(1);
    cluster_.WaitForAgreement(written_);
  }
  // Compacting early, so that little log is kept.
  void Compact(const NodeId& id, uint64_t keep_bytes) {
    cluster_.Stop(id);
    cluster_.config(id).snapshots = {
        .log_bytes = 2000, .keep_bytes = keep_bytes, .slice_bytes = 50, .piece_bytes = 300};
    cluster_.config(id).wal.segment_bytes = 1000;
    ASSERT_TRUE(cluster_.Start(id).ok());
  }
  void ExpectMended(const NodeId& id) {
    EXPECT_TRUE(Eventually([&] { return !cluster_.at(id).node.status().repairing; }));
    EXPECT_EQ(cluster_.WaitForAgreement(written_).size(), written_);
  }

  NodeCluster cluster_{3};
  size_t written_ = 0;
};

TEST_F(DamageInACluster, AFollowerIsMendedAndGoesOn) {
  WriteInBatches(10);
  cluster_.Stop("node3");
  FlipIn(cluster_.directory("node3"), "command 4.");
  Write(3);
  ASSERT_TRUE(cluster_.Start("node3").ok());
  ExpectMended("node3");
  cluster_.Stop("node1");
  Write(1);
  EXPECT_EQ(cluster_.WaitForAgreement(14).size(), 14u);
}

// What is not in memory at a peer comes from its disk.
TEST_F(DamageInACluster, PeersThatKeepLittleInMemoryHelpToo) {
  for (const NodeId& id : cluster_.ids()) {
    cluster_.Stop(id);
    cluster_.config(id).core.limits.bytes_in_memory = 0;
    ASSERT_TRUE(cluster_.Start(id).ok());
  }
  WriteInBatches(10);
  cluster_.Stop("node3");
  FlipIn(cluster_.directory("node3"), "command 4.");
  ASSERT_TRUE(cluster_.Start("node3").ok());
  ExpectMended("node3");
}

TEST_F(DamageInACluster, WherePeersHaveNoSuchLogAnyMoreTheirSnapshotHelps) {
  WriteInBatches(10);
  cluster_.Stop("node3");
  FlipIn(cluster_.directory("node3"), "command 4.");
  Compact("node1", 0);
  Compact("node2", 0);
  Write(100);
  ASSERT_GT(cluster_.at("node1").node.status().first_index, Index{12});
  ASSERT_GT(cluster_.at("node2").node.status().first_index, Index{12});
  ASSERT_TRUE(cluster_.Start("node3").ok());
  ExpectMended("node3");
}

TEST_F(DamageInACluster, ASnapshotOfItsOwnThatReachesBehindTheHoleIsEnough) {
  Compact("node3", 1 << 20);
  WriteInBatches(100);
  std::promise<absl::Status> taken;
  cluster_.at("node3").node.TakeSnapshot(
      [&](const absl::StatusOr<SnapshotInfo>& snapshot) { taken.set_value(snapshot.status()); });
  ASSERT_TRUE(taken.get_future().get().ok());
  for (const NodeId& id : cluster_.ids()) cluster_.Stop(id);
  FlipIn(cluster_.directory("node3"), "command 4.");
  const absl::Status started = cluster_.Start("node3");
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_FALSE(cluster_.at("node3").node.status().repairing);
  ASSERT_TRUE(cluster_.Start("node1").ok());
  Write(1);
  EXPECT_EQ(cluster_.WaitForAgreement(101).size(), 101u);
}

TEST_F(DamageInACluster, SnapshotsOfWhichNoneIsWholeAreReplacedByAPeers) {
  for (const NodeId& id : cluster_.ids()) Compact(id, 0);
  Write(120);
  cluster_.WaitForAgreement(120);
  ASSERT_TRUE(Eventually([&] { return cluster_.at("node3").node.status().first_index > Index{1}; }));
  cluster_.Stop("node3");
  for (const auto& file : std::filesystem::directory_iterator(cluster_.directory("node3"))) {
    if (file.path().extension() == ".snap") FlipAt(file.path(), 60);
  }
  ASSERT_TRUE(cluster_.Start("node3").ok());
  ExpectMended("node3");
}

// No flag names its peers, and no entry any more.
TEST_F(DamageInACluster, OneThatJoinedAsksTheMembersThatItsDamagedSnapshotsName) {
  NodeCluster cluster(3, nullptr, /*members_may_change=*/true);
  ASSERT_TRUE(cluster.StartToJoin("node4").ok());
  cluster.ChangeMembers([](Members now) {
    now.configuration.learners.insert("node4");
    now.known["node4"] = {};
    return now;
  });
  cluster.Stop("node4");
  cluster.config("node4").snapshots = {.log_bytes = 2000, .keep_bytes = 0, .slice_bytes = 50, .piece_bytes = 300};
  cluster.config("node4").wal.segment_bytes = 1000;
  ASSERT_TRUE(cluster.Start("node4").ok());
  for (int i = 0; i < 120; ++i) cluster.ProposeUntilDone("command " + std::to_string(i));
  cluster.WaitForAgreement(120);
  ASSERT_TRUE(Eventually([&] { return cluster.at("node4").node.status().first_index > Index{20}; }));
  cluster.Stop("node4");
  for (const auto& file : std::filesystem::directory_iterator(cluster.directory("node4"))) {
    if (file.path().extension() == ".snap") FlipAt(file.path(), file.file_size() - 1);
  }
  // Stopped before anybody could help, it finds them set aside.
  cluster.Isolate("node4");
  ASSERT_TRUE(cluster.Start("node4").ok());
  cluster.Stop("node4");
  const absl::Status again = cluster.Start("node4");
  ASSERT_TRUE(again.ok()) << again;
  cluster.Heal();
  EXPECT_TRUE(Eventually([&] { return !cluster.at("node4").node.status().repairing; }));
  EXPECT_EQ(cluster.WaitForAgreement(120).size(), 120u);
}

TEST_F(DamageInACluster, WhatIsOfAnotherClusterIsNotGiven) {
  Write(3);
  cluster_.Stop("node3");
  EntriesRequest request{.from = "stranger", .first = {1}, .proof = {{1}, {2}}, .stamp = {.cluster_id = "other"}};
  std::promise<absl::StatusOr<Reply>> answer;
  cluster_.at("node1").inner.Call("node2", request, kPatience,
                                  [&](absl::StatusOr<Reply> reply) { answer.set_value(std::move(reply)); });
  EXPECT_TRUE(absl::IsFailedPrecondition(answer.get_future().get().status()));
}

TEST_F(DamageInACluster, APeerSaysHowItsLogRelatesToTheProof) {
  cluster_.Stop("node2");
  cluster_.config("node2").core.defences = DefencesUnderTest();
  ASSERT_TRUE(cluster_.Start("node2").ok());
  Write(5);
  cluster_.WaitForAgreement(5);
  const auto ask = [&](Index first, LogPosition proof) {
    std::promise<absl::StatusOr<Reply>> answer;
    cluster_.at("node1").inner.Call("node2", EntriesRequest{.from = "node1", .first = first, .proof = proof}, kPatience,
                                    [&](absl::StatusOr<Reply> reply) { answer.set_value(std::move(reply)); });
    const auto reply = answer.get_future().get();
    EXPECT_TRUE(reply.ok()) << reply.status();
    return std::get<EntriesReply>(*reply);
  };
  const Term term = cluster_.at("node2").node.status().term;
  const EntriesReply held = ask({2}, {term, {4}});
  EXPECT_EQ(held.proof, Proof::kHeld);
  EXPECT_EQ(held.previous, (LogPosition{term, {1}}));
  EXPECT_EQ(held.entries.size(), 2u);
  const EntriesReply replaced = ask({2}, {term + 7, {4}});
  EXPECT_EQ(replaced.proof, Proof::kReplaced);
  EXPECT_EQ(replaced.entries.size(), 3u);
  EXPECT_EQ(ask({2}, {term, {99}}).proof, Proof::kMissing);
}

}  // namespace
}  // namespace raftly::testing
