// What the sources must keep to: floors of inclusion, banned words per folder, lengths, headers that explain
// themselves.
//
//   for (const Complaint& complaint : Check({.path = "raft/core/log.h", .text = "..."})) { ... }
//
// Reads text, not C++: good enough for a style that is formatted by machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace raftly::style {

struct Source {
  std::string path;  // from the project's root: raft/core/log.h
  std::string text;
};

// One broken rule, at one line (1 is the first; 0 speaks of the whole file).
struct Complaint {
  std::string path;
  size_t line = 0;
  std::string what;
};

inline constexpr size_t kMaxFileLines = 500;
inline constexpr size_t kMaxFunctionLines = 80;
inline constexpr size_t kMaxTestLines = 120;  // a test's evidence may be long

// The floor of a file by its folder; none for what has no floor (the proto's generated code, third parties).
std::optional<int> FloorOf(std::string_view path);

// Without comments and without the contents of string and character literals; the lines stay where they are.
std::string CodeOf(std::string_view text);

// Every rule that the file breaks. `path` decides which rules there are.
std::vector<Complaint> Check(const Source& source);

}  // namespace raftly::style
