#include "server/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "absl/strings/str_format.h"
#include "server/kv/utf8.h"

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

// The length of the character at the front where it is beyond ASCII and shows as itself; 0: it is no UTF-8, or acts on
// terminals and readers of lines like a control character (U+0080 to U+009F, U+2028, U+2029).
size_t ShownBeyondAscii(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const std::string_view character = text.substr(0, size);
  if (character.size() < size || !IsUtf8(character)) return 0;
  if (lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0) return 0;
  if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") return 0;
  return size;
}

}  // namespace

std::string FormatLogField(const LogField& field) {
  const std::string_view value = field.second;
  std::string shown;
  bool plain = !value.empty();
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool beyond_ascii = static_cast<unsigned char>(c) >= 0x80;
    const size_t whole = beyond_ascii ? ShownBeyondAscii(value.substr(i)) : 0;
    plain &= beyond_ascii ? whole > 0 : IsPlain(c);
    if (whole > 0) {
      shown += value.substr(i, whole);
      i += whole - 1;
    } else if (beyond_ascii || static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      shown += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') shown.push_back('\\');
      shown.push_back(c);
    }
  }
  std::string out(field.first);
  return out.append(plain ? "=" : "=\"").append(shown).append(plain ? "" : "\"");
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
