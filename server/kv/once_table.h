// The answers to writes that carried an Idempotency-Key, so that one that comes again is answered and not done again
// (SPEC section 4.2). Part of the replicated state: the same on every node, and in snapshots.
//
// Kept for the last so many keys, so long by the cluster's own clock, and in so many bytes, whichever ends first. That
// clock moves by entries of the log: no node's own time decides anything here. It stands still while nothing is kept,
// so an answer's time begins when the clock moves the next time: how late it was when the answer was given nobody
// knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace raftly {

class OnceTable {
 public:
  static constexpr uint64_t kNotYet = UINT64_MAX;
  struct Kept {
    std::string key;
    uint64_t request = 0;  // a hash of it
    std::string answer;
    uint64_t at_ms = kNotYet;  // of the clock: when it moved for the first time since
  };
  struct Limits {
    uint64_t keys = 100'000;
    uint64_t ttl_ms = uint64_t{3600} * 1000;

    bool operator==(const Limits&) const = default;
  };
  // Of keys and answers. An answer beyond it is not kept.
  static constexpr size_t kMostBytes = size_t{64} << 20;

  // Null: there is none of that key. Valid until the next change.
  const Kept* Find(std::string_view key) const;
  // Requires that there is none.
  void Keep(std::string key, uint64_t request, std::string answer);
  // The clock never goes back.
  void SetClock(uint64_t now_ms, Limits limits);

  size_t size() const { return by_key_.size(); }
  uint64_t clock_ms() const { return clock_ms_; }
  // Of the keys and their requests, in no order: equal tables have the same.
  uint64_t digest() const { return digest_; }

  // All of it as bytes, as it is when this is made, a piece at a time. Cheap to make, whatever happens to the table
  // later.
  class Reader {
   public:
    explicit Reader(const OnceTable& table);
    // Appends about `bytes`. False: that was the last.
    bool Read(size_t bytes, std::string& out);

   private:
    friend class OnceTable;
    std::string head_;
    std::deque<std::shared_ptr<const std::vector<Kept>>> chunks_;
    uint64_t base_ = 0;
    uint64_t next_ = 0;
    uint64_t end_ = 0;
  };
  // DataLoss: they are not what a Reader gives.
  static absl::Status Load(std::string_view bytes, OnceTable& table);

 private:
  static constexpr uint64_t kChunk = 256;

  static uint64_t DigestOf(const Kept& kept);
  const Kept& At(uint64_t number) const { return (*chunks_[(number - base_) / kChunk])[(number - base_) % kChunk]; }
  std::vector<Kept>& Own(uint64_t number);
  void Append(Kept kept);
  void DropOldest();
  void Trim();

  // Numbered in order. Chunks are shared with readers, who do not see what is appended; who changes more owns it first.
  std::deque<std::shared_ptr<std::vector<Kept>>> chunks_;
  uint64_t base_ = 0;   // of the first chunk's first
  uint64_t begin_ = 0;  // the oldest that is kept
  uint64_t end_ = 0;
  uint64_t timeless_ = 0;  // from here on the clock has not moved since they were kept
  absl::flat_hash_map<std::string, uint64_t> by_key_;
  size_t bytes_ = 0;
  uint64_t digest_ = 0;
  uint64_t clock_ms_ = 0;
  Limits limits_;
};

}  // namespace raftly
