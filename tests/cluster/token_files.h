// Tokens for servers that tests start, made by the server itself.
#pragma once

#include <map>
#include <string>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {

// One token for each role, named after it, and one for two.
class TokenFiles {
 public:
  TokenFiles() {
    std::string lines;
    const std::vector<std::string> all = {"read", "write", "operate", "chaos", "read,write"};
    for (const std::string& role : all) {
      const RunResult made = RunToEnd({ServerBinary(), "-new-token", role == "read,write" ? "both" : role, role});
      const size_t end = made.out.find('\n');
      tokens_[role] = made.out.substr(0, end);
      lines_[role] = made.out.substr(end + 1);
    }
    Write(all);
  }

  std::string path() const { return directory_.path() + "/tokens.json"; }
  const std::string& Of(const std::string& role) const { return tokens_.at(role); }
  const std::map<std::string, std::string>& all() const { return tokens_; }
  // The file has these from now on.
  void Write(const std::vector<std::string>& roles) const {
    std::string text;
    for (const std::string& role : roles) text += (text.empty() ? "[" : ",") + lines_.at(role);
    WriteFile(path(), text + "]");
  }

 private:
  TemporaryDirectory directory_;
  std::map<std::string, std::string> tokens_;
  std::map<std::string, std::string> lines_;
};

}  // namespace raftly::test
