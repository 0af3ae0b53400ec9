#include "server/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <memory>
#include <set>
#include <string>

namespace raftly {
namespace {

// "127.0.0.1" and "::1" in one spelling. Empty: not an IP address.
std::string Numeric(const std::string& host) {
  char text[INET6_ADDRSTRLEN] = {};
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return inet_ntop(AF_INET, &four, text, sizeof(text));
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return inet_ntop(AF_INET6, &six, text, sizeof(text));
  return {};
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || (Numeric(host).starts_with("127."));
}

bool IsEverything(const std::string& host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

std::string MachineName() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "";
}

std::set<std::string> InterfaceAddresses() {
  std::set<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    char host[NI_MAXHOST] = {};
    if (getnameinfo(one->ifa_addr, size, host, sizeof(host), nullptr, 0, NI_NUMERICHOST) == 0) addresses.insert(host);
  }
  return addresses;
}

}  // namespace

bool IsOwnAddress(const Address& listen, const Address& peer) {
  if (listen.port != peer.port) return false;
  const std::string numeric = Numeric(peer.host);
  const std::string& host = numeric.empty() ? peer.host : numeric;
  if (IsEverything(listen.host)) {
    return IsLoopback(host) || IsEverything(host) || host == MachineName() || InterfaceAddresses().contains(host);
  }
  if (IsLoopback(listen.host) && (listen.host == "localhost" || host == "localhost")) return IsLoopback(host);
  return host == listen.host || (!numeric.empty() && numeric == Numeric(listen.host));
}

}  // namespace raftly
