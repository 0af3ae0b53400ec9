// Whoever follows a simulated cluster in everything that it does: what a trace is made of.
//
// Nodes are known by their place. The judges have judged what is told here of nodes. All is told between two events of
// the world, in the order in which it happens, and a watcher only takes notes: with one and without, a run is the same.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "chaos/sim/history.h"
#include "chaos/sim/kv_machine.h"
#include "chaos/sim/sim_disk.h"
#include "raft/core/node_event.h"
#include "raft/core/raft_core.h"
#include "raft/storage/wal.h"

namespace raftly {

class Watcher {
 public:
  virtual ~Watcher() = default;

  // ---- Messages, numbered from 1 in the order in which they are sent
  struct Message {
    uint64_t number = 0;
    int from = 0;
    int to = 0;
    uint64_t answers = 0;  // the request that it is a reply to; 0: it is a request
    // A reply that is an error: nobody listens there, or the node refuses.
    std::variant<Request, absl::StatusOr<Reply>> content;
  };
  enum class Lost {
    kCut,      // the link is cut
    kChance,   // the link loses some
    kDropped,  // somebody asked for this very message to be lost
    kDown,     // nobody is there
  };
  virtual void OnSent(const Message&) {}
  // More than once where the link duplicates.
  virtual void OnArrived(uint64_t /*number*/) {}
  virtual void OnLost(uint64_t /*number*/, Lost) {}

  // ---- Nodes
  enum class Process {
    kStarted,
    kRejoined,
    kKilled,
    kPowerLost,
    kPaused,
    kResumed,
    kRefusedToStart,
    kGaveUp,
    kLostDirectory
  };
  virtual void OnProcess(int /*node*/, Process, const std::string& /*why*/) {}
  virtual void OnRecovered(int /*node*/, const Wal::Opened&) {}
  virtual void OnNodeEvent(int /*node*/, const NodeEvent&) {}
  virtual void OnStep(int /*node*/, const RaftCore&) {}
  virtual void OnApplied(int /*node*/, const Entry&, const KvMachine&) {}
  virtual void OnStateLoaded(int /*node*/, LogPosition, const KvMachine&) {}

  virtual void OnDisk(int /*node*/, SimDisk::Seen, uint64_t /*bytes*/) {}

  // ---- The swarm: its clients (Workload), and its faults (Nemesis), numbered from 1 as they strike; 0: what becomes
  // of them
  virtual void OnCall(int /*node*/, const Operation&) {}
  virtual void OnAnswer(const Operation&) {}
  virtual void OnFault(uint64_t /*number*/, const std::string& /*what*/) {}
};

}  // namespace raftly
