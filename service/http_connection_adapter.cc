#include "service/http_connection_adapter.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <cctype>
#include <string_view>

#include "service/wire_adapter.h"

namespace sluice::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kDrainBytesMax = 256 * 1024;

}  // namespace

std::shared_ptr<Connection> Connection::Make(std::shared_ptr<ServerShared> shared,
                                             std::shared_ptr<Loop> loop, Socket socket) {
  return std::make_shared<HttpConnection>(std::move(shared), std::move(loop), std::move(socket));
}

HttpConnection::HttpConnection(std::shared_ptr<ServerShared> shared, std::shared_ptr<Loop> loop,
                               Socket socket)
    : loop_(std::move(loop)),
      shared_(std::move(shared)),
      counters_(*shared_->counters),
      stream_(std::move(socket)),
      timer_(loop_->context) {
  const std::lock_guard lock(shared_->mutex);
  ++shared_->connections;
  ++counters_.connections_open;
}

HttpConnection::~HttpConnection() {
  --counters_.connections_open;
  const std::lock_guard lock(shared_->mutex);
  --shared_->connections;
  shared_->closed.notify_all();
}

void HttpConnection::Start() {
  if (shared_->stopping) return Close();
  ErrorCode ignored;
  stream_.socket().set_option(Tcp::no_delay(true), ignored);
  const Tcp::endpoint peer = stream_.socket().remote_endpoint(ignored);
  peer_ = peer.address().to_string() + " " + std::to_string(peer.port());
  ReadHead();
}

void HttpConnection::Shutdown() {
  ending_ = true;
  if (body_stream_ != nullptr) {
    if (!writing_) FinishStream();
  } else if (!answering_ || draining_) {
    Close();
  }
}

void HttpConnection::Close() {
  if (closed_) return;
  closed_ = true;
  EndStream();
  timer_.cancel();
  stream_.close();
  loop_->connections.erase(shared_from_this());
}

void HttpConnection::ReadHead() {
  answering_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_->options.header_bytes_max));
  parser_->body_limit(shared_->options.body_bytes_max);
  stream_.expires_after(shared_->options.head_timeout);
  http::async_read_header(stream_, buffer_, *parser_, Then(&HttpConnection::OnHead));
}

void HttpConnection::OnHead(const ErrorCode& error) {
  if (error) return OnReadError(error);
  answering_ = true;
  if (parser_->is_done()) return Dispatch();
  stream_.expires_after(shared_->options.body_timeout);
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    return asio::async_write(stream_, asio::buffer(kContinue), Then(&HttpConnection::ReadBody));
  }
  ReadBody({});
}

void HttpConnection::ReadBody(const ErrorCode& error) {
  if (error) return Close();
  http::async_read(stream_, buffer_, *parser_, Then(&HttpConnection::OnBody));
}

void HttpConnection::OnBody(const ErrorCode& error) {
  if (error) return OnReadError(error);
  Dispatch();
}

void HttpConnection::OnReadError(const ErrorCode& error) {
  answering_ = true;
  keep_alive_ = false;
  const auto refusal = RefusalOf(error, shared_->options);
  if (!refusal) return Close();
  Refuse(*refusal);
}

void HttpConnection::Refuse(const ApiError& error) {
  Reply reply;
  reply.response.status = error.code;
  reply.response.body = ToStatusJson(error);
  OnReply(std::move(reply));
}

void HttpConnection::Dispatch() {
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
  request.connection = peer_;
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (name.starts_with("x-github-") || name.starts_with("x-hub-")) {
      request.webhook_headers.emplace(std::move(name), field.value());
    }
  }
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

void HttpConnection::OnReply(Reply reply) {
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
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head_), asio::buffer(response_.body)};
  asio::async_write(stream_, parts, Then(&HttpConnection::OnWritten));
}

void HttpConnection::OnWritten(const ErrorCode& error) {
  if (error) return Close();
  if (keep_alive_ && !ending_) return ReadHead();
  CloseGently();
}

void HttpConnection::CloseGently() {
  if (ending_) return Close();
  draining_ = true;
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDrainTimeout);
  drained_bytes_ = 0;
  Drain();
}

void HttpConnection::Drain() {
  stream_.async_read_some(asio::buffer(scratch_),
                          [self = Self()](const ErrorCode& error, size_t bytes) {
                            if (self->closed_) return;
                            self->drained_bytes_ += bytes;
                            if (error || self->drained_bytes_ > kDrainBytesMax)
                              return self->Close();
                            self->Drain();
                          });
}

}  // namespace sluice::service
