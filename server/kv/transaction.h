// Several writes and reads that happen together, or others instead, or none (SPEC section 4.2).
//
//   {"op":"txn","if":[{"key":K,"version":N}…],"then":[{"op":"put","key":K,"value":V}…],"else":[…]}
//
// `then` happens where every key in `if` has that version (0: is absent), else `else` does. A later step sees what an
// earlier one did. Where a step cannot be done, nothing is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace raftly {

inline constexpr size_t kMostSteps = 128;                    // of each branch, and of checks
inline constexpr size_t kMostResultBytes = size_t{4} << 20;  // of all that its reads find

struct Transaction {
  struct Check {
    std::string key;
    uint64_t version = 0;

    bool operator==(const Check&) const = default;
  };
  struct Step {
    enum class Op { kGet, kPut, kDelete, kAdd, kAppend };

    Op op = Op::kGet;
    std::string key;
    std::string value = {};  // of kPut and kAppend
    int64_t by = 0;          // of kAdd

    bool operator==(const Step&) const = default;
  };

  std::vector<Check> checks;
  std::vector<Step> then;
  std::vector<Step> otherwise;

  bool operator==(const Transaction&) const = default;
};

std::string_view ToString(Transaction::Step::Op op);

// InvalidArgument, naming the field; OutOfRange where something is too long or there are too many. `text` is an object
// with the fields above; `op` is not looked at.
absl::StatusOr<Transaction> ParseTransaction(std::string_view text);
// The command. OutOfRange where it exceeds kMaxCommandBytes.
absl::StatusOr<std::string> EncodeTransaction(const Transaction& transaction);

}  // namespace raftly
