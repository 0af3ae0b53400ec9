// raftly-client: a command is done, and its result printed.
#pragma once

#include <cstdio>

#include "server/client/command_line.h"

namespace raftly {

// What the process ends with; part of the usage and of README.
enum class ExitCode {
  kDone = 0,
  kError = 1,     // not done, or a command line that is wrong
  kNotFound = 3,  // with -json; in words it is an answer like any other
  kConditionFailed = 4,
  kUnknown = 5,
  kNotAllowed = 6,
};

// Blocking. Results go to `out`, errors to `err`.
ExitCode RunClientCommand(const ClientCommand& command, std::FILE* out, std::FILE* err);

}  // namespace raftly
