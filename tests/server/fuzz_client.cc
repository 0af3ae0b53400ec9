#include "tests/server/fuzz_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

// Longer than anything may take: a hang.
constexpr int kHangMs = 60'000;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// The server may answer and close before it has read everything.
void Send(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// 1: bytes came. 0: the server has closed. -1: it hangs.
int ReceiveMore(int fd, std::string& unread) {
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, kHangMs) <= 0) return -1;
  char buffer[65536];
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  if (got > 0) unread.append(buffer, static_cast<size_t>(got));
  return got > 0 ? 1 : 0;
}

FuzzAnswer Complaint(std::string text) { return {.complaint = std::move(text)}; }

// Status line and headers.
FuzzAnswer ParseHead(const std::string& head) {
  FuzzAnswer answer;
  if (head.rfind("HTTP/1.1 ", 0) != 0 || head.size() < 13) return Complaint("no status line: " + Printable(head));
  answer.status = std::atoi(head.substr(9, 3).c_str());
  for (size_t line = head.find("\r\n"); line != std::string::npos;) {
    const size_t next = head.find("\r\n", line + 2);
    const std::string text = head.substr(line + 2, next == std::string::npos ? next : next - line - 2);
    const size_t colon = text.find(": ");
    if (colon == std::string::npos) return Complaint("no header: " + Printable(text));
    answer.headers.emplace_back(text.substr(0, colon), text.substr(colon + 2));
    line = next;
  }
  return answer;
}

std::string Judge(const FuzzAnswer& answer, bool has_body) {
  static const std::set<int> possible = {200, 400, 403, 404, 405, 413, 414, 415, 417, 431, 501, 503, 505};
  if (!possible.contains(answer.status)) return absl::StrCat("status ", answer.status, ": ", Printable(answer.body));
  if (FindHeader(answer.headers, "Raftly-Node") != "node1") return "no Raftly-Node";
  if (answer.status == 503 && FindHeader(answer.headers, "Retry-After").empty()) return "503 without Retry-After";
  if (answer.status == 405 && FindHeader(answer.headers, "Allow").empty()) return "405 without Allow";
  const bool is_json = FindHeader(answer.headers, "Content-Type") == "application/json";
  // A request that never got as far as its headers may still be answered in an encoding that these ask for.
  const bool encoded = !FindHeader(answer.headers, "Content-Encoding").empty();
  if (!has_body || encoded || (answer.status == 200 && !is_json)) return "";
  const auto object = ParseJsonObject(answer.body);
  if (!object.ok()) return absl::StrCat("status ", answer.status, " without JSON: ", Printable(answer.body));
  const JsonField* error = object->Find("error");
  const bool has_error = error != nullptr && !error->text.empty();
  return answer.status == 200 || has_error ? "" : "no error in " + Printable(answer.body);
}

// Takes the first answer out of `unread`; status 0: there is none yet.
FuzzAnswer TakeAnswer(std::string& unread, bool has_body) {
  const size_t end = unread.find(kEndOfHead);
  if (end == std::string::npos) return {};
  FuzzAnswer answer = ParseHead(unread.substr(0, end));
  if (!answer.complaint.empty()) return answer;
  const size_t begin = end + kEndOfHead.size();
  if (answer.status == 100) {
    unread.erase(0, begin);
    return TakeAnswer(unread, has_body);
  }
  const std::string_view length = FindHeader(answer.headers, "Content-Length");
  const bool endless = FindHeader(answer.headers, "Content-Type") == "text/event-stream";
  if (length.empty() && has_body && !endless) return Complaint("no Content-Length: " + Printable(unread));
  const size_t size = has_body ? std::strtoul(std::string(length).c_str(), nullptr, 10) : 0;
  if (unread.size() < begin + size) return {};
  answer.body = unread.substr(begin, size);
  unread.erase(0, endless ? unread.size() : begin + size);
  answer.complaint = Judge(answer, has_body && !endless);
  return answer;
}

}  // namespace

void FuzzClient::Open() {
  if (fd_ < 0) fd_ = Connect(port_);
}

void FuzzClient::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

FuzzAnswer FuzzClient::ReadAnswer(bool has_body) {
  std::string unread;
  while (true) {
    FuzzAnswer answer = TakeAnswer(unread, has_body);
    if (answer.status != 0 || !answer.complaint.empty()) {
      // A request line that was never read cannot have said HEAD: its refusal has a body, and ends the connection.
      const bool last = FindHeader(answer.headers, "Connection") == "close";
      if (!unread.empty() && !last && answer.complaint.empty()) {
        answer.complaint = "bytes after the answer: " + Printable(unread);
      }
      return answer;
    }
    const int more = ReceiveMore(fd_, unread);
    if (more < 0) return Complaint("it hangs after " + Printable(unread));
    if (more == 0) return Complaint("closed after " + Printable(unread));
  }
}

FuzzAnswer FuzzClient::Ask(const FuzzRequest& request) {
  Open();
  Send(fd_, request.Bytes());
  FuzzAnswer answer = ReadAnswer(request.method != "HEAD");
  const bool endless = FindHeader(answer.headers, "Content-Type") == "text/event-stream";
  if (endless || FindHeader(answer.headers, "Connection") == "close" || !answer.complaint.empty()) Close();
  return answer;
}

std::string FuzzClient::SendAndClose(const std::string& bytes) const {
  const int fd = Connect(port_);
  Send(fd, bytes);
  shutdown(fd, SHUT_WR);
  std::string unread;
  int more;
  bool endless = false;
  while (!endless && (more = ReceiveMore(fd, unread)) > 0) {
    endless = unread.find("text/event-stream") != std::string::npos;
  }
  close(fd);
  if (more < 0) return "it hangs after " + Printable(unread);
  // Which request an answer belongs to is unknown here, so the answer to a HEAD cannot be told: look at the first only.
  const size_t begin = std::min(bytes.find_first_not_of("\r\n"), bytes.size());  // empty lines before it are skipped
  if (unread.empty() || endless || bytes.compare(begin, 4, "HEAD") == 0) return "";
  const FuzzAnswer answer = TakeAnswer(unread, true);
  if (answer.status == 0 && answer.complaint.empty()) return "half an answer: " + Printable(unread);
  return answer.complaint;
}

}  // namespace raftly
