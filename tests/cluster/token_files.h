// Tokens for servers that tests start, made by the server itself.
#pragma once

#include <map>
#include <string>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {

// One token for each role, named after it.
class TokenFiles {
 public:
  TokenFiles() {
    std::string lines;
    for (const char* role : {"read", "write", "operate", "chaos"}) {
      const RunResult made = RunToEnd({ServerBinary(), "-new-token", role, role});
      const size_t end = made.out.find('\n');
      tokens_[role] = made.out.substr(0, end);
      lines_[role] = made.out.substr(end + 1);
    }
    Write({"read", "write", "operate", "chaos"});
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
