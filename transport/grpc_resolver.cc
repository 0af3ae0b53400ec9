#include "transport/grpc_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "raft/env/mutex.h"

namespace raftly {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

bool IsIpv6(const std::string& address) { return address.find(':') != std::string::npos; }

// One target for each kind of address that there is, in the order of their first.
std::vector<std::string> TargetsOf(const std::vector<std::string>& addresses, const std::string& port) {
  std::vector<std::string> v4, v6;
  for (const std::string& address : addresses) {
    if (IsIpv6(address)) {
      v6.push_back(absl::StrCat("[", address, "]:", port));
    } else {
      v4.push_back(absl::StrCat(address, ":", port));
    }
  }
  std::vector<std::string> targets;
  if (!v4.empty()) targets.push_back(absl::StrCat("ipv4:", absl::StrJoin(v4, ",")));
  if (!v6.empty()) targets.push_back(absl::StrCat("ipv6:", absl::StrJoin(v6, ",")));
  if (!addresses.empty() && IsIpv6(addresses.front())) std::reverse(targets.begin(), targets.end());
  return targets;
}

}  // namespace

HostAndPort SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::move(host), address.substr(colon + 1)};
}

std::optional<std::string> NumericTarget(const std::string& address) {
  const auto [host, port] = SplitAddress(address);
  in6_addr bytes;
  const bool numeric = inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
  return numeric ? std::optional(TargetsOf({host}, port).front()) : std::nullopt;
}

absl::StatusOr<std::vector<std::string>> SystemLookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot resolve ", host, ": ", gai_strerror(error)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  return addresses;
}

struct Resolver::State {
  struct Name {
    std::string host;
    std::string port;
    std::vector<std::string> targets;  // as last resolved
    size_t used = 0;                   // which of them was given out
    bool wanted = true;                // to be asked for, from `not_before` on
    SteadyTime not_before = SteadyTime::min();
  };

  Lookup lookup;
  OnResolved on_resolved;
  Mutex mutex;
  CondVar changed;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  bool telling ABSL_GUARDED_BY(mutex) = false;  // on_resolved runs
  std::map<NodeId, Name> names ABSL_GUARDED_BY(mutex);

  void Run();
  std::pair<NodeId, Name> Next();
  void Tell(const NodeId& peer, const Name& asked, absl::StatusOr<std::vector<std::string>> addresses);
};

Resolver::Resolver(const std::map<NodeId, std::string>& addresses, Lookup lookup, OnResolved on_resolved)
    : state_(std::make_shared<State>()) {
  state_->lookup = std::move(lookup);
  state_->on_resolved = std::move(on_resolved);
  SetAddresses(addresses);
  // Detached, because a look-up can hang for longer than a server may take to stop.
  std::thread([state = state_] { state->Run(); }).detach();
}

Resolver::~Resolver() {
  MutexLock lock(state_->mutex);
  state_->stopped = true;
  state_->changed.NotifyAll();
  while (state_->telling) state_->changed.Wait(state_->mutex);
}

void Resolver::SetAddresses(const std::map<NodeId, std::string>& addresses) {
  MutexLock lock(state_->mutex);
  std::map<NodeId, State::Name> names;
  for (const auto& [peer, address] : addresses) {
    auto [host, port] = SplitAddress(address);
    const auto known = state_->names.find(peer);
    const bool same = known != state_->names.end() && known->second.host == host && known->second.port == port;
    names.emplace(peer,
                  same ? std::move(known->second) : State::Name{.host = std::move(host), .port = std::move(port)});
  }
  state_->names = std::move(names);
  state_->changed.NotifyAll();
}

void Resolver::LookAgain(const NodeId& peer) {
  MutexLock lock(state_->mutex);
  const auto name = state_->names.find(peer);
  if (name == state_->names.end() || std::exchange(name->second.wanted, true)) return;
  state_->changed.NotifyAll();
}

void Resolver::State::Run() {
  while (true) {
    const auto [peer, name] = Next();
    if (peer.empty()) return;
    Tell(peer, name, lookup(name.host));
  }
}

// Waits for a name that is wanted and due; none once stopped.
std::pair<NodeId, Resolver::State::Name> Resolver::State::Next() {
  MutexLock lock(mutex);
  while (!stopped) {
    SteadyTime earliest = SteadyTime::max();
    for (auto& [peer, name] : names) {
      if (!name.wanted) continue;
      if (name.not_before <= std::chrono::steady_clock::now()) {
        name.wanted = false;
        return {peer, name};
      }
      earliest = std::min(earliest, name.not_before);
    }
    if (earliest == SteadyTime::max()) {
      changed.Wait(mutex);
    } else {
      changed.WaitUntil(mutex, earliest);
    }
  }
  return {};
}

void Resolver::State::Tell(const NodeId& peer, const Name& asked, absl::StatusOr<std::vector<std::string>> addresses) {
  if (addresses.ok() && addresses->empty()) addresses = absl::UnavailableError("the name has no address");
  absl::StatusOr<std::string> answer = std::string();
  {
    MutexLock lock(mutex);
    if (stopped) return;
    const auto found = names.find(peer);
    if (found == names.end() || found->second.host != asked.host || found->second.port != asked.port) return;
    Name& name = found->second;
    name.not_before = std::chrono::steady_clock::now() + kPause;
    if (!addresses.ok()) {
      // Nothing is remembered of a failure: it is asked again, and where the peer was until now it may still be.
      name.wanted = true;
      if (!name.targets.empty()) return;
      answer = addresses.status();
    } else {
      std::vector<std::string> targets = TargetsOf(*addresses, name.port);
      const bool same = targets == name.targets;
      if (same && targets.size() == 1) return;
      name.used = same ? (name.used + 1) % targets.size() : 0;
      name.targets = std::move(targets);
      answer = name.targets[name.used];
    }
    telling = true;
  }
  on_resolved(peer, std::move(answer));
  MutexLock lock(mutex);
  telling = false;
  changed.NotifyAll();
}

}  // namespace raftly
