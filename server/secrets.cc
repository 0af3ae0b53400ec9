#include "server/secrets.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "server/http/tls_context.h"
#include "transport/grpc_credentials.h"

namespace raftly {
namespace {

std::vector<std::string> PathsOf(const TlsFiles& files) {
  std::vector<std::string> paths;
  for (const TlsFile& file : {files.certificate, files.key, files.authorities}) {
    if (!file.path.empty()) paths.push_back(file.path);
  }
  return paths;
}

}  // namespace

Secrets::Secrets(const Options& options, const Logger& log) : options_(options), log_(log) {
  status_ = ReadPeers();
  if (status_.ok()) status_ = ReadHttp();
  if (status_.ok()) status_ = ReadTokens();
  if (!status_.ok()) return;
  RAFTLY_CHECK(options.tls.given() == (peers_ != nullptr), "nodes would talk without the TLS that a flag asks for");
  RAFTLY_CHECK(options.http_tls.given() == (http_ != nullptr), "clients would be served without it");
  RAFTLY_CHECK(options.tokens.path.empty() == (tokens_ == nullptr), "everybody would be let in");
}

Secrets::~Secrets() { Stop(); }

absl::Status Secrets::ReadPeers() {
  if (!options_.tls.given()) return absl::OkStatus();
  auto material = ReadTlsFiles(options_.tls);
  if (!material.ok()) return material.status();
  peer_material_ = *std::move(material);
  auto made = PeerCredentials::Make(peer_material_);
  if (!made.ok()) return made.status();
  peers_ = *std::move(made);
  return absl::OkStatus();
}

absl::StatusOr<bool> Secrets::ReadPeersAgain() {
  auto material = ReadTlsFiles(options_.tls);
  if (!material.ok()) return material.status();
  if (*material == peer_material_) return false;
  if (auto status = peers_->Replace(*material); !status.ok()) return status;
  peer_material_ = *std::move(material);
  if (http_ == nullptr) return true;
  {
    MutexLock lock(mutex_);
    for_requests_ = std::make_shared<const TlsMaterial>(peer_material_);
  }
  if (auto status = http_->Replace(http_material_, peer_material_.authorities); !status.ok()) return status;
  return true;
}

absl::Status Secrets::ReadHttp() {
  if (!options_.http_tls.given()) return absl::OkStatus();
  auto material = ReadTlsFiles(options_.http_tls);
  if (!material.ok()) return material.status();
  http_material_ = *std::move(material);
  auto made = TlsContext::Make(options_.http_tls, http_material_, peer_material_.authorities);
  if (!made.ok()) return made.status();
  http_ = *std::move(made);
  MutexLock lock(mutex_);
  for_requests_ = std::make_shared<const TlsMaterial>(peer_material_);
  return absl::OkStatus();
}

absl::StatusOr<bool> Secrets::ReadHttpAgain() {
  auto material = ReadTlsFiles(options_.http_tls);
  if (!material.ok()) return material.status();
  if (*material == http_material_) return false;
  if (auto status = http_->Replace(*material, peer_material_.authorities); !status.ok()) return status;
  http_material_ = *std::move(material);
  return true;
}

absl::Status Secrets::ReadTokens() {
  if (options_.tokens.path.empty()) return absl::OkStatus();
  auto text = ReadTlsFile(options_.tokens);
  if (!text.ok()) return text.status();
  auto parsed = TokenTable::Parse(*text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("flag -tokens: \"", options_.tokens.path, "\": ", parsed.status().message()));
  }
  token_text_ = *std::move(text);
  tokens_ = *std::move(parsed);
  return absl::OkStatus();
}

absl::StatusOr<bool> Secrets::ReadTokensAgain() {
  const std::string before = token_text_;
  if (auto status = ReadTokens(); !status.ok()) return status;
  if (token_text_ == before) return false;
  on_tokens_(tokens_);
  return true;
}

std::shared_ptr<const TlsMaterial> Secrets::for_requests() const {
  MutexLock lock(mutex_);
  return for_requests_;
}

void Secrets::Watch(std::function<void(std::shared_ptr<const TokenTable>)> on_tokens) {
  on_tokens_ = std::move(on_tokens);
  std::vector<FileWatch::Files> files;
  if (options_.tls.given()) {
    files.push_back({"the certificates between nodes", PathsOf(options_.tls), [this] { return ReadPeersAgain(); }});
  }
  if (options_.http_tls.given()) {
    files.push_back({"the certificates for clients", PathsOf(options_.http_tls), [this] { return ReadHttpAgain(); }});
  }
  if (!options_.tokens.path.empty()) {
    files.push_back({"the tokens", {options_.tokens.path}, [this] { return ReadTokensAgain(); }});
  }
  watch_ = std::make_unique<FileWatch>(std::move(files), log_);
  watch_->Start();
}

void Secrets::ReadAgain() { watch_->ReadNow(); }

void Secrets::Stop() {
  if (watch_ != nullptr) watch_->Stop();
}

}  // namespace raftly
