#include "server/client/backup.h"

#include <httplib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/identity.h"
#include "server/connect_error.h"
#include "server/http_client.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

constexpr int kConnectSeconds = 3;
// A large state takes its time to be written before the first byte comes.
constexpr int kAnswerSeconds = 120;
constexpr size_t kReadAtOnce = size_t{1} << 20;

absl::Status Ignore(std::string_view) { return absl::OkStatus(); }

absl::Status FileError(const std::string& path, const char* what) {
  return absl::InternalError(absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

// Feeds what the file has.
absl::Status FeedFile(const std::string& path, SnapshotDecoder& decoder, uint64_t& bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError(path, "cannot be read");
  std::string buffer(kReadAtOnce, '\0');
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    const auto read = static_cast<size_t>(file.gcount());
    if (absl::Status status = decoder.Feed(std::string_view(buffer).substr(0, read), Ignore); !status.ok())
      return status;
    bytes += read;
  }
  return absl::OkStatus();
}

BackupReport ReportOf(const SnapshotHeader& header, uint64_t bytes) {
  const auto id = ClusterIdOf(Entry{.type = EntryType::kConfig, .data = Bytes(header.configuration)});
  return {.header = header, .cluster_id = id.value_or(""), .bytes = bytes};
}

absl::Status Refused(int status, const std::string& body) {
  const auto object = ParseJsonObject(body);
  const JsonField* error = object.ok() ? object->Find("error") : nullptr;
  return absl::UnknownError(absl::StrCat("the server answered ", status, error ? ": " : "",
                                         error ? std::string(error->text) : std::string()));
}

// One download into the file of an earlier one, or a new one.
class Download {
 public:
  Download(const Address& server, httplib::Client& client, std::string path,
           const std::function<void(uint64_t)>& progress)
      : server_(server), client_(client), path_(std::move(path)), progress_(progress), decoder_(path_) {}

  // What an earlier try has left, as far as it is intact.
  void GoOn() {
    std::error_code error;
    const uint64_t there = std::filesystem::file_size(path_, error);
    if (error || there == 0) return;
    if (!FeedFile(path_, decoder_, bytes_).ok() || !decoder_.has_header()) return Begin();
    resumed_at_ = bytes_;
  }

  absl::StatusOr<BackupReport> Run() {
    client_.set_connection_timeout(kConnectSeconds);
    client_.set_read_timeout(kAnswerSeconds);
    std::string target = "/api/snapshot";
    if (resumed_at_ > 0) {
      absl::StrAppend(&target, "?index=", decoder_.header().last_included.index.value, "&offset=", resumed_at_);
    }
    std::ofstream file(path_, std::ios::binary | (resumed_at_ > 0 ? std::ios::app : std::ios::trunc));
    if (!file) return FileError(path_, "cannot be written");
    int status = 0;
    std::string error;
    const auto on_head = [&](const httplib::Response& response) {
      status = response.status;
      return true;
    };
    const auto on_data = [&](const char* data, size_t size) {
      if (status != 200) {
        if (error.size() < 4096) error.append(data, size);
        return true;
      }
      status_ = decoder_.Feed({data, size}, Ignore);
      file.write(data, static_cast<std::streamsize>(size));
      if (status_.ok() && !file) status_ = FileError(path_, "cannot be written");
      bytes_ += size;
      progress_(bytes_);
      return status_.ok();
    };
    const httplib::Result result = client_.Get(target, on_head, on_data);
    if (!status_.ok()) return status_;
    if (!result && status == 0) {
      const char* tls = ExplainTls(result.error());
      if (tls != nullptr) return absl::UnavailableError(absl::StrCat("no answer from ", ToString(server_), ": ", tls));
      return absl::UnavailableError(absl::StrCat("no answer from ", ToString(server_), ": ",
                                                 WhyNoConnection(server_, std::chrono::seconds(kConnectSeconds))));
    }
    if (status == 404 && resumed_at_ > 0) {
      // That snapshot is gone there: another one, from its beginning.
      Begin();
      return Run();
    }
    if (status != 200) return Refused(status, error);
    file.close();
    if (!file) return FileError(path_, "cannot be written");
    if (absl::Status whole = decoder_.Finish(); !whole.ok()) {
      return absl::UnavailableError(
          absl::StrCat("the transfer broke off after ", bytes_, " bytes; the same command again goes on from there"));
    }
    BackupReport report = ReportOf(decoder_.header(), bytes_);
    report.resumed_at = resumed_at_;
    return report;
  }

 private:
  void Begin() {
    decoder_ = SnapshotDecoder(path_);
    bytes_ = resumed_at_ = 0;
  }

  const Address server_;
  httplib::Client& client_;
  const std::string path_;
  const std::function<void(uint64_t)>& progress_;
  SnapshotDecoder decoder_;
  absl::Status status_;
  uint64_t bytes_ = 0;
  uint64_t resumed_at_ = 0;
};

}  // namespace

absl::StatusOr<BackupReport> TakeBackup(const Address& server, httplib::Client& client, const std::string& path,
                                        const std::function<void(uint64_t)>& progress) {
  const std::string part = path + ".part";
  Download download(server, client, part, progress);
  download.GoOn();
  absl::StatusOr<BackupReport> report = download.Run();
  if (!report.ok()) {
    // What is damaged is no beginning to go on with.
    if (absl::IsDataLoss(report.status())) std::remove(part.c_str());
    return report;
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return FileError(path, "cannot be put in place");
  return report;
}

absl::StatusOr<BackupReport> VerifyBackup(const std::string& path) {
  SnapshotDecoder decoder(path);
  uint64_t bytes = 0;
  if (absl::Status status = FeedFile(path, decoder, bytes); !status.ok()) return status;
  if (absl::Status status = decoder.Finish(); !status.ok()) return status;
  return ReportOf(decoder.header(), bytes);
}

std::string Describe(const BackupReport& report) {
  const LogPosition at = report.header.last_included;
  return absl::StrCat("index ", at.index.value, ", term ", at.term.value, ", cluster ",
                      report.cluster_id.empty() ? "unknown" : report.cluster_id, ", ", report.bytes, " bytes");
}

}  // namespace raftly
