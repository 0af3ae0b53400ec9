#include "bench/load/options.h"

#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly::load {
namespace {

absl::Status Bad(const std::string& flag, const std::string& value, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("flag --", flag, ": \"", value, "\": ", why));
}

template <class Number>
absl::Status SetNumber(const std::string& flag, const std::string& value, Number least, Number most, Number& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error == std::errc() && end == value.data() + value.size() && out >= least && out <= most) {
    return absl::OkStatus();
  }
  return Bad(flag, value, absl::StrCat("want a number from ", least, " to ", most));
}

absl::Status SetSeconds(const std::string& flag, const std::string& value, std::chrono::milliseconds& out) {
  double seconds = 0;
  absl::Status status = SetNumber(flag, value, 0.0, 86400.0, seconds);
  out = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  return status;
}

absl::Status SetEndpoints(const std::string& flag, const std::string& value, std::vector<Address>& out) {
  out.clear();
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    const std::string item = value.substr(begin, end - begin);
    auto address = ParseAddress(item);
    if (!address.ok()) return Bad(flag, item, std::string(address.status().message()));
    if (address->host.empty()) address->host = "127.0.0.1";
    out.push_back(*std::move(address));
    begin = end + 1;
  }
  return absl::OkStatus();
}

absl::Status SetWord(const std::string& flag, const std::string& value, const std::string& off, const std::string& on,
                     bool& out) {
  if (value != off && value != on) return Bad(flag, value, absl::StrCat("want ", off, " or ", on));
  out = value == on;
  return absl::OkStatus();
}

using Setter = std::function<absl::Status(Options&, const std::string& flag, const std::string& value)>;

const std::map<std::string, Setter>& Flags() {
  using S = const std::string&;
  static const std::map<std::string, Setter> kFlags = {
      {"endpoints", [](Options& o, S f, S v) { return SetEndpoints(f, v, o.endpoints); }},
      {"api",
       [](Options& o, S f, S v) {
         bool etcd = false;
         absl::Status status = SetWord(f, v, "raftly", "etcd", etcd);
         o.api = etcd ? Options::Api::kEtcd : Options::Api::kRaftly;
         return status;
       }},
      {"consistency", [](Options& o, S f, S v) { return SetWord(f, v, "linearizable", "stale", o.stale); }},
      {"connections", [](Options& o, S f, S v) { return SetNumber<size_t>(f, v, 1, 10'000, o.connections); }},
      {"duration", [](Options& o, S f, S v) { return SetSeconds(f, v, o.duration); }},
      {"warmup", [](Options& o, S f, S v) { return SetSeconds(f, v, o.warmup); }},
      {"ca",
       [](Options& o, S, S v) {
         o.authorities = v;
         return absl::OkStatus();
       }},
      {"token-file",
       [](Options& o, S, S v) {
         std::ifstream file(v);
         file >> o.token;
         return o.token.empty() ? Bad("token-file", v, "holds no token") : absl::OkStatus();
       }},
      {"puts",
       [](Options& o, S f, S v) {
         const std::map<std::string, Options::Puts> kinds = {{"plain", Options::Puts::kPlain},
                                                             {"once", Options::Puts::kOnce},
                                                             {"conditional", Options::Puts::kConditional}};
         const auto kind = kinds.find(v);
         if (kind == kinds.end()) return Bad(f, v, "want plain, once or conditional");
         o.puts = kind->second;
         return absl::OkStatus();
       }},
      {"list", [](Options& o, S f, S v) { return SetNumber<size_t>(f, v, 1, 1000, o.list); }},
      {"watchers", [](Options& o, S f, S v) { return SetNumber<size_t>(f, v, 1, 50'000, o.watchers); }},
      {"prefixes", [](Options& o, S f, S v) { return SetNumber<uint64_t>(f, v, 1, 50'000, o.prefixes); }},
      {"watched", [](Options& o, S f, S v) { return SetNumber(f, v, 0, 100, o.watched); }},
      {"watch-endpoints", [](Options& o, S f, S v) { return SetEndpoints(f, v, o.watch_endpoints); }},
      {"rate", [](Options& o, S f, S v) { return SetNumber(f, v, 0.0, 1e7, o.rate); }},
      {"gets", [](Options& o, S f, S v) { return SetNumber(f, v, 0, 100, o.gets); }},
      {"key-bytes", [](Options& o, S f, S v) { return SetNumber<size_t>(f, v, 1, 1024, o.key_bytes); }},
      {"value-bytes", [](Options& o, S f, S v) { return SetNumber<size_t>(f, v, 0, 1 << 20, o.value_bytes); }},
      {"keys", [](Options& o, S f, S v) { return SetNumber<uint64_t>(f, v, 1, 1'000'000'000, o.keys); }},
      {"order", [](Options& o, S f, S v) { return SetWord(f, v, "random", "ascending", o.in_order); }},
      {"seed", [](Options& o, S f, S v) { return SetNumber<uint64_t>(f, v, 0, UINT64_MAX, o.seed); }},
      {"json",
       [](Options& o, S f, S v) {
         o.json = v;
         return v.empty() ? Bad(f, v, "want a file, or - for the standard output") : absl::OkStatus();
       }},
  };
  return kFlags;
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name.size() < 2 || name[0] != '-') return absl::InvalidArgumentError(absl::StrCat("unexpected \"", name, "\""));
    name = name.substr(name[1] == '-' ? 2 : 1);
    if (name == "h" || name == "help") {
      options.help = true;
      return options;
    }
    if (name == "leader") {
      options.leader = true;
      continue;
    }
    std::string value;
    const size_t equals = name.find('=');
    const std::string flag = name.substr(0, equals);
    const auto known = Flags().find(flag);
    if (known == Flags().end()) return absl::InvalidArgumentError(absl::StrCat("unknown flag \"", arguments[i], "\""));
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("flag --", flag, " needs a value"));
    }
    if (absl::Status status = known->second(options, flag, value); !status.ok()) return status;
  }
  if (options.endpoints.empty()) return absl::InvalidArgumentError("flag --endpoints is missing");
  if (options.duration.count() == 0) return Bad("duration", "0", "nothing would be measured");
  return options;
}

std::string Usage() {
  return R"(usage: raftly-load --endpoints HOST:PORT,... [flags]

  --endpoints ADDR,...   the cluster's HTTP addresses; connections are spread over them
  --leader               all connections to the one of them that leads
  --api API              raftly (default) or etcd (its JSON gateway, /v3/kv)
  --connections N        each with one request at a time (default 16)
  --duration S           seconds that count (default 10)
  --warmup S             seconds before, that do not (default 1)
  --rate R               open loop: R operations per second are due whatever happens, and their latency counts from
                         when they were due; 0 (default): closed loop
  --gets PERCENT         of the operations that read (default 0: all write)
  --consistency MODE     of reads: linearizable (default) or stale
  --key-bytes N          (default 16)
  --value-bytes N        (default 128)
  --keys N               how many different keys (default 10000)
  --order ORDER          of keys: random (default) or ascending, which fills a cluster
  --seed N               (default 1)
  --puts KIND            plain (default), once (with an Idempotency-Key) or conditional (each connection writes a key of
                         its own, with the version that it must have)
  --list N               reads are lists of N keys
  --watchers N           clients that watch meanwhile; it is printed how late they hear of changes, the write included
  --prefixes N           that they watch, in turn (default 1)
  --watched PERCENT      of the writes that go to keys below these prefixes (default 100)
  --watch-endpoints ADDR,...  where they watch (default --endpoints)
  --ca FILE              https, and who vouches for the servers
  --token-file FILE      a file that holds a token
  --json FILE            the result for machines; - for the standard output
)";
}

}  // namespace raftly::load
