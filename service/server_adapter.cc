#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "service/connection_adapter.h"
#include "service/server.h"

namespace sluice::service {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

std::string BusyResponse() {
  const std::string body =
      ToStatusJson({503, "ServiceUnavailable", "too many connections are open"});
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

class Server::Impl {
 public:
  Impl(Router& router, const ServerOptions& options)
      : shared_(std::make_shared<ServerShared>(router, options)) {
    for (int i = 0; i < std::max(1, options.threads); ++i) {
      loops_.push_back(std::make_shared<Loop>());
    }
    acceptor_.emplace(loops_[0]->context.get_executor());
    retry_.emplace(loops_[0]->context);
  }

  ErrorCode Bind(const ListenAddress& address) {
    ErrorCode error;
    const auto host = asio::ip::make_address(address.host, error);
    if (error) return error;
    const Tcp::endpoint endpoint(host, address.port);
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_->local_endpoint(error).port();
    return error;
  }

  void Run() {
    for (const auto& loop : loops_) {
      guards_.emplace_back(loop->context.get_executor());
      threads_.emplace_back([loop] { loop->context.run(); });
    }
    asio::post(loops_[0]->context, [this] { Accept(); });
  }

  void Stop() {
    if (threads_.empty()) return;
    shared_->stopping = true;
    asio::post(loops_[0]->context, [this] {
      ErrorCode ignored;
      acceptor_->close(ignored);
      retry_->cancel();
    });
    OnEveryConnection([](Connection& connection) { connection.Shutdown(); }, false);
    {
      std::unique_lock lock(shared_->mutex);
      shared_->closed.wait_for(lock, shared_->options.stop_grace,
                               [this] { return shared_->connections == 0; });
    }
    OnEveryConnection([](Connection& connection) { connection.Close(); }, true);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  uint16_t port() const { return port_; }

 private:
  void OnEveryConnection(void (*act)(Connection&), bool last) {
    for (size_t i = 0; i < loops_.size(); ++i) {
      asio::post(loops_[i]->context, [this, i, act, last] {
        const auto connections = loops_[i]->connections;  // a copy: acting erases
        for (const auto& connection : connections) act(*connection);
        if (last) guards_[i].reset();
      });
    }
  }

  void Accept() {
    const std::shared_ptr<Loop>& loop = loops_[next_++ % loops_.size()];
    acceptor_->async_accept(loop->context, [this, loop](const ErrorCode& error, Socket socket) {
      if (shared_->stopping) return;
      if (error) {
        // Out of descriptors, most likely: taking a breath beats spinning.
        retry_->expires_after(kAcceptRetry);
        return retry_->async_wait([this](const ErrorCode& cancelled) {
          if (!cancelled) Accept();
        });
      }
      Take(loop, std::move(socket));
      Accept();
    });
  }

  void Take(const std::shared_ptr<Loop>& loop, Socket socket) {
    HttpCounters& counters = *shared_->counters;
    if (counters.connections_open >= shared_->options.connections_max) {
      ++counters.connections_refused_total;
      ErrorCode ignored;
      socket.non_blocking(true, ignored);
      const std::string busy = BusyResponse();
      socket.write_some(asio::buffer(busy), ignored);
      return;
    }
    auto connection = Connection::Make(shared_, loop, std::move(socket));
    asio::post(loop->context, [loop, connection = std::move(connection)] {
      loop->connections.insert(connection);
      connection->Start();
    });
  }

  using Guard = asio::executor_work_guard<Executor>;
  const std::shared_ptr<ServerShared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::optional<asio::basic_socket_acceptor<Tcp, Executor>> acceptor_;  // on loop 0
  std::optional<asio::steady_timer> retry_;                             // on loop 0
  std::vector<Guard> guards_;
  std::vector<std::thread> threads_;
  size_t next_ = 0;  // on loop 0
  uint16_t port_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

uint16_t Server::port() const { return impl_->port(); }

void Server::Stop() { impl_->Stop(); }

Answer<std::unique_ptr<Server>> Server::Start(Router& router, const ListenAddress& address,
                                              const ServerOptions& options) {
  if (!IsLoopbackHost(address.host)) {
    return Fail(ApiError::BadRequest(address.host + " is not loopback: that needs TLS and " +
                                     "authentication, which this build does not have"));
  }
  auto impl = std::make_unique<Impl>(router, options);
  if (const ErrorCode error = impl->Bind(address)) {
    return Fail(ApiError::Unavailable("cannot listen on " + address.host + ":" +
                                      std::to_string(address.port) + ": " + error.message()));
  }
  impl->Run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace sluice::service
