// The file system of production: POSIX calls, fdatasync, flock.
#pragma once

#include <memory>

#include "raft/env/files.h"

namespace raftly {

// Thread-safe.
std::unique_ptr<FileSystem> NewPosixFileSystem();

}  // namespace raftly
