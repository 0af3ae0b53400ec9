// A log of which a part that was durable cannot be read any more: what is left of it, what is missing, and how it is
// made whole from what peers hold (Protocol-Aware Recovery, FAST'18). Raft's own words for it:
//
// Log Matching (§5.3). Behind the hole an intact record holds entry (j, t). A peer whose log holds entry (j, t) too has
// exactly the entries before j that were here: whoever acknowledged or counted them finds them again, committed or not.
//
// Leader Completeness (§5.4). Where a peer has committed another entry at j, ours at j and all behind it were never
// committed and never will be. The peer's log up to j takes the place of ours, as a snapshot of j would (Figure 13).
//
// A snapshot at or behind the hole's end stands for all that lies before it, likewise (Figure 13, rules 6 and 7).
//
// What was lost besides entries must be known from behind the hole: the last state record wins, so one that lies there
// is the last. Where none says whether this node may vote, it may not until it has caught up (-rejoin).
//
// What can be done, row by row (tests/storage/log_repair_test.cc and tests/node/repair_test.cc have a test for each):
//
//   what is found                                          what is done
//   -----------------------------------------------------  ------------------------------------------------------------
//   a torn tail                                            cut, as ever (wal.h): it was never acknowledged
//   a hole; entry and state behind it                      mended from any peer that holds that entry
//   ... a snapshot of our own lies behind it               mended from that
//   ... a peer has committed another entry there           mended from it; what is ours from there on goes
//   ... a peer's log begins behind the hole's beginning    its snapshot is taken, then again from the top
//   ... neither flags, log nor snapshots name a peer       refused: there is nobody to ask
//   ... some peer is not reached                           asked again until it is; meanwhile no vote, no promise
//   ... no peer holds it, and all say so for a minute      refused: says who said what (before, one that is behind may
//                                                          still come by it, or commit another entry there)
//   a hole; no state record behind it                      refused: a vote may have been lost with it
//   a hole; no entry behind it                             refused: nobody knows what had been acknowledged
//   a hole in a file without markers                       refused: nothing shows where the records go on
//   a segment's first record, or a whole segment           refused: nothing shows what it held
//   an intact record that makes no sense                   refused: it was written like that
//   a damaged snapshot; an older one reaches the log       the older one, as ever
//   a damaged snapshot; none reaches the log               a peer's snapshot, on the same terms as above
//
// Peers are those of -peers and the members as the newest entry or snapshot that can be read says, where it says they
// are: who came by -join has no others. A snapshot's header will do, whatever the rest of it is.
//
// Refused means that the directory is set aside and the node comes back without it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/messages.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/storage/segments.h"
#include "raft/storage/wal.h"

namespace raftly {

class LogRepair {
 public:
  // For a log that Wal::Open has refused with DataLoss. Locks the directory, reads it, and changes nothing. DataLoss:
  // it is not for peers to mend, and why; OK also where there is no hole after all.
  static absl::StatusOr<std::unique_ptr<LogRepair>> Open(FileSystem& files, const std::string& directory,
                                                         WalOptions options);

  // What Describe would say of a directory; the same errors. Takes no lock.
  static absl::StatusOr<std::string> Inspect(FileSystem& files, const std::string& directory);

  const std::vector<wal::Hole>& holes() const { return found_.contents.holes; }
  LogPosition base() const { return found_.contents.base; }
  // "file: records from record 7 at offset 123 on, ...": what is damaged, for messages.
  std::string Describe() const;

  // What is wanted: the entries from first() on and before proof().index, from a log that holds proof(). Nothing is
  // once whole() holds.
  bool whole() const { return whole_; }
  Index first() const { return first_; }
  LogPosition proof() const { return found_.contents.entries.front().position(); }
  // The newest entries that are here, for whoever looks for what they say; `before` the hole and behind it.
  const Entries& before() const { return found_.contents.before; }
  const Entries& behind() const { return found_.contents.entries; }

  // A durable snapshot of ours. Where it reaches into the hole or beyond, less is missing, or nothing.
  void BeginWith(LogPosition snapshot);
  // What a peer holds of what is wanted, in order from first() on: `previous` is the place before the first entry. With
  // kReplaced the last one may be that at proof().index, which ends it. InvalidArgument: this is not what was asked
  // for, and nothing has changed. OK: first() has moved, back where `previous` is not what is here.
  absl::Status Take(Proof proof, LogPosition previous, const Entries& entries);
  uint64_t taken() const { return taken_; }  // entries, so far
  // From where on entries of ours have given way to what a peer has committed, and how many of those that were here;
  // index 0: none have.
  Index replaced_from() const { return replaced_from_; }
  uint64_t replaced() const { return replaced_; }

  // Writes the log anew beside the damaged one and puts it in its place; a crash leaves the one or the other. From here
  // on Wal::Open finds it whole; the lock is free. Requires whole(). ResourceExhausted: the disk is full; it may be
  // tried again.
  absl::Status Finish();

 private:
  LogRepair(FileSystem& files, std::string directory, WalOptions options, std::unique_ptr<FileLock> lock,
            wal::FoundLog found);
  static absl::StatusOr<wal::FoundLog> Find(FileSystem& files, const std::string& directory, const WalOptions& options);
  LogPosition last_before() const;
  absl::Status Write(const std::string& path, const std::optional<wal::Segment>& segment) const;

  FileSystem& files_;
  const std::string directory_;
  const WalOptions options_;
  std::unique_ptr<FileLock> lock_;
  wal::FoundLog found_;
  Index first_;
  Index step_{1};  // how far to go back next, where a peer's log differs from what is here before the hole
  bool whole_ = false;
  Index joined_{kLastIndex};  // up to here what is here before the hole is what peers hold
  uint64_t taken_ = 0;
  Index replaced_from_;
  uint64_t replaced_ = 0;
};

}  // namespace raftly
