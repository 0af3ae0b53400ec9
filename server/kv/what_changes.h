// What a command does to keys as they are, decided where it is applied and nowhere else: conditions, arithmetic,
// transactions. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/types.h"
#include "server/kv/command.h"
#include "server/kv/outcome.h"
#include "server/kv/transaction.h"

namespace raftly {

struct Found {
  Bytes value;    // shared, not copied
  Index version;  // the entry that last changed it
};

// Whether a command does anything to a key that is as it is (null: absent), and what then: `command.value` becomes what
// the key will hold.
WriteOutcome WhyNot(Command& command, const Found* now);
// The result of applying it at that entry. Of a plain write nothing is to be said, and most are.
std::string AnswerOf(const Command& command, const WriteOutcome& refused, Index at);

using Changes = std::map<std::string, std::optional<Found>>;  // nothing: the key goes
// The result of applying it, and what it changes. `now` gives a key as it was before; null: absent.
std::string RunTransaction(const Transaction& transaction, Index at,
                           const std::function<const Found*(std::string_view)>& now, Changes& changes);

}  // namespace raftly
