// The requests of a load, as bytes: our API's, or etcd's JSON gateway's.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "bench/load/options.h"

namespace raftly::load {

class Requests {
 public:
  explicit Requests(const Options& options);

  struct Next {
    bool get = false;
    std::string bytes;  // head and body
  };
  // `host` is the value of the Host header; `etag` what the last answer to this connection said, which is the
  // `connection`-th.
  Next Make(const std::string& host, size_t connection = 0, const std::string& etag = {});

 private:
  std::string Key(uint64_t number) const;
  std::string Headers(const std::string& etag);

  const Options options_;
  const std::string value_;
  const std::string run_;  // told apart from other runs by chance
  std::mt19937_64 random_;
  uint64_t next_ = 0;
  uint64_t writes_ = 0;
};

std::string Base64(std::string_view bytes);

}  // namespace raftly::load
