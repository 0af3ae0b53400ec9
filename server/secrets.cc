#include "server/secrets.h"

#include <string>
#include <utility>
#include <vector>

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

Secrets::Secrets(const Options& options, const Logger& log) : options_(options), log_(log) { status_ = ReadPeers(); }

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
  return true;
}

void Secrets::Watch() {
  std::vector<FileWatch::Files> files;
  if (options_.tls.given()) {
    files.push_back({"the certificates between nodes", PathsOf(options_.tls), [this] { return ReadPeersAgain(); }});
  }
  watch_ = std::make_unique<FileWatch>(std::move(files), log_);
  watch_->Start();
}

void Secrets::ReadAgain() { watch_->ReadNow(); }

void Secrets::Stop() {
  if (watch_ != nullptr) watch_->Stop();
}

}  // namespace raftly
