#include "tests/style/source_rules.h"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

namespace raftly::style {
namespace {

struct Floor {
  std::string_view prefix;
  int floor;
};

// The longest prefix counts, so mains and folders of a higher floor come as they are.
constexpr std::array kFloors = {
    Floor{"raft/core/", 0},     Floor{"raft/env/", 1},         Floor{"raft/storage/", 1},
    Floor{"raft/node/", 2},     Floor{"transport/", 3},        Floor{"server/kv/", 4},
    Floor{"chaos/", 4},         Floor{"server/", 5},           Floor{"scenarios/", 5},
    Floor{"server/main.cc", 6}, Floor{"server/client/", 5},    Floor{"server/client/main.cc", 6},
    Floor{"bench/", 6},         Floor{"scenarios/main.cc", 6}, Floor{"lab/", 5},
    Floor{"tests/", 6},         Floor{"chaos/sim/main.cc", 6}, Floor{"server/options", 5},
    Floor{"lab/page", 6},       Floor{"lab/serve", 6},         Floor{"lab/main.cc", 6}};

struct Ban {
  std::string_view folder;  // prefix of the path; "" for everywhere
  std::string_view word;    // a regular expression, matched in code, whole words
  std::string_view why;
  std::vector<std::string_view> except = {};
  // Matched in the include lines too.
  bool in_includes = false;
};

// A word as part of an identifier: vote, last_vote_, kVote, OnVoteGranted, but not devote.
constexpr std::string_view kProtocolWord =
    R"re(([A-Za-z0-9]*_)?([Vv]ote|[Cc]ommit|[Tt]erm|[Ll]eader|[Ff]ollower|[Qq]uorum|[Cc]andidate)(s|d|ed|r|rs)?(_\w*)?|\w*[a-z](Vote|Commit|Term|Leader|Follower|Quorum|Candidate)(s|d|ed)?([A-Z_]\w*)?|k?(Vote|Commit|Term|Leader|Follower|Quorum|Candidate)[A-Z]\w*)re";

const std::vector<Ban>& Bans() {
  static const std::vector<Ban> bans = {
      {"", R"(sleep_for|sleep_until|usleep|nanosleep|SleepFor)", "nothing waits by sleeping"},
      {"",
       R"((steady_clock|system_clock|high_resolution_clock)::now)",
       "what also runs in virtual time asks its loop",
       {"raft/env/thread_loop", "transport/grpc_", "server/", "tests/", "bench/"}},
      {"server/kv/", R"((steady_clock|system_clock|high_resolution_clock)::now)", "the service asks its loop"},
      {"", R"(absl::Mutex|absl::MutexLock)", "raftly::Mutex is the one that the sanitizers understand"},
      {"raft/core/",
       R"(std::(thread|jthread|mutex|atomic|condition_variable|random_device|rand|ofstream|ifstream|cout|cerr|cin)|absl|grpc)",
       "the core is values in, values out"},
      {"raft/env/", kProtocolWord, "the doors know no protocol"},
      {"raft/storage/", R"(std::(thread|jthread|mutex|condition_variable)|grpc|httplib)",
       "the log knows no network and no threads"},
      {"raft/node/",
       R"(httplib|nlohmann|prometheus|protobuf|grpc|chaos)",
       "the node serves no particular client",
       {},
       true},
      {"transport/", R"(RaftCore|Role|role|HardState|kLeader|kFollower)", "transports carry calls, they know no roles"},
      {"chaos/", R"(httplib|gtest|gmock)", "the laboratory has no HTTP and no test framework", {}, true},
      {"scenarios/", R"(std::(thread|jthread))", "scenarios run on a stage, not on threads"},
      {"server/kv/", R"(httplib)", "the key-value service knows no HTTP", {}, true},
      {"server/http/", R"(Wal|RaftCore)", "HTTP handlers decide nothing about Raft"},
  };
  return bans;
}

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool IsHeader(std::string_view path) { return path.size() > 2 && path.substr(path.size() - 2) == ".h"; }

// The path between the quotes or angle brackets of an include line.
std::optional<std::string> IncludedPath(const std::string& line) {
  static const std::regex include(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  std::smatch match;
  if (!std::regex_search(line, match, include)) return std::nullopt;
  return match[1].str();
}

bool IsStandardHeader(std::string_view included) {
  return included.find('/') == std::string_view::npos && included.find('.') == std::string_view::npos;
}

// The rule that `path` breaks by including `included`; empty where it breaks none.
std::string BrokenInclude(std::string_view path, std::string_view included) {
  const std::optional<int> own = FloorOf(path);
  const std::optional<int> other = FloorOf(included);
  const std::string quoted = "includes " + std::string(included) + ": ";
  if (own && other && *other > *own) {
    return quoted + "floor " + std::to_string(*other) + " from floor " + std::to_string(*own);
  }
  if (StartsWith(path, "raft/core/") && !StartsWith(included, "raft/core/") && !IsStandardHeader(included)) {
    return quoted + "the core includes the standard library only";
  }
  if (StartsWith(path, "server/") && StartsWith(included, "chaos/")) return quoted + "the server knows no laboratory";
  if (StartsWith(path, "transport/") && StartsWith(included, "raft/node/")) return quoted + "transports know no node";
  const bool generated = included.find(".pb.h") != std::string_view::npos;
  if (generated && !StartsWith(included, "google/") && !StartsWith(path, "transport/") &&
      !StartsWith(path, "tests/transport/")) {
    return quoted + "the proto's messages stay inside transport/";
  }
  return "";
}

// Whether the matched text at [begin, end) is a word of its own. The pattern may begin or end with "::".
bool IsWholeWord(const std::string& line, size_t begin, size_t end) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return (begin == 0 || !is_word(line[begin - 1])) && (end >= line.size() || !is_word(line[end]));
}

std::optional<std::string> FindWord(const std::string& line, const std::regex& word) {
  for (auto it = std::sregex_iterator(line.begin(), line.end(), word); it != std::sregex_iterator(); ++it) {
    const auto begin = static_cast<size_t>(it->position());
    if (IsWholeWord(line, begin, begin + static_cast<size_t>(it->length()))) return it->str();
  }
  return std::nullopt;
}

void CheckIncludes(const Source& source, const std::vector<std::string>& lines, std::vector<Complaint>& complaints) {
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto included = IncludedPath(lines[i]);
    if (!included) continue;
    const std::string broken = BrokenInclude(source.path, *included);
    if (!broken.empty()) complaints.push_back({source.path, i + 1, broken});
  }
}

void CheckWords(const Source& source, const std::vector<std::string>& code, const std::vector<std::string>& lines,
                std::vector<Complaint>& complaints) {
  for (const Ban& ban : Bans()) {
    if (!StartsWith(source.path, ban.folder)) continue;
    if (std::any_of(ban.except.begin(), ban.except.end(),
                    [&](std::string_view prefix) { return StartsWith(source.path, prefix); })) {
      continue;
    }
    const std::regex word{std::string(ban.word)};
    for (size_t i = 0; i < code.size(); ++i) {
      const bool is_include = IncludedPath(lines[i]).has_value();
      if (is_include && !ban.in_includes) continue;
      const auto found = FindWord(is_include ? lines[i] : code[i], word);
      if (found) complaints.push_back({source.path, i + 1, "'" + *found + "': " + std::string(ban.why)});
    }
  }
}

// Functions are recognised by their closing brace at the start of a line, which is where the formatter puts it; a
// member function inside a class by two spaces before it.
void CheckFunctionLengths(const Source& source, const std::vector<std::string>& code,
                          std::vector<Complaint>& complaints) {
  static const std::regex opening(R"(^(  )?[A-Za-z~].*\{$)");
  static const std::regex type(R"(^\s*(template|namespace|class|struct|enum|union|extern|typedef|using)\b)");
  static const std::regex test(R"(^(TEST|TEST_F|TEST_P|TYPED_TEST)\()");
  for (size_t begin = 0; begin < code.size(); ++begin) {
    if (!std::regex_search(code[begin], opening) || std::regex_search(code[begin], type)) continue;
    if (code[begin].find('(') == std::string::npos && code[begin].find(')') == std::string::npos) continue;
    const std::string closing = std::string(code[begin].find_first_not_of(' '), ' ') + "}";
    size_t end = begin + 1;
    while (end < code.size() && code[end] != closing) ++end;
    const size_t limit = std::regex_search(code[begin], test) ? kMaxTestLines : kMaxFunctionLines;
    if (end < code.size() && end - begin + 1 > limit) {
      complaints.push_back(
          {source.path, begin + 1,
           "a function of " + std::to_string(end - begin + 1) + " lines, more than " + std::to_string(limit)});
    }
    if (end < code.size()) begin = end;
  }
}

void CheckShape(const Source& source, const std::vector<std::string>& lines, std::vector<Complaint>& complaints) {
  if (lines.size() > kMaxFileLines) {
    complaints.push_back({source.path, 0,
                          std::to_string(lines.size()) + " lines, more than " + std::to_string(kMaxFileLines) +
                              ": it wants a second file"});
  }
  if (IsHeader(source.path) && !StartsWith(source.text, "// ")) {
    complaints.push_back({source.path, 1, "a header begins with a comment that says what it is for"});
  }
  if (IsHeader(source.path) && source.text.find("#pragma once") == std::string::npos) {
    complaints.push_back({source.path, 0, "a header needs #pragma once"});
  }
}

}  // namespace

std::optional<int> FloorOf(std::string_view path) {
  const Floor* best = nullptr;
  for (const Floor& floor : kFloors) {
    if (StartsWith(path, floor.prefix) && (best == nullptr || floor.prefix.size() > best->prefix.size())) best = &floor;
  }
  if (best == nullptr) return std::nullopt;
  return best->floor;
}

std::string CodeOf(std::string_view text) {
  std::string code(text);
  enum class In { kCode, kLineComment, kBlockComment, kString, kCharacter, kRawString } in = In::kCode;
  std::string raw_end;
  const auto blank = [&](size_t i) {
    if (code[i] != '\n') code[i] = ' ';
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    switch (in) {
      case In::kCode:
        if (StartsWith(rest, "//") || StartsWith(rest, "/*")) {
          in = rest[1] == '/' ? In::kLineComment : In::kBlockComment;
          blank(i);
        } else if (rest[0] == '"' && i > 0 && text[i - 1] == 'R') {
          in = In::kRawString;
          raw_end = ")" + std::string(rest.substr(1, rest.find('(') - 1)) + "\"";
        } else if (rest[0] == '"') {
          in = In::kString;
        } else if (rest[0] == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0)) {
          in = In::kCharacter;  // and not the separator of 1'000'000
        }
        break;
      case In::kLineComment:
        if (rest[0] == '\n') in = In::kCode;
        blank(i);
        break;
      case In::kBlockComment:
        blank(i);
        if (StartsWith(rest, "*/")) {
          blank(++i);
          in = In::kCode;
        }
        break;
      case In::kString:
      case In::kCharacter:
        if (rest[0] == '\\' && i + 1 < text.size()) {
          blank(i);
          blank(++i);
        } else if (rest[0] == (in == In::kString ? '"' : '\'')) {
          in = In::kCode;
        } else {
          blank(i);
        }
        break;
      case In::kRawString:
        if (StartsWith(rest, raw_end)) {
          i += raw_end.size() - 1;
          in = In::kCode;
        } else {
          blank(i);
        }
        break;
    }
  }
  return code;
}

std::vector<Complaint> Check(const Source& source) {
  std::vector<Complaint> complaints;
  const std::vector<std::string> lines = LinesOf(source.text);
  std::vector<std::string> code = LinesOf(CodeOf(source.text));
  code.resize(lines.size());
  CheckShape(source, lines, complaints);
  CheckIncludes(source, lines, complaints);
  CheckWords(source, code, lines, complaints);
  CheckFunctionLengths(source, code, complaints);
  return complaints;
}

}  // namespace raftly::style
