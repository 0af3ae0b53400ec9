#include "chaos/thread_stage.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/kv_machine.h"
#include "chaos/sim/life.h"
#include "raft/core/check.h"
#include "raft/env/mutex.h"
#include "raft/env/posix_files.h"
#include "transport/network_proxy.h"

namespace raftly {
namespace {

constexpr uint64_t kReserve = 64 << 10;

std::filesystem::path MakeDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "raftly-stage-XXXXXX").string();
  RAFTLY_CHECK(mkdtemp(path.data()) != nullptr, "no temporary directory can be made");
  return path;
}

}  // namespace

// Tasks for the directing thread, which also wakes when something about a node has changed.
class ThreadStage::Inbox {
 public:
  void Post(Task task) {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_ = true;
    wake_.NotifyOne();
  }
  void Touch() {
    MutexLock lock(mutex_);
    changed_ = true;
    wake_.NotifyOne();
  }
  std::vector<Task> Take() {
    MutexLock lock(mutex_);
    changed_ = false;
    return std::exchange(tasks_, {});
  }
  // Until something has changed since the last Take, or `deadline`.
  void Wait(Time deadline) {
    const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
    MutexLock lock(mutex_);
    while (!changed_ && wake_.WaitUntil(mutex_, until)) {
    }
  }

 private:
  Mutex mutex_;
  CondVar wake_;
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
};

class ThreadStage::Observer : public NodeObserver {
 public:
  Observer(ThreadStage& stage, int node) : stage_(stage), node_(node) {}

  // On the directing thread, which is in Start.
  void OnRecovered(const Wal::Opened& opened, Duration) override {
    stage_.Note(absl::StrCat(
        stage_.id(node_), " recovers term ", opened.hard_state.term.value, ", ", opened.entries.size(), " entries",
        opened.torn_tail ? absl::StrCat(", and cuts a torn tail of ", opened.torn_tail->bytes, " bytes") : ""));
  }
  void OnEvent(Time, const NodeEvent& event) override {
    stage_.inbox_->Post([&stage = stage_, at = stage_.now(),
                         what = absl::StrCat(stage_.id(node_), " ", Describe(event))] { stage.NoteAt(at, what); });
  }
  void OnStep(Time, const RaftCore&) override { stage_.inbox_->Touch(); }
  void OnApplied(const Entry&) override { stage_.inbox_->Touch(); }

 private:
  ThreadStage& stage_;
  const int node_;
};

// Everything that one process consists of.
struct ThreadStage::Server {
  Server(ThreadStage& stage, int place, uint64_t seed)
      : loop("loop"),
        disk("disk"),
        snapshots("snapshots"),
        apply("apply"),
        inner(stage.network_, stage.id(place), loop),
        transport(inner, stage.id(place), stage.rules(place), loop, seed),
        store(nullptr, stage.options().defences),
        observer(stage, place),
        node(stage.ConfigOf(place), Environment{loop, disk, snapshots, apply, stage.disk(place), transport, seed},
             store, &observer) {}

  // Without a Stop of the node before, the process just ends.
  ~Server() {
    transport.Stop();
    loop.Stop();
    disk.Stop();
    snapshots.Stop();
    apply.Stop();
  }

  ThreadLoop loop;
  ThreadLoop disk;
  ThreadLoop snapshots;
  ThreadLoop apply;
  InMemTransport inner;
  NetworkProxy transport;
  KvStore store;
  Observer observer;
  RaftNode node;
};

ThreadStage::Machine::Machine(const NodeId& id) : rules(id), files(NewPosixFileSystem()) {}

ThreadStage::ThreadStage(const StageOptions& options, Timeline& timeline)
    : Stage(options, timeline),
      clock_("stage"),
      began_(clock_.Now()),
      root_(MakeDirectory()),
      inbox_(std::make_shared<Inbox>()) {
  for (const NodeId& id : ids()) machines_.push_back(std::make_unique<Machine>(id));
  for (int node = size() - options.spares; node < size(); ++node) At(node).joins = true;
}

ThreadStage::~ThreadStage() {
  for (auto& machine : machines_) machine->server.reset();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

// ---- Processes -----------------------------------------------------------------------------------------------------

NodeConfig ThreadStage::ConfigOf(int node) const {
  NodeConfig config;
  config.core.self = id(node);
  config.core.joins = At(node).joins;
  const auto members = ids().end() - options().spares;
  std::copy_if(ids().begin(), config.core.joins ? ids().begin() : members, std::back_inserter(config.core.peers),
               [&](const NodeId& other) { return other != id(node); });
  config.members_may_change = options().spares > 0;
  config.core.timings = options().timings;
  config.core.defences = options().defences;
  config.data_dir = Directory(node);
  config.wal = {.reserve_bytes = kReserve,
                .low_water_bytes = kReserve / 4,
                .verify_checksums = options().defences.verify_checksums,
                .truncate_torn_tail = options().defences.truncate_torn_tail,
                .final_sync_failure = options().defences.final_sync_failure,
                .disk_reserve = options().defences.disk_reserve,
                .sync = options().defences.sync_before_promise};
  return config;
}

absl::Status ThreadStage::Start(int node) {
  auto server = std::make_unique<Server>(*this, node, Mix64(options().seed) + ++starts_);
  absl::Status status = server->node.Start();
  if (status.ok()) {
    Note(absl::StrCat(id(node), " starts"));
    At(node).server = std::move(server);
  } else {
    Note(absl::StrCat(id(node), " does not start: ", status.ToString()));
  }
  return status;
}

void ThreadStage::Stop(int node) {
  if (!up(node)) return;
  Note(absl::StrCat(id(node), " is stopped"));
  At(node).server->node.Stop();
  At(node).server.reset();
}

void ThreadStage::Crash(int node) {
  if (!up(node)) return;
  Machine& machine = At(node);
  // First the network: what a dying node still decides must reach nobody. Then the disk.
  machine.server->transport.Stop();
  machine.files.CutPower();
  Note(absl::StrCat(id(node), " loses power"));
  machine.server.reset();
  RAFTLY_CHECK(machine.files.RestorePower().ok(), "a machine's files do not come back with the power");
}

void ThreadStage::LoseDirectory(int node) {
  Note(absl::StrCat(id(node), " loses its directory"));
  const auto names = disk(node).List(Directory(node));
  RAFTLY_CHECK(names.ok(), "a node that has run has no directory");
  for (const std::string& name : *names) disk(node).Remove(absl::StrCat(Directory(node), "/", name)).IgnoreError();
  At(node).joins = true;
}

// ---- Clients -------------------------------------------------------------------------------------------------------

void ThreadStage::Propose(int node, const std::string& command, Duration timeout, Proposed done) {
  if (!up(node)) return done(DownError(id(node)));
  Server& server = *At(node).server;
  server.node.Propose(
      command, server.loop.Now() + timeout,
      [inbox = inbox_, done = std::move(done)](absl::StatusOr<Applied> applied) mutable {
        inbox->Post([done = std::move(done), applied = std::move(applied)]() mutable { done(std::move(applied)); });
      });
}

void ThreadStage::ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Proposed done) {
  if (!up(node)) return done(DownError(id(node)));
  Server& server = *At(node).server;
  server.node.ChangeMembers(
      std::move(change), server.loop.Now() + timeout,
      [inbox = inbox_, done = std::move(done)](absl::StatusOr<Applied> begun) mutable {
        inbox->Post([done = std::move(done), begun = std::move(begun)]() mutable { done(std::move(begun)); });
      });
}

void ThreadStage::Read(int node, const std::string& key, Duration timeout, Got done) {
  if (!up(node)) return done(DownError(id(node)));
  Server& server = *At(node).server;
  server.node.Read(server.loop.Now() + timeout, [inbox = inbox_, &store = server.store, key,
                                                 done = std::move(done)](const absl::Status& status) mutable {
    std::optional<std::string> value;
    if (status.ok()) value = ValueIn(store, key);
    inbox->Post([done = std::move(done), status, value = std::move(value)]() mutable {
      if (!status.ok()) return done(status);
      done(std::move(value));
    });
  });
}

std::optional<std::string> ThreadStage::ReadStale(int node, const std::string& key) const {
  return ValueIn(At(node).server->store, key);
}

NodeStatus ThreadStage::status(int node) const { return At(node).server->node.status(); }

void ThreadStage::SetTimings(int node, Timings timings) { At(node).server->node.SetTimings(timings); }

void ThreadStage::AskTail(int node, absl::AnyInvocable<void(Entries)> done) {
  At(node).server->node.Tail(SIZE_MAX, [inbox = inbox_, done = std::move(done)](Entries entries) mutable {
    inbox->Post([done = std::move(done), entries = std::move(entries)]() mutable { done(std::move(entries)); });
  });
}

// ---- Time ----------------------------------------------------------------------------------------------------------

Time ThreadStage::now() const { return Time(clock_.Now() - began_); }

bool ThreadStage::RunUntil(const Condition& condition, Duration limit) {
  const Time give_up = now() + limit;
  while (true) {
    for (Task& task : inbox_->Take()) task();
    RunDueTimers();
    if (condition()) return true;
    if (now() >= give_up) return false;
    const Time wake = timers_.empty() ? give_up : std::min(give_up, timers_.begin()->first);
    inbox_->Wait(began_ + wake.time_since_epoch());
  }
}

void ThreadStage::After(Duration delay, Task task) { timers_.emplace(now() + delay, std::move(task)); }

void ThreadStage::RunDueTimers() {
  while (!timers_.empty() && timers_.begin()->first <= now()) {
    Task task = std::move(timers_.extract(timers_.begin()).mapped());
    task();
  }
}

std::string ThreadStage::WalPath(int node) const { return absl::StrCat(Directory(node), "/raft.wal"); }

}  // namespace raftly
