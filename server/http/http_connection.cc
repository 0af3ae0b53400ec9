#include "server/http/http_connection.h"

#include <array>
#include <chrono>
#include <utility>

#include "server/http/http_server.h"
#include "server/http/response_writer.h"

namespace raftly {
namespace {

using Waits = Connections::Waits;

constexpr size_t kReadBytes = size_t{64} << 10;
// Of one connection, before the poller looks at the next one.
constexpr int kReadsPerTurn = 4;
constexpr int kPiecesPerTurn = 4;
// What a connection may hold of a request however much all hold together.
constexpr size_t kSmall = size_t{4} << 10;
// A reader that takes nothing for so long gives way to others where all together leave too much untaken.
constexpr std::chrono::milliseconds kMayTakeNothing{1000};
// After the last answer: for how long, and how much, is still read.
constexpr std::chrono::milliseconds kLinger{1000};
constexpr size_t kMostDropped = size_t{16} << 20;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

// Makes `bytes` one connection's part of what all hold. Returns that.
size_t Charge(std::atomic<size_t>& all, size_t& part, size_t bytes) {
  const size_t more = bytes - std::exchange(part, bytes);  // may wrap around, and back again
  return more == 0 ? all.load() : all.fetch_add(more) + more;
}

}  // namespace

HttpConnection::HttpConnection(std::unique_ptr<ClientSocket> socket, bool spare, Poller& poller, Shared& shared)
    : socket_(std::move(socket)),
      spare_(spare),
      poller_(poller),
      shared_(shared),
      reader_({shared.config.max_line_bytes, shared.config.max_head_bytes, shared.config.max_body_bytes}) {}

void HttpConnection::Begin() {
  if (!poller_.Watch(fd(), *this)) return Remove();
  socket_->greeted() ? Rest() : AwaitGreeting();
}

// A handshake has as long as a request. Those that never end push each other out, and nobody else.
void HttpConnection::AwaitGreeting() {
  greeting_ = true;
  const Time now = SteadyNow();
  shared_.connections.Set(fd(), Waits::kForGreeting, now, now + shared_.config.request);
  if (++shared_.greeting > shared_.config.max_greeting) shared_.connections.EndLongest(Waits::kForGreeting, now);
}

void HttpConnection::OnGreeted() {
  greeting_ = false;
  --shared_.greeting;
  Rest();
}

void HttpConnection::OnEvent(bool hung_up) {
  const auto self = shared_from_this();
  readable_ = true;
  hung_up_ |= hung_up;
  if (phase_ == Phase::kReading || phase_ == Phase::kOver) return Read();
  if (phase_ != Phase::kWriting) return;
  if (hung_up_ && source_ && source_->ends_with_client()) return Finish();
  Write();
}

// ---- Requests ------------------------------------------------------------------------------------------------------

void HttpConnection::Read() {
  thread_local std::array<char, kReadBytes> buffer;
  for (int reads = 0; readable_; ++reads) {
    if (reads == kReadsPerTurn) return Yield();
    const auto [bytes, then] = socket_->Receive(buffer.data(), buffer.size());
    if (greeting_ && socket_->greeted()) OnGreeted();
    if (then == ClientSocket::Then::kGone) return OnEnd();
    // The end makes no event of its own where it came with the bytes before it.
    readable_ = then == ClientSocket::Then::kMore || (hung_up_ && bytes > 0);
    if (bytes > 0 && !TakeBytes({buffer.data(), bytes})) return;
  }
}

void HttpConnection::Yield() {
  poller_.Post([self = shared_from_this()] {
    if (self->phase_ == Phase::kReading || self->phase_ == Phase::kOver) self->Read();
  });
}

bool HttpConnection::TakeBytes(std::string_view data) {
  if (phase_ == Phase::kOver) {
    dropped_ += data.size();
    if (dropped_ > kMostDropped) Remove();
    return phase_ == Phase::kOver;
  }
  switch (reader_.Read(data)) {
    case RequestReader::State::kNothing:
      return true;
    case RequestReader::State::kPartial:
      return AwaitRest();
    case RequestReader::State::kComplete:
      unread_ = data;
      Dispatch();
      return false;
    case RequestReader::State::kRefused:
      break;
  }
  Refuse(reader_.refusal());
  return false;
}

bool HttpConnection::AwaitRest() {
  if (!std::exchange(begun_, true)) {
    const Time now = SteadyNow();
    shared_.connections.Set(fd(), Waits::kForClient, now, now + shared_.config.request);
  }
  const size_t held = reader_.held_bytes();
  if (Charge(shared_.held, held_, held) > shared_.config.max_buffered_bytes && held > kSmall) {
    Refuse({503, "too much of other requests waits for its rest"});
    return false;
  }
  if (!reader_.TakeExpectation()) return true;
  constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  if (socket_->Send(kGoOn).bytes == kGoOn.size()) return true;
  Remove();
  return false;
}

// Nothing more comes, because the client or this server has ended it.
void HttpConnection::OnEnd() {
  if (phase_ == Phase::kOver || !begun_) return Remove();
  readable_ = false;
  if (shared_.connections.stopping()) return Refuse({503, "the node is stopping"});
  if (shared_.connections.Ended(fd())) return Refuse({408, "the request did not come as a whole in time"});
  Refuse({400, "the request ended early"});
}

void HttpConnection::Dispatch() {
  HttpRequest& request = reader_.request();
  request.received = SteadyNow();
  if (client_ == nullptr) {
    client_ = std::make_shared<HttpClient>(HttpClient{socket_->Address(), socket_->encrypted(), socket_->Nodes()});
  }
  request.client = client_;
  begun_ = false;
  phase_ = Phase::kAnswering;
  shared_.connections.Set(fd(), Waits::kForAnswer, request.received, Time::max());
  Charge(shared_.held, held_, reader_.held_bytes());
  if (spare_ && !shared_.front.NeverWaits(request)) return Refuse({503, "too many connections"});
  shared_.front.Handle(request, HttpReply(shared_from_this()));
}

// ---- Answers: from any thread --------------------------------------------------------------------------------------

void HttpConnection::Answer(HttpAnswer make) {
  poller_.Post([self = shared_from_this(), make = std::move(make)]() mutable { self->OnAnswer(make()); });
}

void HttpConnection::AnswerAfterWaiting(HttpAnswer make) {
  const auto self = shared_from_this();
  const bool taken = OnThread([self, make = std::move(make)]() mutable {
    self->Answer([response = make()]() mutable { return std::move(response); });
  });
  if (!taken) poller_.Post([self] { self->Refuse({503, "too many requests"}); });
}

void HttpConnection::Wake() {
  if (woken_.exchange(true)) return;
  poller_.Post([self = shared_from_this()] {
    self->woken_ = false;
    if (self->phase_ == Phase::kWriting && !self->blocked_) self->Write();
  });
}

bool HttpConnection::OnThread(Task task) { return shared_.pool.Submit(std::move(task)) != WorkerPool::Place::kRefused; }

// ---- Answers: on the poller's thread -------------------------------------------------------------------------------

void HttpConnection::OnAnswer(HttpResponse response) {
  const HttpRequest& request = reader_.request();
  shared_.front.Answered(request, response.status, SteadyNow() - request.received);
  if (response.source) response.source = shared_.front.Guard(request, std::move(response.source));
  Send(std::move(response), shared_.connections.lets_go() || reader_.last());
}

// Where the connection cannot go on: the rest of the request would be taken for another one.
void HttpConnection::Refuse(HttpRefusal refusal) {
  shared_.front.Refused(refusal.status);
  HttpResponse response = ErrorResponse(refusal.status, refusal.why);
  if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", "identity");
  Send(std::move(response), true);
}

void HttpConnection::Send(HttpResponse response, bool last) {
  const bool head_only = reader_.request().method == "HEAD";
  last_ = last || response.source;
  const auto keep_alive = std::chrono::ceil<std::chrono::seconds>(shared_.config.idle);
  out_ = WriteResponse(response, {.node = shared_.config.node,
                                  .keep_alive = last_ ? std::chrono::seconds(0) : keep_alive,
                                  .head_only = head_only});
  if (response.source && !head_only) {
    source_ = std::move(response.source);
    socket_->KeepLittleUnread();
    source_->Begin(weak_from_this());
  }
  phase_ = Phase::kWriting;
  Write();
}

void HttpConnection::Write() {
  for (int pieces = 0; pieces < kPiecesPerTurn; ++pieces) {
    if (!Flush()) return;
    if (!source_) return OnSent();
    if (shared_.unsent > shared_.config.max_unsent_bytes) return AwaitRoom();
    switch (source_->Next(out_)) {
      case HttpSource::Piece::kSome:
        break;
      case HttpSource::Piece::kNothing:
        if (hung_up_ && source_->ends_with_client()) return Finish();
        return shared_.connections.Set(fd(), Waits::kForAnswer, Time(), source_->ask_again());
      case HttpSource::Piece::kEnd:
        source_ = nullptr;
    }
  }
  Wake();  // when others have had their turn
}

// Thousands of streams may have something to say at once. Those that were ended for the limit keep what they hold until
// their poller sees it, so the rest make nothing before that; a tick later they ask again.
void HttpConnection::AwaitRoom() {
  const Time now = SteadyNow();
  shared_.connections.EndLongest(Waits::kForReader, now - kMayTakeNothing);
  shared_.connections.Set(fd(), Waits::kForAnswer, Time(), now);
}

bool HttpConnection::Flush() {
  const size_t before = sent_;
  while (sent_ < out_.size()) {
    const auto [bytes, then] = socket_->Send(std::string_view(out_).substr(sent_));
    sent_ += bytes;
    if (then == ClientSocket::Then::kMore) continue;
    if (then == ClientSocket::Then::kGone) {
      Remove();
    } else {
      NoteUnsent(sent_ > before);
    }
    return false;
  }
  if (std::exchange(blocked_, false)) {
    Charge(shared_.unsent, unsent_, 0);
    shared_.connections.Set(fd(), Waits::kForAnswer, Time(), Time::max());
  }
  out_ = {};
  sent_ = 0;
  return true;
}

// The limit on all unsent bytes falls on who takes them most slowly, so nobody else notices.
void HttpConnection::NoteUnsent(bool progress) {
  const size_t all = Charge(shared_.unsent, unsent_, out_.size() - sent_);
  const bool first = !std::exchange(blocked_, true);
  const Time now = SteadyNow();
  if (first || progress) shared_.connections.Set(fd(), Waits::kForReader, now, now + shared_.config.stalled_write);
  if (first && all > shared_.config.max_unsent_bytes) shared_.connections.EndLongest(Waits::kForReader, Time::max());
}

// The next request may follow.
void HttpConnection::OnSent() {
  reader_.Reset();
  Charge(shared_.held, held_, 0);
  if (last_) return Finish();
  phase_ = Phase::kReading;
  const std::string unread = std::exchange(unread_, {});
  if (!unread.empty() && !TakeBytes(unread)) return;
  Rest();
  Read();
}

// Closing while bytes of the client are unread resets the connection, and the reset can overtake our answer. So: say
// that nothing more comes, then read what still arrives, within reason.
void HttpConnection::Finish() {
  phase_ = Phase::kOver;
  source_ = nullptr;
  out_ = unread_ = {};
  reader_.Reset();
  Charge(shared_.held, held_, 0);
  Charge(shared_.unsent, unsent_, 0);
  socket_->SendNoMore();
  shared_.connections.Set(fd(), Waits::kForClient, Time(), SteadyNow() + kLinger);
  readable_ = true;
  Yield();
}

// Until the client sends more.
void HttpConnection::Rest() {
  if (begun_) return;
  const Time now = SteadyNow();
  shared_.connections.Set(fd(), Waits::kForClient, now, now + shared_.config.idle);
}

void HttpConnection::Remove() {
  if (std::exchange(phase_, Phase::kRemoved) == Phase::kRemoved) return;
  source_ = nullptr;
  if (std::exchange(greeting_, false)) --shared_.greeting;
  Charge(shared_.held, held_, 0);
  Charge(shared_.unsent, unsent_, 0);
  poller_.Forget(fd());
  shared_.connections.Remove(fd());
}

}  // namespace raftly
