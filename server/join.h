// -join: a node asks a cluster to take it in (SPEC section 4.3), again and again until it is a member.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "raft/env/thread_loop.h"
#include "server/log.h"
#include "server/options.h"
#include "transport/tls_files.h"

namespace raftly {

class Joining {
 public:
  struct Doors {
    // Whether the members know this node, with this directory.
    std::function<bool()> is_member;
    // What an encrypted request shows, and believes besides this machine's authorities; null: nothing.
    std::shared_ptr<const TlsMaterial> tls;
    // It will never be taken in like this: why, in a sentence. Once, on a thread of its own.
    std::function<void(const absl::Status& why)> on_refused;
  };

  // `log` outlives it. Requires that options.join is there.
  Joining(const Options& options, std::string incarnation, std::string token, Doors doors, const Logger& log);
  // Waits for a question under way: seconds.
  ~Joining() { Stop(); }
  void Stop() { loop_.Stop(); }

 private:
  void Try();
  void Again(Duration pause);
  // OK: the cluster has begun to take this node in. Unavailable: later, perhaps. Others: never.
  absl::Status Ask() const;

  const ServerUrl url_;
  const std::string body_;
  const std::string token_;
  const Doors doors_;
  const Logger& log_;
  std::string last_complaint_;
  ThreadLoop loop_{"raftly-join"};
};

}  // namespace raftly
