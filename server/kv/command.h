// The commands that entries of the log carry, and what keys and values may be (SPEC sections 2 and 4).
//
//   {"op":"put","key":K,"value":V}      {"op":"delete","key":K}
//
// An absent value is "". Further fields are ignored, so that newer servers may add some.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raftly {

inline constexpr size_t kMaxKeyBytes = 1 << 10;
inline constexpr size_t kMaxSoughtKeyBytes = 64 << 10;
inline constexpr size_t kMaxValueBytes = 1 << 20;
inline constexpr size_t kMaxCommandBytes = 2 << 20;

struct Command {
  enum class Op { kNothing, kPut, kDelete };

  Op op = Op::kNothing;
  std::string key;
  std::string value;

  bool operator==(const Command&) const = default;
};

// InvalidArgument: empty or not UTF-8. OutOfRange: too long.
absl::Status CheckKey(std::string_view key);
// The same of a key that is only looked for: a Go server takes longer ones, and what it wrote can be read and deleted.
absl::Status CheckSoughtKey(std::string_view key);
absl::Status CheckValue(std::string_view value);

// OutOfRange where the encoding exceeds kMaxCommandBytes (control characters grow sixfold). Requires UTF-8.
absl::StatusOr<std::string> EncodePut(std::string_view key, std::string_view value);
std::string EncodeDelete(std::string_view key);

// Never fails, whatever the bytes: what cannot be understood does nothing, on every server alike.
Command DecodeCommand(std::string_view data);

}  // namespace raftly
