// What a command came to when it was applied: the result of KvStore::Apply.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "raft/core/types.h"

namespace raftly {

struct WriteOutcome {
  enum class Kind {
    kDone,       // the key has `version` now; `value`: of an add or append, what it is
    kElse,       // the condition did not hold: the key has `version`, 0: it is absent
    kNotNumber,  // what is to be added to is no number, or would be none of 64 bits
    kTooLong,    // the value would be
    kOther,      // its Idempotency-Key was another request's
  };

  Kind kind = Kind::kDone;
  Index version;
  std::string value = {};

  bool operator==(const WriteOutcome&) const = default;
};

// A letter, the version, and what comes behind a colon. Empty: a plain write was done, at the entry's own index.
std::string EncodeOutcome(const WriteOutcome& outcome);
// DataLoss: no KvStore made it. `at` is the entry's.
absl::StatusOr<WriteOutcome> DecodeOutcome(std::string_view text, Index at);

}  // namespace raftly
