// A trace for people at a terminal: what matters of it, a line each. Reads the document and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "lab/catalogue.h"

namespace raftly {

// Acts, clients, elections, what was overwritten, and the verdicts. Requires a trace as RunExperiment makes it.
std::string Narrate(std::string_view trace);
// The incident's story, and both its runs.
std::string Show(const Incident& incident);
// The catalogue, a line each.
std::string List();

}  // namespace raftly
