#pragma once

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "service/connection_adapter.h"

// Only *_adapter.cc files include this.
namespace sluice::service {

// One client: its requests (http_connection_adapter.cc) and the stream that may answer one
// (http_stream_adapter.cc). A request is read whole, answered, and only then is the next one read;
// a stream is the last thing a connection sends.
class HttpConnection : public Connection {
 public:
  HttpConnection(std::shared_ptr<ServerShared> shared, std::shared_ptr<Loop> loop, Socket socket);
  ~HttpConnection() override;

  void Start() override;
  void Shutdown() override;
  void Close() override;

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

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

  void ReadHead();
  void OnHead(const ErrorCode& error);
  void ReadBody(const ErrorCode& error);
  void OnBody(const ErrorCode& error);
  void OnReadError(const ErrorCode& error);
  void Refuse(const ApiError& error);
  void Dispatch();
  void OnReply(Reply reply);
  void OnWritten(const ErrorCode& error);

  // Lets the client read the answer: a reset because of unread input would throw it away.
  void CloseGently();
  void Drain();

  void StartStream();

  // Asks the stream for more, unless a write is under way: then its end does.
  void Pump();
  void FinishStream();
  void WriteChunk(std::string bytes);
  void WriteStream();
  void OnStreamWritten(const ErrorCode& error);
  void EndStream();

  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<ServerShared> shared_;
  HttpCounters& counters_;
  boost::beast::basic_stream<Tcp, Executor> stream_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::array<char, 4096> scratch_{};
  size_t drained_bytes_ = 0;

  Response response_;
  std::string head_;
  std::string pending_;  // the chunk being written
  std::string peer_;
  std::unique_ptr<Stream> body_stream_;
  std::shared_ptr<Waker> waker_;
  std::atomic<bool> woken_{false};  // a Pump is posted

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

}  // namespace sluice::service
