// PEM files that say who this process is and whom it trusts, as flags name them.
//
//   const TlsFiles files{{"tls-cert", "node1.crt"}, {"tls-key", "node1.key"}, {"tls-ca", "ca.crt"}};
//   absl::StatusOr<TlsMaterial> material = ReadTlsFiles(files);   // read, parsed, and found to fit together
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/types.h"

struct ssl_ctx_st;
struct x509_st;

namespace raftly {

struct TlsFile {
  std::string flag = {};  // without its dash, for messages
  std::string path = {};  // empty: there is none
};

struct TlsFiles {
  TlsFile certificate = {};  // with those that lead to an authority, its own first
  TlsFile key = {};          // without a passphrase
  TlsFile authorities = {};

  bool given() const { return !certificate.path.empty(); }
};

// What the files hold.
struct TlsMaterial {
  std::string certificate = {};
  std::string key = {};
  std::string authorities = {};  // empty where no file was named

  bool operator==(const TlsMaterial&) const = default;
};

// Any file that a flag names. InvalidArgument as below.
absl::StatusOr<std::string> ReadTlsFile(const TlsFile& file);

// InvalidArgument names the flag, the file and what is wrong with it: it cannot be read, is no PEM, the key is not that
// of the certificate. An expired certificate is no error: it may be all there is, and those who check it say so.
absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files);

using SslContext = std::shared_ptr<ssl_ctx_st>;

// A context of OpenSSL with the certificate and its key, TLS 1.2 at least. `server`: which side of a connection.
absl::StatusOr<SslContext> NewSslContext(const TlsMaterial& material, const TlsFiles& files, bool server);

// The same for a context that somebody else has made. Empty parts of `material` are left as they are.
absl::Status Equip(ssl_ctx_st* context, const TlsMaterial& material, const TlsFiles& files);

// Whether a certificate that carries these names is the node's: a DNS name equal to its id, or the URI "raftly:<id>".
bool NamesNode(const std::vector<std::string>& dns_names, const std::vector<std::string>& uris, const NodeId& node);
// All nodes that a certificate names.
std::vector<NodeId> NodesNamedBy(x509_st* certificate);
// The DNS names and URIs of a certificate, for messages.
std::string NamesForMessage(const std::vector<std::string>& dns_names, const std::vector<std::string>& uris);

}  // namespace raftly
