// A client that believes nothing: it reads answers byte by byte and says what is wrong with them.
#pragma once

#include <string>
#include <string_view>

#include "server/http/http_message.h"
#include "tests/server/fuzz_requests.h"

namespace raftly {

struct FuzzAnswer {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};
  std::string complaint = {};  // empty: well-formed HTTP, a status that may be, and JSON where it failed
};

// Keeps its connection where the server does.
class FuzzClient {
 public:
  explicit FuzzClient(int port) : port_(port) {}
  ~FuzzClient() { Close(); }
  FuzzClient(const FuzzClient&) = delete;
  FuzzClient& operator=(const FuzzClient&) = delete;

  FuzzAnswer Ask(const FuzzRequest& request);
  // On a connection of its own that says nothing more. The complaint about the answers; none at all is fine.
  std::string SendAndClose(const std::string& bytes) const;

 private:
  void Open();
  void Close();
  FuzzAnswer ReadAnswer(bool has_body);

  const int port_;
  int fd_ = -1;
};

}  // namespace raftly
