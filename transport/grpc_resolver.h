// Where the peers' names point to, asked again whenever a peer cannot be reached.
//
// gRPC's own resolver waits 30 seconds between two answers and up to two minutes after a failure, so a peer that came
// back under another address (as pods do) was found late. This one asks at most every kPause, remembers no failure, and
// goes on to a name's next kind of address where the first does not answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

// The numeric addresses of a host, best first: "10.0.0.7", "fd00::7". Blocks; may take seconds.
using Lookup = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& host)>;
// getaddrinfo.
absl::StatusOr<std::vector<std::string>> SystemLookup(const std::string& host);

// "host:port", "[fd00::7]:port".
struct HostAndPort {
  std::string host;
  std::string port;
};
HostAndPort SplitAddress(const std::string& address);

// The target of an address that is numeric already; nothing for one with a name.
std::optional<std::string> NumericTarget(const std::string& address);

class Resolver {
 public:
  static constexpr Duration kPause = std::chrono::milliseconds(250);

  // A gRPC target of one kind of address: "ipv4:10.0.0.7:7002,10.0.0.8:7002", or why there is none.
  using OnResolved = std::function<void(const NodeId& peer, absl::StatusOr<std::string> target)>;

  // `addresses` are "host:port". `on_resolved` runs on the resolver's thread, for each peer once soon, then whenever
  // the answer is another than before.
  Resolver(const std::map<NodeId, std::string>& addresses, Lookup lookup, OnResolved on_resolved);
  // `on_resolved` does not run any more when this returns. A look-up under way is left to itself.
  ~Resolver();

  // From any thread: these are the addresses from now on. Those that are new are asked for.
  void SetAddresses(const std::map<NodeId, std::string>& addresses);

  // From any thread: this peer could not be reached where it was said to be. Costs little; may be called for every call
  // that fails.
  void LookAgain(const NodeId& peer);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace raftly
