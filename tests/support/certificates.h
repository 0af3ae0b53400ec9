// Certificates for tests, made in memory: an authority, and what it signs.
//
//   const Authority authority("test");
//   const Signed node = authority.Sign({.names = "DNS:node1,IP:127.0.0.1"});
#pragma once

#include <memory>
#include <string>

namespace raftly::test {

struct Signed {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

class Authority {
 public:
  struct Wish {
    std::string names = {};  // subjectAltName as in openssl.cnf: "DNS:node1,URI:raftly:node1,IP:127.0.0.1"
    std::string common_name = "raftly";
    long valid_from = -3600;  // seconds from now
    long valid_until = 3600;
  };

  explicit Authority(const std::string& name);
  ~Authority();

  const std::string& certificate() const { return certificate_; }  // PEM
  Signed Sign(const Wish& wish) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

}  // namespace raftly::test
