// Under which names this server answers, so that a web page which made its own name point here is refused (DNS
// rebinding): what such a page's browser sends names the page's host.
//
//   AllowedHosts hosts({"localhost", "node1:8001", "raftly.example.com", ".cluster.local"});
//   hosts.KnowsHost("RAFTLY.example.com:443")          // whatever the port
//   hosts.KnowsOrigin("https://raftly.example.com")    // a proxy's page
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace raftly {

// Immutable.
class AllowedHosts {
 public:
  // Knows everybody.
  AllowedHosts() = default;
  // Each entry is a name, with a port or without, or with a dot in front: all names that end with it. "*" is everybody.
  // `own` names are those of this server; pages under `others` too may change something here, because a proxy in
  // between may replace the Host that its client sent.
  AllowedHosts(const std::vector<std::string>& own, const std::vector<std::string>& others);

  // The value of a Host header. IP addresses are known: a page cannot make one point elsewhere. So is an empty one,
  // which no browser sends.
  bool KnowsHost(std::string_view host) const;
  // Whether `origin` ("https://host:port", the port left out where it is the scheme's) is one of `others`.
  bool KnowsOrigin(std::string_view origin) const;

  // Whether this could be an entry.
  static bool IsEntry(std::string_view text);

 private:
  struct Entry {
    std::string name;  // in lower case
    int port = 0;      // 0: any
  };
  static Entry Parse(std::string_view entry);
  static bool Matches(const Entry& entry, std::string_view name);

  bool everybody_ = true;
  std::vector<Entry> own_;
  std::vector<Entry> others_;
};

}  // namespace raftly
