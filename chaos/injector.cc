#include "chaos/injector.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/wal_record.h"

namespace raftly {
namespace {

absl::Status WriteWhole(FileSystem& disk, const std::string& path, std::string_view contents) {
  auto file = disk.Open(path);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->WriteAt(0, contents);
  if (status.ok()) status = (*file)->Truncate(contents.size());
  if (status.ok()) status = (*file)->Sync();
  return status;
}

// Where the next record belongs.
size_t EndOfRecords(std::string_view bytes) {
  uint64_t end = 0;
  while (const auto frame = wal::ReadFrame(bytes, end)) {
    if (!wal::ChecksumHolds(*frame)) break;
    end += frame->size;
  }
  return end;
}

std::string ReadLog(Stage& stage, int node) {
  RAFTLY_CHECK(!stage.up(node), "a log would be damaged under a running node");
  auto bytes = stage.disk(node).Read(stage.WalPath(node));
  RAFTLY_CHECK(bytes.ok(), "a stopped node's log cannot be read");
  return *std::move(bytes);
}

std::string Milliseconds(Duration duration) { return absl::StrCat(duration / std::chrono::milliseconds(1), " ms"); }

}  // namespace

// ---- Handles -------------------------------------------------------------------------------------------------------

Injector::Fault& Injector::Fault::operator=(Fault&& other) noexcept {
  if (this == &other) return *this;
  (void)Heal();
  state_ = std::move(other.state_);
  return *this;
}

absl::Status Injector::Fault::Heal() {
  if (!active()) return absl::OkStatus();
  return std::exchange(state_->undo, nullptr)();
}

void Injector::Fault::HealAfter(Duration delay) {
  if (!active()) return;
  state_->stage.After(delay, [weak = std::weak_ptr(state_)] {
    if (auto state = weak.lock()) (void)Fault(std::move(state)).Heal();
  });
}

Injector::Fault Injector::Begin(const std::string& name, bool of_network, absl::AnyInvocable<absl::Status()> undo) {
  stage_.Note(absl::StrCat("fault: ", name));
  auto state = std::make_shared<State>(State{stage_, std::move(undo)});
  if (of_network) network_.push_back(state);
  return Fault(std::move(state));
}

void Injector::NoteHealed(Stage& stage, const std::string& name) { stage.Note(absl::StrCat("heals: ", name)); }

// ---- The network ---------------------------------------------------------------------------------------------------

Injector::Fault Injector::Install(const std::string& name, std::vector<Rules> rules) {
  std::vector<std::pair<int, std::string>> installed;
  for (Rules& on_node : rules) {
    const auto ids = stage_.rules(on_node.node).Install(std::move(on_node.rules));
    RAFTLY_CHECK(ids.ok(), "a rule of the injector's own making is refused");
    for (const std::string& id : *ids) installed.emplace_back(on_node.node, id);
  }
  return Begin(name, true, [&stage = stage_, name, installed = std::move(installed)] {
    NoteHealed(stage, name);
    for (const auto& [node, id] : installed) stage.rules(node).Remove(id);
    return absl::OkStatus();
  });
}

// On both ends of each link, so that what is on its way is lost too.
Injector::Fault Injector::Isolate(int node) {
  std::vector<Rules> rules = {{node, {Rule{.action = Drop{}}}}};
  for (int other = 0; other < stage_.size(); ++other) {
    if (other == node) continue;
    rules.push_back({other,
                     {Rule{.from_node = stage_.id(node), .to_node = stage_.id(other), .action = Drop{}},
                      Rule{.from_node = stage_.id(other), .to_node = stage_.id(node), .action = Drop{}}}});
  }
  return Install(absl::StrCat("isolation of ", stage_.id(node)), std::move(rules));
}

Injector::Fault Injector::Partition(int a, int b) {
  const std::vector<Rule> both = {Rule{.from_node = stage_.id(a), .to_node = stage_.id(b), .action = Drop{}},
                                  Rule{.from_node = stage_.id(b), .to_node = stage_.id(a), .action = Drop{}}};
  return Install(absl::StrCat("partition between ", stage_.id(a), " and ", stage_.id(b)), {{a, both}, {b, both}});
}

Injector::Fault Injector::OneWay(int from, int to) {
  const std::vector<Rule> way = {Rule{.from_node = stage_.id(from), .to_node = stage_.id(to), .action = Drop{}}};
  return Install(absl::StrCat("one-way partition from ", stage_.id(from), " to ", stage_.id(to)),
                 {{from, way}, {to, way}});
}

// On one end only: two would delay, or lose, twice.
Injector::Fault Injector::Delay(int node, Duration delay, Duration jitter) {
  return Install(absl::StrCat("delay of ", Milliseconds(delay), " +- ", Milliseconds(jitter), " at ", stage_.id(node)),
                 {{node, {Rule{.action = raftly::Delay{delay, jitter}}}}});
}

Injector::Fault Injector::Loss(int node, double rate) {
  return Install(absl::StrCat("loss of ", rate, " at ", stage_.id(node)),
                 {{node, {Rule{.action = raftly::Loss{rate}}}}});
}

void Injector::HealNetwork() {
  for (const auto& weak : std::exchange(network_, {})) {
    if (auto state = weak.lock()) (void)Fault(std::move(state)).Heal();
  }
}

// ---- Processes and disks -------------------------------------------------------------------------------------------

Injector::Fault Injector::Crash(int node) {
  stage_.Crash(node);
  const std::string name = absl::StrCat("crash of ", stage_.id(node));
  return Begin(name, false, [&stage = stage_, name, node] {
    if (stage.up(node)) return absl::OkStatus();
    NoteHealed(stage, name);
    return stage.Start(node);
  });
}

Injector::Fault Injector::TearTail(int node, const Entry& entry, size_t kept) {
  std::string record;
  wal::AppendEntry(record, entry);
  RAFTLY_CHECK(kept < record.size(), "a torn record would be whole");
  const std::string before = ReadLog(stage_, node);
  const size_t end = EndOfRecords(before);
  std::string after = before;
  after.resize(std::max(before.size(), end + record.size()));
  after.replace(end, kept, record, 0, kept);
  return Overwrite(absl::StrCat("torn write of ", kept, " bytes at offset ", end, " on the disk of ", stage_.id(node)),
                   node, before, after);
}

Injector::Fault Injector::FlipByte(int node, uint64_t offset) {
  const std::string before = ReadLog(stage_, node);
  RAFTLY_CHECK(offset < before.size(), "a byte beyond the log's end would be flipped");
  std::string after = before;
  after[offset] = static_cast<char>(~after[offset]);
  return Overwrite(absl::StrCat("flipped byte at offset ", offset, " on the disk of ", stage_.id(node)), node, before,
                   after);
}

Injector::Fault Injector::Overwrite(const std::string& name, int node, const std::string& before,
                                    const std::string& after) {
  RAFTLY_CHECK(WriteWhole(stage_.disk(node), stage_.WalPath(node), after).ok(), "a damaged log cannot be written");
  return Begin(name, false, [&stage = stage_, name, node, before, after]() -> absl::Status {
    if (stage.up(node)) return absl::OkStatus();
    const auto now = stage.disk(node).Read(stage.WalPath(node));
    if (!now.ok() || *now != after) return now.status();
    NoteHealed(stage, name);
    return WriteWhole(stage.disk(node), stage.WalPath(node), before);
  });
}

size_t Injector::RecordBytes(const Entry& entry) {
  std::string record;
  wal::AppendEntry(record, entry);
  return record.size();
}

}  // namespace raftly
