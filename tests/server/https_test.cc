// TLS for clients on the HTTP server's own pollers (SPEC section 11.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/http/http_server.h"
#include "server/http/tls_context.h"
#include "tests/server/raw_client.h"
#include "tests/server/tls_client.h"

namespace raftly {
namespace {

using test::Authority;
using test::Signed;
using test::TlsClient;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr char kAsk[] = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kWish[] = "DNS:localhost,IP:127.0.0.1";
// The beginning of a ClientHello.
constexpr std::string_view kHalfAHello("\x16\x03\x01\x02\x00\x01", 6);

class Https : public ::testing::Test {
 protected:
  Https() {
    router_.AddPrompt("GET", "/who", [](const HttpRequest& request) {
      return HttpResponse{.body = absl::StrCat("nodes=", absl::StrJoin(request.client->nodes, ","), " tls=",
                                               request.client->encrypted ? 1 : 0, " from=", request.client->address)};
    });
    router_.AddPrompt("PUT", "/echo", [](const HttpRequest& request) { return HttpResponse{.body = request.body}; });
  }
  void Start(HttpServerConfig config = {}) {
    tls_ = *TlsContext::Make(Files(), Material(clients_.Sign({.names = kWish})), nodes_.certificate());
    config.listen = {"127.0.0.1", 0};
    config.tls = tls_.get();
    http_ = std::make_unique<HttpServer>(config, front_);
    ASSERT_TRUE(http_->Bind().ok());
    ASSERT_TRUE(http_->Start().ok());
  }
  static TlsFiles Files() { return {{"http-tls-cert", "c"}, {"http-tls-key", "k"}, {"http-client-ca", "a"}}; }
  TlsMaterial Material(const Signed& own) const { return {own.certificate, own.key, clients_.certificate()}; }
  int port() const { return http_->port(); }
  std::string Ask(const TlsClient::Wish& wish = {}) const {
    TlsClient client(port(), wish);
    client.Send(kAsk);
    return client.Until("from=127.0.0.1");
  }

  const Authority clients_{"clients"};
  const Authority nodes_{"nodes"};
  Router router_;
  FrontDoor front_{router_};
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(Https, RequestsAreServedAsWithout) {
  Start();
  TlsClient client(port(), {.authorities = clients_.certificate(), .protocols = "\x02h2\x08http/1.1"});
  ASSERT_TRUE(client.agreed());
  EXPECT_EQ(client.protocol(), "http/1.1");
  for (int i = 0; i < 3; ++i) {
    client.Send(kAsk);
    EXPECT_THAT(client.Until("from=127.0.0.1"), HasSubstr("nodes= tls=1"));
  }
  client.Send(absl::StrCat(kAsk, kAsk));
  EXPECT_THAT(client.Until("from=127.0.0.1"), HasSubstr("200 OK"));
}

TEST_F(Https, LargeBodiesGoThroughInBothDirections) {
  Start();
  const std::string body(size_t{5} << 20, 'b');
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(port(), {.most = version});
    client.Send(absl::StrCat("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n\r\n", body, "!"));
    EXPECT_GT(client.Until(body).size(), body.size()) << version;
  }
}

TEST_F(Https, OldVersionsAndOtherProtocolsAreRefused) {
  Start();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const TlsClient old(port(), {.most = version});
    EXPECT_FALSE(old.agreed());
    EXPECT_EQ(old.refusal(), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION) << "it is the server that refuses";
  }
  EXPECT_TRUE(TlsClient(port(), {.most = TLS1_2_VERSION}).agreed());
  EXPECT_FALSE(TlsClient(port(), {.protocols = std::string("\x02h2", 3)}).agreed());
}

TEST_F(Https, WhoSpeaksNoTlsHearsSo) {
  Start();
  const RawClient client(port());
  client.Send(kAsk);
  const std::string answer = client.Rest();
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("speaks https"));
}

TEST_F(Https, ACertificateIsOptionalButOneThatIsShownMustVerify) {
  Start();
  EXPECT_THAT(Ask(), HasSubstr("nodes= "));
  EXPECT_THAT(Ask({.own = clients_.Sign({.names = "DNS:someone"})}), HasSubstr("nodes= "));
  EXPECT_EQ(Ask({.own = Authority("foreign").Sign({.names = "DNS:node1"})}), "");
  EXPECT_EQ(Ask({.own = nodes_.Sign({.names = "DNS:node1", .valid_from = -7200, .valid_until = -60})}), "");
}

TEST_F(Https, OnlyTheNodesAuthorityVouchesForNodes) {
  Start();
  EXPECT_THAT(Ask({.own = nodes_.Sign({.names = "URI:raftly:node1"})}), HasSubstr("nodes=node1 "));
  EXPECT_THAT(Ask({.own = clients_.Sign({.names = "URI:raftly:node1"})}), HasSubstr("nodes= "));
}

TEST_F(Https, HandshakesThatNeverEndPushEachOtherOutAndNobodyElse) {
  Start({.max_greeting = 4});
  TlsClient resting(port(), {});
  std::vector<std::unique_ptr<RawClient>> half;
  for (int i = 0; i < 200; ++i) {
    half.push_back(std::make_unique<RawClient>(port()));
    half.back()->Send(kHalfAHello);
    if (i % 20 != 0) continue;
    EXPECT_THAT(Ask(), HasSubstr("200 OK"));
  }
  for (size_t i = 0; i < 150; ++i) EXPECT_EQ(half[i]->Rest(), "") << i;  // ended, not timed out
  resting.Send(kAsk);
  EXPECT_THAT(resting.Until("from=127.0.0.1"), HasSubstr("200 OK"));
}

TEST_F(Https, AHandshakeHasAsLongAsARequest) {
  Start({.request = 100ms});
  const RawClient client(port());
  client.Send(kHalfAHello);
  EXPECT_EQ(client.Rest(), "");
}

TEST_F(Https, ANewCertificateIsShownToNewConnectionsAndOldOnesLiveOn) {
  Start();
  TlsClient before(port(), {.authorities = clients_.certificate()});
  ASSERT_TRUE(tls_->Replace(Material(nodes_.Sign({.names = kWish})), nodes_.certificate()).ok());
  EXPECT_FALSE(TlsClient(port(), {.authorities = clients_.certificate()}).agreed());
  EXPECT_TRUE(TlsClient(port(), {.authorities = nodes_.certificate()}).agreed());
  before.Send(kAsk);
  EXPECT_THAT(before.Until("from=127.0.0.1"), HasSubstr("200 OK"));
  // What cannot be used changes nothing.
  EXPECT_FALSE(tls_->Replace({"nonsense", "nonsense", ""}, "").ok());
  EXPECT_TRUE(TlsClient(port(), {.authorities = nodes_.certificate()}).agreed());
}

}  // namespace
}  // namespace raftly
