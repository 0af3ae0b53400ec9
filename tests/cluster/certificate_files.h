// Certificates as files, for servers that tests start.
#pragma once

#include <string>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace raftly::test {

class CertificateFiles {
 public:
  // What nodes of our cluster trust, and who else might sign.
  const Authority ours{"ours"};
  const Authority foreign{"foreign"};

  CertificateFiles() {
    Write("ca.crt", ours.certificate());
    Write("foreign.crt", foreign.certificate());
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& text) const { WriteFile(Path(name), text); }
  // <name>.crt and <name>.key
  void Write(const std::string& name, const Signed& one) const {
    Write(name + ".crt", one.certificate);
    Write(name + ".key", one.key);
  }
  // What a node with this id shows, also to clients on this machine.
  static std::string NamesOf(const std::string& node) { return "URI:raftly:" + node + ",DNS:localhost,IP:127.0.0.1"; }

  // Of node `name`, with a certificate of that name.
  std::vector<std::string> PeerFlags(const std::string& name, const std::string& authorities = "ca") const {
    return {"-tls-cert", Path(name + ".crt"), "-tls-key", Path(name + ".key"), "-tls-ca", Path(authorities + ".crt")};
  }
  std::vector<std::string> HttpFlags(const std::string& name) const {
    return {"-http-tls-cert", Path(name + ".crt"), "-http-tls-key", Path(name + ".key")};
  }

 private:
  TemporaryDirectory directory_;
};

inline std::vector<std::string> operator+(std::vector<std::string> one, const std::vector<std::string>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

}  // namespace raftly::test
