// One client's connection: requests in, answers out, one after the other.
//
// Everything happens on its poller's thread, where nothing waits: what the client does not take at once is kept and
// sent when it can be. It is not read while a request of it is being answered.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/client_socket.h"
#include "server/http/connections.h"
#include "server/http/front_door.h"
#include "server/http/http_reply.h"
#include "server/http/http_source.h"
#include "server/http/poller.h"
#include "server/http/request_reader.h"
#include "server/http/worker_pool.h"

namespace raftly {

struct HttpServerConfig;

class HttpConnection : public Poller::Watcher, public HttpAsker, public std::enable_shared_from_this<HttpConnection> {
 public:
  // What the connections of one server share.
  struct Shared {
    const HttpServerConfig& config;
    const FrontDoor& front;
    Connections& connections;
    WorkerPool& pool;
    std::atomic<size_t> held{0};      // bytes of requests that are being read or answered
    std::atomic<size_t> greeting{0};  // connections in a handshake
    std::atomic<size_t> unsent{0};    // bytes of answers that their clients have not taken
  };

  // Both outlive it. `spare`: beyond the usual number, so only what never waits is answered.
  HttpConnection(std::unique_ptr<ClientSocket> socket, bool spare, Poller& poller, Shared& shared);

  int fd() const { return socket_->fd(); }
  // On the poller's thread, once it is in the table.
  void Begin();
  void OnEvent(bool hung_up) override;

  void Answer(HttpAnswer make) override;
  void AnswerAfterWaiting(HttpAnswer make) override;
  void Wake() override;
  bool OnThread(Task task) override;

  // When nothing is sent any more.
  void DropSource() { source_ = nullptr; }

 private:
  enum class Phase {
    kReading,    // a request, or waiting for one
    kAnswering,  // a handler has it
    kWriting,    // its answer, to the end of its source
    kOver,       // the last answer is sent; what still comes is dropped
    kRemoved,
  };

  void AwaitGreeting();
  void OnGreeted();
  void Read();
  // These two: true where more has to come before anything can be done.
  bool TakeBytes(std::string_view data);
  bool AwaitRest();
  void OnEnd();
  void Dispatch();

  void OnAnswer(HttpResponse response);
  void Refuse(HttpRefusal refusal);
  void Send(HttpResponse response, bool last);
  void Write();
  void AwaitRoom();
  // True: what there was is sent.
  bool Flush();
  void NoteUnsent(bool progress);
  void OnSent();
  void Finish();
  void Rest();
  void Remove();
  // Goes on when others have had their turn.
  void Yield();

  const std::unique_ptr<ClientSocket> socket_;
  const bool spare_;
  Poller& poller_;
  Shared& shared_;

  // Of the poller's thread, but that a handler reads the request while it is being answered.
  Phase phase_ = Phase::kReading;
  bool readable_ = false;  // as far as is known
  bool hung_up_ = false;   // the client sends no more than what has arrived
  RequestReader reader_;
  bool greeting_ = false;                     // in a handshake
  std::shared_ptr<const HttpClient> client_;  // once a request has come
  bool begun_ = false;                        // some of a request has come, not all
  std::string unread_;                        // what came behind the request that is being answered
  std::string out_;                           // of it `sent_` bytes are sent
  size_t sent_ = 0;
  bool blocked_ = false;                // the client does not take the rest
  bool last_ = false;                   // the connection ends with this answer
  std::shared_ptr<HttpSource> source_;  // what follows out_
  size_t dropped_ = 0;                  // bytes that came when it was over
  size_t held_ = 0;                     // its part of Shared::held
  size_t unsent_ = 0;                   // its part of Shared::unsent

  std::atomic<bool> woken_{false};
};

}  // namespace raftly
