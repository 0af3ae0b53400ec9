// Sessions of browsers: a page hands its token over once, and is known by a cookie from then on.
//
// They are kept in this node's memory: one that was ended, or whose token is not in the file any more, is gone however
// often its cookie is sent again, and a restart ends all.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/time.h"
#include "raft/env/mutex.h"
#include "server/access/tokens.h"

namespace raftly {

class Sessions {
 public:
  static constexpr Duration kLife = std::chrono::hours(12);
  static constexpr size_t kMost = 4096;         // beyond: the oldest ends
  static constexpr size_t kMostOfAToken = 256;  // beyond: its own oldest, so that nobody can end all others'

  // `random`: 256 bits that nobody can guess, as text.
  explicit Sessions(std::function<std::string()> random) : random_(std::move(random)) {}

  // From any thread. The id of a new session of whoever holds `token`.
  std::string Begin(const Digest& token, Time now);
  // The token of a session that is under way.
  std::optional<Digest> Find(std::string_view id, Time now);
  void End(std::string_view id);

 private:
  struct Session {
    Digest token;
    Time until;
  };

  template <class Predicate>
  void EndOldest(const Predicate& counts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<std::string()> random_;
  Mutex mutex_;
  // By the digest of its id, so that how long a search takes says nothing about an id.
  std::map<Digest, Session> all_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
