// A cluster with a node that knows only the Go server's RPCs: neither streams of appends nor what a follower asks of
// the leader. Whoever leads, everything is served, and nothing is lost.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "proto/raft.grpc.pb.h"
#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

namespace pb = ::raft;

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

// Stands before a node and hands on what an old one would understand. gRPC answers UNIMPLEMENTED to the rest.
class OldPeer final : public pb::RaftService::Service {
 public:
  OldPeer(int port, int node_port)
      : stub_(pb::RaftService::NewStub(grpc::CreateChannel(Local(node_port), grpc::InsecureChannelCredentials()))) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(Local(port), grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~OldPeer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  bool listens() const { return server_ != nullptr; }
  int appends() const { return appends_; }

  grpc::Status RequestVote(grpc::ServerContext* context, const pb::VoteRequest* request,
                           pb::VoteResponse* response) override {
    const auto call = Onward(*context);
    return stub_->RequestVote(call.get(), *request, response);
  }
  grpc::Status PreVote(grpc::ServerContext* context, const pb::VoteRequest* request,
                       pb::VoteResponse* response) override {
    const auto call = Onward(*context);
    return stub_->PreVote(call.get(), *request, response);
  }
  grpc::Status AppendEntries(grpc::ServerContext* context, const pb::AppendEntriesRequest* request,
                             pb::AppendEntriesResponse* response) override {
    ++appends_;
    const auto call = Onward(*context);
    return stub_->AppendEntries(call.get(), *request, response);
  }

 private:
  static std::unique_ptr<grpc::ClientContext> Onward(const grpc::ServerContext& context) {
    return grpc::ClientContext::FromServerContext(context);
  }

  const std::unique_ptr<pb::RaftService::Stub> stub_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<int> appends_{0};
};

class OldPeerTest : public ::testing::Test {
 protected:
  static constexpr int kOld = 3;

  OldPeerTest() : old_(port_, cluster_.grpc_port(kOld)) {}
  void SetUp() override {
    ASSERT_TRUE(old_.listens());
    for (int node = 1; node <= cluster_.nodes(); ++node) Start(node);
    ASSERT_TRUE(cluster_.WaitForLeader());
  }
  void Start(int node) {
    const int other = 3 - node;
    node == kOld ? cluster_.Start(node)
                 : cluster_.Start(node, {"-peers", cluster_.Name(other) + "=" + Local(cluster_.grpc_port(other)) + "," +
                                                       cluster_.Name(kOld) + "=" + Local(port_)});
    ASSERT_TRUE(Eventually([&] { return cluster_.Status(node).status == 200; })) << cluster_.ErrorOutput(node);
  }
  // Kills leaders until the right one leads.
  void Elect(bool old) {
    while ((*cluster_.Leader() == kOld) != old) {
      const int leader = *cluster_.Leader();
      cluster_.Kill(leader);
      ASSERT_TRUE(cluster_.WaitForLeader());
      Start(leader);
      ASSERT_TRUE(cluster_.WaitForLeader());
    }
  }
  // Every node serves reads and writes, its own and the others'.
  void ExpectAllServe(const std::string& prefix) {
    for (int writer = 1; writer <= cluster_.nodes(); ++writer) {
      const std::string key = prefix + std::to_string(writer);
      const auto leader = cluster_.Leader();
      const Answer put = cluster_.Put(writer, key, "v" + key);
      ASSERT_EQ(put.status, 200) << "through " << writer << ": " << put.body;
      // On a slow machine another may have been elected meanwhile.
      if (leader && leader == cluster_.Leader()) {
        EXPECT_EQ(put.Header("raftly-node"), cluster_.Name(*leader));
      }
      for (int reader = 1; reader <= cluster_.nodes(); ++reader) {
        EXPECT_EQ(cluster_.Get(reader, key).Field("value"), "v" + key)
            << "written by " << writer << ", read at " << reader;
      }
    }
    EXPECT_EQ(cluster_.Delete(1, prefix + "1").status, 200);
    EXPECT_EQ(cluster_.Get(2, prefix + "1").status, 404);
  }

  TestCluster cluster_{3};
  const int port_ = FreePorts(1)[0];
  OldPeer old_;
};

TEST_F(OldPeerTest, FollowsAndIsSentUnaryAppends) {
  Elect(/*old=*/false);
  ExpectAllServe("a");
  EXPECT_TRUE(cluster_.WaitForAgreement());
  EXPECT_GT(old_.appends(), 0);
}

TEST_F(OldPeerTest, LeadsAndIsAskedOverHttp) {
  Elect(/*old=*/true);
  ExpectAllServe("b");
  EXPECT_TRUE(cluster_.WaitForAgreement());
}

}  // namespace
}  // namespace raftly::test
