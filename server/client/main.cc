// raftly-client ADDR put KEY VALUE | get KEY | delete KEY | status
#include <cstdio>
#include <string>
#include <vector>

#include "server/client/kv_client.h"

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
    return 1;
  }
  const auto output = raftly::RunClientCommand(*command);
  if (!output.ok()) {
    std::fprintf(stderr, "raftly-client: %s\n", std::string(output.status().message()).c_str());
    return 1;
  }
  std::fwrite(output->data(), 1, output->size(), stdout);
  std::fputc('\n', stdout);
  return 0;
}
