#include "service/wire_adapter.h"

#include <array>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <cstdio>

namespace sluice::service {

namespace http = boost::beast::http;

std::string ResponseHead(const Response& response, BodyForm form, bool keep_alive) {
  std::string head;
  head.reserve(192);
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason.data(), reason.size());
  head.append("\r\nContent-Type: ").append(response.content_type);
  if (response.retry_after_s > 0) {
    head.append("\r\nRetry-After: ").append(std::to_string(response.retry_after_s));
  }
  switch (form) {
    case BodyForm::kLength:
      head.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
      break;
    case BodyForm::kChunked:
      head.append("\r\nTransfer-Encoding: chunked");
      break;
    case BodyForm::kToEnd:
      break;
  }
  if (!keep_alive) head.append("\r\nConnection: close");
  head.append("\r\nCache-Control: no-cache, private\r\n\r\n");
  return head;
}

std::string ChunkText(std::string_view bytes, bool last) {
  std::string text;
  text.reserve(bytes.size() + 32);
  if (!bytes.empty()) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    text.append(size.data()).append(bytes).append("\r\n");
  }
  if (last) text.append("0\r\n\r\n");
  return text;
}

std::optional<ApiError> RefusalOf(const boost::system::error_code& error,
                                  const ServerOptions& options) {
  if (error == http::error::body_limit) {
    return ApiError::TooLarge("a request body may be at most " +
                              std::to_string(options.body_bytes_max) + " bytes");
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return ApiError{
        431, "RequestHeaderFieldsTooLarge",
        "a request head may be at most " + std::to_string(options.header_bytes_max) + " bytes"};
  }
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message ||
                    error.category() != make_error_code(http::error::bad_method).category();
  if (gone) return std::nullopt;
  return ApiError::BadRequest("not HTTP/1.1: " + error.message());
}

}  // namespace sluice::service
