#include "server/own_address.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>

namespace raftly {
namespace {

TEST(OwnAddress, IsKnownByNameByNumberAndByLoopback) {
  char machine[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(gethostname(machine, HOST_NAME_MAX), 0);
  const struct {
    const char* listen;
    std::string peer;
    bool own;
  } cases[] = {
      {"", "localhost", true},
      {"", "127.0.0.1", true},
      {"", "::1", true},
      {"0.0.0.0", "127.0.0.1", true},
      {"", machine, true},
      {"", "raft-1.raft", false},
      {"", "203.0.113.7", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "localhost", true},
      {"localhost", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.2", false},
      {"::1", "0:0:0:0:0:0:0:1", true},
      {"10.0.0.7", "10.0.0.7", true},
      {"10.0.0.7", "10.0.0.8", false},
      {"10.0.0.7", "localhost", false},
      {"node1", "node1", true},
      {"node1", "node2", false},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(IsOwnAddress({one.listen, 7001}, {one.peer, 7001}), one.own) << one.listen << " and " << one.peer;
    EXPECT_FALSE(IsOwnAddress({one.listen, 7001}, {one.peer, 7002})) << "another port";
  }
}

}  // namespace
}  // namespace raftly
