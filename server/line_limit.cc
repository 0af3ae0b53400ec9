#include "server/line_limit.h"

#include <utility>

namespace raftly {

std::optional<uint64_t> LineLimit::Admit(const std::string& kind, Time now) {
  const bool full = kinds_.size() >= kKinds && kinds_.find(kind) == kinds_.end();
  Kind& known = kinds_.try_emplace(full ? std::string() : kind, Kind{.next_line = now}).first->second;
  if (now < known.next_line) {
    ++known.kept_back;
    return std::nullopt;
  }
  known.next_line = now + every_;
  return std::exchange(known.kept_back, 0);
}

}  // namespace raftly
