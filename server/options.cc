#include "server/options.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/access/tokens.h"
#include "server/http/allowed_hosts.h"
#include "server/kv/number.h"
#include "server/node_id.h"
#include "server/own_address.h"

namespace raftly {
namespace {

constexpr int kMaxMilliseconds = 3600 * 1000;
constexpr int kMaxMebibytes = 1 << 20;

absl::Status Bad(std::string_view flag, std::string_view value, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("flag -", absl::string_view(flag.data(), flag.size()), ": \"",
                                                 absl::string_view(value.data(), value.size()),
                                                 "\": ", absl::string_view(why.data(), why.size())));
}

absl::Status CheckId(std::string_view flag, std::string_view value, const NodeId& id) {
  const absl::Status valid = CheckNodeId(id);
  return valid.ok() ? valid : Bad(flag, value, std::string(valid.message()));
}

absl::Status SetAddress(std::string_view flag, const std::string& value, Address& out) {
  auto address = ParseAddress(value);
  if (!address.ok()) return Bad(flag, value, std::string(address.status().message()));
  out = *std::move(address);
  return absl::OkStatus();
}

absl::Status SetMilliseconds(std::string_view flag, const std::string& value, Duration& out) {
  const int ms = NumberIn<int>(value).value_or(0);
  if (ms < 1 || ms > kMaxMilliseconds) {
    return Bad(flag, value, absl::StrCat("want milliseconds, a whole number from 1 to ", kMaxMilliseconds));
  }
  out = std::chrono::milliseconds(ms);
  return absl::OkStatus();
}

absl::Status SetMebibytes(std::string_view flag, const std::string& value, int& out, int least = 0) {
  out = NumberIn<int>(value).value_or(-1);
  if (out < least || out > kMaxMebibytes) {
    return Bad(flag, value, absl::StrCat("want MiB, a whole number from ", least, " to ", kMaxMebibytes));
  }
  return absl::OkStatus();
}

absl::Status SetCount(std::string_view flag, const std::string& value, uint64_t& out) {
  constexpr uint64_t kMost = 100'000'000;
  out = NumberIn<uint64_t>(value).value_or(0);
  if (out < 1 || out > kMost) {
    return Bad(flag, value, absl::StrCat("want a whole number from 1 to ", kMost));
  }
  return absl::OkStatus();
}

absl::Status SetBool(std::string_view flag, const std::string& value, bool& out) {
  static const std::set<std::string> kTrue = {"true", "True", "TRUE", "t", "T", "1"};
  static const std::set<std::string> kFalse = {"false", "False", "FALSE", "f", "F", "0"};
  if (!kTrue.contains(value) && !kFalse.contains(value)) return Bad(flag, value, "want true or false");
  out = kTrue.contains(value);
  return absl::OkStatus();
}

// "node2=:7002,node3=host:7003". An empty host in a peer's address means localhost.
absl::Status SetPeers(std::string_view flag, const std::string& value, std::map<NodeId, Address>& out) {
  out.clear();
  if (value.empty()) return absl::OkStatus();
  size_t begin = 0;
  while (begin <= value.size()) {
    const size_t end = std::min(value.find(',', begin), value.size());
    const std::string item = value.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = item.find('=');
    if (equals == std::string::npos) return Bad(flag, item, "want id=host:port, separated by commas");
    const std::string id = item.substr(0, equals);
    if (auto status = CheckId(flag, item, id); !status.ok()) return status;
    auto address = ParseAddress(item.substr(equals + 1));
    if (!address.ok()) return Bad(flag, item, std::string(address.status().message()));
    if (address->host.empty()) address->host = "localhost";
    if (!out.emplace(id, *std::move(address)).second) return Bad(flag, item, "this node id occurs twice");
  }
  return absl::OkStatus();
}

absl::Status SetLogLevel(std::string_view flag, const std::string& value, LogLevel& out) {
  static const std::map<std::string, LogLevel> kLevels = {
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  const auto level = kLevels.find(value);
  if (level == kLevels.end()) return Bad(flag, value, "want debug, info, warn or error");
  out = level->second;
  return absl::OkStatus();
}

absl::Status SetAllowedHosts(std::string_view flag, const std::string& value, std::vector<std::string>& out) {
  out.clear();
  for (size_t begin = 0; begin < value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    out.push_back(value.substr(begin, end - begin));
    if (!AllowedHosts::IsEntry(out.back())) {
      return Bad(flag, out.back(), "want names like raftly.example.com, with a port or without, or .example.com, or *");
    }
    begin = end + 1;
  }
  return absl::OkStatus();
}

absl::Status SetFile(TlsFile& file, const std::string& value) {
  file.path = value;
  return value.empty() ? Bad(file.flag, value, "the file's name is empty") : absl::OkStatus();
}

// The two operands behind arguments[at].
absl::Status SetNewToken(const std::vector<std::string>& arguments, size_t at, Options& options) {
  if (at + 3 != arguments.size()) return absl::InvalidArgumentError("flag -new-token needs a name and a role");
  options.action = Options::Action::kNewToken;
  options.token_name = arguments[at + 1];
  if (!IsTokenName(options.token_name)) {
    return Bad("new-token", options.token_name, "want a name of 1 to 64 letters, digits or any of . _ @ -");
  }
  auto roles = ParseRoles(arguments[at + 2]);
  if (!roles.ok())
    return Bad("new-token", arguments[at + 2], "want read, write, operate or chaos, or several with commas");
  options.token_roles = *std::move(roles);
  return absl::OkStatus();
}

struct Flag {
  bool boolean = false;
  std::function<absl::Status(Options&, const std::string& value)> set;
};

absl::Status SetId(Options& options, const std::string& value) {
  options.id = value;
  return CheckId("id", value, value);
}

absl::Status SetDataDir(Options& options, const std::string& value) {
  options.data_dir = value;
  return value.empty() ? Bad("data-dir", value, "the directory is empty") : absl::OkStatus();
}

absl::Status SetHealthCheck(Options& options, const std::string& value) {
  options.action = Options::Action::kHealthCheck;
  options.health_check_url = value;
  return value.empty() ? Bad("health-check", value, "the URL is empty") : absl::OkStatus();
}

absl::Status SetOffline(std::string_view flag, const std::string& value, Options::Action action, Options& options) {
  options.action = action;
  options.directory = value;
  return value.empty() ? Bad(flag, value, "the directory is empty") : absl::OkStatus();
}

absl::Status SetJoin(Options& options, const std::string& value) {
  const auto url = ParseServerUrl(value);
  if (!url.ok()) return Bad("join", value, std::string(url.status().message()));
  if (url->path != "/") return Bad("join", value, "want http://host:port, without a path");
  options.join = *url;
  return absl::OkStatus();
}

absl::Status SetRestore(Options& options, const std::string& value) {
  options.restore = value;
  return value.empty() ? Bad("restore", value, "the file's name is empty") : absl::OkStatus();
}

const std::map<std::string, Flag>& Flags() {
  using V = const std::string&;
  static const std::map<std::string, Flag> kFlags = {
      {"id", {false, SetId}},
      {"grpc-addr", {false, [](Options& o, V v) { return SetAddress("grpc-addr", v, o.grpc); }}},
      {"http-addr", {false, [](Options& o, V v) { return SetAddress("http-addr", v, o.http); }}},
      {"data-dir", {false, SetDataDir}},
      {"peers", {false, [](Options& o, V v) { return SetPeers("peers", v, o.peers); }}},
      {"http-peers", {false, [](Options& o, V v) { return SetPeers("http-peers", v, o.http_peers); }}},
      {"election-timeout",
       {false, [](Options& o, V v) { return SetMilliseconds("election-timeout", v, o.timings.election_timeout); }}},
      {"heartbeat", {false, [](Options& o, V v) { return SetMilliseconds("heartbeat", v, o.timings.heartbeat); }}},
      {"pre-vote", {true, [](Options& o, V v) { return SetBool("pre-vote", v, o.pre_vote); }}},
      {"join", {false, SetJoin}},
      {"join-token-file", {false, [](Options& o, V v) { return SetFile(o.join_token, v); }}},
      {"rejoin", {true, [](Options& o, V v) { return SetBool("rejoin", v, o.rejoin); }}},
      {"reserve-mib", {false, [](Options& o, V v) { return SetMebibytes("reserve-mib", v, o.reserve_mib); }}},
      {"restore", {false, SetRestore}},
      {"snapshot-log-mib",
       {false, [](Options& o, V v) { return SetMebibytes("snapshot-log-mib", v, o.snapshot_log_mib); }}},
      {"keep-log-mib", {false, [](Options& o, V v) { return SetMebibytes("keep-log-mib", v, o.keep_log_mib); }}},
      {"log-cache-mib",
       {false, [](Options& o, V v) { return SetMebibytes("log-cache-mib", v, o.log_cache_mib, /*least=*/1); }}},
      {"snapshot-rate-mib",
       {false, [](Options& o, V v) { return SetMebibytes("snapshot-rate-mib", v, o.snapshot_rate_mib); }}},
      {"watch-mib", {false, [](Options& o, V v) { return SetMebibytes("watch-mib", v, o.watch_mib, /*least=*/1); }}},
      {"idempotency-keys",
       {false, [](Options& o, V v) { return SetCount("idempotency-keys", v, o.idempotency_keys); }}},
      {"idempotency-minutes",
       {false, [](Options& o, V v) { return SetCount("idempotency-minutes", v, o.idempotency_minutes); }}},
      {"log-level", {false, [](Options& o, V v) { return SetLogLevel("log-level", v, o.log_level); }}},
      {"chaos", {true, [](Options& o, V v) { return SetBool("chaos", v, o.chaos); }}},
      {"allowed-hosts", {false, [](Options& o, V v) { return SetAllowedHosts("allowed-hosts", v, o.allowed_hosts); }}},
      {"tls-cert", {false, [](Options& o, V v) { return SetFile(o.tls.certificate, v); }}},
      {"tls-key", {false, [](Options& o, V v) { return SetFile(o.tls.key, v); }}},
      {"tls-ca", {false, [](Options& o, V v) { return SetFile(o.tls.authorities, v); }}},
      {"http-tls-cert", {false, [](Options& o, V v) { return SetFile(o.http_tls.certificate, v); }}},
      {"http-tls-key", {false, [](Options& o, V v) { return SetFile(o.http_tls.key, v); }}},
      {"http-client-ca", {false, [](Options& o, V v) { return SetFile(o.http_tls.authorities, v); }}},
      {"tokens", {false, [](Options& o, V v) { return SetFile(o.tokens, v); }}},
      {"health-check", {false, SetHealthCheck}},
      {"inspect", {false, [](Options& o, V v) { return SetOffline("inspect", v, Options::Action::kInspect, o); }}},
      {"recover", {false, [](Options& o, V v) { return SetOffline("recover", v, Options::Action::kRecover, o); }}},
  };
  return kFlags;
}

absl::Status CheckRequired(const Options& options) {
  const auto missing = [](std::string_view flag) {
    return absl::InvalidArgumentError(
        absl::StrCat("flag -", absl::string_view(flag.data(), flag.size()), " is missing"));
  };
  if (options.id.empty()) return missing("id");
  if (options.grpc.port == 0) return missing("grpc-addr");
  if (options.http.port == 0) return missing("http-addr");
  return absl::OkStatus();
}

// All of these or none.
absl::Status CheckTls(const std::vector<TlsFile>& files) {
  const TlsFile* given = nullptr;
  const TlsFile* missing = nullptr;
  for (const TlsFile& file : files) (file.path.empty() ? missing : given) = &file;
  if (given == nullptr || missing == nullptr) return absl::OkStatus();
  return Bad(given->flag, given->path, absl::StrCat("needs -", missing->flag, " as well"));
}

int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

bool IsLoopback(const std::string& host) { return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0; }

// SPEC section 11.6.
void WarnOfStrangers(Options& options) {
  std::vector<std::string> missing;
  if (!IsLoopback(options.http.host) && options.tokens.path.empty()) missing.emplace_back("tokens (-tokens)");
  if (!IsLoopback(options.http.host) && !options.http_tls.given()) missing.emplace_back("HTTPS (-http-tls-cert)");
  const bool peers_exposed = (!options.peers.empty() || options.join) && !IsLoopback(options.grpc.host);
  if (peers_exposed && !options.tls.given()) missing.emplace_back("TLS between nodes (-tls-cert)");
  if (!missing.empty()) {
    options.warnings.push_back(absl::StrCat("listening for other machines without ", absl::StrJoin(missing, ", "),
                                            ": anybody there can use it"));
  }
  const bool proven = options.tls.given() && options.http_tls.given();
  if (!options.tokens.path.empty() && !options.peers.empty() && !proven) {
    options.warnings.push_back(
        "flag -tokens: without -tls-cert and -http-tls-cert nodes cannot prove to each other who they are: what one "
        "asks "
        "another over HTTP, as for /api/cluster, is refused");
  }
}

absl::Status CheckJoin(const Options& options) {
  if (!options.join) {
    const TlsFile& token = options.join_token;
    return token.path.empty() ? absl::OkStatus() : Bad(token.flag, token.path, "needs -join as well");
  }
  const std::string url = ToString(*options.join);
  if (!options.peers.empty()) return Bad("join", url, "the cluster says who its members are: leave out -peers");
  if (options.rejoin) return Bad("join", url, "-rejoin is for a node that its cluster still counts");
  if (!options.restore.empty()) return Bad("join", url, "-restore begins a cluster of its own");
  return absl::OkStatus();
}

// What no flag can judge alone. Completes the options.
absl::Status CheckTogether(Options& options) {
  if (auto status = CheckRequired(options); !status.ok()) return status;
  if (options.peers.contains(options.id)) {
    return Bad("peers", options.id, "this is the own id; -peers names the other nodes");
  }
  for (const auto& [id, address] : options.peers) {
    if (IsOwnAddress(options.grpc, address)) {
      return Bad("peers", absl::StrCat(id, "=", ToString(address)),
                 absl::StrCat("this is the node's own address, -grpc-addr ", ToString(options.grpc)));
    }
  }
  for (const auto& [id, address] : options.http_peers) {
    if (id != options.id && !options.peers.contains(id) && !options.join) {
      return Bad("http-peers", id, "neither the own id nor one of -peers");
    }
  }
  if (auto status = CheckJoin(options); !status.ok()) return status;
  const Timings& timings = options.timings;
  if (timings.heartbeat >= timings.election_timeout) {
    return Bad("heartbeat", absl::StrCat(Milliseconds(timings.heartbeat)),
               absl::StrCat("must be below -election-timeout ", Milliseconds(timings.election_timeout)));
  }
  if (!options.restore.empty() && !options.peers.empty()) {
    return Bad("restore", options.restore, "a restored cluster begins with one node: leave out -peers");
  }
  if (!options.restore.empty() && options.rejoin) {
    return Bad("restore", options.restore, "-rejoin is for a node of a cluster that runs");
  }
  if (options.rejoin && options.peers.empty()) {
    return Bad("rejoin", "true", "needs -peers: nobody else could bring this node up to date");
  }
  const TlsFiles& tls = options.tls;
  if (auto status = CheckTls({tls.certificate, tls.key, tls.authorities}); !status.ok()) return status;
  const TlsFiles& http = options.http_tls;
  if (auto status = CheckTls({http.certificate, http.key}); !status.ok()) return status;
  if (!http.authorities.path.empty() && !http.given()) {
    return Bad(http.authorities.flag, http.authorities.path, "needs -http-tls-cert as well");
  }
  if (options.data_dir.empty()) options.data_dir = absl::StrCat("data/", options.id);
  options.http_named = options.http_peers.contains(options.id);
  Address own = options.http;
  if (own.host.empty()) own.host = "localhost";
  options.http_peers.emplace(options.id, own);
  for (const auto& [id, address] : options.peers) {
    if (options.http_peers.contains(id)) continue;
    options.warnings.push_back(
        absl::StrCat("flag -http-peers: no address for peer \"", id, "\": requests for it as leader will get 503"));
  }
  WarnOfStrangers(options);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") {
      return absl::InvalidArgumentError(
          absl::StrCat("unexpected argument \"", argument, "\" (booleans take '=': -pre-vote=false)"));
    }
    std::string name = argument.substr(argument[1] == '-' ? 2 : 1);
    std::optional<std::string> value;
    if (const size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    if (name == "h" || name == "help" || name == "version") {
      options.action = name == "version" ? Options::Action::kVersion : Options::Action::kHelp;
      return options;
    }
    if (name == "new-token" && !value) {
      if (auto status = SetNewToken(arguments, i, options); !status.ok()) return status;
      return options;
    }
    const auto flag = Flags().find(name);
    if (flag == Flags().end()) return absl::InvalidArgumentError(absl::StrCat("unknown flag \"", argument, "\""));
    if (!value && flag->second.boolean) value = "true";
    if (!value && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat("flag -", name, " needs a value"));
    }
    if (!value) value = arguments[++i];
    if (auto status = flag->second.set(options, *value); !status.ok()) return status;
  }
  if (options.action != Options::Action::kServe) return options;
  if (auto status = CheckTogether(options); !status.ok()) return status;
  return options;
}

std::vector<std::string> OwnNames(const Options& options) {
  std::vector<std::string> names = {"localhost"};
  if (!options.http.host.empty()) names.push_back(options.http.host);
  for (const auto& [id, address] : options.http_peers) names.push_back(address.host);
  char machine[HOST_NAME_MAX + 1] = {};
  if (gethostname(machine, HOST_NAME_MAX) != 0 || machine[0] == '\0') return names;
  const std::string name = machine;
  names.push_back(name);
  names.push_back(name.substr(0, name.find('.')));
  names.push_back(names.back() + ".local");  // as multicast DNS calls it
  return names;
}

std::string Version() { return "raftly " RAFTLY_VERSION; }

std::string Usage() {
  return R"(usage: raftly-server -id ID -grpc-addr ADDR -http-addr ADDR [flags]

  -id ID                    node id (required)
  -grpc-addr ADDR           listen address for Raft peers, host:port or :port (required)
  -http-addr ADDR           listen address for clients (required)
  -data-dir DIR             directory of the write-ahead log (default data/ID)
  -peers ID=ADDR,...        the other nodes' gRPC addresses; counts until the log says who the members are (default none: a
                            one-node cluster)
  -http-peers ID=ADDR,...   all nodes' HTTP addresses, own included (default own only)
  -election-timeout MS      election timeout in milliseconds (default 150)
  -heartbeat MS             heartbeat interval in milliseconds, below the election timeout (default 50)
  -pre-vote[=false]         ask for pre-votes before an election (default true)
  -join URL                 ask the cluster of which a node answers at URL to take this node in; instead of -peers
  -join-token-file FILE     the token for that, of the role operate
  -rejoin[=true]            in a cluster with Go nodes, where the data directory was lost or set aside: grant no vote until
                            caught up; a C++ cluster replaces the node as its member instead (default false)
  -restore FILE             start a new cluster of one node from a backup; the data directory must be empty
  -chaos[=false]            fault injection over HTTP; off, it answers 403 (default true)
  -allowed-hosts NAME,...   more names under which this server may be asked, as behind a proxy: name, name:port,
                            .domain or * (always: IP addresses, localhost, this machine, those of -http-addr and
                            -http-peers)
  -tls-cert FILE            TLS between nodes, in both directions: this node's certificate, which carries its id as a DNS
                            name or as URI raftly:ID (PEM; read again when it changes, and at SIGHUP)
  -tls-key FILE             its key
  -tls-ca FILE              who signs the nodes' certificates
  -http-tls-cert FILE       HTTPS for clients: the certificate of this server, also read again (default plain HTTP)
  -http-tls-key FILE        its key
  -http-client-ca FILE      who signs clients' certificates; a client need not show one
  -tokens FILE              who may do what: a list of {"name", "sha256", "role", "prefixes"} in JSON, also read again
                            (default: everybody everything)
  -reserve-mib MIB          disk space kept back, in which deletes still commit when the disk is full (default 16)
  -snapshot-log-mib MIB     log since the last snapshot that makes a new one; 0: never, one raft.wal for ever, as a Go
                            server writes it (default 64)
  -keep-log-mib MIB         log kept behind a snapshot for followers that are a little late (default 16)
  -log-cache-mib MIB        log kept in memory; who needs more of it, a follower far behind, has it read from the disk
                            (default 64)
  -watch-mib MIB            latest changes of keys kept in memory for those who watch, and come back (default 32)
  -snapshot-rate-mib MIB    per second and peer, when a snapshot is sent; 0: as fast as it goes (default 0)
  -idempotency-keys N       answers kept for writes with an Idempotency-Key, at most 64 MiB of them; the leader's value
                            counts (default 100000)
  -idempotency-minutes N    how long they are kept; the leader's value counts (default 60)
  -log-level LEVEL          debug (with an access log), info, warn or error (default info)
  -health-check URL         ask a running server, exit 0 where it answers 200, else 1 (https: with -tls-ca FILE, who vouches
                            for it)
  -new-token NAME ROLE      print a new token, once, and its line for the file of -tokens; ROLE is read, write, operate or
                            chaos, or several with commas between
  -inspect DIR              print what a data directory holds and what is wrong with it, change nothing
  -recover DIR              mend it (a node's own with -id ID), change by change, each after a question
  -h                        print this
  -version                  print the version

Flags take one dash or two, "-name value" or "-name=value"; booleans take '=' only.
An empty host means all interfaces to listen on, localhost in a peer's address.
)";
}

}  // namespace raftly
