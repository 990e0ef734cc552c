// One HTTP/1.1 connection of a client with an event loop of its own, so that every wait can be
// bounded or stopped. Only for http_client.cc: it brings Asio and Beast.
#pragma once

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>

#include "events/basic_types.h"
#include "service/client/url.h"

namespace sluice {

// Errors are Asio's; an expired wait is beast::error::timeout. One thread at a time, except where
// it says otherwise.
class HttpConnection {
 public:
  explicit HttpConnection(const ServerUrl& url) : url_(url), stream_(io_) {}

  boost::system::error_code Connect(Duration timeout) {
    boost::asio::ip::tcp::resolver resolver(io_);
    boost::system::error_code error;
    const auto endpoints = resolver.resolve(url_.host, url_.port, error);
    if (error) return error;
    Expire(timeout);
    stream_.async_connect(endpoints, [&](boost::system::error_code e, const auto&) { error = e; });
    Run();
    if (!error) stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), error);
    return error;
  }

  boost::system::error_code Write(
      const boost::beast::http::request<boost::beast::http::string_body>& message) {
    boost::system::error_code error;
    boost::beast::http::async_write(stream_, message,
                                    [&](boost::system::error_code e, size_t) { error = e; });
    Run();
    return error;
  }

  template <class Parser>
  boost::system::error_code ReadHeader(Parser& parser) {
    boost::system::error_code error;
    boost::beast::http::async_read_header(stream_, buffer_, parser,
                                          [&](boost::system::error_code e, size_t) { error = e; });
    Run();
    return error;
  }

  template <class Parser>
  boost::system::error_code ReadAll(Parser& parser) {
    boost::system::error_code error;
    boost::beast::http::async_read(stream_, buffer_, parser,
                                   [&](boost::system::error_code e, size_t) { error = e; });
    Run();
    return error;
  }

  template <class Parser>
  boost::system::error_code ReadSome(Parser& parser) {
    boost::system::error_code error;
    boost::beast::http::async_read_some(stream_, buffer_, parser,
                                        [&](boost::system::error_code e, size_t) { error = e; });
    Run();
    return error;
  }

  void Expire(Duration timeout) {
    if (timeout.us > 0) {
      stream_.expires_after(std::chrono::microseconds(timeout.us));
    } else {
      stream_.expires_never();
    }
  }

  // A kept connection on which the server has said anything, its farewell included, is of no use.
  bool IsQuiet() {
    char byte = 0;
    const ssize_t got = recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && buffer_.size() == 0;
  }

  // From any thread.
  void CancelFromOutside() {
    boost::asio::post(io_, [this] {
      is_cancelled_ = true;
      boost::system::error_code ignored;
      stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
      stream_.cancel();
    });
  }
  bool is_cancelled() const { return is_cancelled_; }

 private:
  void Run() {
    io_.restart();
    io_.run();
  }

  const ServerUrl url_;
  boost::asio::io_context io_{1};
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool is_cancelled_ = false;
};

}  // namespace sluice
