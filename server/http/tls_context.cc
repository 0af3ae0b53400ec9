#include "server/http/tls_context.h"

#include <openssl/ssl.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "server/http/tls_socket.h"

namespace raftly {
namespace {

constexpr std::string_view kProtocol = "http/1.1";
constexpr unsigned char kSession[] = "raftly";

// HTTP/1.1 for who names protocols at all; who cannot speak it hears so.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                   void*) {
  for (unsigned at = 0; at < in_size; at += 1U + in[at]) {
    const std::string_view name(reinterpret_cast<const char*>(in + at + 1), in[at]);
    if (name != kProtocol) continue;
    *out = in + at + 1;
    *out_size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void Configure(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // The next call may come with the same bytes at another place; an idle connection keeps no buffers; what has come is
  // read with one call.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  // Tickets hold the sessions, so nothing is kept here; their keys go with the context.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSession, sizeof kSession - 1);
  SSL_CTX_set_num_tickets(context, 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Make(TlsFiles files, const TlsMaterial& material,
                                                             const std::string& node_authorities) {
  auto made = absl::WrapUnique(new TlsContext(std::move(files)));
  if (auto status = made->Replace(material, node_authorities); !status.ok()) return status;
  return made;
}

absl::Status TlsContext::Replace(const TlsMaterial& material, const std::string& node_authorities) {
  TlsMaterial believed = material;
  TlsFiles files = files_;
  SslContext nodes;
  if (!node_authorities.empty()) {
    const TlsFiles only{.authorities = {"tls-ca", "-"}};
    auto made = NewSslContext({.authorities = node_authorities}, only, false);
    if (!made.ok()) return made.status();
    nodes = *std::move(made);
    absl::StrAppend(&believed.authorities, "\n", node_authorities);
    if (files.authorities.path.empty()) files.authorities = only.authorities;
  }
  auto made = NewSslContext(believed, files, true);
  if (!made.ok()) return made.status();
  SSL_CTX* const context = made->get();
  Configure(context);
  if (!files.authorities.path.empty()) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    // A browser then asks its user only where it has a certificate that could do.
    STACK_OF(X509_OBJECT)* believes = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(believes); ++i) {
      X509* const one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(believes, i));
      if (one != nullptr) SSL_CTX_add_client_CA(context, one);
    }
  }
  MutexLock lock(mutex_);
  context_ = *std::move(made);
  nodes_ = std::move(nodes);
  return absl::OkStatus();
}

std::unique_ptr<ClientSocket> TlsContext::Accept(int fd) {
  SslContext context, nodes;
  {
    MutexLock lock(mutex_);
    context = context_;
    nodes = nodes_;
  }
  return std::make_unique<TlsSocket>(fd, context, std::move(nodes));
}

}  // namespace raftly
