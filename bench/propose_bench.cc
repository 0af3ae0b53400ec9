// From a proposal to its answer.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "bench/local_cluster.h"
#include "bench/raw_sync.h"
#include "bench/samples.h"
#include "raft/core/check.h"
#include "raft/env/mutex.h"

namespace raftly::bench {
namespace {

using namespace std::chrono_literals;

constexpr size_t kCommandBytes = 64;
// What the log makes of it: the record around it, and the marker of the batch.
constexpr size_t kRecordBytes = kCommandBytes + 30 + 33;
constexpr int kBlock = 32;  // operations between two looks at the limit

// One proposal at a time; in turn with blocks of them, raw syncs by as many writers as there are nodes.
void ProposeOneByOne(benchmark::State& state, size_t nodes) {
  LocalCluster cluster(nodes);
  const size_t leader = cluster.AwaitLeader();
  const ScratchDirectory directory;
  RawSyncGroup raw(directory, nodes);
  const std::string command(kCommandBytes, 'x');
  Samples samples;
  Samples limit;
  int in_block = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto took = cluster.Propose(leader, command);
    RAFTLY_CHECK(took.has_value(), "a proposal on a healthy cluster failed");
    state.SetIterationTime(Seconds(*took));
    samples.Add(*took);
    if (++in_block % kBlock == 0) limit.Add(raw.Run(kRecordBytes, kBlock));
  }
  if (limit.empty()) limit.Add(raw.Run(kRecordBytes, kBlock));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kCommandBytes));
  ReportAgainst(state, samples, limit);
}

void SingleNodePropose(benchmark::State& state) { ProposeOneByOne(state, 1); }
void ThreeNodePropose(benchmark::State& state) { ProposeOneByOne(state, 3); }
void LatencyPercentiles(benchmark::State& state) { ProposeOneByOne(state, 3); }
BENCHMARK(SingleNodePropose)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(2);
BENCHMARK(ThreeNodePropose)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(2);

// So many callers, each with one proposal at a time, on three nodes.
class Callers {
 public:
  Callers(RaftNode& node, size_t callers, size_t operations) : node_(node), callers_(callers), left_(operations) {}

  // Blocks until all operations are answered.
  Samples Run() {
    {
      MutexLock lock(mutex_);
      running_ = callers_;
    }
    for (size_t i = 0; i < callers_; ++i) Next();
    MutexLock lock(mutex_);
    while (running_ > 0) done_.Wait(mutex_);
    return std::move(samples_);
  }

 private:
  void Next() {
    {
      MutexLock lock(mutex_);
      if (left_ == 0) {
        if (--running_ == 0) done_.NotifyAll();
        return;
      }
      --left_;
    }
    const Time begin = Now();
    node_.Propose(command_, begin + 5s, [this, begin](const absl::StatusOr<Applied>& applied) {
      RAFTLY_CHECK(applied.ok(), "a proposal on a healthy cluster failed");
      const Duration took = Now() - begin;
      {
        MutexLock lock(mutex_);
        samples_.Add(took);
      }
      Next();
    });
  }

  RaftNode& node_;
  const size_t callers_;
  const std::string command_ = std::string(kCommandBytes, 'x');
  Mutex mutex_;
  CondVar done_;
  size_t left_ ABSL_GUARDED_BY(mutex_);
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  Samples samples_ ABSL_GUARDED_BY(mutex_);
};

double one_caller = 0;  // proposals per second

void ConcurrentPropose(benchmark::State& state) {
  const auto callers = static_cast<size_t>(state.range(0));
  LocalCluster cluster(3);
  const size_t leader = cluster.AwaitLeader();
  Samples samples;
  Duration total{};
  int64_t operations = 0;
  for ([[maybe_unused]] auto _ : state) {
    const size_t count = callers * 50;
    const Time begin = Now();
    samples.Add(Callers(cluster.node(leader), callers, count).Run());
    const Duration took = Now() - begin;
    state.SetIterationTime(Seconds(took));
    total += took;
    operations += static_cast<int64_t>(count);
  }
  state.SetItemsProcessed(operations);
  ReportPercentiles(state, samples);
  const double rate = static_cast<double>(operations) / Seconds(total);
  if (callers == 1) one_caller = rate;
  if (one_caller > 0) state.counters["vs_c1"] = rate / one_caller;
  state.counters["p99/p50"] = samples.Quantile(0.99) / samples.Quantile(0.50);
}
BENCHMARK(ConcurrentPropose)
    ->ArgName("c")
    ->Arg(1)
    ->Arg(4)
    ->Arg(16)
    ->Arg(64)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(2);

BENCHMARK(LatencyPercentiles)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(2);

// From the crash of the leader to the first write that its successor has accepted.
void LeaderElectionTime(benchmark::State& state) {
  const Timings timings;
  LocalCluster cluster(3, timings);
  Samples samples;
  for ([[maybe_unused]] auto _ : state) {
    const size_t leader = cluster.AwaitLeader();
    const Time begin = Now();
    cluster.Crash(leader);
    cluster.AwaitLeader();
    const Duration took = Now() - begin;
    state.SetIterationTime(Seconds(took));
    samples.Add(took);
    cluster.Restart(leader);
  }
  ReportPercentiles(state, samples);
  state.counters["mean/timeout"] = samples.Mean() / Us(timings.election_timeout);
}
BENCHMARK(LeaderElectionTime)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(30);

}  // namespace
}  // namespace raftly::bench
