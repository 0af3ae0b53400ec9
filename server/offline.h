// raftly-server -inspect and -recover: an operator's look into a data directory, and what only an operator may decide.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/storage/directory_report.h"

namespace raftly {

// One "name  value" line per fact, then a line "wrong  …" for each reason why a server would not start on it, or would
// never vote.
struct Inspection {
  std::string text;
  bool sound = true;  // no such line
};
Inspection Inspect(const DirectoryReport& report, const std::string& directory);

struct RecoverDoors {
  FileSystem& files;
  std::function<void(const std::string& text)> say;
  std::function<bool(const std::string& question)> confirm;  // only "yes" is yes
  std::function<std::string()> new_incarnation;              // UniqueId
};
// Offers each change that would mend the directory, says what it means, and makes it where the answer is yes. `self` is
// the node that the directory is to be for; empty: whose it is. FailedPrecondition: a server runs on it. DataLoss:
// damage that no tool may decide about, with the remedy.
absl::Status Recover(const RecoverDoors& doors, const std::string& directory, const NodeId& self);

}  // namespace raftly
