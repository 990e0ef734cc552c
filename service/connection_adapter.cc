#include "service/connection_adapter.h"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string_view>

#include "service/wire_adapter.h"

namespace sluice::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kDrainBytesMax = 256 * 1024;
constexpr auto kDrainTimeout = std::chrono::seconds(2);

class HttpConnection : public Connection {
 public:
  HttpConnection(std::shared_ptr<ServerShared> shared, std::shared_ptr<Loop> loop, Socket socket)
      : loop_(std::move(loop)),
        shared_(std::move(shared)),
        counters_(*shared_->counters),
        stream_(std::move(socket)),
        timer_(loop_->context) {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->connections;
    ++counters_.connections_open;
  }

  ~HttpConnection() override {
    --counters_.connections_open;
    const std::lock_guard lock(shared_->mutex);
    --shared_->connections;
    shared_->closed.notify_all();
  }

  void Start() override {
    if (shared_->stopping) return Close();
    ErrorCode ignored;
    stream_.socket().set_option(Tcp::no_delay(true), ignored);
    ReadHead();
  }

  void Shutdown() override {
    ending_ = true;
    if (body_stream_ != nullptr) {
      if (!writing_) FinishStream();
    } else if (!answering_ || draining_) {
      Close();
    }
  }

  void Close() override {
    if (closed_) return;
    closed_ = true;
    EndStream();
    timer_.cancel();
    stream_.close();
    loop_->connections.erase(shared_from_this());
  }

 private:
  std::shared_ptr<HttpConnection> Self() {
    return std::static_pointer_cast<HttpConnection>(shared_from_this());
  }

  // A completion handler that keeps the connection and is skipped once it is closed.
  template <class Method>
  auto Then(Method method) {
    return [self = Self(), method](const ErrorCode& error, size_t) {
      if (!self->closed_) ((*self).*method)(error);
    };
  }

  void ReadHead() {
    answering_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_->options.header_bytes_max));
    parser_->body_limit(shared_->options.body_bytes_max);
    stream_.expires_after(shared_->options.head_timeout);
    http::async_read_header(stream_, buffer_, *parser_, Then(&HttpConnection::OnHead));
  }

  void OnHead(const ErrorCode& error) {
    if (error) return OnReadError(error);
    answering_ = true;
    if (parser_->is_done()) return Dispatch();
    stream_.expires_after(shared_->options.body_timeout);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      return asio::async_write(stream_, asio::buffer(kContinue), Then(&HttpConnection::ReadBody));
    }
    ReadBody({});
  }

  void ReadBody(const ErrorCode& error) {
    if (error) return Close();
    http::async_read(stream_, buffer_, *parser_, Then(&HttpConnection::OnBody));
  }

  void OnBody(const ErrorCode& error) {
    if (error) return OnReadError(error);
    Dispatch();
  }

  void OnReadError(const ErrorCode& error) {
    answering_ = true;
    keep_alive_ = false;
    const auto refusal = RefusalOf(error, shared_->options);
    if (!refusal) return Close();
    Refuse(*refusal);
  }

  void Refuse(const ApiError& error) {
    Reply reply;
    reply.response.status = error.code;
    reply.response.body = ToStatusJson(error);
    OnReply(std::move(reply));
  }

  void Dispatch() {
    auto& message = parser_->get();
    const auto text = [&](http::field field) { return std::string(message[field]); };
    keep_alive_ = message.keep_alive();
    head_only_ = message.method() == http::verb::head;
    http11_ = message.version() >= 11;
    Request request;
    request.method = message.method_string();
    request.target = message.target();
    request.content_type = text(http::field::content_type);
    request.accept = text(http::field::accept);
    request.host = text(http::field::host);
    request.origin = text(http::field::origin);
    request.body = std::move(message.body());
    // Weak: the backend may answer when the server is long gone.
    const std::weak_ptr<HttpConnection> weak = Self();
    shared_->router.Handle(std::move(request), [weak](Reply reply) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      const Executor executor = self->loop_->context.get_executor();
      if (executor.running_in_this_thread()) return self->OnReply(std::move(reply));
      asio::post(executor, [weak, reply = std::move(reply)]() mutable {
        if (const auto waiting = weak.lock()) waiting->OnReply(std::move(reply));
      });
    });
  }

  void OnReply(Reply reply) {
    if (closed_) return;
    const int status_class = reply.response.status / 100;
    if (status_class >= 1 && status_class <= 5) {
      ++counters_.responses[static_cast<size_t>(status_class)];
    }
    response_ = std::move(reply.response);
    body_stream_ = std::move(reply.stream);
    const bool streams = body_stream_ != nullptr;
    if (streams || ending_ || shared_->stopping) keep_alive_ = false;
    const BodyForm form = !streams  ? BodyForm::kLength
                          : http11_ ? BodyForm::kChunked
                                    : BodyForm::kToEnd;
    head_ = ResponseHead(response_, form, keep_alive_);
    if (head_only_) response_.body.clear();
    if (streams) return StartStream();
    stream_.expires_after(shared_->options.write_timeout);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head_),
                                                  asio::buffer(response_.body)};
    asio::async_write(stream_, parts, Then(&HttpConnection::OnWritten));
  }

  void OnWritten(const ErrorCode& error) {
    if (error) return Close();
    if (keep_alive_ && !ending_) return ReadHead();
    CloseGently();
  }

  // Lets the client read the answer: a reset because of unread input would throw it away.
  void CloseGently() {
    if (ending_) return Close();
    draining_ = true;
    ErrorCode ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDrainTimeout);
    drained_bytes_ = 0;
    Drain();
  }

  void Drain() {
    stream_.async_read_some(asio::buffer(scratch_),
                            [self = Self()](const ErrorCode& error, size_t bytes) {
                              if (self->closed_) return;
                              self->drained_bytes_ += bytes;
                              if (error || self->drained_bytes_ > kDrainBytesMax)
                                return self->Close();
                              self->Drain();
                            });
  }

  void StartStream() {
    ++counters_.streams_open;
    waker_ = body_stream_->waker();
    if (waker_ != nullptr) {
      const std::weak_ptr<HttpConnection> weak = Self();
      waker_->Listen([weak] {
        const auto self = weak.lock();
        if (self == nullptr) return;
        asio::post(self->loop_->context, [weak] {
          if (const auto waiting = weak.lock()) waiting->Pump();
        });
      });
    }
    // Reads only to notice that the client has gone; each write then sets its own deadline.
    stream_.expires_never();
    drained_bytes_ = 0;
    Drain();
    pending_.clear();
    WriteStream();
  }

  // Asks the stream for more, unless a write is under way: then its end does.
  void Pump() {
    if (closed_ || writing_ || body_stream_ == nullptr) return;
    if (ending_) return FinishStream();
    Stream::Chunk chunk = body_stream_->Next();
    last_ = chunk.end;
    if (!chunk.bytes.empty() || last_) return WriteChunk(std::move(chunk.bytes));
    if (chunk.ask_again.count() == 0) return;
    timer_.expires_after(chunk.ask_again);
    timer_.async_wait([self = Self()](const ErrorCode& error) {
      if (!error) self->Pump();
    });
  }

  void FinishStream() {
    last_ = true;
    WriteChunk(body_stream_->Farewell());
  }

  void WriteChunk(std::string bytes) {
    pending_ = http11_ ? ChunkText(bytes, last_) : std::move(bytes);
    WriteStream();
  }

  void WriteStream() {
    writing_ = true;
    stream_.expires_after(shared_->options.write_timeout);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head_), asio::buffer(pending_)};
    asio::async_write(stream_, parts, Then(&HttpConnection::OnStreamWritten));
  }

  void OnStreamWritten(const ErrorCode& error) {
    writing_ = false;
    if (error) return Close();
    head_.clear();
    if (!last_) return Pump();
    EndStream();
    draining_ = true;
    if (ending_) return Close();
    ErrorCode ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    // The pending read sees the client close; one that does not is not waited for.
    timer_.expires_after(kDrainTimeout);
    timer_.async_wait([self = Self()](const ErrorCode& cancelled) {
      if (!cancelled) self->Close();
    });
  }

  void EndStream() {
    if (body_stream_ == nullptr) return;
    --counters_.streams_open;
    if (waker_ != nullptr) waker_->Listen(nullptr);
    body_stream_.reset();
  }

  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<ServerShared> shared_;
  HttpCounters& counters_;
  beast::basic_stream<Tcp, Executor> stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::array<char, 4096> scratch_{};
  size_t drained_bytes_ = 0;

  Response response_;
  std::string head_;
  std::string pending_;  // the chunk being written
  std::unique_ptr<Stream> body_stream_;
  std::shared_ptr<Waker> waker_;

  bool keep_alive_ = true;
  bool head_only_ = false;
  bool http11_ = true;
  bool answering_ = false;  // from a request's head to the end of its answer
  bool writing_ = false;    // a chunk of the stream
  bool last_ = false;       // the chunk being written is the stream's last
  bool draining_ = false;   // answered; waits for the client to close
  bool ending_ = false;     // the server stops
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::Make(std::shared_ptr<ServerShared> shared,
                                             std::shared_ptr<Loop> loop, Socket socket) {
  return std::make_shared<HttpConnection>(std::move(shared), std::move(loop), std::move(socket));
}

}  // namespace sluice::service
