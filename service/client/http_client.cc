#include "service/client/http_client.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <mutex>
#include <optional>

#include "service/client/http_connection.h"
#include "service/client/line_splitter.h"
#include "service/client/url.h"

namespace sluice {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr uint64_t kBodyBytesMax = uint64_t{1} << 30;
constexpr size_t kPieceBytes = 64 << 10;

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

template <class Body>
HttpResponse HeadOf(const http::response<Body>& message) {
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    response.headers[Lower({field.name_string().data(), field.name_string().size()})] =
        std::string(field.value().data(), field.value().size());
  }
  return response;
}

http::request<http::string_body> Message(const ServerUrl& url, const HttpRequest& request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(url.prefix + request.target);
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  message.set(http::field::host, (is_ipv6 ? "[" + url.host + "]" : url.host) + ":" + url.port);
  message.set(http::field::user_agent, "sluice");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (!request.body.empty() && message.find(http::field::content_type) == message.end()) {
    message.set(http::field::content_type, "application/json");
  }
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(std::string server_url) : text(std::move(server_url)), url(ParseServerUrl(text)) {}

  const std::string text;
  const Result<ServerUrl> url;

  std::mutex mutex;
  std::unique_ptr<HttpConnection> kept;  // Guarded by mutex.

  tl::unexpected<Error> Broken(const HttpRequest& request, const error_code& error) const {
    if (error == beast::error::timeout) {
      return Err(ErrorCode::kUnavailable, "{} did not answer {} {} within {}", text, request.method,
                 request.target, FormatDuration(request.timeout));
    }
    if (error == http::error::body_limit || error == http::error::buffer_overflow) {
      return Err(ErrorCode::kUnavailable, "{} answered {} {} with more than {} bytes: ask for less",
                 text, request.method, request.target, kBodyBytesMax);
    }
    const char* advice = request.method == "GET"
                             ? "is it going down? Try again"
                             : "it may have been decided: send it again under the same id";
    return Err(ErrorCode::kUnavailable, "the connection to {} broke in {} {} ({}); {}", text,
               request.method, request.target, error.message(), advice);
  }

  tl::unexpected<Error> NotReached(const error_code& error) const {
    return Err(
        ErrorCode::kUnavailable,
        "no Sluice node answers at {} ({}); start one with 'sluice up', or name another with "
        "--server or SLUICE_SERVER",
        text, error == beast::error::timeout ? "timed out" : Lower(error.message()));
  }

  // One attempt over `connection`. Sets `*keep` when it can carry another call.
  Result<HttpResponse> Once(HttpConnection& connection, const HttpRequest& request, bool* keep) {
    const auto message = Message(*url, request);
    connection.Expire(request.timeout);
    if (const error_code error = connection.Write(message)) return Broken(request, error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kBodyBytesMax);
    parser.skip(request.method == "HEAD");
    if (const error_code error = connection.ReadAll(parser)) return Broken(request, error);
    *keep = parser.get().keep_alive();
    HttpResponse response = HeadOf(parser.get());
    response.body = std::move(parser.get().body());
    return response;
  }

  Result<HttpResponse> Call(const HttpRequest& request) {
    if (!url) return tl::unexpected<Error>(url.error());
    const std::lock_guard lock(mutex);
    std::unique_ptr<HttpConnection> connection = std::move(kept);
    bool keep = false;
    if (connection != nullptr && connection->IsQuiet()) {
      Result<HttpResponse> response = Once(*connection, request, &keep);
      if (response || request.method != "GET") {
        if (keep) kept = std::move(connection);
        return response;
      }
    }
    connection = std::make_unique<HttpConnection>(*url);
    if (const error_code error = connection->Connect(request.timeout)) return NotReached(error);
    Result<HttpResponse> response = Once(*connection, request, &keep);
    if (keep) kept = std::move(connection);
    return response;
  }

  Result<StreamOutcome> ReadLines(HttpConnection& connection, const HttpRequest& request,
                                  const LineCallback& on_line,
                                  http::response_parser<http::buffer_body>& parser,
                                  const std::chrono::steady_clock::time_point* end) const {
    StreamOutcome outcome{.end = StreamEnd::kServer, .response = HeadOf(parser.get())};
    const bool ok = outcome.response.ok();
    LineSplitter splitter;
    std::string piece(kPieceBytes, '\0');
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      connection.Expire(ok ? Duration{} : request.timeout);
      if (ok && end != nullptr) {
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
            *end - std::chrono::steady_clock::now());
        connection.Expire(Duration::Micros(std::max<int64_t>(left.count(), 1)));
      }
      const error_code error = connection.ReadSome(parser);
      const std::string_view got(piece.data(), piece.size() - parser.get().body().size);
      if (!ok) {
        outcome.response.body.append(got);
      } else {
        const Result<bool> go_on = splitter.Feed(got, on_line);
        if (!go_on) return tl::unexpected<Error>(go_on.error());
        if (!*go_on) return StreamOutcome{StreamEnd::kCaller, std::move(outcome.response)};
      }
      if (connection.is_cancelled()) {
        return StreamOutcome{StreamEnd::kCaller, std::move(outcome.response)};
      }
      if (error == beast::error::timeout && ok) {
        return StreamOutcome{StreamEnd::kElapsed, std::move(outcome.response)};
      }
      if (error && error != http::error::need_buffer) return Broken(request, error);
    }
    if (!ok) {
      outcome.end = StreamEnd::kRefused;
    } else if (!splitter.Finish(on_line)) {
      outcome.end = StreamEnd::kCaller;
    }
    return outcome;
  }

  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               const std::stop_token& stop) const {
    if (!url) return tl::unexpected<Error>(url.error());
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(request.stream_for.us);
    HttpConnection connection(*url);
    const std::stop_callback on_stop(stop, [&] { connection.CancelFromOutside(); });
    const auto stopped = [] { return StreamOutcome{StreamEnd::kCaller, {}}; };
    if (stop.stop_requested()) return stopped();
    error_code error = connection.Connect(request.timeout);
    if (connection.is_cancelled()) return stopped();
    if (error) return NotReached(error);
    const auto message = Message(*url, request);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    error = connection.Write(message);
    if (!error) error = connection.ReadHeader(parser);
    if (connection.is_cancelled()) return stopped();
    if (error) return Broken(request, error);
    return ReadLines(connection, request, on_line, parser,
                     request.stream_for.us > 0 ? &end : nullptr);
  }
};

HttpClient::HttpClient(std::string server_url)
    : impl_(std::make_unique<Impl>(std::move(server_url))) {}

HttpClient::~HttpClient() = default;

namespace {

// A node that does not keep what is asked for names one that does; that one may have just lost it.
constexpr int kRedirectsMax = 3;
constexpr int kTemporaryRedirect = 307;

// "http://host:port" of a redirect to the same target; empty: none.
std::string RedirectedTo(const HttpResponse& response, const HttpRequest& request) {
  if (response.status != kTemporaryRedirect) return "";
  const auto location = response.headers.find("location");
  if (location == response.headers.end() || !location->second.ends_with(request.target)) return "";
  return location->second.substr(0, location->second.size() - request.target.size());
}

}  // namespace

Result<HttpResponse> HttpClient::Call(const HttpRequest& request) {
  auto response = impl_->Call(request);
  for (int hops = 0; response && hops < kRedirectsMax; ++hops) {
    const std::string there = RedirectedTo(*response, request);
    if (there.empty()) break;
    response = Impl(there).Call(request);
  }
  return response;
}

Result<StreamOutcome> HttpClient::Stream(const HttpRequest& request, const LineCallback& on_line,
                                         std::stop_token stop) {
  auto outcome = impl_->Stream(request, on_line, stop);
  for (int hops = 0; outcome && hops < kRedirectsMax; ++hops) {
    const std::string there = RedirectedTo(outcome->response, request);
    if (there.empty()) break;
    outcome = Impl(there).Stream(request, on_line, stop);
  }
  return outcome;
}

std::string HttpClient::address() const { return impl_->text; }

}  // namespace sluice
