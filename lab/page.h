// An incident, or any experiment, as one HTML file: the page of the laboratory, with its runs in it. Needs no network
// and no server.
#pragma once

#include <string>

#include "lab/catalogue.h"

namespace raftly {

// Runs it both ways. Requires that it runs.
std::string PageOf(const Incident& incident);
// Where defences are off that its incident needs, or any, with them on as well.
std::string PageOf(const Experiment& experiment);

}  // namespace raftly
