// Appends on a stream: in order, each with its own answer; what a broken stream loses, and who is served without one.
#include "transport/grpc_peer_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/transport/inbox.h"
#include "tests/transport/requests.h"
#include "transport/append_encoder.h"
#include "transport/grpc_transport.h"
#include "transport/peer_probe.h"
#include "transport/wire.h"

namespace raftly {
namespace {

namespace pb = ::raft;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Duration kLong = 60s;

std::string Local(int port) { return absl::StrCat("127.0.0.1:", port); }

AppendRequest AppendOf(uint64_t term, std::vector<std::string> commands) {
  AppendRequest request{.term = {term}, .leader = "a", .prev = {{1}, {4}}, .commit = {4}, .leader_last = {9}};
  for (std::string& command : commands) {
    request.entries.push_back(
        {.index = {5 + request.entries.size()}, .term = {term}, .data = Bytes(std::move(command))});
  }
  return request;
}

AppendReply ReplyOf(uint64_t term) { return {.term = {term}, .success = true}; }

// ---- Bytes ---------------------------------------------------------------------------------------------------------

pb::ReplicateRequest Parsed(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  pb::ReplicateRequest message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

TEST(AppendEncoder, WritesWhatProtobufReads) {
  AppendRequest request = AppendOf(3, {"x", "", std::string(5000, 'l'), "y", std::string(200, 'm')});
  request.entries[1].type = EntryType::kConfig;
  request.entries[3].type = static_cast<EntryType>(-7);  // unknown here, and negative on the wire
  request.stamp = {.cluster_id = "c", .to = "b", .incarnation = "i"};
  EntryEncoder encoder;
  for (const uint64_t number : {uint64_t{1}, uint64_t{300}, ~uint64_t{0}}) {
    pb::ReplicateRequest message = Parsed(EncodeReplicate(number, request, encoder.Encode(request.entries)));
    EXPECT_EQ(message.number(), number);
    const auto decoded = Decode(std::move(*message.mutable_append()));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, request);
  }
}

TEST(AppendEncoder, WithoutEntriesItIsAHeartbeat) {
  const AppendRequest request = AppendOf(3, {});
  EntryEncoder encoder;
  pb::ReplicateRequest message = Parsed(EncodeReplicate(7, request, encoder.Encode(request.entries)));
  const auto decoded = Decode(std::move(*message.mutable_append()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, request);
}

TEST(AppendEncoder, TheNextPeerGetsTheSameBytesAndOtherEntriesOthers) {
  EntryEncoder encoder;
  const AppendRequest request = AppendOf(3, {"one", "two"});
  const EncodedEntries first = encoder.Encode(request.entries), second = encoder.Encode(request.entries);
  ASSERT_EQ(first.slices.size(), 1u);
  EXPECT_EQ(first.slices[0].begin(), second.slices[0].begin()) << "encoded once";
  const AppendRequest longer = AppendOf(3, {"one", "two", "three"}), later = AppendOf(4, {"one", "six"});
  for (const AppendRequest& other : {longer, later, request}) {
    pb::ReplicateRequest message = Parsed(EncodeReplicate(1, other, encoder.Encode(other.entries)));
    EXPECT_EQ(Decode(std::move(*message.mutable_append()))->entries, other.entries);
  }
}

// ---- Between two transports ----------------------------------------------------------------------------------------

struct Arrived {
  Request request;
  ReplyFn reply;
};

class PeerStreamTest : public testing::Test {
 protected:
  PeerStreamTest() {
    StartB("127.0.0.1:0");
    address_ = Local(b_->bound_port());
    a_.emplace(GrpcTransportConfig{.listen_address = "127.0.0.1:0", .peers = {{"b", address_}}});
    EXPECT_TRUE(a_->Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
  }
  void StartB(const std::string& address) {
    b_.emplace(GrpcTransportConfig{.listen_address = address, .peers = {}});
    ASSERT_TRUE(b_->Start([this](Request request, ReplyFn reply) {
                    arrived_.Put({std::move(request), std::move(reply)});
                  }).ok());
  }
  void Send(const AppendRequest& request, Duration timeout = kLong) {
    a_->Call("b", request, timeout, [this, term = request.term](absl::StatusOr<Reply> reply) {
      answers_.Put({term.value, std::move(reply)});
    });
  }
  std::pair<uint64_t, absl::StatusCode> NextCode() {
    const auto answer = answers_.Take();
    if (!answer) return {0, absl::StatusCode::kUnknown};
    return {answer->first, answer->second.status().code()};
  }

  Inbox<Arrived> arrived_;
  Inbox<std::pair<uint64_t, absl::StatusOr<Reply>>> answers_;
  std::optional<GrpcTransport> b_, a_;
  std::string address_;
};

TEST_F(PeerStreamTest, ManyUnderWayArriveInOrderAndEachGetsItsOwnAnswer) {
  constexpr uint64_t kMany = 1000;
  for (uint64_t term = 1; term <= kMany; ++term) Send(AppendOf(term, {absl::StrCat("command ", term)}));
  std::vector<Arrived> held;
  for (uint64_t term = 1; term <= kMany; ++term) {
    auto one = arrived_.Take();
    ASSERT_TRUE(one);
    ASSERT_EQ(one->request, Request(AppendOf(term, {absl::StrCat("command ", term)})));
    held.push_back(*std::move(one));
    if (held.size() < 100) continue;
    // The latest first: answers need not be in order.
    while (!held.empty()) {
      held.back().reply(ReplyOf(std::get<AppendRequest>(held.back().request).term.value));
      held.pop_back();
    }
  }
  for (uint64_t i = 1; i <= kMany; ++i) {
    const auto answer = answers_.Take();
    ASSERT_TRUE(answer && answer->second.ok());
    EXPECT_EQ(*answer->second, Reply(ReplyOf(answer->first)));
  }
}

TEST_F(PeerStreamTest, AnErrorIsTheAnswerToOneAndTheStreamGoesOn) {
  Send(AppendOf(1, {"x"}));
  Send(AppendOf(2, {"y"}));
  auto first = arrived_.Take(), second = arrived_.Take();
  first->reply(absl::FailedPreconditionError("of another cluster"));
  const auto refused = answers_.Take();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused->second.status()));
  EXPECT_THAT(std::string(refused->second.status().message()), HasSubstr("b (127.0.0.1"));
  EXPECT_THAT(std::string(refused->second.status().message()), HasSubstr("of another cluster"));
  second->reply(ReplyOf(2));
  EXPECT_EQ(NextCode(), std::make_pair(uint64_t{2}, kOk));
}

TEST_F(PeerStreamTest, OneWithoutAnAnswerIsADeadlineAndTheOthersAreNot) {
  Send(AppendOf(1, {"x"}), 50ms);
  Send(AppendOf(2, {"y"}));
  auto first = arrived_.Take(), second = arrived_.Take();
  EXPECT_EQ(NextCode(), std::make_pair(uint64_t{1}, kLate));
  first->reply(ReplyOf(1));  // too late
  second->reply(ReplyOf(2));
  EXPECT_EQ(NextCode(), std::make_pair(uint64_t{2}, kOk));
}

TEST_F(PeerStreamTest, ABrokenOneLosesWhatWasOnItAndNothingElse) {
  Send(AppendOf(1, {"x"}));
  Send(AppendOf(2, {"y"}));
  std::vector<Arrived> lost;
  for (int i = 0; i < 2; ++i) lost.push_back(*arrived_.Take());
  b_.reset();
  std::vector<std::pair<uint64_t, absl::StatusCode>> codes{NextCode(), NextCode()};
  EXPECT_THAT(codes,
              testing::UnorderedElementsAre(std::make_pair(uint64_t{1}, kGone), std::make_pair(uint64_t{2}, kGone)));
  Send(AppendOf(3, {"z"}));
  EXPECT_EQ(NextCode(), std::make_pair(uint64_t{3}, kGone)) << "at once: nobody is there";

  StartB(address_);
  for (uint64_t term = 4;; ++term) {  // until the connection is made anew
    Send(AppendOf(term, {"w"}));
    if (auto one = arrived_.Take(20ms)) {
      one->reply(ReplyOf(term));
      while (true) {
        const auto [answered, code] = NextCode();
        ASSERT_NE(code, absl::StatusCode::kUnknown);
        if (answered == std::get<AppendRequest>(one->request).term.value) {
          EXPECT_EQ(code, kOk);
          return;
        }
      }
    }
  }
}

TEST_F(PeerStreamTest, StopCancelsWhatIsOpen) {
  Send(AppendOf(1, {"x"}));
  auto one = arrived_.Take();
  a_->Stop();
  EXPECT_EQ(NextCode(), std::make_pair(uint64_t{1}, kStopped));
  one->reply(ReplyOf(1));  // harmless
}

TEST_F(PeerStreamTest, MoreThanMayWaitForAnswersWaitsWithTheSender) {
  constexpr uint64_t kMany = 600;
  for (uint64_t term = 1; term <= kMany; ++term) Send(AppendOf(term, {"x"}));
  std::vector<Arrived> held;
  for (uint64_t term = 1; term <= 256; ++term) held.push_back(*arrived_.Take());
  EXPECT_FALSE(arrived_.Take(50ms)) << "the stream is not read on";
  for (Arrived& one : held) one.reply(ReplyOf(std::get<AppendRequest>(one.request).term.value));
  for (uint64_t term = 257; term <= kMany; ++term) {
    auto one = arrived_.Take();
    ASSERT_TRUE(one);
    EXPECT_EQ(std::get<AppendRequest>(one->request).term, Term{term});
    one->reply(ReplyOf(term));
  }
  for (uint64_t i = 1; i <= kMany; ++i) EXPECT_EQ(NextCode().second, kOk);
}

// As a rule that loses replies does it: more of them than may wait for an answer at a time.
TEST_F(PeerStreamTest, RepliesThatAreDroppedDoNotStopTheStream) {
  constexpr uint64_t kDropped = 600;
  for (uint64_t term = 1; term <= kDropped; ++term) {
    Send(AppendOf(term, {"x"}));
    ASSERT_TRUE(arrived_.Take()) << term;  // and dropped
  }
  Send(AppendOf(kDropped + 1, {"y"}));
  auto last = arrived_.Take();
  ASSERT_TRUE(last);
  last->reply(ReplyOf(kDropped + 1));
  EXPECT_EQ(NextCode(), std::make_pair(kDropped + 1, kOk));
}

// ---- Evidence that a process is dead -------------------------------------------------------------------------------

// A leader, and a follower that knows where it is.
struct LeaderAndFollower {
  LeaderAndFollower() {
    follower.emplace(GrpcTransportConfig{.listen_address = "127.0.0.1:0", .peers = {{"a", Local(PortOf(*leader))}}});
    follower->OnPeerGone([this](const NodeId& peer) { gone.Put(peer); });
    EXPECT_TRUE(follower->Start([](const Request&, ReplyFn reply) { reply(ReplyOf(1)); }).ok());
  }
  int PortOf(GrpcTransport& transport) {
    EXPECT_TRUE(transport.Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
    return transport.bound_port();
  }

  Inbox<NodeId> gone;
  std::optional<GrpcTransport> leader{GrpcTransportConfig{.listen_address = "127.0.0.1:0", .peers = {}}};
  std::optional<GrpcTransport> follower;
};

// A stream of the leader's to the follower, made by hand: as if the leader's process held it.
struct Stream {
  explicit Stream(GrpcTransport& follower)
      : stub(pb::RaftService::NewStub(
            grpc::CreateChannel(Local(follower.bound_port()), grpc::InsecureChannelCredentials()))),
        stream(stub->Replicate(&context)) {
    pb::ReplicateRequest request;
    request.mutable_append()->set_leader_id("a");
    pb::ReplicateResponse response;
    EXPECT_TRUE(stream->Write(request) && stream->Read(&response));
  }
  void Break() {
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }

  std::unique_ptr<pb::RaftService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<pb::ReplicateRequest, pb::ReplicateResponse>> stream;
};

TEST(PeerGone, IsSaidWhereAStreamBreaksAndItsLeaderRefusesConnections) {
  LeaderAndFollower two;
  Stream stream(*two.follower);
  two.leader.reset();
  EXPECT_FALSE(two.gone.Take(50ms)) << "the stream is still there";
  stream.Break();
  EXPECT_EQ(two.gone.Take(), NodeId("a"));
}

TEST(PeerGone, IsNotSaidOfALeaderThatCanBeReached) {
  LeaderAndFollower two;
  Stream first(*two.follower);
  first.Break();
  EXPECT_FALSE(two.gone.Take(100ms));
  Stream second(*two.follower);
  two.leader.reset();
  second.Break();
  EXPECT_EQ(two.gone.Take(), NodeId("a")) << "that is how one would know";
}

TEST(PeerProbe, ToldApartAreWhoListensWhoDoesNotAndWhatIsNoAddress) {
  std::string target;
  {
    GrpcTransport listens({.listen_address = "127.0.0.1:0", .peers = {}});
    ASSERT_TRUE(listens.Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
    target = absl::StrCat("ipv4:", Local(listens.bound_port()));
    EXPECT_FALSE(RefusesConnections(target));
  }
  EXPECT_TRUE(RefusesConnections(target));
  for (const char* const none : {"", "ipv4:", "ipv4:nonsense", "ipv4:127.0.0.1:", "ipv4:host:1", "127.0.0.1"}) {
    EXPECT_FALSE(RefusesConnections(none)) << none;
  }
}

// ---- Peers of other make -------------------------------------------------------------------------------------------

// As an old build of ours, or a Go node: it knows AppendEntries and no streams.
struct WithoutStreams : pb::RaftService::Service {
  grpc::Status AppendEntries(grpc::ServerContext*, const pb::AppendEntriesRequest* request,
                             pb::AppendEntriesResponse* response) override {
    response->set_term(request->term());
    response->set_success(true);
    terms.Put(request->term());
    return grpc::Status::OK;
  }
  Inbox<uint64_t> terms;
};

TEST(WithoutStreams, IsServedUnaryAndNothingIsLost) {
  WithoutStreams service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  GrpcTransport transport({.listen_address = "127.0.0.1:0", .peers = {{"old", Local(port)}}});
  ASSERT_TRUE(transport.Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
  Inbox<absl::StatusOr<Reply>> answers;
  std::vector<uint64_t> seen;
  for (uint64_t term = 1; term <= 3; ++term) {
    transport.Call("old", AppendOf(term, {"x"}), kLong,
                   [&](absl::StatusOr<Reply> reply) { answers.Put(std::move(reply)); });
    const auto answer = answers.Take();
    ASSERT_TRUE(answer && answer->ok()) << answer->status();
    EXPECT_EQ(**answer, Reply(ReplyOf(term)));
    seen.push_back(*service.terms.Take());
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(PlainStream, AMalformedAppendIsRefusedByNumberAndNotHandled) {
  Inbox<Request> handled;
  GrpcTransport transport({.listen_address = "127.0.0.1:0", .peers = {}});
  ASSERT_TRUE(transport
                  .Start([&](Request request, ReplyFn reply) {
                    handled.Put(std::move(request));
                    reply(ReplyOf(4));
                  })
                  .ok());
  const auto stub =
      pb::RaftService::NewStub(grpc::CreateChannel(Local(transport.bound_port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  const auto stream = stub->Replicate(&context);
  pb::ReplicateRequest malformed, proper;
  malformed.set_number(7);
  malformed.mutable_append()->add_entries()->set_index(2);
  proper.set_number(8);
  proper.mutable_append();
  ASSERT_TRUE(stream->Write(malformed) && stream->Write(proper) && stream->WritesDone());
  std::map<uint64_t, pb::ReplicateResponse> responses;
  pb::ReplicateResponse response;
  while (stream->Read(&response)) responses[response.number()] = response;
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[7].code(), static_cast<uint32_t>(grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_THAT(responses[7].error(), HasSubstr("entries[0].index"));
  EXPECT_EQ(responses[8].code(), 0u);
  EXPECT_TRUE(responses[8].append().success());
  EXPECT_EQ(handled.size(), 1u);
}

// ---- What a follower asks ------------------------------------------------------------------------------------------

TEST_F(PeerStreamTest, WhatAFollowerAsksSharesTheStream) {
  Inbox<absl::StatusOr<Reply>> answers;
  const auto ask = [&](const Request& request) {
    a_->Call("b", request, kLong, [&](absl::StatusOr<Reply> reply) { answers.Put(std::move(reply)); });
  };
  const ForwardRequest forward{.from = "a", .commands = {{.data = "x"}, {.data = "y"}}, .patience = 5s};
  const ReadIndexRequest read{.from = "a", .term = {4}};
  ask(forward);
  ask(read);
  auto first = arrived_.Take(), second = arrived_.Take();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(std::get<ForwardRequest>(first->request), forward);
  EXPECT_EQ(std::get<ReadIndexRequest>(second->request), read);
  const ReadIndexReply readable{.term = {4}, .commit = Index{9}};
  const ForwardReply forwarded{.term = {4}, .results = {{.at = {{4}, {10}}}, {.at = {{4}, {11}}, .text = "r"}}};
  second->reply(Reply(readable));
  first->reply(Reply(forwarded));
  EXPECT_EQ(std::get<ReadIndexReply>(**answers.Take()), readable);
  EXPECT_EQ(std::get<ForwardReply>(**answers.Take()), forwarded);
}

TEST_F(PeerStreamTest, ACommandThatNeverLeftIsSaidToHaveStayed) {
  b_->Stop();
  Inbox<absl::StatusOr<Reply>> answers;
  const auto forward = [&] {
    a_->Call("b", ForwardRequest{.from = "a", .commands = {{.data = "x"}}, .patience = 5s}, kLong,
             [&](absl::StatusOr<Reply> reply) { answers.Put(std::move(reply)); });
  };
  forward();
  const auto refused = answers.Take();
  ASSERT_TRUE(refused);
  EXPECT_TRUE(absl::IsAborted(refused->status())) << refused->status();
}

TEST_F(PeerStreamTest, ACommandThatLeftWithoutAnAnswerIsOfUnknownFate) {
  Inbox<absl::StatusOr<Reply>> answers;
  a_->Call("b", ForwardRequest{.from = "a", .commands = {{.data = "x"}}, .patience = 5s}, kLong,
           [&](absl::StatusOr<Reply> reply) { answers.Put(std::move(reply)); });
  auto arrived = arrived_.Take();
  ASSERT_TRUE(arrived);
  b_->Stop();
  const auto lost = answers.Take();
  ASSERT_TRUE(lost);
  EXPECT_FALSE(lost->ok());
  EXPECT_FALSE(absl::IsAborted(lost->status())) << lost->status();
}

}  // namespace
}  // namespace raftly
