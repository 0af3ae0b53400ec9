// Mutual TLS between nodes (SPEC section 11.1): who is spoken to, and who is listened to.
#include <gmock/gmock.h>

#include <chrono>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tests/support/certificates.h"
#include "tests/transport/inbox.h"
#include "transport/grpc_credentials.h"
#include "transport/grpc_transport.h"

namespace raftly {
namespace {

using test::Authority;
using test::Signed;
using testing::HasSubstr;

constexpr Duration kLong = std::chrono::seconds(60);

std::shared_ptr<PeerCredentials> Credentials(const Authority& trusted, const Signed& own) {
  return *PeerCredentials::Make({own.certificate, own.key, trusted.certificate()});
}

// Answers every vote with yes, and remembers whom it refused.
struct Voter {
  explicit Voter(std::shared_ptr<PeerCredentials> credentials, std::map<NodeId, std::string> peers = {})
      : transport({.listen_address = "127.0.0.1:0",
                   .peers = std::move(peers),
                   .credentials = std::move(credentials),
                   .on_stranger = [this](const NodeId& claimed, const std::string& why) {
                     refused.Put({claimed, why});
                   }}) {
    EXPECT_TRUE(transport
                    .Start([](Request request, ReplyFn reply) {
                      const auto* vote = std::get_if<VoteRequest>(&request);
                      reply(vote != nullptr ? absl::StatusOr<Reply>(VoteReply{.term = {1}, .granted = true})
                                            : absl::StatusOr<Reply>(AppendReply{}));
                    })
                    .ok());
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", transport.bound_port()); }
  absl::Status Ask(const NodeId& to, Request request) {
    Inbox<absl::Status> answer;
    transport.Call(to, std::move(request), kLong, [&](absl::StatusOr<Reply> reply) { answer.Put(reply.status()); });
    return answer.Take().value_or(absl::UnknownError("no answer"));
  }

  Inbox<std::pair<NodeId, std::string>> refused;
  GrpcTransport transport;
};

Request VoteOf(const NodeId& candidate) { return VoteRequest{.term = {1}, .candidate = candidate}; }
Request AppendOf(const NodeId& leader) {
  AppendRequest append;
  append.term = {1};
  append.leader = leader;
  return append;
}

struct GrpcTls : testing::Test {
  const Authority authority{"ours"};
  const Authority foreign{"another"};
  // b, as the node that a certificate of ours names.
  Voter b{Credentials(authority, authority.Sign({.names = "DNS:b"}))};

  // What a hears from b, as node a with these credentials.
  absl::Status FromB(std::shared_ptr<PeerCredentials> own, Request request = VoteOf("a")) {
    Voter a(std::move(own), {{"b", b.address()}});
    return a.Ask("b", std::move(request));
  }
};

TEST_F(GrpcTls, NodesKnowEachOtherByDnsNameOrUri) {
  EXPECT_TRUE(FromB(Credentials(authority, authority.Sign({.names = "DNS:a"}))).ok());
  EXPECT_TRUE(FromB(Credentials(authority, authority.Sign({.names = "URI:raftly:a"}))).ok());
  EXPECT_TRUE(FromB(Credentials(authority, authority.Sign({.names = "DNS:x,URI:raftly:a"})), AppendOf("a")).ok());
}

TEST_F(GrpcTls, WhoShowsNoCertificateOfOursIsNotHeard) {
  EXPECT_EQ(FromB(nullptr).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FromB(Credentials(authority, foreign.Sign({.names = "DNS:a"}))).code(), absl::StatusCode::kUnavailable);
  const Authority::Wish expired{.names = "DNS:a", .valid_from = -7200, .valid_until = -3600};
  EXPECT_EQ(FromB(Credentials(authority, authority.Sign(expired))).code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcTls, WhoSaysThatItIsAnotherIsRefusedByName) {
  for (const Request& request : {VoteOf("c"), AppendOf("c")}) {
    const absl::Status status = FromB(Credentials(authority, authority.Sign({.names = "DNS:a,URI:other:c"})), request);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(status.message()), HasSubstr("from c"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("names a"));
    const auto refused = b.refused.Take();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->first, "c");
  }
}

TEST_F(GrpcTls, ACommonNameAWildcardOrALongerNameIsNoName) {
  for (const char* names : {"DNS:*", "DNS:a.example", "URI:raftly:ab", "URI:a", "email:a"}) {
    const absl::Status status =
        FromB(Credentials(authority, authority.Sign({.names = names, .common_name = "a"})), VoteOf("a"));
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << names;
  }
}

TEST_F(GrpcTls, AServerThatIsNotTheNodeMeantGetsNoRequest) {
  const auto own = Credentials(authority, authority.Sign({.names = "DNS:a"}));
  Voter a(own, {{"c", b.address()}});
  const absl::Status status = a.Ask("c", VoteOf("a"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("names b, not c"));

  Voter trusting_another(Credentials(foreign, authority.Sign({.names = "DNS:a"})), {{"b", b.address()}});
  EXPECT_EQ(trusting_another.Ask("b", VoteOf("a")).code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcTls, NewCertificatesCountWithoutARestartAndOpenConnectionsLiveOn) {
  const auto own = Credentials(authority, authority.Sign({.names = "DNS:a"}));
  Voter a(own, {{"b", b.address()}});
  ASSERT_TRUE(a.Ask("b", AppendOf("a")).ok());
  // From now on a is somebody whom b does not trust: its stream is open, a new connection is refused.
  const Signed strange = foreign.Sign({.names = "DNS:a"});
  ASSERT_TRUE(own->Replace({strange.certificate, strange.key, authority.certificate()}).ok());
  absl::Status as_new;
  for (int i = 0; i < 1000 && as_new.ok(); ++i) {
    EXPECT_TRUE(a.Ask("b", AppendOf("a")).ok());
    Voter fresh(own, {{"b", b.address()}});
    as_new = fresh.Ask("b", VoteOf("a"));
  }
  EXPECT_EQ(as_new.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(a.Ask("b", AppendOf("a")).ok());
}

}  // namespace
}  // namespace raftly
