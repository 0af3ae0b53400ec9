// An answer without a known end, such as a stream of events: it is asked for more whenever its client has taken what
// there was, and never waits. Thousands of them cost no thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "server/http/http_reply.h"

namespace raftly {

// Used by one thread at a time. Destroyed when it has come to its end, or its client is gone.
class HttpSource {
 public:
  enum class Piece {
    kSome,     // appended to `out`
    kNothing,  // for now: HttpAsker::Wake, or a time of ask_again, says when there may be more
    kEnd,      // there will be no more; where that is too early, what was sent has to show it
  };

  virtual ~HttpSource() = default;
  // Before anything else, once. Whoever wakes later holds `asker` and nothing more of this source.
  virtual void Begin(std::weak_ptr<HttpAsker> asker) = 0;
  // Does not wait.
  virtual Piece Next(std::string& out) = 0;
  // After kNothing: when to ask again, about to a second, even if nobody wakes (steady clock).
  virtual Time ask_again() const { return Time::max(); }
  // Whether it is of no more use once the client says that it sends nothing more: then it only ever ends that way.
  virtual bool ends_with_client() const { return true; }
};

// What a blocking function reads piece by piece, on threads that may wait, one piece ahead of the client. It ends with
// an empty piece or an error.
std::shared_ptr<HttpSource> ReadAhead(std::function<absl::StatusOr<std::string>()> read);

}  // namespace raftly
