// What an operator writes: flags, files of tokens and identities, addresses, names of hosts.
#include <string>
#include <vector>

#include "raft/core/check.h"
#include "raft/storage/identity.h"
#include "server/access/tokens.h"
#include "server/address.h"
#include "server/http/allowed_hosts.h"
#include "server/kv/utf8.h"
#include "server/options.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

const char kDigest[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

void CheckFlags(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto options = ParseOptions(arguments);
  if (!options.ok()) {
    RAFTLY_CHECK(absl::IsInvalidArgument(options.status()) && !options.status().message().empty(),
                 "a wrong flag is refused without a reason");
    return;
  }
  if (options->action != Options::Action::kServe) return;
  RAFTLY_CHECK(!options->id.empty() && options->peers.count(options->id) == 0, "a node is its own peer");
  RAFTLY_CHECK(options->timings.heartbeat < options->timings.election_timeout, "followers would not hear a heartbeat");
  const AllowedHosts hosts(OwnNames(*options), options->allowed_hosts);
  for (const std::string& name : OwnNames(*options)) RAFTLY_CHECK(hosts.KnowsHost(name), "a node does not know itself");
}

void CheckTokens(std::string_view text) {
  const auto table = TokenTable::Parse(std::string(text));
  if (!table.ok()) {
    RAFTLY_CHECK(IsUtf8(std::string(table.status().message())), "an error is no text");
    return;
  }
  const auto caller = (*table)->Find(DigestOf("test"));
  if (caller == nullptr) return;
  RAFTLY_CHECK(IsTokenName(caller->name) && !caller->roles.empty(), "somebody without a name or a role is let in");
}

void CheckIdentity(std::string_view text) {
  const auto identity = DecodeIdentity(text, "identity");
  const Entry entry{.index = {1}, .term = {1}, .type = EntryType::kConfig, .data = Bytes(std::string(text))};
  const auto cluster = ClusterIdOf(entry);
  RAFTLY_CHECK(!cluster || IsUniqueId(*cluster), "an entry gives the cluster an id that is none");
  FeaturesOf(entry);
  if (!identity.ok()) {
    RAFTLY_CHECK(absl::IsDataLoss(identity.status()), "a damaged identity is called something else");
    return;
  }
  const auto again = DecodeIdentity(EncodeIdentity(*identity), "identity");
  RAFTLY_CHECK(again.ok() && *again == *identity, "an identity is not read as it is written");
}

void CheckAddress(std::string_view text) {
  if (AllowedHosts::IsEntry(text)) AllowedHosts({std::string(text)}, {std::string(text)}).KnowsOrigin(text);
  const auto address = ParseAddress(text);
  if (!address.ok()) return;
  RAFTLY_CHECK(address->port > 0 && address->port <= 65535, "a port out of range");
  const auto again = ParseAddress(ToString(*address));
  RAFTLY_CHECK(again.ok() && *again == *address, "an address is not read as it is written");
}

}  // namespace

void FuzzSettings(std::string_view input) {
  Input rest(input);
  switch (rest.Byte() % 4) {
    case 0:
      return CheckFlags(rest.Rest());
    case 1:
      return CheckTokens(rest.Rest());
    case 2:
      return CheckIdentity(rest.Rest());
    default:
      return CheckAddress(rest.Rest());
  }
}

std::vector<std::string> SettingsSeeds() {
  const std::string digest(kDigest);
  const std::string id = "0123456789abcdef0123456789abcdef";
  return {
      std::string(1, '\0') +
          "-id\nnode1\n-grpc-addr\n:7001\n-http-addr\n:8001\n-data-dir\ndata/"
          "node1\n-peers\nnode2=localhost:7002,node3=[::1]:7003",
      "\1" + std::string(R"([{"name":"ci","sha256":")") + digest + R"(","role":"read"},{"name":"a","sha256":")" +
          digest + R"(","role":["write","chaos"],"prefixes":["app/"]}])",
      "\1" + std::string(R"({"tokens":[{"name":"ci","sha256":")") + digest + R"(","role":["operate"]}]})",
      "\2" + std::string(R"({"cluster_id":")") + id + R"(","node_id":"node1","incarnation":")" + id +
          R"(","format":1})",
      "\2" + std::string(R"({"cluster_id":")") + id + R"(","features":7})",
      "\3:8001",
      "\3[::1]:80",
      "\3.cluster.local",
      "\3https://node1:443",
  };
}

}  // namespace raftly::fuzz
