#include "providers/github/client.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::github {
namespace {

// GitHub asks for at least a minute where a secondary limit names no time.
constexpr Duration kSecondaryWait = Duration::Minutes(1);

std::optional<int64_t> Number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string MessageOf(const HttpReply& reply) {
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  if (json.is_object() && json.contains("message") && json["message"].is_string()) {
    return json["message"].get<std::string>();
  }
  return reply.body.substr(0, 200);
}

bool IsLimit(const HttpReply& reply) {
  if (reply.status == 429) return true;
  if (reply.status != 403) return false;
  return !reply.Header("retry-after").empty() || reply.Header("x-ratelimit-remaining") == "0" ||
         MessageOf(reply).find("rate limit") != std::string::npos;
}

// rel="next" of a Link header (RFC 8288), or empty.
std::string NextLink(const std::string& header) {
  size_t from = 0;
  while ((from = header.find('<', from)) != header.npos) {
    const size_t to = header.find('>', from);
    if (to == header.npos) return "";
    const size_t next = header.find('<', to);
    const std::string parameters = header.substr(to, next == header.npos ? next : next - to);
    if (parameters.find("rel=\"next\"") != parameters.npos) {
      return header.substr(from + 1, to - from - 1);
    }
    from = to;
  }
  return "";
}

}  // namespace

Time ParseHttpDate(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return {};
  return Time{timegm(&parts) * 1'000'000};
}

Client::Client(ClientOptions options, Transport& transport, std::function<Time()> now)
    : options_(std::move(options)), transport_(transport), now_(std::move(now)) {}

Reply<HttpReply> Client::Get(const std::string& path) { return GetUrl(options_.api_url + path); }

Reply<HttpReply> Client::GetUrl(const std::string& url) {
  HttpCall call{.method = "GET", .url = url, .headers = {}};
  const Cached* cached = Find(url);
  if (cached != nullptr) call.headers.emplace_back("If-None-Match", cached->etag);
  Reply<HttpReply> reply = Perform(std::move(call));
  if (reply && reply->status == 304) {
    // It was there when asked for, and a request changes nothing of the cache.
    CHECK(cached != nullptr);
    HttpReply kept = cached->reply;
    if (const std::string date = reply->Header("date"); !date.empty()) kept.headers["date"] = date;
    return kept;
  }
  if (reply) Keep(url, *reply);
  return reply;
}

Reply<HttpReply> Client::Send(const std::string& method, const std::string& path,
                              const std::string& body) {
  return Perform({.method = method, .url = options_.api_url + path, .headers = {}, .body = body});
}

Reply<std::vector<std::string>> Client::GetPages(const std::string& path, size_t pages_max,
                                                 bool* more) {
  std::vector<std::string> bodies;
  std::string url = options_.api_url + path;
  *more = false;
  while (!url.empty()) {
    if (bodies.size() == pages_max) {
      *more = true;
      break;
    }
    Reply<HttpReply> reply = GetUrl(url);
    if (!reply) return tl::unexpected(reply.error());
    url = NextLink(reply->Header("link"));
    // The token goes to nobody else.
    if (!url.empty() && !url.starts_with(options_.api_url + "/")) {
      return tl::unexpected(Fault{.kind = Fault::Kind::kRefused,
                                  .status = reply->status,
                                  .message = "the next page is at another host: " + url});
    }
    bodies.push_back(std::move(reply->body));
  }
  return bodies;
}

Reply<HttpReply> Client::Perform(HttpCall call) {
  if (now_() < limited_until_) {
    return tl::unexpected(Fault{.kind = Fault::Kind::kRateLimited,
                                .message = "rate limited until " + FormatTime(limited_until_),
                                .until = limited_until_});
  }
  call.headers.emplace_back("Accept", "application/vnd.github+json");
  call.headers.emplace_back("X-GitHub-Api-Version", "2022-11-28");
  call.headers.emplace_back("User-Agent", "sluice");
  if (!options_.token.empty())
    call.headers.emplace_back("Authorization", "Bearer " + options_.token);
  if (!call.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  Result<HttpReply> reply = transport_.Send(call);
  if (!reply) {
    return tl::unexpected(Fault{.kind = Fault::Kind::kTransient, .message = reply.error().message});
  }
  ObeyLimits(*reply);
  const int status = reply->status;
  if ((status >= 200 && status < 300) || status == 304) return std::move(*reply);
  Fault fault{
      .kind = Fault::Kind::kRefused,
      .status = status,
      .message = fmt::format("{} {}: {} {}", call.method, call.url, status, MessageOf(*reply))};
  if (IsLimit(*reply)) {
    fault.kind = Fault::Kind::kRateLimited;
    fault.until = limited_until_;
    spdlog::warn("github: {}; waiting until {}", fault.message, FormatTime(limited_until_));
  } else if (status >= 500) {
    fault.kind = Fault::Kind::kTransient;
    // A server that says when to come back is obeyed as a limit is.
    if (limited_until_ > now_()) fault.until = limited_until_;
  }
  return tl::unexpected(std::move(fault));
}

// Primary: no request is left until the reset. Secondary: Retry-After, or a minute.
void Client::ObeyLimits(const HttpReply& reply) {
  const auto hold = [this](Time until) { limited_until_ = std::max(limited_until_, until); };
  const auto retry_after = Number(reply.Header("retry-after"));
  const auto reset = Number(reply.Header("x-ratelimit-reset"));
  const bool used_up = reply.Header("x-ratelimit-remaining") == "0";
  if (used_up && reset) hold(Time{*reset * 1'000'000});
  if (reply.status < 400) return;
  if (retry_after) return hold(now_() + Duration::Seconds(std::max<int64_t>(*retry_after, 0)));
  if (IsLimit(reply) && !(used_up && reset)) hold(now_() + kSecondaryWait);
}

const Client::Cached* Client::Find(const std::string& url) {
  const auto found = by_url_.find(url);
  if (found == by_url_.end()) return nullptr;
  cache_.splice(cache_.begin(), cache_, found->second);
  return &cache_.front();
}

void Client::Keep(const std::string& url, const HttpReply& reply) {
  if (const auto old = by_url_.find(url); old != by_url_.end()) {
    cached_bytes_ -= old->second->reply.body.size();
    cache_.erase(old->second);
    by_url_.erase(old);
  }
  const std::string etag = reply.Header("etag");
  if (etag.empty() || reply.body.size() > options_.cache_bytes_max) return;
  cache_.push_front({url, etag, reply});
  by_url_[url] = cache_.begin();
  cached_bytes_ += reply.body.size();
  while (cached_bytes_ > options_.cache_bytes_max) {
    cached_bytes_ -= cache_.back().reply.body.size();
    by_url_.erase(cache_.back().url);
    cache_.pop_back();
  }
}

}  // namespace sluice::github
