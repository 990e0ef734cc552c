#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "service/listen_address.h"
#include "service/router.h"

namespace sluice::service {

struct ServerOptions {
  int threads = 2;
  size_t connections_max = 1024;
  size_t header_bytes_max = 16 * 1024;
  size_t body_bytes_max = 8 * 1024 * 1024;
  // From one response to the end of the next request's head: idle and dribbling clients alike.
  std::chrono::milliseconds head_timeout{75'000};
  std::chrono::milliseconds body_timeout{30'000};   // for a request's body
  std::chrono::milliseconds write_timeout{30'000};  // for a response, or a chunk of a stream
  std::chrono::milliseconds stop_grace{3'000};      // for requests in flight when stopping
};

// The HTTP/1.1 listener in front of a router: keep-alive and pipelining, one answer at a time per
// connection. Every connection lives on one of `threads` threads. Thread-safe.
class Server {
 public:
  // Fails when the address cannot be bound; the message names it and says why.
  static Answer<std::unique_ptr<Server>> Start(Router& router, const ListenAddress& address,
                                               const ServerOptions& options = {});

  // Stops, if that was not done.
  ~Server();

  uint16_t port() const;  // the one listened on, also when port 0 was asked for

  // Takes no more requests, answers those in flight within `stop_grace`, ends streams with a
  // bookmark where they carry bookmarks, and returns when all connections are closed.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::service
