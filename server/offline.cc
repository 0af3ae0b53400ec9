#include "server/offline.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/wal.h"

namespace raftly {
namespace {

std::string OrNone(const std::string& text) { return text.empty() ? "none" : text; }

void Line(std::string& text, const std::string& name, const std::string& value) {
  constexpr size_t kColumn = 14;
  absl::StrAppend(&text, name, std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' '), value, "\n");
}

std::string At(const LogPosition& at) { return absl::StrCat("index ", at.index.value, ", term ", at.term.value); }

void DescribeLog(const DirectoryReport& report, std::string& text) {
  Line(text, "log",
       absl::StrCat(report.segments == 1 ? "one segment" : absl::StrCat(report.segments, " segments"), ", ",
                    report.log_bytes, " bytes of records, ", report.file_bytes, " with the space ahead"));
  const HardState& state = report.hard_state;
  Line(text, "term", absl::StrCat(state.term.value, ", voted for ", OrNone(state.voted_for)));
  Line(text, "may vote", state.may_vote ? "yes" : "no: it rejoined and has not caught up");
  Line(text, "entries", absl::StrCat(report.entries.size()));
  if (!report.entries.empty()) {
    Line(text, "first entry", At(report.entries.front().position()));
    Line(text, "last entry", At(report.entries.back().position()));
  }
  if (report.base.index) Line(text, "log follows", At(report.base));
  if (report.cluster_in_log || !report.base.index) {
    Line(text, "cluster there", OrNone(report.cluster_in_log.value_or("")));
  }
  if (report.torn_tail) {
    Line(text, "torn tail",
         absl::StrCat(report.torn_tail->bytes, " bytes at offset ", report.torn_tail->offset,
                      ": an interrupted write, never acknowledged; the next start cuts it"));
  }
}

bool OtherCluster(const DirectoryReport& report) {
  return report.identity && report.cluster_in_log && !report.identity->cluster_id.empty() &&
         report.identity->cluster_id != *report.cluster_in_log;
}

class Recovery {
 public:
  Recovery(const RecoverDoors& doors, const std::string& directory, const NodeId& self)
      : doors_(doors), directory_(directory), self_(self) {}

  absl::Status Run() {
    if (absl::Status status = Look(); !status.ok()) return status;
    if (!report_.log_status.ok()) return report_.log_status;
    for (const auto step : {&Recovery::DropLostLog, &Recovery::NewIdentity, &Recovery::GiveVoteBack}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    if (!offered_) doors_.say("There is nothing to recover.\n");
    return absl::OkStatus();
  }

 private:
  absl::Status Look() {
    absl::StatusOr<DirectoryReport> report = ReadDirectory(doors_.files, directory_);
    if (!report.ok()) return report.status();
    absl::StatusOr<std::unique_ptr<FileLock>> lock = doors_.files.Lock(directory_ + "/raft.lock");
    if (!lock.ok()) return lock.status();
    lock_ = *std::move(lock);
    // Whoever held the lock until now may have written since.
    report = ReadDirectory(doors_.files, directory_);
    if (!report.ok()) return report.status();
    report_ = *std::move(report);
    return absl::OkStatus();
  }

  bool Agreed(const std::string& change) {
    offered_ = true;
    doors_.say(change + "\n");
    const bool yes = doors_.confirm("Type yes to do it: ");
    if (!yes) doors_.say("Left as it is.\n");
    return yes;
  }

  absl::Status DropLostLog() {
    if (!report_.lost_log()) return absl::OkStatus();
    if (!Agreed(absl::StrCat(
            "The log of ", report_.identity->node_id, " is gone, and with it its votes and the entries that it had ",
            "acknowledged.\nChange: remove ", IdentityPath(directory_),
            ", so that the directory is new.\nThen start the node with -rejoin; without, it could vote twice in one ",
            "term, and lose what the others count on.\nNever do this on more than a minority of the nodes."))) {
      return absl::OkStatus();
    }
    if (absl::Status status = doors_.files.Remove(IdentityPath(directory_)); !status.ok()) return status;
    report_.identity.reset();
    return doors_.files.SyncDirectory(directory_);
  }

  // Why the identity is to be replaced. Nothing: it is not.
  std::optional<std::string> ReasonForNewIdentity() const {
    if (!report_.identity_status.ok()) return std::string(report_.identity_status.message());
    if (!report_.identity) return std::nullopt;
    if (!self_.empty() && report_.identity->node_id != self_) {
      return absl::StrCat("This is the directory of ", report_.identity->node_id, ".");
    }
    if (OtherCluster(report_)) {
      return absl::StrCat("The identity says cluster ", report_.identity->cluster_id, ", and the log says ",
                          *report_.cluster_in_log, ".");
    }
    return std::nullopt;
  }

  // As the members know it, where the log says: they would refuse another.
  std::string IncarnationOf(const NodeId& node) const {
    if (report_.members_in_log) {
      const auto known = report_.members_in_log->known.find(node);
      if (known != report_.members_in_log->known.end() && !known->second.incarnation.empty()) {
        return known->second.incarnation;
      }
    }
    return doors_.new_incarnation();
  }

  absl::Status NewIdentity() {
    const std::optional<std::string> reason = ReasonForNewIdentity();
    if (!reason) return absl::OkStatus();
    const NodeId node = !self_.empty() ? self_ : report_.identity ? report_.identity->node_id : NodeId();
    if (node.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(*reason, "\nName the node that it is for: -recover ", directory_, " -id ID"));
    }
    const Identity identity{
        .cluster_id = report_.cluster_in_log.value_or(""), .node_id = node, .incarnation = IncarnationOf(node)};
    if (!Agreed(absl::StrCat(*reason, "\nChange: it becomes the directory of ", node, ", cluster ",
                             identity.cluster_id.empty() ? "as its log will say" : identity.cluster_id,
                             ", incarnation ", identity.incarnation,
                             ".\nVotes and entries in the log stay: do this only where ", node,
                             " has no other directory, or where the whole cluster starts from copies of this one."))) {
      return absl::OkStatus();
    }
    report_.identity = identity;
    return WriteIdentity(doors_.files, directory_, identity);
  }

  absl::Status GiveVoteBack() {
    if (report_.hard_state.may_vote) return absl::OkStatus();
    if (!Agreed(
            "This node may not vote: it was started with -rejoin and has not caught up since.\nChange: it may vote "
            "again, from what its log says.\nOnly where the whole cluster stands still because too many nodes may not "
            "vote, and this log was never lost: a node that forgot its votes could vote twice in one term.")) {
      return absl::OkStatus();
    }
    lock_.reset();  // Open takes it
    absl::StatusOr<Wal::Opened> opened = Wal::Open(doors_.files, directory_, {});
    if (!opened.ok()) return opened.status();
    HardState state = opened->hard_state;
    state.may_vote = true;
    Wal& log = *opened->log;
    if (absl::Status status = log.Reserve(Wal::EncodedSize(state, {})); !status.ok()) return status;
    if (absl::Status status = log.Append(state, {}); !status.ok()) return status;
    if (absl::Status status = log.Sync(); !status.ok()) return status;
    return log.Close();
  }

  const RecoverDoors& doors_;
  const std::string& directory_;
  const NodeId& self_;
  std::unique_ptr<FileLock> lock_;
  DirectoryReport report_;
  bool offered_ = false;
};

}  // namespace

Inspection Inspect(const DirectoryReport& report, const std::string& directory) {
  Inspection inspection;
  std::string& text = inspection.text;
  const auto wrong = [&](const std::string& why) {
    inspection.sound = false;
    Line(text, "wrong", why);
  };
  Line(text, "directory", directory);
  if (report.identity) {
    Line(text, "node", report.identity->node_id);
    Line(text, "cluster", OrNone(report.identity->cluster_id));
    Line(text, "incarnation", report.identity->incarnation);
  } else if (report.identity_status.ok()) {
    Line(text, "identity", "none, as of a Go server or of version 0.1; the next start writes one");
  }
  if (report.log_status.ok() && report.file_bytes != 0) DescribeLog(report, text);
  for (const SnapshotReport& snapshot : report.snapshots) {
    if (snapshot.status.ok()) {
      Line(text, "snapshot", absl::StrCat(At(snapshot.last_included), ", ", snapshot.bytes, " bytes"));
    } else {
      wrong(std::string(snapshot.status.message()));
    }
  }
  if (!report.identity_status.ok()) wrong(std::string(report.identity_status.message()));
  if (!report.log_status.ok()) {
    wrong(std::string(report.log_status.message()));
    Line(text, "repair",
         report.repair.ok() ? absl::StrCat("the next start gets it back from peers that hold it: ", *report.repair)
                            : absl::StrCat("not from peers: ", std::string(report.repair.status().message())));
  }
  if (report.lost_log()) {
    wrong(
        "there is an identity and no log: votes and entries are lost; set the directory aside, or -recover it, and "
        "start the node with -rejoin");
  }
  if (OtherCluster(report)) wrong("identity and log belong to different clusters");
  if (!report.hard_state.may_vote) {
    wrong(
        "it may not vote; that ends by itself when it has caught up with a leader, or with -recover where no node "
        "can lead");
  }
  return inspection;
}

absl::Status Recover(const RecoverDoors& doors, const std::string& directory, const NodeId& self) {
  return Recovery(doors, directory, self).Run();
}

}  // namespace raftly
