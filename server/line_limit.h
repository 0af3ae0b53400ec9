// Lines that somebody outside can have us write as often as he likes: one of a kind in a while, with the number of
// those that were kept back.
//
//   LineLimit limit(std::chrono::minutes(1));
//   const auto kept_back = limit.Admit("from node2", now);
//   if (kept_back) log.Warn("…", {{"not_logged", std::to_string(*kept_back)}});
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "raft/core/time.h"

namespace raftly {

class LineLimit {
 public:
  // Kinds beyond so many share one line: names come from outside as well.
  static constexpr size_t kKinds = 64;

  explicit LineLimit(Duration every) : every_(every) {}

  // How many of this kind were kept back since the last line; nothing: keep this one back as well.
  std::optional<uint64_t> Admit(const std::string& kind, Time now);

 private:
  struct Kind {
    Time next_line;
    uint64_t kept_back = 0;
  };
  const Duration every_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace raftly
