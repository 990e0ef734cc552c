#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "events/basic_types.h"
#include "providers/github/transport.h"

namespace sluice::github {

struct ClientOptions {
  std::string api_url = "https://api.github.com";  // No slash at its end.
  std::string token;                               // Sent, never shown.
  size_t cache_bytes_max = 64 << 20;               // Of bodies that came with an ETag.
};

// Why there is no answer.
struct Fault {
  enum class Kind : uint8_t {
    kTransient,    // No whole answer, or 5xx: worth another try. A write may have been carried out.
    kRateLimited,  // Nothing is to be sent before `until`.
    kRefused,      // Any other status: trying again changes nothing.
  };
  Kind kind = Kind::kTransient;
  int status = 0;         // 0: no answer.
  std::string message{};  // For people; holds no secret.
  Time until{};           // kRateLimited.
};
template <class T>
using Reply = tl::expected<T, Fault>;

// GitHub's REST API, one request after the other. Answers are cached by ETag, so that what has not
// changed costs nothing of the rate limit; both rate limits are obeyed: while one holds, calls fail
// with kRateLimited and nothing is sent. Never sleeps: time and transport are injected.
// Single-threaded.
class Client {
 public:
  Client(ClientOptions options, Transport& transport, std::function<Time()> now);

  // `path` begins with a slash. The body of a 2xx answer.
  Reply<HttpReply> Get(const std::string& path);
  Reply<HttpReply> Send(const std::string& method, const std::string& path,
                        const std::string& body);

  // The bodies of all pages, following the Link header; at most `pages_max`, then `*more` is true.
  Reply<std::vector<std::string>> GetPages(const std::string& path, size_t pages_max, bool* more);

  // Set while a rate limit holds.
  Time limited_until() const { return limited_until_; }

 private:
  struct Cached {
    std::string url;
    std::string etag;
    HttpReply reply;
  };

  Reply<HttpReply> GetUrl(const std::string& url);
  Reply<HttpReply> Perform(HttpCall call);
  void ObeyLimits(const HttpReply& reply);
  const Cached* Find(const std::string& url);
  void Keep(const std::string& url, const HttpReply& reply);

  const ClientOptions options_;
  Transport& transport_;
  const std::function<Time()> now_;
  Time limited_until_;
  std::list<Cached> cache_;  // Latest used first.
  std::map<std::string, std::list<Cached>::iterator> by_url_;
  size_t cached_bytes_ = 0;
};

// The seconds of an HTTP date (RFC 9110 §5.6.7), or unset.
Time ParseHttpDate(const std::string& text);

}  // namespace sluice::github
