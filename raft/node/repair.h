// A node whose log or snapshot is damaged gets back from its peers what it held (raft/storage/log_repair.h: by what
// right, and what is done in which case). Until then it is no part of any quorum: it neither votes nor acknowledges.
//
//   auto repair = std::make_shared<Repair>(environment, config, snapshots, observer, done);
//   repair->Begin(std::move(damage));      // `done` runs once all is here: then the directory is read again
//
// One peer at a time is asked, one request at a time, each in turn until all is here. Called on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "raft/env/environment.h"
#include "raft/node/node_identity.h"
#include "raft/node/observer.h"
#include "raft/node/snapshots.h"
#include "raft/storage/log_repair.h"
#include "raft/storage/members.h"
#include "raft/storage/wal.h"

namespace raftly {

// What is wrong with a directory, and can be mended.
struct Damage {
  // Takes from what is whole what helps to find peers: who was in the first start's list may not be a member any more,
  // and others are; who came by -join has no such list; and the directory may have been damaged before it was told
  // which cluster its log is of. What stands at the highest index counts, in whatever order it is shown.
  void LearnFrom(const Entry& entry);
  void LearnFrom(const Entries& entries) {
    for (const Entry& entry : entries) LearnFrom(entry);
  }
  bool NamesOthers(const NodeId& self) const { return members.size() > members.count(self); }

  absl::Status what;                 // DataLoss, as it would be refused without peers
  std::unique_ptr<LogRepair> log;    // null: the log is whole, and
  std::unique_ptr<Wal> whole_log;    // keeps the directory locked meanwhile, and
  Index snapshot_from;               // a snapshot is wanted that includes at least this
  std::map<NodeId, Member> members;  // as the log or a snapshot says, this node among them; empty: neither says
  Index members_at;                  // where it says so
  std::string cluster_id;            // the same; empty: it says nothing
};

class Repair : public std::enable_shared_from_this<Repair> {
 public:
  struct Config {
    NodeId self;
    std::vector<NodeId> peers;
    Duration call_timeout{};
    Duration patience{};                       // for peers that all say that they cannot help
    Duration retry = std::chrono::seconds(1);  // when nobody could help, but some might yet
  };
  // `done` runs on the loop: with the damage, whose log is whole now or whose snapshot is in place; or with none, and
  // DataLoss: nobody holds what was lost, and who said what.
  using Done = std::function<void(absl::Status, Damage)>;

  Repair(Environment environment, Config config, const NodeIdentity& identity, std::shared_ptr<Snapshots> snapshots,
         NodeObserver* observer, Done done)
      : environment_(environment),
        config_(std::move(config)),
        identity_(identity),
        snapshots_(std::move(snapshots)),
        observer_(observer),
        done_(std::move(done)) {}

  // Again with what is still wrong after `done`.
  void Begin(Damage damage);
  // Nothing more is asked or told.
  void Stop() { stopped_ = true; }

 private:
  Stamp StampForPeer() const;
  void AskNext();
  void Ask();
  void AskForPiece(LogPosition snapshot, uint64_t offset);
  void Send(Request request);
  void On(const absl::StatusOr<Reply>& reply);
  void On(const EntriesReply& reply);
  void On(const PieceReply& reply);
  void KeepPiece(const PieceReply& piece);
  // The peer that was asked cannot help, and why: not now, or not at all.
  enum class Says { kNotNow, kNo };
  void NextAfter(Says says, const std::string& why);
  void EndRound();
  void Finish(absl::Status status);
  const NodeId& peer() const { return config_.peers[at_]; }

  const Environment environment_;
  Config config_;
  const NodeIdentity& identity_;
  const std::shared_ptr<Snapshots> snapshots_;
  NodeObserver* const observer_;
  const Done done_;

  Damage damage_;
  bool stopped_ = false;
  size_t at_ = 0;                       // who is asked
  uint64_t offset_ = 0;                 // of the snapshot's piece that is asked for
  std::map<NodeId, std::string> said_;  // in this round
  bool all_said_no_ = true;
  Time no_since_ = kNever;      // all said so in every round since
  Time tell_at_ = Time::min();  // when it is told again that nobody can help
};

}  // namespace raftly
