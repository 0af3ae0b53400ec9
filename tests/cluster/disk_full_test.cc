// A full disk: writes are refused with 507, nothing else ends. Needs a small file system of its own, so it needs root.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

// A tmpfs; ok() is false where mounting is not permitted.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size)
      : ok_(mount("raftly-test", directory_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0) {}
  ~SmallDisk() {
    if (ok_) umount2(directory_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool ok() const { return ok_; }
  const std::string& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  bool ok_;
};

TEST(FullDisk, RefusesWritesUntilSpaceReturns) {
  SmallDisk disk("40m");
  if (!disk.ok()) GTEST_SKIP() << "mounting a tmpfs is not permitted here: run as root to test a full disk";
  const std::string ballast = disk.path() + "/ballast";
  WriteFile(ballast, std::string(size_t{16} << 20, 'b'));

  TestCluster cluster(1);
  cluster.PlaceData(1, disk.path() + "/data");
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const std::string value(size_t{1} << 20, 'v');
  int written = 0;
  Answer answer;
  for (int i = 0; i < 60; ++i) {
    answer = cluster.Put(1, "key" + std::to_string(i), value);
    if (answer.status != 200) break;
    ++written;
  }
  EXPECT_GT(written, 0);
  EXPECT_EQ(answer.status, 507) << answer.body << "\n" << cluster.ErrorOutput(1);
  EXPECT_NE(answer.Field("error"), "");
  EXPECT_TRUE(cluster.process(1).running());
  EXPECT_EQ(cluster.Put(1, "small", "x").status, 507) << "no new work of any size";
  EXPECT_EQ(cluster.Status(1).status, 200);
  EXPECT_EQ(cluster.GetStale(1, "key0").status, 200);

  ASSERT_EQ(unlink(ballast.c_str()), 0);
  EXPECT_TRUE(Eventually([&] { return cluster.Put(1, "after", "x").status == 200; })) << cluster.ErrorOutput(1);
  for (int i = 0; i < written; ++i) {
    EXPECT_EQ(cluster.Get(1, "key" + std::to_string(i)).Field("value"), value) << "acknowledged key" << i;
  }
  EXPECT_EQ(cluster.Terminate(1), 0);
}

TEST(FullDisk, OfTheLeaderLetsTheOthersGoOn) {
  SmallDisk disk("24m");
  if (!disk.ok()) GTEST_SKIP() << "mounting a tmpfs is not permitted here: run as root to test a full disk";
  TestCluster cluster(3);
  cluster.PlaceData(1, disk.path() + "/data");
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const std::string value(size_t{1} << 20, 'v');
  for (int i = 0; i < 40; ++i) {
    const std::string key = "key" + std::to_string(i);
    EXPECT_TRUE(Eventually([&] { return cluster.Put(2, key, value).status == 200; })) << key;
  }
  EXPECT_TRUE(cluster.process(1).running()) << cluster.ErrorOutput(1);
  EXPECT_NE(cluster.Status(1).Field("state"), "Leader");
  EXPECT_EQ(cluster.Get(3, "key39").Field("value"), value);
}

TEST(FullDisk, OfAllNodesStillElectsServesReadsAndDeletes) {
  SmallDisk one("24m"), two("24m"), three("24m");
  if (!one.ok()) GTEST_SKIP() << "mounting a tmpfs is not permitted here: run as root to test a full disk";
  TestCluster cluster(3, {"-election-timeout", "400", "-heartbeat", "80", "-reserve-mib", "4"});
  cluster.PlaceData(1, one.path() + "/data");
  cluster.PlaceData(2, two.path() + "/data");
  cluster.PlaceData(3, three.path() + "/data");
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  const std::string value(size_t{1} << 20, 'v');
  Answer answer;
  int written = 0;
  EXPECT_TRUE(Eventually([&] {
    answer = cluster.Put(1, "key" + std::to_string(written), value);
    written += answer.status == 200 ? 1 : 0;
    return answer.status == 507;
  })) << answer.status
      << answer.body;
  ASSERT_GT(written, 0);
  EXPECT_TRUE(Eventually([&] { return cluster.Get(2, "key0").status == 200; })) << "a linearizable read";
  EXPECT_TRUE(Eventually([&] { return cluster.Delete(3, "key0").status == 200; }));
  EXPECT_EQ(cluster.Get(1, "key0").status, 404);
  // Another leader is elected all the same.
  const int dead = *cluster.Leader();
  cluster.Kill(dead);
  const int other = dead % 3 + 1;
  EXPECT_TRUE(Eventually([&] { return cluster.Delete(other, "key1").status == 200; }));
  EXPECT_TRUE(Eventually([&] { return cluster.Put(other, "key1", "x").status == 507; }));
  EXPECT_EQ(cluster.Get(other, "key1").status, 404);
}

}  // namespace
}  // namespace raftly::test
