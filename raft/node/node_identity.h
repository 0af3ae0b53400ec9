// Who this node is and which cluster it belongs to: kept beside its log, told to its peers, held against what they say.
//
//   NodeIdentity identity(files, "data/node1", "node1", {.incarnation = UniqueId(a, b), .cluster_id = UniqueId(c, d)});
//   identity.Look();                  // before the log: refuses a directory that is another node's
//   identity.TakeUp(opened, rejoin);  // after it: refuses what does not fit, gives a new directory its identity
//
// One thread at a time, the node's loop once that runs.
//
// What it protects: a node that knows its cluster takes nothing from another one, whatever the addresses say, and no
// node takes what was meant for another. What it does not: a new node knows no cluster yet, and joins the first whose
// leader sends to it under its id and is among its own peers. The id it adopts only from a committed entry, not from a
// message's stamp. A peer that sends no stamp (Go, version 0.1) is served as before.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/messages.h"
#include "raft/env/files.h"
#include "raft/storage/identity.h"
#include "raft/storage/members.h"
#include "raft/storage/wal.h"

namespace raftly {

// Each drawn by whoever makes the node (UniqueId).
struct FreshIds {
  std::string incarnation;  // for a directory that has none; empty: this node keeps no identity, as version 0.1
  std::string cluster_id;   // for a cluster that has none, where this node leads it; empty: it proposes none
};

class NodeIdentity {
 public:
  // `supported`: CoreConfig::features.
  NodeIdentity(FileSystem& files, std::string directory, NodeId self, FreshIds fresh, uint32_t supported = UINT32_MAX);

  // Whether there is an identity, so that there has to be a log. Refused: a damaged one (DataLoss), the directory of
  // another node (FailedPrecondition).
  absl::StatusOr<bool> Look();
  // Requires that the directory is locked. Refused: -rejoin on a whole log, the log of another cluster. Durable when it
  // returns OK.
  absl::Status TakeUp(const Wal::Opened& opened, bool rejoin);

  // Of a node that keeps none all is empty.
  const std::string& cluster_id() const { return identity_.cluster_id; }
  const std::string& incarnation() const { return identity_.incarnation; }

  const Identity& identity() const { return identity_; }
  // What all nodes of the cluster have, as an entry of its log says: for good.
  uint32_t features() const { return features_; }

  // What a snapshot carries of it.
  std::string Configuration() const;
  // The configuration of a snapshot that was taken up: as OnCommitted of the entry that it stands for.
  absl::StatusOr<bool> OnSnapshot(Index last_included, const std::string& configuration);
  // A committed entry, in order, from the log's first on. True: from here on the cluster has an id, which is to be made
  // durable. The first one counts, later ones are ignored. An error: this node belongs to another cluster than its log,
  // or does not understand what the log may hold from here on.
  absl::StatusOr<bool> OnCommitted(const Entry& entry);
  // The command that gives this cluster its id, where its log says none and this node may propose one. For a leader
  // that has delivered an entry of its own term: what came before cannot hold one any more.
  std::optional<std::string> Proposal() const;
  // The command that says that all nodes have these.
  std::string FeaturesProposal(uint32_t features) const { return EncodeConfiguration({}, features_ | features); }

  Stamp StampFor(const NodeId& to) const;
  // Why a request is not for us, in words that name both sides. Nothing: it may be.
  std::optional<std::string> ObjectionTo(const NodeId& from, const Stamp& stamp) const;

 private:
  bool keeps_one() const { return !fresh_.incarnation.empty(); }
  absl::Status OtherLog(Index index, const std::string& id) const;
  absl::Status Refuse(const std::string& why) const;

  FileSystem& files_;
  const std::string directory_;
  const NodeId self_;
  const FreshIds fresh_;
  Identity identity_;
  const uint32_t supported_;
  uint32_t features_ = 0;
  std::optional<Members> members_;  // as the last such entry that was committed says; nothing: none ever did
  Index members_at_;                // of the entry or the snapshot that says so
  bool log_names_cluster_ = false;  // an entry that gives the cluster's id has been committed in this life
};

}  // namespace raftly
