// A file system in memory that keeps its word about sync and nothing else: what was not synced survives a crash in
// part, in no order. It can be full, and it can fail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/env/files.h"

namespace raftly::testing {

class FaultyFiles : public FileSystem {
 public:
  // ---- faults
  uint64_t capacity = std::numeric_limits<uint64_t>::max();  // bytes in all files together
  bool fail_writes = false;
  bool fail_syncs = false;
  bool fail_one_sync = false;  // the next; whoever tries again is told that all is well
  bool no_space_late = false;  // writes and syncs find the disk full, which only Reserve may say
  int power_for = -1;          // so many operations that change something get through, then none; negative: all do
  // ---- what happened
  int writes = 0;
  int syncs = 0;

  // As if it had been there, durable, for ever.
  void Put(const std::string& path, const std::string& contents) {
    nodes_[path] = listed_[path] = std::make_shared<Node>(NewNode(contents));
  }
  std::string Contents(const std::string& path) const {
    const auto node = nodes_.find(path);
    return node == nodes_.end() ? "" : node->second->current;
  }
  // What the disk holds for certain.
  std::string Durable(const std::string& path) const {
    const auto node = nodes_.find(path);
    return node == nodes_.end() ? "" : node->second->durable;
  }
  std::map<std::string, std::string> Everything() const {
    std::map<std::string, std::string> all;
    for (const auto& [path, node] : nodes_) all[path] = node->current;
    return all;
  }

  // Every unsynced byte survives or not, each run of `grain` bytes by its own toss; so does a new size, and each
  // renaming or removal whose directory was not synced. A new file whose directory was not synced is gone. Whoever
  // holds files or locks has to be gone before.
  void Crash(std::mt19937_64& random, size_t grain) {
    locked_.clear();
    power_for = -1;
    for (const auto& relist : std::exchange(unlisted_, {})) {
      if (random() % 2 == 0) relist(listed_);
    }
    nodes_ = listed_;
    for (auto& [path, node] : nodes_) {
      const auto [low, high] = std::minmax({node->current.size(), node->durable.size()});
      std::string survived(std::uniform_int_distribution<size_t>(low, high)(random), '\0');
      const std::string* source = nullptr;
      for (size_t i = 0; i < survived.size(); ++i) {
        if (i % grain == 0) source = random() % 2 == 0 ? &node->current : &node->durable;
        if (i < source->size()) survived[i] = (*source)[i];
      }
      *node = NewNode(survived);
    }
  }

  absl::Status CreateDirectory(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::string> Read(const std::string& path) override {
    if (nodes_.count(path) == 0) return absl::NotFoundError(path);
    return nodes_[path]->current;
  }
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    if (nodes_.count(path) == 0) nodes_[path] = std::make_shared<Node>();
    return std::make_unique<OpenFile>(*this, nodes_[path]);
  }
  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override {
    if (fail_writes || PowerIsOut()) return absl::InternalError("replace: Input/output error");
    Put(path, std::string(contents));
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override {
    absl::StatusOr<std::string> whole = Read(path);
    if (!whole.ok()) return whole;
    return offset < whole->size() ? whole->substr(offset, size) : "";
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, node] : nodes_) {
      if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (fail_writes || PowerIsOut()) return absl::InternalError("rename: Input/output error");
    if (nodes_.count(from) == 0) return absl::NotFoundError(from);
    Relist([from, to, node = nodes_[from]](Names& names) {
      names.erase(from);
      names[to] = node;
    });
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& path) override {
    if (fail_writes || PowerIsOut()) return absl::InternalError("remove: Input/output error");
    Relist([path](Names& names) { names.erase(path); });
    return absl::OkStatus();
  }
  absl::Status SyncDirectory(const std::string&) override {
    if (fail_syncs || PowerIsOut()) return absl::InternalError("sync: Input/output error");
    listed_ = nodes_;
    unlisted_.clear();
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    if (!locked_.insert(path).second) return absl::FailedPreconditionError(path + ": locked");
    return std::make_unique<Held>(*this, path);
  }

 private:
  struct Node {
    std::string current;  // what readers see
    std::string durable;  // what the disk holds for certain
    std::string dirty;    // 1 for each byte of `current` that the next sync will write
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  static Node NewNode(const std::string& contents) { return {contents, contents, std::string(contents.size(), 0)}; }

  bool PowerIsOut() { return power_for == 0 || (power_for > 0 && --power_for < 0); }

  // A change of names that is seen now and durable once the directory is synced.
  void Relist(const std::function<void(Names&)>& change) {
    change(nodes_);
    unlisted_.push_back(change);
  }

  class Held : public FileLock {
   public:
    Held(FaultyFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    ~Held() override { files_.locked_.erase(path_); }

   private:
    FaultyFiles& files_;
    const std::string path_;
  };

  class OpenFile : public File {
   public:
    OpenFile(FaultyFiles& files, std::shared_ptr<Node> node) : files_(files), node_(std::move(node)) {}

    absl::Status WriteAt(uint64_t offset, std::string_view data) override {
      if (files_.fail_writes || files_.PowerIsOut()) return absl::InternalError("write: Input/output error");
      if (files_.no_space_late && !files_.fail_syncs)
        return absl::ResourceExhaustedError("write: No space left on device");
      ++files_.writes;
      if (absl::Status status = Grow(offset + data.size()); !status.ok()) return status;
      node_->current.replace(offset, data.size(), data);
      node_->dirty.replace(offset, data.size(), std::string(data.size(), 1));
      return absl::OkStatus();
    }
    absl::Status Reserve(uint64_t from, uint64_t to) override {
      if (files_.fail_writes || files_.PowerIsOut()) return absl::InternalError("allocate: Input/output error");
      if (absl::Status status = Grow(to); !status.ok()) return status;
      std::fill(node_->current.begin() + static_cast<long>(from), node_->current.begin() + static_cast<long>(to), '\0');
      std::fill(node_->dirty.begin() + static_cast<long>(from), node_->dirty.begin() + static_cast<long>(to), 1);
      return absl::OkStatus();
    }
    absl::Status Truncate(uint64_t size) override {
      if (files_.PowerIsOut()) return absl::InternalError("truncate: Input/output error");
      node_->current.resize(size);
      node_->dirty.resize(size);
      return absl::OkStatus();
    }
    // A failed sync leaves the pages clean, as Linux does: readers see them, later syncs pass over them.
    absl::Status Sync() override {
      if (files_.PowerIsOut()) return absl::InternalError("sync: Input/output error");
      const std::string written(node_->dirty.size(), 0);
      const std::string dirty = std::exchange(node_->dirty, written);
      if (files_.fail_syncs && files_.no_space_late) {
        return absl::ResourceExhaustedError("sync: No space left on device");
      }
      if (files_.fail_syncs || std::exchange(files_.fail_one_sync, false)) {
        return absl::InternalError("sync: Input/output error");
      }
      ++files_.syncs;
      node_->durable.resize(node_->current.size());
      for (size_t i = 0; i < dirty.size(); ++i) {
        if (dirty[i] != 0) node_->durable[i] = node_->current[i];
      }
      return absl::OkStatus();
    }

   private:
    absl::Status Grow(uint64_t size) {
      if (size <= node_->current.size()) return absl::OkStatus();
      uint64_t used = 0;
      for (const auto& [path, node] : files_.nodes_) used += node->current.size();
      const uint64_t more = size - node_->current.size();
      if (used > files_.capacity || more > files_.capacity - used) return absl::ResourceExhaustedError("disk full");
      node_->current.resize(size);
      node_->dirty.resize(size, 1);
      return absl::OkStatus();
    }

    FaultyFiles& files_;
    const std::shared_ptr<Node> node_;
  };

  Names nodes_;
  Names listed_;                                       // what the directory holds for certain
  std::vector<std::function<void(Names&)>> unlisted_;  // changes since
  std::set<std::string> locked_;
};

}  // namespace raftly::testing
