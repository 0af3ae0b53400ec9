// An incident as one HTML file: the page of the laboratory, with both runs in it. Needs no network and no server.
#pragma once

#include <string>

#include "lab/catalogue.h"

namespace raftly {

// Runs it both ways.
std::string PageOf(const Incident& incident);

}  // namespace raftly
