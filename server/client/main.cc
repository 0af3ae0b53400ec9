// raftly-client ADDR put KEY VALUE | get KEY | … (see -help)
#include <cstdio>
#include <string>
#include <vector>

#include "server/client/command_line.h"
#include "server/client/commands.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && (arguments[0] == "-h" || arguments[0] == "--help" || arguments[0] == "-help")) {
    std::fputs(raftly::ClientUsage().c_str(), stdout);
    return 0;
  }
  const auto command = raftly::ParseClientCommand(arguments);
  if (!command.ok()) {
    std::fprintf(stderr, "raftly-client: %s\n%s", std::string(command.status().message()).c_str(),
                 raftly::ClientUsage().c_str());
    return static_cast<int>(raftly::ExitCode::kError);
  }
  return static_cast<int>(raftly::RunClientCommand(*command, stdout, stderr));
}
