#pragma once

#include <boost/system/error_code.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "service/server.h"

// The bytes of HTTP/1.1 answers, and what a failed read says. Only *_adapter.cc files include this.
namespace sluice::service {

// How long a client is given to close its end of an answered connection.
inline constexpr std::chrono::seconds kDrainTimeout{2};

enum class BodyForm : unsigned char {
  kLength,   // complete, its length is told
  kChunked,  // a stream in chunks
  kToEnd,    // a stream that ends with the connection, for HTTP/1.0
};

std::string ResponseHead(const Response& response, BodyForm form, bool keep_alive);

// `bytes` as one chunk, which may be none, and the last chunk after it when asked for.
std::string ChunkText(std::string_view bytes, bool last);

// What to answer when a request cannot be read; nullopt: the client is gone, or too slow to listen.
std::optional<ApiError> RefusalOf(const boost::system::error_code& error,
                                  const ServerOptions& options);

}  // namespace sluice::service
