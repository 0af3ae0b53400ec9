// How many files and sockets this process may have open.
#pragma once

#include <cstddef>

namespace raftly {

// To what the system allows at most: the usual limit is 1024, for programs that use select. No effect where it cannot.
void RaiseDescriptorLimit();

// Of them, what is left for connections beside what a node needs for itself and `spare` more; 16 at least, 65,536 at
// most.
size_t DescriptorsForConnections(size_t spare);

}  // namespace raftly
