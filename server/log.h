// Log lines for people and machines, one per event, on stderr:
//
//   2026-11-24T05:41:42.123Z INFO node1 role changed from=Follower to=Leader term=3 reason="election won"
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raft/core/types.h"
#include "server/log_writer.h"

namespace raftly {

using LogField = std::pair<std::string_view, std::string>;
using LogFields = std::vector<LogField>;

enum class LogLevel { kDebug, kInfo, kWarn, kError };

class Logger {
 public:
  // Lines below `least` are left out.
  explicit Logger(NodeId node, LogLevel least = LogLevel::kInfo, int fd = 2);

  // From any thread; never blocks (LogWriter): where nobody reads, lines are dropped, and that is said.
  void Debug(std::string_view message, const LogFields& fields = {}) const { Line(LogLevel::kDebug, message, fields); }
  void Info(std::string_view message, const LogFields& fields = {}) const { Line(LogLevel::kInfo, message, fields); }
  void Warn(std::string_view message, const LogFields& fields = {}) const { Line(LogLevel::kWarn, message, fields); }
  void Error(std::string_view message, const LogFields& fields = {}) const { Line(LogLevel::kError, message, fields); }
  // Whether such a line is written, for those that cost something to make.
  bool Wants(LogLevel level) const { return level >= least_; }
  // Before the process ends without destroying this: returns once all lines are out, or after `patience`.
  void Flush(Duration patience) const { writer_.Flush(patience); }
  uint64_t dropped() const { return writer_.dropped(); }

 private:
  void Line(LogLevel level, std::string_view message, const LogFields& fields) const;
  std::string Format(LogLevel level, std::string_view message, const LogFields& fields) const;

  const NodeId node_;
  const LogLevel least_;
  mutable LogWriter writer_;
};

// "key=value", the value quoted where it has spaces, quotes or control characters: a field never breaks its line.
std::string FormatLogField(const LogField& field);

}  // namespace raftly
