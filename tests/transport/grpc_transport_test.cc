#include "transport/grpc_transport.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/raft.grpc.pb.h"
#include "tests/transport/inbox.h"
#include "tests/transport/requests.h"
#include "transport/wire.h"

namespace raftly {
namespace {

namespace pb = ::raft;
using testing::HasSubstr;

// Long enough that only a hang meets it.
constexpr Duration kLong = 60s;

std::string Local(int port) { return absl::StrCat("127.0.0.1:", port); }

// A transport whose requests wait for the test.
struct Node {
  struct Request {
    raftly::Request request;
    ReplyFn reply;
  };

  explicit Node(std::map<NodeId, std::string> peers = {}, const std::string& listen = "127.0.0.1:0")
      : transport({.listen_address = listen, .peers = std::move(peers)}) {}

  absl::Status Start() {
    return transport.Start([this](raftly::Request request, ReplyFn reply) {
      requests.Put({std::move(request), std::move(reply)});
    });
  }
  std::string address() const { return Local(transport.bound_port()); }
  absl::StatusCode CodeOf(const NodeId& to, raftly::Request request, Duration timeout = kLong) {
    Inbox<absl::StatusOr<Reply>> answer;
    transport.Call(to, std::move(request), timeout, [&](absl::StatusOr<Reply> reply) { answer.Put(std::move(reply)); });
    const auto taken = answer.Take();
    return taken ? taken->status().code() : absl::StatusCode::kUnknown;
  }

  Inbox<Request> requests;
  GrpcTransport transport;
};

// Node b, and node a which knows it.
struct GrpcTransportTest : testing::Test {
  void SetUp() override {
    b.emplace();
    ASSERT_TRUE(b->Start().ok());
    a.emplace(std::map<NodeId, std::string>{{"b", b->address()}});
    ASSERT_TRUE(a->Start().ok());
  }
  void CallB(Request request, Duration timeout = kLong) {
    a->transport.Call("b", std::move(request), timeout,
                      [this](absl::StatusOr<Reply> answer) { answers.Put(std::move(answer)); });
  }
  // What b sees is the request, and what a gets back is the reply.
  void ExpectRoundTrip(const Request& request, const Reply& reply) {
    CallB(request);
    auto arrived = b->requests.Take();
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->request, request);
    arrived->reply(reply);
    const auto answer = answers.Take();
    ASSERT_TRUE(answer && answer->ok()) << (answer ? answer->status() : absl::UnknownError("no answer"));
    EXPECT_EQ(**answer, reply);
  }
  absl::StatusCode NextCode() {
    const auto answer = answers.Take();
    return answer ? answer->status().code() : absl::StatusCode::kUnknown;
  }

  Inbox<absl::StatusOr<Reply>> answers;  // outlives the nodes
  std::optional<Node> b, a;
};

// Members come, move and go while a node runs: calls go where they are now, and to nobody else.
TEST_F(GrpcTransportTest, PeersMayChangeWhileItRuns) {
  const auto arrives_at = [&](Node& node) {
    CallB(AppendRequest{.term = {1}, .leader = "a"});
    auto arrived = node.requests.Take();
    ASSERT_TRUE(arrived);
    arrived->reply(Appended(true));
    EXPECT_EQ(NextCode(), absl::StatusCode::kOk);
  };
  arrives_at(*b);
  Node elsewhere;
  ASSERT_TRUE(elsewhere.Start().ok());
  a->transport.SetPeers({{"b", elsewhere.address()}, {"c", b->address()}});
  arrives_at(elsewhere);
  a->transport.SetPeers({{"b", ""}});
  arrives_at(elsewhere);
  EXPECT_EQ(a->CodeOf("c", VoteRequest{}), absl::StatusCode::kNotFound);
  // What is on its way to one that is no peer any more ends soon, not at its deadline.
  CallB(AppendRequest{.term = {1}, .leader = "a"});
  auto arrived = elsewhere.requests.Take();
  ASSERT_TRUE(arrived);
  a->transport.SetPeers({});
  EXPECT_EQ(NextCode(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(a->CodeOf("b", VoteRequest{}), absl::StatusCode::kNotFound);
  arrived->reply(Appended(true));
}

TEST_F(GrpcTransportTest, EveryRpcMakesTheRoundTrip) {
  VoteRequest vote{.term = {3}, .candidate = "a", .last_log = {.term = {2}, .index = {300}}, .pre_vote = false};
  ExpectRoundTrip(vote, VoteReply{.term = {3}, .granted = true});
  vote.pre_vote = true;
  ExpectRoundTrip(vote, VoteReply{.term = {2}, .granted = false});
  AppendRequest append;
  append.term = {3};
  append.leader = "a";
  append.prev = {.term = {2}, .index = {4}};
  append.entries = {{.index = {5}, .term = {3}, .type = EntryType::kConfig, .data = Bytes(std::string("\0\xff", 2))}};
  append.commit = {4};
  append.leader_last = {5};
  AppendReply rejected;
  rejected.term = {3};
  rejected.conflict_term = {1};
  rejected.conflict_index = {2};
  ExpectRoundTrip(append, rejected);
  ExpectRoundTrip(append, Appended(true));
  const SnapshotRequest piece{.term = {3},
                              .leader = "a",
                              .last_included = {.term = {2}, .index = {9}},
                              .offset = 5,
                              .size = 100,
                              .data = Bytes(std::string("\0\xff", 2))};
  ExpectRoundTrip(piece, SnapshotReply{.term = {3}, .offset = 7, .installed = false});
  ExpectRoundTrip(piece, SnapshotReply{.term = {3}, .offset = 100, .installed = true});
}

TEST_F(GrpcTransportTest, CarriesMoreThanTheDefaultLimitOf4MiB) {
  AppendRequest append;
  for (uint64_t index = 1; index <= 5; ++index) {
    append.entries.push_back(
        {.index = {index}, .term = {1}, .type = EntryType::kNormal, .data = Bytes(std::string(3 << 20, 'x'))});
  }
  ExpectRoundTrip(append, Appended(true));
  append.entries.resize(1);  // 3 MiB
  ExpectRoundTrip(append, Appended(true));
}

TEST_F(GrpcTransportTest, AHandlersErrorReachesTheCaller) {
  CallB(Vote("a"));
  b->requests.Take()->reply(absl::ResourceExhaustedError("too busy"));
  const auto answer = answers.Take();
  EXPECT_EQ(answer->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(answer->status().message()), HasSubstr("too busy"));
  EXPECT_THAT(std::string(answer->status().message()), HasSubstr(b->address()));
}

TEST_F(GrpcTransportTest, ANodeThatIsNoPeerIsNotFound) {
  EXPECT_EQ(a->CodeOf("stranger", Vote("a")), absl::StatusCode::kNotFound);
}

TEST_F(GrpcTransportTest, APeerThatIsDownFailsFastAndIsFoundAgain) {
  const std::string address = b->address();
  b.reset();
  EXPECT_EQ(a->CodeOf("b", Vote("a")), kGone);
  EXPECT_EQ(a->CodeOf("b", Vote("a")), kGone);

  b.emplace(std::map<NodeId, std::string>{}, address);
  ASSERT_TRUE(b->Start().ok());
  std::thread server([&] {
    if (auto arrived = b->requests.Take()) arrived->reply(Granted());
  });
  absl::StatusCode code = kGone;
  while (code == kGone) code = a->CodeOf("b", Vote("a"));
  EXPECT_EQ(code, kOk);
  server.join();
}

// A pod that was moved: the same name and port, another address. The resolver cannot be asked for a while, too.
TEST(GrpcTransportNames, APeerThatComesBackUnderAnotherAddressIsFoundAgain) {
  std::atomic<const char*> where{"127.0.0.1"};
  std::atomic<bool> resolves{true};
  GrpcTransportConfig config{.listen_address = "127.0.0.1:0", .peers = {}};
  std::optional<Node> b;
  b.emplace();
  ASSERT_TRUE(b->Start().ok());
  const int port = b->transport.bound_port();
  config.peers = {{"b", absl::StrCat("host-b:", port)}};
  config.lookup = [&](const std::string&) -> absl::StatusOr<std::vector<std::string>> {
    if (!resolves) return absl::UnavailableError("no resolver");
    return std::vector<std::string>{where.load()};
  };
  GrpcTransport a(std::move(config));
  ASSERT_TRUE(a.Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
  const auto found = [&] {
    Inbox<absl::StatusCode> code;
    a.Call("b", Vote("a"), kLong, [&](const absl::StatusOr<Reply>& reply) { code.Put(reply.status().code()); });
    while (true) {
      if (const auto failed = code.Take(1ms)) return *failed == absl::StatusCode::kOk;
      if (b && b->requests.size() > 0) b->requests.Take()->reply(VoteReply{});
    }
  };
  while (!found()) continue;
  b.reset();
  resolves = false;
  EXPECT_FALSE(found());
  b.emplace(std::map<NodeId, std::string>{}, absl::StrCat("127.0.0.2:", port));
  ASSERT_TRUE(b->Start().ok());
  EXPECT_FALSE(found()) << "nobody knows yet where it is";
  where = "127.0.0.2";
  resolves = true;
  while (!found()) continue;
}

TEST_F(GrpcTransportTest, APortInUseIsAnErrorThatNamesIt) {
  Node second({}, b->address());
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), kGone);
  EXPECT_THAT(std::string(status.message()), HasSubstr(b->address()));
  ExpectRoundTrip(Vote("a"), Granted());  // the first is not disturbed
}

TEST(GrpcTransportAddress, WithoutAPortIsInvalid) {
  for (const char* address : {"", "localhost", "localhost:"}) {
    Node node({}, address);
    EXPECT_EQ(node.Start().code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

TEST(GrpcTransportAddress, AnEmptyHostListensEverywhereAndMeansLocalhostOfAPeer) {
  Node all({}, ":0");
  ASSERT_TRUE(all.Start().ok());
  Node caller({{"all", absl::StrCat(":", all.transport.bound_port())}});
  ASSERT_TRUE(caller.Start().ok());
  std::thread server([&] {
    if (auto arrived = all.requests.Take()) arrived->reply(Granted());
  });
  EXPECT_EQ(caller.CodeOf("all", Vote("a")), kOk);
  server.join();
}

TEST_F(GrpcTransportTest, SilenceIsADeadline) {
  CallB(Vote("a"), 50ms);
  EXPECT_EQ(NextCode(), kLate);
  auto arrived = b->requests.Take();  // held all the time
  arrived->reply(Granted());          // too late: no effect
  ExpectRoundTrip(Vote("a", 2), Granted(2));
}

TEST_F(GrpcTransportTest, AReplyThatIsDroppedIsADeadline) {
  CallB(Vote("a"), 200ms);
  b->requests.Take();  // destroys the ReplyFn
  EXPECT_EQ(NextCode(), kLate);
}

// The port accepts connections (the kernel does) but nobody ever speaks: a stopped process, a black hole.
TEST(GrpcTransportSilence, APeerThatNeverSpeaksIsADeadline) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  Node node({{"mute", Local(ntohs(address.sin_port))}});
  ASSERT_TRUE(node.Start().ok());
  EXPECT_EQ(node.CodeOf("mute", Vote("a"), 100ms), kLate);
  close(listener);
}

TEST_F(GrpcTransportTest, StopCancelsOpenCallsAndAnswersEachOnce) {
  for (int i = 0; i < 10; ++i) CallB(Vote("a"));
  ASSERT_TRUE(b->requests.Take());
  a->transport.Stop();
  ASSERT_EQ(answers.size(), 10u);  // all before Stop returned
  for (int i = 0; i < 10; ++i) EXPECT_EQ(NextCode(), kStopped);
  CallB(Vote("a"));
  EXPECT_EQ(NextCode(), kStopped);
  a->transport.Stop();
  a.reset();
  EXPECT_EQ(answers.size(), 0u);
}

TEST_F(GrpcTransportTest, AReplyAfterStopIsHarmless) {
  for (int i = 0; i < 3; ++i) CallB(Vote("a"));
  auto first = b->requests.Take(), second = b->requests.Take(), third = b->requests.Take();
  b->transport.Stop();
  for (int i = 0; i < 3; ++i) EXPECT_NE(NextCode(), kOk);  // the callers do not wait for ever
  first->reply(Granted());
  b.reset();
  second->reply(Granted());
  third.reset();
}

TEST_F(GrpcTransportTest, RepliesRaceWithStop) {
  for (int i = 0; i < 200; ++i) CallB(Vote("a"));
  std::atomic<int> replied{0};
  std::thread replies([&] {
    while (auto arrived = b->requests.Take()) {
      if (std::get<VoteRequest>(arrived->request).term == Term{99}) return;
      arrived->reply(Granted());
      ++replied;
    }
  });
  ASSERT_TRUE(answers.Take());
  b->transport.Stop();
  for (int i = 1; i < 200; ++i) ASSERT_TRUE(answers.Take());
  b->requests.Put({Vote("end", 99), {}});
  replies.join();
  EXPECT_GT(replied, 0);
}

TEST_F(GrpcTransportTest, ManyCallsFromManyThreadsEachGetTheirOwnAnswer) {
  constexpr uint64_t kCallers = 4, kCalls = 200;
  std::atomic<uint64_t> right{0};
  Inbox<absl::StatusCode> done;
  std::thread server([&] {
    for (uint64_t i = 0; i < kCallers * kCalls; ++i) {
      auto arrived = b->requests.Take();
      if (!arrived) return;
      arrived->reply(Granted(std::get<VoteRequest>(arrived->request).term.value));
    }
  });
  std::vector<std::thread> callers;
  for (uint64_t caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (uint64_t i = 0; i < kCalls; ++i) {
        const uint64_t term = caller * kCalls + i + 1;
        a->transport.Call("b", Vote("a", term), kLong, [&, term](absl::StatusOr<Reply> answer) {
          if (answer.ok() && *answer == Granted(term)) ++right;
          done.Put(answer.status().code());
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (uint64_t i = 0; i < kCallers * kCalls; ++i) ASSERT_TRUE(done.Take());
  server.join();
  EXPECT_EQ(right, kCallers * kCalls);
}

// ---- Peers of other make: generated code only, on their side -----------------------------------------------------

struct PlainStubTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(transport
                    .Start([this](Request request, ReplyFn reply) {
                      seen.Put(request);
                      if (std::holds_alternative<VoteRequest>(request))
                        return reply(VoteReply{.term = {4}, .granted = true});
                      if (const auto* piece = std::get_if<SnapshotRequest>(&request)) {
                        const uint64_t here = piece->offset + piece->data.size();
                        return reply(SnapshotReply{{4}, here, here == piece->size});
                      }
                      AppendReply appended;
                      appended.term = {4};
                      appended.conflict_index = {8};
                      reply(appended);
                    })
                    .ok());
    stub = pb::RaftService::NewStub(
        grpc::CreateChannel(Local(transport.bound_port()), grpc::InsecureChannelCredentials()));
    context.set_wait_for_ready(true);
  }

  Inbox<Request> seen;
  GrpcTransport transport{{.listen_address = "127.0.0.1:0", .peers = {}}};
  std::unique_ptr<pb::RaftService::Stub> stub;
  grpc::ClientContext context;
};

TEST_F(PlainStubTest, RequestVote) {
  pb::VoteRequest request;
  request.set_term(4);
  request.set_candidate_id("go");
  request.set_last_log_index(9);
  pb::VoteResponse response;
  ASSERT_TRUE(stub->RequestVote(&context, request, &response).ok());
  EXPECT_EQ(response.term(), 4u);
  EXPECT_TRUE(response.vote_granted());
  EXPECT_EQ(*seen.Take(), Request(VoteRequest{.term = {4}, .candidate = "go", .last_log = {.term = {}, .index = {9}}}));
}

// Protobuf would write a line for each, and whoever sends them could fill a disk.
TEST_F(PlainStubTest, AnIdThatIsNoTextIsRefusedInSilence) {
  pb::VoteRequest request;
  request.set_candidate_id("\xFF");
  pb::VoteResponse response;
  testing::internal::CaptureStderr();
  const grpc::Status status = stub->RequestVote(&context, request, &response);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(PlainStubTest, ThePreVoteMethodNeverAsksForARealVote) {
  pb::VoteResponse response;
  ASSERT_TRUE(stub->PreVote(&context, pb::VoteRequest(), &response).ok());
  EXPECT_TRUE(std::get<VoteRequest>(*seen.Take()).pre_vote);
}

TEST_F(PlainStubTest, AppendEntries) {
  pb::AppendEntriesResponse response;
  ASSERT_TRUE(stub->AppendEntries(&context, pb::AppendEntriesRequest(), &response).ok());
  EXPECT_FALSE(response.success());
  EXPECT_EQ(response.conflict_index(), 8u);
  EXPECT_EQ(*seen.Take(), Request(AppendRequest{}));
}

SnapshotRequest PieceFrom(uint64_t offset, const std::string& data) {
  return {.term = {3}, .leader = "a", .last_included = {{2}, {7}}, .offset = offset, .size = 9, .data = Bytes(data)};
}

// As another implementation may send it: all pieces on one stream.
TEST_F(PlainStubTest, InstallSnapshotAsAStreamOfPieces) {
  pb::SnapshotResponse response;
  auto writer = stub->InstallSnapshot(&context, &response);
  writer->Write(Encode(PieceFrom(0, "hello")));
  writer->Write(Encode(PieceFrom(5, "rest")));
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(seen.Take(), Request(PieceFrom(0, "hello")));
  EXPECT_EQ(seen.Take(), Request(PieceFrom(5, "rest")));
  EXPECT_EQ(response.offset(), 9u);
  EXPECT_TRUE(response.installed());
}

TEST_F(PlainStubTest, AStreamThatEndsEarlyIsToldWhereToGoOn) {
  pb::SnapshotResponse response;
  auto writer = stub->InstallSnapshot(&context, &response);
  writer->Write(Encode(PieceFrom(0, "hello")));
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(response.offset(), 5u);
  EXPECT_FALSE(response.installed());
}

TEST_F(PlainStubTest, ASnapshotWithoutAPieceOrWithADamagedOneIsRefused) {
  for (const bool empty : {true, false}) {
    grpc::ClientContext own;
    pb::SnapshotResponse response;
    auto writer = stub->InstallSnapshot(&own, &response);
    pb::SnapshotChunk damaged;
    damaged.set_data("hello");
    damaged.set_crc(1);
    if (!empty) writer->Write(damaged);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(PlainStubTest, AMalformedRequestIsRefusedAndNotHandled) {
  pb::AppendEntriesRequest request;
  request.add_entries()->set_index(2);
  pb::AppendEntriesResponse response;
  const grpc::Status status = stub->AppendEntries(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("entries[0].index"));
  EXPECT_EQ(seen.size(), 0u);
}

// A server that knows the old RPCs only.
struct OldPeer : pb::RaftService::Service {
  grpc::Status RequestVote(grpc::ServerContext*, const pb::VoteRequest* request, pb::VoteResponse* response) override {
    response->set_term(request->term());
    return grpc::Status::OK;
  }
};

TEST(PlainServer, IsCalledByTheRightMethodAndWhatItLacksIsUnimplemented) {
  OldPeer service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  Node node({{"old", Local(port)}});
  ASSERT_TRUE(node.Start().ok());
  EXPECT_EQ(node.CodeOf("old", Vote("a")), kOk);
  VoteRequest pre_vote;
  pre_vote.pre_vote = true;
  EXPECT_EQ(node.CodeOf("old", pre_vote), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(node.CodeOf("old", Append("a")), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace raftly
