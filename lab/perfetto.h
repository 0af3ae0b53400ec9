// A trace in Chrome's trace format, for ui.perfetto.dev and chrome://tracing: a track for each node with its roles, a
// track for each client's call, arrows for messages, instants for what has no length. Reads the document and nothing
// else.
//
// The format: "Trace Event Format", Google, 2016. Times are microseconds.
#pragma once

#include <string>
#include <string_view>

namespace raftly {

// Requires a trace as RunExperiment makes it.
std::string ToPerfetto(std::string_view trace);

}  // namespace raftly
