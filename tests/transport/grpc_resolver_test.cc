// Where names point to: told once, told again when it changes, and no failure is remembered.
#include "transport/grpc_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "raft/env/mutex.h"
#include "tests/transport/inbox.h"

namespace raftly {
namespace {

using testing::HasSubstr;

// A directory of names that the test writes.
class Names {
 public:
  void Set(const std::string& host, std::vector<std::string> addresses) {
    MutexLock lock(mutex_);
    addresses_[host] = std::move(addresses);
  }
  Lookup lookup() {
    return [this](const std::string& host) -> absl::StatusOr<std::vector<std::string>> {
      MutexLock lock(mutex_);
      const auto found = addresses_.find(host);
      if (found == addresses_.end()) return absl::UnavailableError("cannot resolve " + host);
      return found->second;
    };
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::vector<std::string>> addresses_ ABSL_GUARDED_BY(mutex_);
};

struct Told {
  NodeId peer;
  absl::StatusOr<std::string> target;
};

struct ResolverTest : testing::Test {
  void Begin(const std::map<NodeId, std::string>& addresses) {
    resolver = std::make_unique<Resolver>(addresses, names.lookup(),
                                          [this](const NodeId& peer, absl::StatusOr<std::string> target) {
                                            told.Put({peer, std::move(target)});
                                          });
  }
  // Asks as often as calls would fail, until something new is told.
  std::string NextTarget() {
    while (true) {
      resolver->LookAgain("b");
      if (auto one = told.Take(Resolver::kPause)) {
        if (one->target.ok()) return *one->target;
      }
    }
  }

  Names names;
  Inbox<Told> told;
  std::unique_ptr<Resolver> resolver;
};

TEST_F(ResolverTest, APeerThatMovedIsFoundWhenItCannotBeReached) {
  names.Set("host-b", {"10.0.0.1"});
  Begin({{"b", "host-b:7002"}});
  EXPECT_EQ(NextTarget(), "ipv4:10.0.0.1:7002");
  names.Set("host-b", {"10.0.0.9"});
  EXPECT_EQ(NextTarget(), "ipv4:10.0.0.9:7002");
}

TEST_F(ResolverTest, AFailureIsToldAndNotRemembered) {
  Begin({{"b", "host-b:7002"}});
  const auto failed = told.Take();
  ASSERT_TRUE(failed.has_value());
  EXPECT_THAT(std::string(failed->target.status().message()), HasSubstr("cannot resolve host-b"));
  names.Set("host-b", {"10.0.0.1"});
  EXPECT_EQ(NextTarget(), "ipv4:10.0.0.1:7002");
}

TEST_F(ResolverTest, ItGoesOnToTheNextKindOfAddress) {
  names.Set("host-b", {"fd00::1", "10.0.0.1", "10.0.0.2"});
  Begin({{"b", "host-b:7002"}});
  EXPECT_EQ(NextTarget(), "ipv6:[fd00::1]:7002");
  EXPECT_EQ(NextTarget(), "ipv4:10.0.0.1:7002,10.0.0.2:7002");
  EXPECT_EQ(NextTarget(), "ipv6:[fd00::1]:7002");
}

TEST_F(ResolverTest, EndsWhileALookUpHangs) {
  auto hang = std::make_shared<Inbox<int>>();
  auto begun = std::make_shared<Inbox<int>>();
  {
    Resolver hanging(
        {{"b", "host-b:7002"}},
        [hang, begun](const std::string&) -> absl::StatusOr<std::vector<std::string>> {
          begun->Put(1);
          hang->Take();
          return std::vector<std::string>{"10.0.0.1"};
        },
        [](const NodeId&, const absl::StatusOr<std::string>&) { FAIL(); });
    begun->Take();
  }
  hang->Put(1);
}

TEST(NumericTarget, NamesHaveNone) {
  EXPECT_EQ(NumericTarget("127.0.0.1:7002"), "ipv4:127.0.0.1:7002");
  EXPECT_EQ(NumericTarget("[::1]:7002"), "ipv6:[::1]:7002");
  EXPECT_EQ(NumericTarget("localhost:7002"), std::nullopt);
}

TEST(SystemLookup, FindsThisMachineAndSaysWhatItCannotFind) {
  const auto found = SystemLookup("localhost");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, testing::Contains(testing::AnyOf("127.0.0.1", "::1")));
  EXPECT_THAT(std::string(SystemLookup("no-such-host.invalid").status().message()),
              HasSubstr("cannot resolve no-such-host.invalid"));
}

}  // namespace
}  // namespace raftly
