// When a snapshot is made, and how fast one is sent, by a clock that the test moves.
#include "raft/node/snapshots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/env/whole_state.h"
#include "raft/storage/snapshot_format.h"
#include "tests/support/faulty_files.h"
#include "tests/support/manual_loop.h"
#include "transport/inmem_transport.h"

namespace raftly::testing {
namespace {

using namespace std::chrono_literals;

TEST(SnapshotPolicy, UsesALullAndWaitsForNoneAtTwiceTheLimit) {
  const SnapshotPolicy policy{.log_bytes = 100};
  EXPECT_FALSE(IsSnapshotDue(policy, 99, /*lull=*/true));
  EXPECT_TRUE(IsSnapshotDue(policy, 100, /*lull=*/true));
  EXPECT_FALSE(IsSnapshotDue(policy, 199, /*lull=*/false));
  EXPECT_TRUE(IsSnapshotDue(policy, 200, /*lull=*/false));
  EXPECT_FALSE(IsSnapshotUrgent(policy, 399));
  EXPECT_TRUE(IsSnapshotUrgent(policy, 400));
}

TEST(SnapshotPolicy, NeverIsNever) {
  EXPECT_FALSE(IsSnapshotDue({}, 1'000'000'000, true));
  EXPECT_FALSE(IsSnapshotUrgent({}, 1'000'000'000));
}

class AtOnce : public Executor {
 public:
  void Post(Task task) override { task(); }
};

// Reading a slice of it takes a millisecond, in which an entry is applied.
class Busy : public StateMachine {
 public:
  explicit Busy(ManualLoop& loop) : loop_(loop) {}
  std::string Apply(const Entry&) override { return {}; }
  Format format() const override { return {"busy", 1}; }
  std::unique_ptr<StateReader> Save() override { return std::make_unique<Reader>(*this); }
  std::unique_ptr<StateWriter> Load(uint32_t, Index) override {
    return LoadWhole([](const std::string&) { return absl::OkStatus(); });
  }

  std::function<void()> apply_one = [] {};
  int slices = 0;
  Duration slice_takes = 1ms;

 private:
  class Reader : public StateReader {
   public:
    explicit Reader(Busy& machine) : machine_(machine) {}
    bool Read(size_t bytes, std::string& out) override {
      out.append(bytes, 's');
      machine_.loop_.Pass(machine_.slice_takes);
      machine_.apply_one();
      return ++machine_.slices < 10;
    }

   private:
    Busy& machine_;
  };
  ManualLoop& loop_;
};

class Constant : public StateMachine {
 public:
  std::string Apply(const Entry&) override { return {}; }
  Format format() const override { return {"constant", 1}; }
  std::unique_ptr<StateReader> Save() override { return SaveWhole(std::string(1000, 's')); }
  std::unique_ptr<StateWriter> Load(uint32_t, Index) override {
    return LoadWhole([](const std::string&) { return absl::OkStatus(); });
  }
};

// With a snapshot of a thousand bytes of state.
class SnapshotsSent : public ::testing::Test {
 protected:
  void Begin(const SnapshotPolicy& policy) {
    const Environment environment{loop_, now_, now_, now_, files_, transport_, 1};
    applier_ = std::make_shared<Applier>(environment, machine_, nullptr);
    snapshots_ = std::make_shared<Snapshots>(environment, machine_, applier_, "data", policy, Defences{}, nullptr);
    ASSERT_TRUE(snapshots_->Open({}).ok());
    applier_->BeginAt({{1}, {7}});
    snapshots_->Take("", [this](const absl::StatusOr<Snapshots::Info>& info) {
      ASSERT_TRUE(info.ok()) << info.status();
      info_ = *info;
    });
    loop_.Advance(1ms);
    ASSERT_GT(info_.size, 1000u);
  }
  // Asks for one piece after the other, each as soon as the one before is there, and notes when.
  void SendAll(const NodeId& to) {
    SnapshotRequest piece{.last_included = info_.last_included, .offset = sent_[to], .size = info_.size};
    if (piece.offset >= info_.size) return;
    snapshots_->Fill(to, std::move(piece), [this, to](absl::StatusOr<SnapshotRequest> filled) {
      ASSERT_TRUE(filled.ok()) << filled.status();
      sent_[to] += filled->data.size();
      times_[to].push_back(loop_.Now() - begin_);
      loop_.Pass(takes_);
      if (writes_) applier_->BeginAt({{1}, {applier_->applied().value + 1}});
      SendAll(to);
    });
  }

  std::vector<Duration> TimesOf(const NodeId& to) {
    begin_ = loop_.Now();
    SendAll(to);
    loop_.Advance(1s);
    return times_[to];
  }

  Duration takes_{};     // until a piece is there
  bool writes_ = false;  // meanwhile
  ManualLoop loop_;
  AtOnce now_;
  FaultyFiles files_;
  InMemNetwork network_;
  InMemTransport transport_{network_, "a", loop_};
  Constant machine_;
  std::shared_ptr<Applier> applier_;
  std::shared_ptr<Snapshots> snapshots_;
  Snapshots::Info info_;
  Time begin_{};
  std::map<NodeId, uint64_t> sent_;
  std::map<NodeId, std::vector<Duration>> times_;
};

// Ten slices of a state that changes meanwhile, and how long they took.
class SnapshotsMade : public ::testing::Test {
 protected:
  Duration Make(const SnapshotPolicy& policy, bool writes, bool hurry = false) {
    const Environment environment{loop_, now_, now_, now_, files_, transport_, 1};
    auto applier = std::make_shared<Applier>(environment, machine_, nullptr);
    auto snapshots = std::make_shared<Snapshots>(environment, machine_, applier, "data", policy, Defences{}, nullptr);
    EXPECT_TRUE(snapshots->Open({}).ok());
    uint64_t applied = 7;
    applier->BeginAt({{1}, {applied}});
    if (writes) machine_.apply_one = [&] { applier->BeginAt({{1}, {++applied}}); };
    const Time begin = loop_.Now();
    std::optional<Time> end;
    snapshots->Take("", [&](const absl::StatusOr<Snapshots::Info>& info) {
      EXPECT_TRUE(info.ok()) << info.status();
      end = loop_.Now();
    });
    if (hurry) snapshots->Hurry();
    loop_.Advance(10s);
    EXPECT_TRUE(end.has_value());
    return end.value_or(begin) - begin;
  }

  ManualLoop loop_;
  AtOnce now_;
  FaultyFiles files_;
  InMemNetwork network_;
  InMemTransport transport_{network_, "a", loop_};
  Busy machine_{loop_};
};

TEST_F(SnapshotsMade, WhereNobodyWritesItDoesNotRest) { EXPECT_EQ(Make({}, /*writes=*/false), 10ms); }

// Two slices are on their way at a time, so that ten of them are five rests, less the last.
TEST_F(SnapshotsMade, RestsWhileThereAreWrites) {
  const Duration took = Make({.rest = 20}, /*writes=*/true);
  EXPECT_GE(took, 80ms);
  EXPECT_LE(took, 120ms);
}

TEST_F(SnapshotsMade, RestsNoLongerThanItMay) {
  machine_.slice_takes = 1s;
  EXPECT_LE(Make({.rest = 20, .longest_rest = 50ms}, /*writes=*/true), 10s + 5 * 50ms);
}

TEST_F(SnapshotsMade, DoesNotRestWhereTheLogGrowsTooLong) {
  EXPECT_LE(Make({.rest = 20}, /*writes=*/true, /*hurry=*/true), 30ms);
}

TEST_F(SnapshotsSent, GoesAsFastAsItGoesWithoutARate) {
  Begin({.piece_bytes = 300});
  begin_ = loop_.Now();
  SendAll("b");
  EXPECT_EQ(times_["b"], std::vector<Duration>(4, Duration(0)));
  EXPECT_EQ(sent_["b"], info_.size);
}

// -snapshot-rate-mib: per second, and for each peer by itself.
TEST_F(SnapshotsSent, GoesAsFastAsItsRateAllows) {
  Begin({.piece_bytes = 300, .send_rate = 3000});
  begin_ = loop_.Now();
  SendAll("b");
  SendAll("c");
  loop_.Advance(1s);
  EXPECT_EQ(times_["b"], (std::vector<Duration>{0ms, 100ms, 200ms, 300ms}));
  EXPECT_EQ(times_["c"], times_["b"]);
  EXPECT_EQ(sent_["c"], info_.size);
}

TEST_F(SnapshotsSent, RestsAfterEachPieceWhileThereAreWrites) {
  Begin({.piece_bytes = 300, .send_rest = 2});
  takes_ = 10ms;
  writes_ = true;
  EXPECT_EQ(TimesOf("b"), (std::vector<Duration>{0ms, 30ms, 60ms, 90ms}));
}

TEST_F(SnapshotsSent, RestsNoLongerThanItMay) {
  Begin({.longest_rest = 5ms, .piece_bytes = 300, .send_rest = 2});
  takes_ = 10ms;
  writes_ = true;
  EXPECT_EQ(TimesOf("b"), (std::vector<Duration>{0ms, 15ms, 30ms, 45ms}));
}

TEST_F(SnapshotsSent, WhereNobodyWritesItDoesNotRest) {
  Begin({.piece_bytes = 300, .send_rest = 2});
  takes_ = 10ms;
  EXPECT_EQ(TimesOf("b"), (std::vector<Duration>{0ms, 10ms, 20ms, 30ms}));
}

TEST_F(SnapshotsSent, APieceBeyondTheEndIsAnError) {
  Begin({.piece_bytes = 300});
  absl::Status status;
  snapshots_->Fill("b", {.last_included = info_.last_included, .offset = info_.size, .size = info_.size + 1},
                   [&](const absl::StatusOr<SnapshotRequest>& filled) { status = filled.status(); });
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

// A snapshot of "Letters", sent to a machine that notes what of it has arrived.
class Letters : public StateMachine {
 public:
  explicit Letters(std::string letters = "") : state(std::move(letters)) {}
  std::string Apply(const Entry&) override { return {}; }
  Format format() const override { return {"letters", 1}; }
  std::unique_ptr<StateReader> Save() override { return SaveWhole(state); }
  std::unique_ptr<StateWriter> Load(uint32_t, Index) override { return std::make_unique<Writer>(*this); }

  std::string state;
  std::string arrived;

 private:
  class Writer : public StateWriter {
   public:
    explicit Writer(Letters& machine) : machine_(machine) { machine_.arrived.clear(); }
    absl::Status Write(std::string_view bytes) override {
      machine_.arrived.append(bytes);
      return absl::OkStatus();
    }
    absl::Status Finish() override {
      machine_.state = machine_.arrived;
      return absl::OkStatus();
    }

   private:
    Letters& machine_;
  };
};

constexpr LogPosition kReceivedAt{{1}, {7}};

class SnapshotsReceived : public ::testing::Test {
 protected:
  SnapshotsReceived() { EXPECT_TRUE(snapshots_->Open({}).ok()); }

  // The bytes of a snapshot of this state.
  static std::string FileOf(const std::string& state) {
    SnapshotEncoder encoder;
    std::string bytes;
    encoder.Header({.last_included = kReceivedAt, .machine = "letters", .machine_version = 1}, bytes);
    for (const char letter : state) encoder.Block(std::string(1, letter), bytes);
    encoder.End(bytes);
    return bytes;
  }
  PieceStored Receive(const std::string& file, size_t begin, size_t end) {
    std::optional<PieceStored> stored;
    snapshots_->Store({.last_included = kReceivedAt,
                       .offset = begin,
                       .size = file.size(),
                       .data = Bytes(file.substr(begin, end - begin))},
                      "", Snapshots::Ahead::kYes, [&](absl::StatusOr<PieceStored> kept, const std::string&) {
                        EXPECT_TRUE(kept.ok()) << kept.status();
                        if (kept.ok()) stored = *kept;
                      });
    loop_.Advance(1ms);
    return stored.value_or(PieceStored{});
  }
  void Load() {
    snapshots_->Load(kReceivedAt, [](const absl::Status& why) { ADD_FAILURE() << why; });
  }

  ManualLoop loop_;
  AtOnce now_;
  FaultyFiles files_;
  InMemNetwork network_;
  InMemTransport transport_{network_, "a", loop_};
  Letters machine_;
  const Environment environment_{loop_, now_, now_, now_, files_, transport_, 1};
  const std::shared_ptr<Applier> applier_ = std::make_shared<Applier>(environment_, machine_, nullptr);
  std::shared_ptr<Snapshots> snapshots_ =
      std::make_shared<Snapshots>(environment_, machine_, applier_, "data", SnapshotPolicy{}, Defences{}, nullptr);
};

TEST_F(SnapshotsReceived, WhatHasComeIsTakenUpBeforeTheRestIsHere) {
  machine_.state = "old";
  const std::string file = FileOf("abcdef");
  EXPECT_FALSE(Receive(file, 0, file.size() - 30).whole);
  EXPECT_FALSE(machine_.arrived.empty());
  EXPECT_TRUE(std::string("abcdef").starts_with(machine_.arrived)) << machine_.arrived;
  EXPECT_EQ(machine_.state, "old") << "until all of it is there";
  EXPECT_TRUE(Receive(file, file.size() - 30, file.size()).whole);
  EXPECT_EQ(machine_.state, "old") << "until the node says so";
  Load();
  EXPECT_EQ(machine_.state, "abcdef");
  EXPECT_EQ(applier_->applied(), kReceivedAt.index);
}

// Two leaders' files of the same index need not have the same bytes.
TEST_F(SnapshotsReceived, AnotherAttemptBeginsWithNothingOfTheOneBefore) {
  const std::string first = FileOf("aaaaaaaa"), second = FileOf("bbbbbbbb");
  Receive(first, 0, first.size() - 40);
  EXPECT_THAT(machine_.arrived, ::testing::StartsWith("a"));
  // The first is given up: what follows is damaged.
  std::string damaged = first;
  damaged[first.size() - 39] ^= 1;
  snapshots_->Store({.last_included = kReceivedAt,
                     .offset = first.size() - 40,
                     .size = first.size(),
                     .data = Bytes(damaged.substr(first.size() - 40))},
                    "", Snapshots::Ahead::kYes,
                    [](const absl::StatusOr<PieceStored>& kept, const std::string&) { EXPECT_FALSE(kept.ok()); });
  loop_.Advance(1ms);
  Receive(second, 0, 60);
  EXPECT_TRUE(Receive(second, 60, second.size()).whole);
  Load();
  EXPECT_EQ(machine_.state, "bbbbbbbb");
}

// Of a newer version: nothing of it can be used, and nothing of it is read twice.
TEST_F(SnapshotsReceived, ALoaderThatHasFailedStillKeepsCount) {
  const std::string file = FileOf("abcdef");
  StateLoader loader(machine_, {"letters", 0}, kReceivedAt.index, "the snapshot received");
  size_t refused = 0;
  for (const char byte : file) refused += absl::IsUnimplemented(loader.Feed(std::string(1, byte))) ? 1 : 0;
  EXPECT_GT(refused, 1u);
  EXPECT_EQ(loader.size(), file.size());
  EXPECT_TRUE(absl::IsUnimplemented(loader.Finish().status()));
}

TEST_F(SnapshotsReceived, WhatComesOfOneThatIsAppliedAlreadyIsNotTakenUp) {
  applier_->BeginAt({{1}, {8}});
  machine_.arrived = "untouched";
  const std::string file = FileOf("abcdef");
  Receive(file, 0, file.size() - 30);
  EXPECT_EQ(machine_.arrived, "untouched");
}

TEST_F(SnapshotsReceived, WhatCameOfOneThatIsNotNeededIsLetGo) {
  const std::string file = FileOf("abcdef");
  Receive(file, 0, file.size() - 30);
  applier_->BeginAt({{1}, {8}});
  snapshots_->Take("", [](const absl::StatusOr<Snapshots::Info>& info) { EXPECT_TRUE(info.ok()) << info.status(); });
  loop_.Advance(1ms);
  machine_.arrived = "untouched";
  EXPECT_TRUE(Receive(file, file.size() - 30, file.size()).whole);
  Load();
  EXPECT_EQ(machine_.state, "abcdef") << "begun anew from the file";
}

}  // namespace
}  // namespace raftly::testing
