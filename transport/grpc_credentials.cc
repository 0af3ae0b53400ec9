#include "transport/grpc_credentials.h"

#include <fcntl.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

namespace tls = grpc::experimental;

constexpr unsigned kRefreshSeconds = 1;

absl::Status NoDescriptor() {
  return absl::ResourceExhaustedError(absl::StrCat("no descriptor for a certificate: ", std::strerror(errno)));
}

absl::StatusOr<int> InMemory(const std::string& text) {
  const int fd = memfd_create("raftly-tls", MFD_CLOEXEC);
  if (fd < 0) return NoDescriptor();
  for (size_t written = 0; written < text.size();) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) {
      const absl::Status failed = NoDescriptor();
      close(fd);
      return failed;
    }
    if (n > 0) written += static_cast<size_t>(n);
  }
  return fd;
}

// gRPC reads certificates again from files alone, and takes whatever it finds there. So it is given files of its own,
// which change in one step and only to what has been checked.
absl::Status Put(const std::string& text, int& fd) {
  const auto made = InMemory(text);
  if (!made.ok()) return made.status();
  if (fd < 0) {
    fd = *made;
    return absl::OkStatus();
  }
  const bool replaced = dup3(*made, fd, O_CLOEXEC) >= 0;
  const absl::Status status = replaced ? absl::OkStatus() : NoDescriptor();
  close(*made);
  return status;
}

std::string PathOf(int fd) { return absl::StrCat("/proc/self/fd/", fd); }

std::vector<std::string> Strings(const std::vector<grpc::string_ref>& names) {
  std::vector<std::string> strings;
  for (const grpc::string_ref& name : names) strings.emplace_back(name.data(), name.size());
  return strings;
}

// Whether the server that was reached is the node that was meant. Its address proves nothing.
class IsNode : public tls::ExternalCertificateVerifier {
 public:
  explicit IsNode(NodeId node) : node_(std::move(node)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const auto dns_names = Strings(request->dns_names());
    const auto uris = Strings(request->uri_names());
    if (!NamesNode(dns_names, uris, node_)) {
      *sync_status =
          grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                       absl::StrCat("the certificate there names ", NamesForMessage(dns_names, uris), ", not ", node_));
    }
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const NodeId node_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<PeerCredentials>> PeerCredentials::Make(const TlsMaterial& material) {
  auto made = absl::WrapUnique(new PeerCredentials);
  if (auto status = made->Replace(material); !status.ok()) return status;
  const std::string identity = PathOf(made->identity_fd_);
  made->provider_ = std::make_shared<tls::FileWatcherCertificateProvider>(
      identity, identity, PathOf(made->authorities_fd_), kRefreshSeconds);
  return std::shared_ptr<PeerCredentials>(std::move(made));
}

PeerCredentials::~PeerCredentials() {
  provider_.reset();  // nobody reads any more, unless a channel or server still has it: then from nothing
  if (identity_fd_ >= 0) close(identity_fd_);
  if (authorities_fd_ >= 0) close(authorities_fd_);
}

absl::Status PeerCredentials::Replace(const TlsMaterial& material) {
  MutexLock lock(mutex_);
  // One file for both, so that nobody reads a new certificate with an old key.
  if (auto status = Put(absl::StrCat(material.key, "\n", material.certificate), identity_fd_); !status.ok()) {
    return status;
  }
  return Put(material.authorities, authorities_fd_);
}

std::shared_ptr<grpc::ServerCredentials> PeerCredentials::ForServer() const {
  tls::TlsServerCredentialsOptions options(provider_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> PeerCredentials::ForChannelTo(const NodeId& node) const {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<IsNode>(node));
  options.set_check_call_host(false);
  return tls::TlsCredentials(options);
}

}  // namespace raftly
