// Does harm to a stage, one fault at a time, and takes each back by itself.
//
//   Injector inject(stage);
//   Injector::Fault isolation = inject.Isolate(0);
//   ...
//   isolation.Heal();                        // or let it go out of scope, or isolation.HealAfter(2s)
//
// A fault ends with its handle and touches no other: healing the network does not revive a crashed node, and reviving
// a node heals no link. Everything is noted in the stage's timeline.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "chaos/stage.h"

namespace raftly {

// On the stage's directing thread. The stage outlives the injector, and the injector its faults.
class Injector {
 private:
  struct State {
    Stage& stage;
    absl::AnyInvocable<absl::Status()> undo;  // null: healed
  };

 public:
  class [[nodiscard]] Fault {
   public:
    Fault() = default;
    explicit Fault(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Fault(Fault&&) noexcept = default;
    Fault& operator=(Fault&& other) noexcept;
    ~Fault() { (void)Heal(); }

    // Once; later calls are OK and do nothing. For a crash: what Start says.
    absl::Status Heal();
    void HealAfter(Duration delay);
    bool active() const { return state_ != nullptr && state_->undo != nullptr; }

   private:
    std::shared_ptr<State> state_;
  };

  explicit Injector(Stage& stage) : stage_(stage) {}

  // ---- The network
  Fault Isolate(int node);                                      // from every other, both ways
  Fault Partition(int a, int b);                                // one pair, both ways
  Fault OneWay(int from, int to);                               // nothing gets from `from` to `to`
  Fault Delay(int node, Duration delay, Duration jitter = {});  // both directions
  Fault Loss(int node, double rate);                            // both directions, 0 < rate <= 1
  // Every fault of the network that is still active.
  void HealNetwork();

  // ---- Processes. Healing restarts the node, through recovery.
  Fault Crash(int node);

  // ---- Disks. Requires a node that is down. Healing puts the old bytes back, while nobody has started on the new
  // ones. The write that was under way when the power went: the first `kept` bytes of `entry`'s record behind the last
  // one of the log, in space that the file system had given and cleared. Requires kept < the record's size.
  Fault TearTail(int node, const Entry& entry, size_t kept);
  // Inverts the byte of the log at `offset`. Requires offset < the size of the file.
  Fault FlipByte(int node, uint64_t offset);

  // The size of an entry's record in the log.
  static size_t RecordBytes(const Entry& entry);

 private:
  struct Rules {
    int node;
    std::vector<Rule> rules;
  };

  Fault Begin(const std::string& name, bool of_network, absl::AnyInvocable<absl::Status()> undo);
  Fault Install(const std::string& name, std::vector<Rules> rules);
  Fault Overwrite(const std::string& name, int node, const std::string& before, const std::string& after);

  static void NoteHealed(Stage& stage, const std::string& name);

  Stage& stage_;
  std::vector<std::weak_ptr<State>> network_;
};

}  // namespace raftly
