#include "service/client/tests/fake_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <mutex>
#include <thread>

namespace sluice::testing {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

tcp::endpoint Loopback() { return {asio::ip::make_address_v4("127.0.0.1"), 0}; }

std::string Url(const tcp::acceptor& acceptor) {
  return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

}  // namespace

struct FakeServer::Impl {
  explicit Impl(Handler h) : handler(std::move(h)), acceptor(io, Loopback()), url(Url(acceptor)) {}

  Handler handler;
  asio::io_context io;
  tcp::acceptor acceptor;
  const std::string url;
  std::thread accepting;

  mutable std::mutex mutex;  // Guards what follows and calls of the handler.
  bool is_stopping = false;
  std::list<tcp::socket> sockets;
  std::list<std::thread> threads;
  std::vector<FakeRequest> requests;

  void Accept() {
    while (true) {
      error_code error;
      tcp::socket socket(io);
      acceptor.accept(socket, error);
      const std::lock_guard lock(mutex);
      if (error || is_stopping) return;
      sockets.push_back(std::move(socket));
      threads.emplace_back([this, s = &sockets.back()] { Serve(*s); });
    }
  }

  FakeReply Answer(const http::request<http::string_body>& message) {
    FakeRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.body = message.body();
    for (const auto& field : message) {
      request.headers[Lower(std::string(field.name_string()))] = std::string(field.value());
    }
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    return handler(request);
  }

  static void SendChunks(tcp::socket& socket, const FakeReply& reply, error_code& error) {
    http::response<http::empty_body> head{http::int_to_status(static_cast<unsigned>(reply.status)),
                                          11};
    head.set(http::field::content_type, reply.content_type);
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    http::write_header(socket, serializer, error);
    for (const std::string& chunk : reply.chunks) {
      if (error) return;
      asio::write(socket, http::make_chunk(asio::buffer(chunk)), error);
    }
    if (!error && reply.end == FakeEnd::kOrderly)
      asio::write(socket, http::make_chunk_last(), error);
  }

  static void SendWhole(tcp::socket& socket, const FakeReply& reply, error_code& error) {
    http::response<http::string_body> whole{
        http::int_to_status(static_cast<unsigned>(reply.status)), 11};
    whole.set(http::field::content_type, reply.content_type);
    whole.body() = reply.body;
    whole.prepare_payload();
    http::write(socket, whole, error);
  }

  void Serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    while (true) {
      error_code error;
      http::request<http::string_body> message;
      http::read(socket, buffer, message, error);
      if (error) break;
      const FakeReply reply = Answer(message);
      if (!reply.chunks.empty()) {
        SendChunks(socket, reply, error);
      } else if (reply.end == FakeEnd::kOrderly) {
        SendWhole(socket, reply, error);
      }
      if (reply.end == FakeEnd::kHold) {
        char byte = 0;
        while (!error) socket.read_some(asio::buffer(&byte, 1), error);
      }
      if (error || reply.end != FakeEnd::kOrderly || reply.close) break;
    }
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
  }
};

FakeServer::FakeServer(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {
  impl_->accepting = std::thread([this] { impl_->Accept(); });
}

FakeServer::~FakeServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
    error_code ignored;
    for (tcp::socket& socket : impl_->sockets) {
      socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
  }
  // A last connection of our own wakes the accepting thread, which then sees that we stop.
  error_code ignored;
  tcp::socket(impl_->io).connect(impl_->acceptor.local_endpoint(), ignored);
  impl_->accepting.join();
  for (std::thread& thread : impl_->threads) thread.join();
}

std::string FakeServer::url() const { return impl_->url; }

int FakeServer::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<int>(impl_->sockets.size());
}

std::vector<FakeRequest> FakeServer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::string UnusedUrl() {
  asio::io_context io;
  return Url(tcp::acceptor(io, Loopback()));
}

}  // namespace sluice::testing
