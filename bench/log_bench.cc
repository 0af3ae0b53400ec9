// The log on disk and in memory.
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <string>

#include "bench/raw_sync.h"
#include "bench/samples.h"
#include "raft/core/check.h"
#include "raft/core/log.h"
#include "raft/env/posix_files.h"
#include "raft/storage/wal.h"

namespace raftly::bench {
namespace {

constexpr size_t kEntryBytes = 64;

Entries MakeEntries(Index first, size_t count, size_t bytes) {
  Entries entries;
  for (size_t i = 0; i < count; ++i) {
    entries.push_back({first + i, Term{1}, EntryType::kNormal, Bytes(std::string(bytes, 'x'))});
  }
  return entries;
}

// `entries` per sync; in turn with it the raw sync of the same bytes.
void WriteAndSync(benchmark::State& state, size_t entries) {
  const ScratchDirectory directory;
  const auto files = NewPosixFileSystem();
  auto opened = Wal::Open(*files, directory.Path("wal"), {});
  RAFTLY_CHECK(opened.ok(), "the log cannot be opened");
  Wal& wal = *opened->log;
  RawSyncFile raw(directory.Path("raw"));
  Samples samples;
  Samples limit;
  Index next{1};
  uint64_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Entries batch = MakeEntries(next, entries, kEntryBytes);
    next = next + entries;
    const uint64_t before = wal.stats().end;
    const Time begin = Now();
    RAFTLY_CHECK(wal.Reserve(Wal::EncodedSize(std::nullopt, batch)).ok(), "no space for the log");
    RAFTLY_CHECK(wal.Append(std::nullopt, batch).ok(), "an entry cannot be written");
    RAFTLY_CHECK(wal.Sync().ok(), "a sync failed");
    const Duration took = Now() - begin;
    state.SetIterationTime(Seconds(took));
    samples.Add(took);
    const uint64_t written = wal.stats().end - before;
    bytes += written;
    limit.Add(raw.WriteAndSync(written));
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  ReportAgainst(state, samples, limit);
}

void WALWriteSync(benchmark::State& state) { WriteAndSync(state, 1); }
void WALBatchWrite(benchmark::State& state) { WriteAndSync(state, 10); }
BENCHMARK(WALWriteSync)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(1);
BENCHMARK(WALBatchWrite)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(1);

// Memory only: one entry of 64 bytes at the end.
void LogAppend(benchmark::State& state) {
  const Bytes data(std::string(kEntryBytes, 'x'));
  std::optional<Log> log(std::in_place);
  Index next{1};
  for ([[maybe_unused]] auto _ : state) {
    log->Append({next, Term{1}, EntryType::kNormal, data});
    ++next;
    if (next.value % 1'000'000 == 0) {
      state.PauseTiming();
      log.emplace();
      next = Index{1};
      state.ResumeTiming();
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kEntryBytes));
}
BENCHMARK(LogAppend);

// Opening a log of so many entries of so many bytes, and in turn reading its file. Throughput over throughput: 1 would
// be free.
void Recovery(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const auto entry_bytes = static_cast<size_t>(state.range(1));
  const ScratchDirectory directory;
  const auto files = NewPosixFileSystem();
  {
    auto opened = Wal::Open(*files, directory.Path("wal"), {});
    RAFTLY_CHECK(opened.ok(), "the log cannot be opened");
    for (size_t done = 0; done < count; done += 1000) {
      const Entries batch = MakeEntries(Index{done + 1}, 1000, entry_bytes);
      RAFTLY_CHECK(opened->log->Reserve(Wal::EncodedSize(std::nullopt, batch)).ok(), "no space for the log");
      RAFTLY_CHECK(opened->log->Append(std::nullopt, batch).ok(), "an entry cannot be written");
      RAFTLY_CHECK(opened->log->Sync().ok(), "a sync failed");
    }
    RAFTLY_CHECK(opened->log->Close().ok(), "the log cannot be closed");
  }
  const std::string path = directory.Path("wal") + "/raft.wal";
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path));
  Samples open;
  Samples read;
  for ([[maybe_unused]] auto _ : state) {
    Time begin = Now();
    auto opened = Wal::Open(*files, directory.Path("wal"), {});
    RAFTLY_CHECK(opened.ok() && opened->entries.size() == count, "the log does not hold what was written");
    const Duration took = Now() - begin;
    state.SetIterationTime(Seconds(took));
    open.Add(took);
    RAFTLY_CHECK(opened->log->Close().ok(), "the log cannot be closed");
    begin = Now();
    std::string contents(static_cast<size_t>(size), '\0');
    std::ifstream(path, std::ios::binary).read(contents.data(), size);
    benchmark::DoNotOptimize(contents.data());
    read.Add(Now() - begin);
  }
  state.SetBytesProcessed(state.iterations() * size);
  state.counters["open_ms"] = open.Quantile(0.5) / 1000;
  state.counters["read_ms"] = read.Quantile(0.5) / 1000;
  state.counters["ratio"] = read.Quantile(0.5) / open.Quantile(0.5);
}
BENCHMARK(Recovery)
    ->ArgNames({"entries", "bytes"})
    ->Args({10'000, 64})
    ->Args({100'000, 64})
    ->Args({1'000'000, 64})
    ->Args({100'000, 1024})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace raftly::bench
