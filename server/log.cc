#include "server/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "absl/strings/str_format.h"

namespace raftly {
namespace {

// RFC 3339, UTC, milliseconds. People compare it with other machines' logs, so it is the wall clock.
std::string Timestamp() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  const time_t seconds = ms / 1000;
  tm utc{};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                         utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(ms % 1000));
}

bool IsPlain(char c) { return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F; }

}  // namespace

std::string FormatLogField(const LogField& field) {
  std::string out(field.first);
  out.push_back('=');
  const std::string& value = field.second;
  const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x80 || IsPlain(c); };
  if (!value.empty() && std::all_of(value.begin(), value.end(), plain)) return out + value;
  out.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      out += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

Logger::Logger(NodeId node, LogLevel least, int fd)
    : node_(std::move(node)), least_(least), writer_(fd, [this](uint64_t dropped) {
        return Format(LogLevel::kWarn, "log lines dropped: nobody read them in time",
                      {{"lines", std::to_string(dropped)}});
      }) {}

void Logger::Line(LogLevel level, std::string_view message, const LogFields& fields) const {
  if (Wants(level)) writer_.Write(Format(level, message, fields));
}

std::string Logger::Format(LogLevel level, std::string_view message, const LogFields& fields) const {
  static constexpr std::array<std::string_view, 4> kNames = {"DEBUG", "INFO", "WARN", "ERROR"};
  std::string line = Timestamp();
  line.append(" ").append(kNames[static_cast<size_t>(level)]).append(" ").append(node_).append(" ").append(message);
  for (const LogField& field : fields) line.append(" ").append(FormatLogField(field));
  line.push_back('\n');
  return line;
}

}  // namespace raftly
