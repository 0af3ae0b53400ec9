// A client that speaks TLS, blocking.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "tests/support/certificates.h"

namespace raftly::test {

class TlsClient {
 public:
  struct Wish {
    std::string authorities = {};  // PEM; empty: the server is not checked
    Signed own = {};               // empty: nothing is shown
    int most = TLS1_3_VERSION;
    std::string protocols = {};  // of ALPN, as on the wire
  };

  // Of a server on this machine.
  TlsClient(int port, const Wish& wish)
      : context_(SSL_CTX_new(TLS_client_method())), fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    SSL_CTX_set_max_proto_version(context_, wish.most);
    // Else OpenSSL itself would not even ask for the old versions.
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    if (wish.most < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context_, "ALL:@SECLEVEL=0");
    if (!wish.authorities.empty()) {
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
      X509* authority = Read(wish.authorities, PEM_read_bio_X509);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
      X509_free(authority);
    }
    if (!wish.own.key.empty()) {
      X509* certificate = Read(wish.own.certificate, PEM_read_bio_X509);
      EVP_PKEY* key = Read(wish.own.key, PEM_read_bio_PrivateKey);
      SSL_CTX_use_certificate(context_, certificate);
      SSL_CTX_use_PrivateKey(context_, key);
      X509_free(certificate);
      EVP_PKEY_free(key);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ssl_ = SSL_new(context_);
    if (!wish.protocols.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wish.protocols.data()),
                          static_cast<unsigned>(wish.protocols.size()));
    }
    SSL_set_fd(ssl_, fd_);
    ERR_clear_error();
    agreed_ = SSL_connect(ssl_) == 1;
    refusal_ = ERR_GET_REASON(ERR_peek_error());
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    close(fd_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Of TLS 1.3: as far as this side knows; the server may still refuse what was shown.
  bool agreed() const { return agreed_; }
  // SSL_R_…, of a handshake that failed.
  int refusal() const { return refusal_; }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  }
  void Send(std::string_view data) { SSL_write(ssl_, data.data(), static_cast<int>(data.size())); }
  // Until `text` has come; what has come where the connection ended before.
  std::string Until(std::string_view text) {
    std::string out;
    char buffer[16384];
    while (out.find(text) == std::string::npos) {
      const int got = SSL_read(ssl_, buffer, sizeof buffer);
      if (got <= 0) break;
      out.append(buffer, static_cast<size_t>(got));
    }
    return out;
  }

 private:
  template <class T>
  static T* Read(const std::string& pem, T* (*reader)(BIO*, T**, pem_password_cb*, void*)) {
    BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    T* read = reader(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    return read;
  }

  SSL_CTX* const context_;
  const int fd_;
  SSL* ssl_ = nullptr;
  bool agreed_ = false;
  int refusal_ = 0;
};

}  // namespace raftly::test
