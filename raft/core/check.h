// RAFTLY_CHECK(condition): an invariant of ours. It holds, or the program stops before it does harm. Always on.
//
// A mistake of the world (a malformed message, a full disk) is never checked this way; it is a value.
#pragma once

#include <cstdio>
#include <cstdlib>

#define RAFTLY_CHECK(condition)                                                                \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      std::fprintf(stderr, "%s:%d: invariant violated: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                            \
    }                                                                                          \
  } while (false)
