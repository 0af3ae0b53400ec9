// RAFTLY_CHECK(condition, "words"): an invariant of ours. Always on: it holds, or the program stops before it does
// harm.
//
//   RAFTLY_CHECK(from > commit_, "a committed entry would be truncated");
//
// The words say what would be wrong. A mistake of the world (a malformed message, an odd file, a full disk) is never
// checked this way; it is a value.
#pragma once

#include <cstdio>
#include <cstdlib>

#define RAFTLY_CHECK(condition, words)                                                                     \
  do {                                                                                                     \
    if (!(condition)) {                                                                                    \
      std::fprintf(stderr, "%s:%d: invariant violated: %s (%s)\n", __FILE__, __LINE__, words, #condition); \
      std::abort();                                                                                        \
    }                                                                                                      \
  } while (false)
