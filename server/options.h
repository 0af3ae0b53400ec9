// The command line of raftly-server (SPEC section 1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/config.h"
#include "raft/core/types.h"
#include "server/access/roles.h"
#include "server/address.h"
#include "server/log.h"
#include "server/server_url.h"
#include "transport/tls_files.h"

namespace raftly {

struct Options {
  enum class Action { kServe, kHelp, kVersion, kHealthCheck, kInspect, kRecover, kNewToken };

  Action action = Action::kServe;
  std::string health_check_url;
  std::string token_name;  // of a new one
  AccessRoles token_roles;
  std::string directory;  // to inspect or to recover

  NodeId id;
  Address grpc;
  Address http;
  std::string data_dir;
  std::map<NodeId, Address> peers;       // the other nodes
  std::map<NodeId, Address> http_peers;  // all nodes, our own included; a peer may be missing
  bool http_named = false;               // whether -http-peers said where we are
  std::optional<ServerUrl> join;         // of the cluster that is to take this node in
  TlsFile join_token = {"join-token-file"};
  Timings timings;
  bool pre_vote = true;
  bool rejoin = false;
  int reserve_mib = 16;
  std::string restore;        // a backup; empty: none
  int snapshot_log_mib = 64;  // 0: never
  int keep_log_mib = 16;
  int log_cache_mib = 64;
  int watch_mib = 32;  // of the latest changes of keys
  uint64_t idempotency_keys = 100'000;
  uint64_t idempotency_minutes = 60;
  int snapshot_rate_mib = 0;  // per second and peer; 0: as fast as it goes
  LogLevel log_level = LogLevel::kInfo;
  bool chaos = true;
  std::vector<std::string> allowed_hosts;                                                       // besides OwnNames
  TlsFiles tls = {.certificate = {"tls-cert"}, .key = {"tls-key"}, .authorities = {"tls-ca"}};  // between nodes
  TlsFiles http_tls = {.certificate = {"http-tls-cert"}, .key = {"http-tls-key"}, .authorities = {"http-client-ca"}};

  TlsFile tokens = {"tokens"};

  std::vector<std::string> warnings;  // one line each
};

// `arguments` is the command line without the program's name. InvalidArgument: one line that names the flag and the
// value.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// Under which names clients and peers ask this node, as far as it knows: entries of AllowedHosts.
std::vector<std::string> OwnNames(const Options& options);

std::string Usage();
std::string Version();

}  // namespace raftly
