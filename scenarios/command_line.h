// raftly-scenarios: shows failures both ways, with the defence on and off.
//
//   raftly-scenarios NAME [--seed N] [--real] [--trace]
//   raftly-scenarios --all [--seed N] [--real] [--trace]
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace raftly {

// The exit code: 0 where everything was shown, else 1. An unknown or missing name lists the known ones. `arguments`
// without the program's own name.
int ScenariosMain(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace raftly
