// A disk that keeps its word about sync and about nothing else.
//
//   SimDisk disk({.lost_permille = 700}, seed);
//   disk.Fail(SimDisk::Crash::kPower);   // unsynced writes survive in part, in any order, possibly damaged
//
// What a crash may do to bytes that no sync covered: each piece of a sector that was written is there, absent or
// damaged, each for itself; a file's change of length and a directory's new entry likewise. Bytes that were not
// written are never touched, and a whole sector is written or not (torn writes end at sector borders). A renaming is
// one step: it happened or it did not.
//
// Calls return at once; the time that they take is the disk executor's (ServiceTime). A crash in the middle of a task
// is BeginToDie, then the task, then Fail: its writes are made, its sync is not. Files opened before a crash are dead
// after it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/random.h"
#include "raft/env/files.h"

namespace raftly {

struct DiskSettings {
  Duration sync_low = std::chrono::microseconds(80);
  Duration sync_high = std::chrono::milliseconds(2);
  // Some syncs take long.
  uint32_t slow_permille = 5;
  Duration slow = std::chrono::milliseconds(60);
  // Of what a power failure finds unsynced: lost, and of the rest damaged.
  uint32_t lost_permille = 500;
  uint32_t damaged_permille = 100;
};

class SimDisk : public FileSystem {
 public:
  // kProcess: the program dies, what it wrote is in the system's hands but no more durable than before. What a failed
  // sync has dropped is still read, and written only if somebody writes it again (Rebello et al., ATC'20).
  // kPower: only what was synced is sure.
  enum class Crash { kProcess, kPower };

  SimDisk(DiskSettings settings, uint64_t seed)
      : settings_(settings), random_(seed), which_error_(Mix64(seed ^ 0xE7707)) {}

  absl::Status CreateDirectory(const std::string& path) override;
  absl::StatusOr<std::string> Read(const std::string& path) override;
  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override;
  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  // The disk as one process sees it: from the next Fail or Wipe on it can do nothing any more. The disk outlives it.
  std::unique_ptr<FileSystem> ForThisLife();

  // How long the next task takes that writes and syncs.
  Duration ServiceTime(Time now);

  // From here to Fail syncs fail and nothing becomes durable.
  void BeginToDie() { dying_ = true; }
  void Fail(Crash crash);
  // Everything is gone, as if the directory had been set aside. Only while nothing has it open.
  void Wipe();

  // ---- Faults. Each lasts until it is taken back or used up.
  void FillUp(bool full) { full_ = full; }
  void FailNextWrite() { fail_next_write_ = true; }
  void FailNextSync() { fail_next_sync_ = true; }
  // Syncs that begin before `time` return after it.
  void StickUntil(Time time) { stuck_until_ = time; }
  // Every sync takes so much longer.
  void Slow(Duration by) { slower_by_ = by; }
  // None of these is under way.
  bool Works(Time now) const {
    return !full_ && !fail_next_write_ && !fail_next_sync_ && stuck_until_ <= now && slower_by_ == Duration(0);
  }
  void ForgetErrors() { fail_next_write_ = fail_next_sync_ = false; }
  // The next power failure finds each file's last write half done, and all before it: a torn write, wherever its middle
  // is.
  void TearLastWrites() { tears_ = true; }
  void FlipBit(const std::string& path, uint64_t offset, int bit);

  // What becomes of bytes: made durable by a sync, or not, or found unsynced by a power failure.
  enum class Seen { kSynced, kSyncFailed, kFoundUnsynced };
  void Watch(std::function<void(Seen, uint64_t bytes)> watch) { watch_ = std::move(watch); }

  // What a power failure would surely leave of the file; empty where there is none.
  std::string DurableContents(const std::string& path) const;

 private:
  class OneLife;
  class OpenFile;
  class HeldLock;

  struct Change {
    enum class Kind { kWrite, kResize } kind = Kind::kWrite;
    uint64_t offset = 0;  // of a resize: the new size
    std::string data = {};
  };
  struct Inode {
    std::string durable;
    std::string current;
    std::vector<Change> changes;  // since the last sync, in order; current has them, durable has not
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  static void Record(Inode& inode, Change change);
  void Tell(Seen what, const Inode& inode) const;
  absl::Status SyncInode(const std::string& path, Inode& inode);
  // An error, or no space where space was promised: both are final.
  absl::Status Broken(const std::string& path, const char* call);
  void LosePower(Inode& inode);
  void SurviveInPart(std::string& image, const Change& change);
  static void Apply(std::string& image, const Change& change);
  // A change of names: seen now, durable once the directory is synced.
  void Relist(std::function<void(Names&)> change);
  static std::string DirectoryOf(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

  DiskSettings settings_;
  Random random_;
  Random which_error_;  // of its own, so that it changes nothing else
  Names files_;
  Names listed_;                                       // what the directories hold for certain
  std::vector<std::function<void(Names&)>> unlisted_;  // changes since
  std::set<std::string> directories_;
  std::set<std::string> locks_;
  uint64_t life_ = 0;  // files and locks of an earlier life are dead
  bool dying_ = false;
  bool full_ = false;
  bool fail_next_write_ = false;
  bool fail_next_sync_ = false;
  bool tears_ = false;
  Time stuck_until_{};
  Duration slower_by_{};
  std::function<void(Seen, uint64_t)> watch_;
};

}  // namespace raftly
