// A whole node as one object: doors, consensus, key-value service, HTTP.
//
//   Server server(options, log, [] { std::_Exit(1); });
//   RETURN_IF_ERROR(server.Start());
//   ... wait for a signal ...
//   server.Stop();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/log.h"
#include "server/options.h"

namespace raftly {

class Server {
 public:
  // `log` outlives the server. `on_fatal` runs when the disk has failed for good, after the log line, on a thread of
  // the node: nothing that the process still says can be relied on.
  Server(const Options& options, const Logger& log, std::function<void()> on_fatal);
  // Stops.
  ~Server();

  // Recovers, joins the cluster, serves. Once. The error names the address or directory and the cause.
  absl::Status Start();
  // What its HTTP side serves, as given to Router::Add.
  std::vector<std::string> paths() const;
  // Reads certificates again, as it does by itself when their files change. Requires: Start succeeded.
  void ReadSecretsAgain();
  // At a time; beyond, who connects waits. Requires: Start succeeded.
  size_t max_connections() const;
  // Takes no more requests, answers those under way, seals the log. Within a few seconds. Idempotent.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace raftly
