#include "raft/node/node_identity.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {

NodeIdentity::NodeIdentity(FileSystem& files, std::string directory, NodeId self, FreshIds fresh, uint32_t supported)
    : files_(files),
      directory_(std::move(directory)),
      self_(std::move(self)),
      fresh_(std::move(fresh)),
      supported_(supported) {}

absl::StatusOr<bool> NodeIdentity::Look() {
  if (!keeps_one()) return false;
  absl::StatusOr<std::optional<Identity>> found = ReadIdentity(files_, directory_);
  if (!found.ok()) return found.status();
  if (!*found) return false;
  if ((*found)->node_id != self_) {
    return Refuse(absl::StrCat("this is the directory of ", (*found)->node_id, ", and this node is ", self_,
                               "; give -id or -data-dir what belongs together"));
  }
  identity_ = **std::move(found);
  return true;
}

absl::Status NodeIdentity::TakeUp(const Wal::Opened& opened, bool rejoin) {
  const HardState& hard_state = opened.hard_state;
  // Who may not vote has rejoined already, and may be told so again.
  if (rejoin && hard_state.may_vote && (hard_state.term || !opened.entries.empty())) {
    return Refuse(
        "-rejoin is for a directory that was lost, and this log is whole and not empty; start without -rejoin (or, "
        "where it is an old copy, set the directory aside)");
  }
  if (!keeps_one()) return absl::OkStatus();
  // Whoever held the lock until now may have written it after we looked.
  const absl::StatusOr<bool> found = Look();
  if (!found.ok()) return found.status();
  if (!*found) {
    identity_ = {.cluster_id = {}, .node_id = self_, .incarnation = fresh_.incarnation};
    // On a full disk even the log of a new directory is empty: an identity beside it would speak of a lost one.
    if (opened.log->stats().end == 0) return absl::ResourceExhaustedError(directory_ + ": no space for a new log");
    return WriteIdentity(files_, directory_, identity_);
  }
  // Only a log from its beginning on: what comes first in the rest of one need not be the cluster's first.
  if (opened.entries.empty() || opened.entries.front().index != Index{1} || cluster_id().empty()) {
    return absl::OkStatus();
  }
  for (const Entry& entry : opened.entries) {
    const auto id = ClusterIdOf(entry);
    if (!id) continue;
    return *id == cluster_id() ? absl::OkStatus() : OtherLog(entry.index, *id);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> NodeIdentity::OnCommitted(const Entry& entry) {
  // From here on the log may hold what an older build would take for something else, and only it would.
  if (const uint32_t features = FeaturesOf(entry); (features & ~supported_) != 0) {
    return Refuse(absl::StrCat("the log needs a newer version: the cluster has features ", features, ", this version ",
                               supported_));
  }
  features_ |= FeaturesOf(entry);
  // A snapshot's may come before entries that it holds: those are older.
  if (entry.type == EntryType::kConfig && entry.index >= members_at_) {
    if (auto members = MembersIn(entry.data.view())) {
      members_ = std::move(members);
      members_at_ = entry.index;
    }
  }
  if (log_names_cluster_) return false;
  const auto id = ClusterIdOf(entry);
  if (!id) return false;
  log_names_cluster_ = true;
  if (!cluster_id().empty()) return *id == cluster_id() ? absl::StatusOr<bool>(false) : OtherLog(entry.index, *id);
  identity_.cluster_id = *id;
  return keeps_one();
}

std::string NodeIdentity::Configuration() const {
  if (!log_names_cluster_ && features_ == 0 && !members_) return {};
  return EncodeConfiguration(log_names_cluster_ ? cluster_id() : std::string(), features_,
                             members_ ? EncodeMembers(*members_) : std::string());
}

absl::StatusOr<bool> NodeIdentity::OnSnapshot(Index last_included, const std::string& configuration) {
  return OnCommitted(Entry{.index = last_included, .type = EntryType::kConfig, .data = Bytes(configuration)});
}

std::optional<std::string> NodeIdentity::Proposal() const {
  if (fresh_.cluster_id.empty() || log_names_cluster_) return std::nullopt;
  // A directory that knows its cluster and a log that does not: a log that was cut. The cluster stays what it is.
  return EncodeConfiguration(cluster_id().empty() ? fresh_.cluster_id : cluster_id(), 0);
}

Stamp NodeIdentity::StampFor(const NodeId& to) const {
  if (!keeps_one()) return {};
  return {.cluster_id = cluster_id(), .to = to, .incarnation = incarnation()};
}

std::optional<std::string> NodeIdentity::ObjectionTo(const NodeId& from, const Stamp& stamp) const {
  if (!keeps_one()) return std::nullopt;
  if (from == self_ && stamp.incarnation == incarnation()) {
    return absl::StrCat(self_, " calls itself under the address of ", stamp.to,
                        ": that entry of -peers is this node's own address");
  }
  // Members come and go, so names say little: the cluster is known by its id alone.
  if (members_ && !cluster_id().empty() && stamp.cluster_id.empty()) {
    return absl::StrCat(self_, " of cluster ", cluster_id(), " refuses ", from, ", which says no cluster");
  }
  if (!stamp.cluster_id.empty() && !cluster_id().empty() && stamp.cluster_id != cluster_id()) {
    return absl::StrCat(self_, " of cluster ", cluster_id(), " refuses ", from, " of cluster ", stamp.cluster_id,
                        ": an address in -peers belongs to another cluster");
  }
  if (!stamp.to.empty() && stamp.to != self_) {
    return absl::StrCat(self_, " refuses ", from, ", which asks for ", stamp.to, ": its -peers gives ", stamp.to,
                        " the address of ", self_);
  }
  if (!stamp.to_incarnation.empty() && stamp.to_incarnation != incarnation()) {
    return absl::StrCat(self_, " of incarnation ", incarnation(), " refuses ", from, ", whose members know ", self_,
                        " as ", stamp.to_incarnation,
                        ": its directory is another one than it was; replace it as a member of the cluster");
  }
  return std::nullopt;
}

absl::Status NodeIdentity::OtherLog(Index index, const std::string& id) const {
  return Refuse(absl::StrCat("the identity says cluster ", cluster_id(), ", and entry ", index.value,
                             " of the log says ", id, ": this log belongs to another cluster"));
}

absl::Status NodeIdentity::Refuse(const std::string& why) const {
  return absl::FailedPreconditionError(absl::StrCat(directory_, ": ", why));
}

}  // namespace raftly
