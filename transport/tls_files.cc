#include "transport/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace raftly {
namespace {

constexpr char kNodeUri[] = "raftly:";

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

Bio Reading(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// A passphrase is asked of nobody: a server has no terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::Status Bad(const TlsFile& file, const std::string& why) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("flag -", file.flag, ": \"", file.path, "\": ", why));
}

absl::StatusOr<std::string> Read(const TlsFile& file) {
  if (file.path.empty()) return std::string();
  errno = 0;
  std::ifstream in(file.path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) return Bad(file, absl::StrCat("cannot be read: ", std::strerror(errno == 0 ? EIO : errno)));
  return text.str();
}

std::vector<Certificate> CertificatesIn(const std::string& pem) {
  std::vector<Certificate> all;
  const Bio in = Reading(pem);
  while (X509* one = PEM_read_bio_X509(in.get(), nullptr, NoPassphrase, nullptr)) all.emplace_back(one);
  ERR_clear_error();
  return all;
}

absl::Status UseCertificate(SSL_CTX* context, const TlsMaterial& material, const TlsFiles& files) {
  std::vector<Certificate> chain = CertificatesIn(material.certificate);
  if (chain.empty()) return Bad(files.certificate, "holds no certificate in PEM");
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return Bad(files.certificate, "cannot be used");
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return Bad(files.certificate, "its chain is broken");
  }
  const Bio in = Reading(material.key);
  const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Bad(files.key, "holds no private key in PEM that can be read without a passphrase");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Bad(files.key, absl::StrCat("is not the key of the certificate in ", files.certificate.path));
  }
  return absl::OkStatus();
}

absl::Status UseAuthorities(SSL_CTX* context, const TlsMaterial& material, const TlsFiles& files) {
  const std::vector<Certificate> authorities = CertificatesIn(material.authorities);
  if (authorities.empty()) return Bad(files.authorities, "holds no certificate in PEM");
  for (const Certificate& one : authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get()) != 1) {
      return Bad(files.authorities, "holds a certificate that cannot be used");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Equip(ssl_ctx_st* context, const TlsMaterial& material, const TlsFiles& files) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (!material.certificate.empty() || files.given()) {
    if (auto status = UseCertificate(context, material, files); !status.ok()) return status;
  }
  if (material.authorities.empty() && files.authorities.path.empty()) return absl::OkStatus();
  return UseAuthorities(context, material, files);
}

absl::StatusOr<SslContext> NewSslContext(const TlsMaterial& material, const TlsFiles& files, bool server) {
  SslContext context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  if (auto status = Equip(context.get(), material, files); !status.ok()) return status;
  return context;
}

absl::StatusOr<std::string> ReadTlsFile(const TlsFile& file) { return Read(file); }

absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files) {
  TlsMaterial material;
  for (const auto& [file, into] :
       {std::pair(&files.certificate, &material.certificate), std::pair(&files.key, &material.key),
        std::pair(&files.authorities, &material.authorities)}) {
    auto text = Read(*file);
    if (!text.ok()) return text.status();
    *into = *std::move(text);
  }
  const auto context = NewSslContext(material, files, true);
  if (!context.ok()) return context.status();
  return material;
}

bool NamesNode(const std::vector<std::string>& dns_names, const std::vector<std::string>& uris, const NodeId& node) {
  return std::find(dns_names.begin(), dns_names.end(), node) != dns_names.end() ||
         std::find(uris.begin(), uris.end(), kNodeUri + node) != uris.end();
}

std::vector<NodeId> NodesNamedBy(x509_st* certificate) {
  std::vector<NodeId> nodes;
  const std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5));
    std::string text(data, static_cast<size_t>(ASN1_STRING_length(name->d.ia5)));
    if (name->type == GEN_DNS) {
      nodes.push_back(std::move(text));
    } else if (text.rfind(kNodeUri, 0) == 0) {
      nodes.push_back(text.substr(sizeof kNodeUri - 1));
    }
  }
  return nodes;
}

std::string NamesForMessage(const std::vector<std::string>& dns_names, const std::vector<std::string>& uris) {
  if (dns_names.empty() && uris.empty()) return "nobody";
  return absl::StrCat(absl::StrJoin(dns_names, ", "), dns_names.empty() || uris.empty() ? "" : ", ",
                      absl::StrJoin(uris, ", "));
}

}  // namespace raftly
