// A small HTTP server that answers with its revision: what the quickstart rolls out.
//   GET /         200 and the revision
//   GET /healthz  200 once ready, 503 before
// It listens on $SLUICE_ADDRESS (127.0.0.1 when that is not set). SIGTERM and SIGINT end it: it
// takes what is already waiting in the backlog, answers every request that has begun, and exits 0.
#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;

struct Options {
  std::string revision = "v1";
  uint16_t port = 8080;
  std::chrono::milliseconds ready_after{0};
  bool never_ready = false;
};

// One thread: everything below runs in the io_context's run().
class HelloServer {
 public:
  HelloServer(asio::io_context& io, const Options& options, const asio::ip::tcp::endpoint& endpoint)
      : options_(options),
        ready_from_(steady_clock::now() + options.ready_after),
        acceptor_(io, endpoint),
        signals_(io, SIGTERM, SIGINT) {
    acceptor_.non_blocking(true);
    signals_.async_wait([this](error_code, int) { Stop(); });
    asio::co_spawn(io, Accept(), asio::detached);
  }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket socket) : stream(std::move(socket)) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    bool idle = false;  // Waiting for the first byte of a request.
  };

  asio::awaitable<void> Accept() {
    while (acceptor_.is_open()) {
      error_code error;
      asio::ip::tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!error) Serve(std::move(socket));
    }
  }

  void Serve(asio::ip::tcp::socket socket) {
    const auto executor = socket.get_executor();
    const auto connection = connections_.emplace(connections_.end(), std::move(socket));
    asio::co_spawn(executor, Converse(*connection),
                   [this, connection](std::exception_ptr) { connections_.erase(connection); });
  }

  asio::awaitable<void> Converse(Connection& connection) {
    for (bool keep_alive = true; keep_alive;) {
      error_code error;
      if (connection.buffer.size() == 0 && !stopping_) {
        connection.idle = true;
        co_await connection.stream.socket().async_wait(
            asio::ip::tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        connection.idle = false;
        if (error) co_return;
      }
      // Of a connection that came out of the backlog during the stop, a request may be on its way.
      connection.stream.expires_after(stopping_ ? kLastRequest : kRequest);
      http::request_parser<http::string_body> parser;
      co_await http::async_read(connection.stream, connection.buffer, parser,
                                asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      http::response<http::string_body> response = Answer(parser.get());
      keep_alive = response.keep_alive();
      co_await http::async_write(connection.stream, response,
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
    }
    error_code ignored;
    connection.stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  http::response<http::string_body> Answer(const http::request<http::string_body>& request) const {
    http::response<http::string_body> response{http::status::ok, request.version()};
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(request.keep_alive() && !stopping_);
    if (request.method() != http::verb::get) {
      response.result(http::status::method_not_allowed);
    } else if (request.target() == "/healthz") {
      const bool ready = !options_.never_ready && steady_clock::now() >= ready_from_;
      response.result(ready ? http::status::ok : http::status::service_unavailable);
      response.body() = ready ? "ready\n" : "not ready\n";
    } else if (request.target() == "/") {
      response.body() = options_.revision + "\n";
    } else {
      response.result(http::status::not_found);
    }
    response.prepare_payload();
    return response;
  }

  void Stop() {
    stopping_ = true;
    error_code error;
    // The backlog holds connections whose clients believe they were accepted.
    while (true) {
      asio::ip::tcp::socket socket = acceptor_.accept(error);
      if (error) break;
      Serve(std::move(socket));
    }
    acceptor_.close(error);
    for (Connection& connection : connections_) {
      if (connection.idle && connection.stream.socket().available(error) == 0) {
        connection.stream.socket().cancel(error);
      }
    }
  }

  static constexpr std::chrono::seconds kRequest{10};
  static constexpr std::chrono::seconds kLastRequest{1};

  const Options options_;
  const steady_clock::time_point ready_from_;
  asio::ip::tcp::acceptor acceptor_;
  asio::signal_set signals_;
  std::list<Connection> connections_;
  bool stopping_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  uint64_t ready_after_ms = 0;
  CLI::App app{"Answers GET / with its revision"};
  app.add_option("--revision", options.revision, "What it answers");
  app.add_option("--port", options.port, "Port to listen on, at $SLUICE_ADDRESS");
  app.add_option("--ready-after", ready_after_ms, "Time until /healthz answers 200")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, uint64_t>{{"ms", 1}, {"s", 1000}}));
  app.add_flag("--never-ready", options.never_ready, "/healthz never answers 200");
  CLI11_PARSE(app, argc, argv);
  options.ready_after = std::chrono::milliseconds(ready_after_ms);

  const char* address = std::getenv("SLUICE_ADDRESS");
  try {
    asio::io_context io{1};
    const asio::ip::tcp::endpoint endpoint(
        asio::ip::make_address(address == nullptr ? "127.0.0.1" : address), options.port);
    HelloServer server(io, options, endpoint);
    std::printf("%s listens on %s:%u\n", options.revision.c_str(),
                endpoint.address().to_string().c_str(), unsigned{options.port});
    std::fflush(stdout);
    io.run();
  } catch (const boost::system::system_error& error) {
    std::fprintf(stderr, "hello_server: %s\n", error.what());
    return 1;
  }
  return 0;
}
