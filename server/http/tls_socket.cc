#include "server/http/tls_socket.h"

#include <openssl/err.h>

#include <algorithm>
#include <climits>
#include <utility>

namespace raftly {
namespace {

// To somebody who speaks HTTP without TLS: he could not read an alert.
constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 45\r\nConnection: close\r\n\r\n"
    "{\"error\":\"this port speaks https, not http\"}\n";
static_assert(kSpeakTls.size() - kSpeakTls.find("\r\n\r\n") - 4 == 45);

}  // namespace

const BIO_METHOD* TlsSocket::Wire() {
  static const BIO_METHOD* const wire = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "raftly client");
    BIO_meth_set_read(method, ReadWire);
    BIO_meth_set_write(method, WriteWire);
    BIO_meth_set_ctrl(method, ControlWire);
    return method;
  }();
  return wire;
}

TlsSocket::TlsSocket(int fd, const SslContext& context, SslContext nodes)
    : ClientSocket(fd), ssl_(SSL_new(context.get())), nodes_(std::move(nodes)) {
  BIO* const wire = BIO_new(Wire());
  BIO_set_data(wire, this);
  BIO_set_init(wire, 1);
  SSL_set_bio(ssl_, wire, wire);
  SSL_set_accept_state(ssl_);
}

TlsSocket::~TlsSocket() { SSL_free(ssl_); }

// One call to the kernel for what has come: that it had no more is remembered instead of asked.
int TlsSocket::ReadWire(BIO* bio, char* buffer, int size) {
  auto& self = *static_cast<TlsSocket*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  while (!self.drained_ && !self.ended_) {
    const Progress progress = self.ClientSocket::Receive(buffer, static_cast<size_t>(size));
    self.drained_ = progress.then == Then::kLater;
    self.ended_ = progress.then == Then::kGone;
    self.guessed_ = self.drained_ && progress.bytes > 0;
    if (progress.bytes > 0) return static_cast<int>(progress.bytes);
  }
  if (self.ended_) return 0;
  BIO_set_retry_read(bio);
  return -1;
}

int TlsSocket::WriteWire(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<TlsSocket*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  while (true) {
    const Progress progress = self.ClientSocket::Send({data, static_cast<size_t>(size)});
    if (progress.bytes > 0) return static_cast<int>(progress.bytes);
    if (progress.then == Then::kMore) continue;
    if (progress.then == Then::kLater) BIO_set_retry_write(bio);
    return -1;
  }
}

long TlsSocket::ControlWire(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<TlsSocket*>(BIO_get_data(bio))->ended_ ? 1 : 0;
  return 0;
}

ClientSocket::Then TlsSocket::WhyNothing(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    drained_ = false;
    return Then::kLater;
  }
  if (error != SSL_ERROR_ZERO_RETURN) {
    const bool plain = !greeted_ && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    if (plain) ClientSocket::Send(kSpeakTls);
    failed_ = true;
  }
  ERR_clear_error();
  return Then::kGone;
}

ClientSocket::Progress TlsSocket::Receive(char* buffer, size_t size) {
  if (failed_) return {0, Then::kGone};
  ERR_clear_error();
  const int most = static_cast<int>(std::min<size_t>(size, INT_MAX));
  int got = SSL_read(ssl_, buffer, most);
  // What came was no whole record. If it was the last, the poller has told so already, with the same event.
  while (got <= 0 && guessed_ && SSL_get_error(ssl_, got) == SSL_ERROR_WANT_READ) {
    drained_ = guessed_ = false;
    got = SSL_read(ssl_, buffer, most);
  }
  if (!greeted_ && SSL_is_init_finished(ssl_) != 0) greeted_ = true;
  if (got <= 0) return {0, WhyNothing(got)};
  const bool all = drained_ && SSL_has_pending(ssl_) == 0;
  if (all) drained_ = false;
  return {static_cast<size_t>(got), all ? Then::kLater : Then::kMore};
}

ClientSocket::Progress TlsSocket::Send(std::string_view data) {
  if (failed_) return {0, Then::kGone};
  ERR_clear_error();
  const int sent = SSL_write(ssl_, data.data(), static_cast<int>(std::min<size_t>(data.size(), INT_MAX)));
  return sent > 0 ? Progress{static_cast<size_t>(sent), Then::kMore} : Progress{0, WhyNothing(sent)};
}

void TlsSocket::SendNoMore() {
  if (greeted_ && !failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  ClientSocket::SendNoMore();
}

// Apart from the handshake, which also believes the authorities of clients: those vouch for no node.
std::vector<NodeId> TlsSocket::Nodes() const {
  const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl_), X509_free);
  if (shown == nullptr || nodes_ == nullptr) return {};
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              X509_STORE_CTX_free);
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(nodes_.get()), shown.get(), SSL_get_peer_cert_chain(ssl_));
  X509_STORE_CTX_set_default(check.get(), "ssl_client");
  const bool ours = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return ours ? NodesNamedBy(shown.get()) : std::vector<NodeId>{};
}

}  // namespace raftly
