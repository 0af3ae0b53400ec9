// A server that answers what a test has written down, in that order, and remembers what it was asked.
//
//   ScriptedServer server({Says(503), Says(200, R"({"value":"7","version":9})")});
//   ... client.Add("k", 7) ...
//   EXPECT_EQ(server.requests()[1].Header("idempotency-key"), ...);
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "raft/env/mutex.h"

namespace raftly::client {

// The bytes of an answer. `headers`: whole lines, "ETag: \"7\"\r\n".
std::string Says(int status, const std::string& body = "", const std::string& headers = "");
// The head of a stream of events, and what comes first; the stream ends there.
std::string Streams(const std::string& events);
// Takes the request and resets the connection.
inline const std::string kReset = "reset";
// Takes the request and says nothing, until the client goes away.
inline const std::string kHang = "hang";

struct Asked {
  std::string line;                            // "PUT /keys/k HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class ScriptedServer {
 public:
  // Each request has a connection of its own. Once all are given, the last answer is repeated.
  explicit ScriptedServer(std::vector<std::string> answers);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<Asked> requests() const;

 private:
  void Serve();
  void Answer(int connection);

  const std::vector<std::string> answers_;
  int listener_ = -1;
  int port_ = 0;
  mutable Mutex mutex_;
  std::vector<Asked> requests_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// A port of this machine on which nobody listens.
std::string NobodysAddress();

}  // namespace raftly::client
