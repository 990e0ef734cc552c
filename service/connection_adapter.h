#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "service/metrics.h"
#include "service/server.h"

// Only *_adapter.cc files include this.
namespace sluice::service {

using Tcp = boost::asio::ip::tcp;
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;

// What all connections of a server share.
struct ServerShared {
  ServerShared(Router& the_router, const ServerOptions& the_options)
      : router(the_router), options(the_options), counters(the_router.counters()) {}

  Router& router;
  const ServerOptions options;
  const std::shared_ptr<HttpCounters> counters;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable closed;  // a connection is gone
  size_t connections = 0;          // guarded by mutex
};

class Connection;

// One thread's event loop and the connections that live on it.
struct Loop {
  boost::asio::io_context context{1};
  std::set<std::shared_ptr<Connection>> connections;  // touched on the loop's thread only
};

// One client. All methods run on the loop's thread; the router's answer may come from any.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static std::shared_ptr<Connection> Make(std::shared_ptr<ServerShared> shared,
                                          std::shared_ptr<Loop> loop, Socket socket);
  virtual ~Connection() = default;

  virtual void Start() = 0;
  // Ends once the request in flight is answered; at once when there is none.
  virtual void Shutdown() = 0;
  virtual void Close() = 0;
};

}  // namespace sluice::service
