// The clients of a stage: they ask, and remember what they asked and what they were told. Their memory is the evidence.
//
//   Clients clients(stage);
//   const size_t put = clients.Put(leader, "x", "1", 5s);
//   stage.RunUntil([&] { return clients.answered(put); }, 5s);
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chaos/sim/history.h"
#include "chaos/stage.h"

namespace raftly {

// A write that a client was told is committed.
struct AcknowledgedWrite {
  NodeId by;  // the node that said so
  std::string key;
  std::string value;
  LogPosition at;  // where, as it was told
};

// What an operation that was answered so says of its effect, by the contract of raft/node/errors.h.
Operation::Outcome OutcomeOf(Operation::Kind kind, const absl::Status& status);

// On the stage's directing thread. No two writes of a key may write the same value.
class Clients {
 public:
  explicit Clients(Stage& stage) : stage_(stage), memory_(std::make_shared<std::vector<Asked>>()) {}

  // Ask and do not wait. The number of the operation, from 0.
  size_t Put(int node, const std::string& key, const std::string& value, Duration timeout);
  size_t Get(int node, const std::string& key, Duration timeout);

  bool answered(size_t operation) const { return At(operation).answered; }
  bool succeeded(size_t operation) const { return answered(operation) && status(operation).ok(); }
  // Of an operation that was answered.
  const absl::Status& status(size_t operation) const { return At(operation).status; }
  const Operation& operation(size_t operation) const { return At(operation).operation; }

  // Everything so far, as the linearizability checker wants it. What has no answer yet is of unknown outcome.
  History history() const;
  std::vector<AcknowledgedWrite> acknowledged() const;
  // That were ever written, in order of their first write.
  std::vector<std::string> keys() const;

 private:
  struct Asked {
    Operation operation;
    NodeId node;
    bool answered = false;
    absl::Status status;
    LogPosition at;
  };

  const Asked& At(size_t operation) const { return (*memory_)[operation]; }
  size_t Ask(int node, Operation::Kind kind, const std::string& key, std::optional<std::string> value);
  static void Answer(Asked& asked, Time now, const absl::Status& status);

  Stage& stage_;
  // Shared with callbacks under way, which a stage may still run when it is taken down.
  const std::shared_ptr<std::vector<Asked>> memory_;
};

}  // namespace raftly
