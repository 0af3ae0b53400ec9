// The commands that entries of the log carry, and what keys and values may be (SPEC sections 2 and 4).
//
//   {"op":"put","key":K,"value":V}      {"op":"delete","key":K}
//   {"op":"add","key":K,"by":N}         {"op":"append","key":K,"value":V}
//   {"op":"txn",...}                    server/kv/transaction.h
//   {"op":"clock","now":MS,"keys":N,"ttl":MS}   server/kv/once_table.h
//
// With "once":KEY as its last field, one that comes again is answered as the first was.
// An absent value is "". With "if_version":N a command does something only where the key has that version, 0: is
// absent. Further fields are ignored, so that newer servers may add some; what an older one would do otherwise is
// proposed only where all nodes have the feature (FeaturesOf).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/kv/once_table.h"
#include "server/kv/transaction.h"

namespace raftly {

inline constexpr size_t kMaxKeyBytes = 1 << 10;
inline constexpr size_t kMaxSoughtKeyBytes = 64 << 10;
inline constexpr size_t kMaxValueBytes = 1 << 20;
inline constexpr size_t kMaxCommandBytes = 2 << 20;

// Bits of CoreConfig::features.
inline constexpr uint32_t kConditions = 1;  // if_version, add and append
inline constexpr uint32_t kTransactions = 2;
inline constexpr uint32_t kOnce = 4;
inline constexpr uint32_t kAllFeatures = kConditions | kTransactions | kOnce;

struct Command {
  enum class Op { kNothing, kPut, kDelete, kAdd, kAppend, kTransaction, kClock };

  Op op = Op::kNothing;
  std::string key;
  std::string value = {};  // of kAppend: what is added behind
  int64_t by = 0;          // of kAdd
  std::optional<uint64_t> if_version = {};
  std::shared_ptr<const Transaction> transaction = {};  // of kTransaction
  std::string once = {};                                // its Idempotency-Key; empty: none
  uint64_t now_ms = 0;                                  // of kClock
  OnceTable::Limits limits = {};                        // of kClock

  bool operator==(const Command&) const = default;
};

// InvalidArgument: empty or not UTF-8. OutOfRange: too long.
absl::Status CheckKey(std::string_view key);
// The same of a key that is only looked for: a Go server takes longer ones, and what it wrote can be read and deleted.
absl::Status CheckSoughtKey(std::string_view key);
absl::Status CheckValue(std::string_view value);

// OutOfRange where the encoding exceeds kMaxCommandBytes (control characters grow sixfold). Requires UTF-8.
using Condition = std::optional<uint64_t>;  // Command::if_version
absl::StatusOr<std::string> EncodePut(std::string_view key, std::string_view value, Condition condition = {});
absl::StatusOr<std::string> EncodeAppend(std::string_view key, std::string_view value, Condition condition = {});
std::string EncodeAdd(std::string_view key, int64_t by, Condition condition = {});
std::string EncodeDelete(std::string_view key, Condition condition = {});
std::string EncodeClock(uint64_t now_ms, OnceTable::Limits limits);
// The same command with a key, and the command without it.
std::string WithOnce(std::string command, std::string_view key);
std::string_view WithoutOnce(std::string_view command, std::string_view key);

// Never fails, whatever the bytes: what cannot be understood does nothing, on every server alike.
Command DecodeCommand(std::string_view data);

}  // namespace raftly
