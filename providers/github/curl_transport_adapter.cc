// The one file that knows libcurl.
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <string_view>

#include "providers/github/transport.h"

namespace sluice::github {
namespace {

constexpr size_t kReplyBytesMax = 32 << 20;

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

size_t TakeBody(char* bytes, size_t size, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kReplyBytesMax) return 0;  // Ends the transfer.
  body.append(bytes, size * count);
  return size * count;
}

size_t TakeHeader(char* bytes, size_t size, size_t count, void* into) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(into);
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) headers.clear();  // An interim reply went before.
  const size_t colon = line.find(':');
  if (colon != line.npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers[name] = std::string(Trimmed(line.substr(colon + 1)));
  }
  return size * count;
}

class HeaderList {
 public:
  explicit HeaderList(const HttpCall& call) {
    for (const auto& [name, value] : call.headers) {
      list_ = curl_slist_append(list_, (name + ": " + value).c_str());
    }
  }
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    handle_ = curl_easy_init();
    CHECK(handle_ != nullptr);
  }
  ~CurlTransport() override { curl_easy_cleanup(handle_); }

  Result<HttpReply> Send(const HttpCall& call) override {
    curl_easy_reset(handle_);  // Connections are kept.
    HttpReply reply;
    const HeaderList headers(call);
    char error[CURL_ERROR_SIZE] = "";
    Set(CURLOPT_URL, call.url.c_str());
    Set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
    Set(CURLOPT_HTTPHEADER, headers.get());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_CONNECTTIMEOUT_MS, options_.connect_timeout_ms);
    Set(CURLOPT_TIMEOUT_MS, options_.timeout_ms);
    Set(CURLOPT_ACCEPT_ENCODING, "");
    Set(CURLOPT_ERRORBUFFER, error);
    Set(CURLOPT_WRITEFUNCTION, &TakeBody);
    Set(CURLOPT_WRITEDATA, &reply.body);
    Set(CURLOPT_HEADERFUNCTION, &TakeHeader);
    Set(CURLOPT_HEADERDATA, &reply.headers);
    // On a kept connection that turns out dead libcurl sends again by itself: fine for a read.
    if (call.method != "GET") Set(CURLOPT_FRESH_CONNECT, 1L);
    if (!options_.ca_file.empty()) Set(CURLOPT_CAINFO, options_.ca_file.c_str());
    if (!call.body.empty()) {
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
      Set(CURLOPT_POSTFIELDS, call.body.c_str());
    }
    const CURLcode code = curl_easy_perform(handle_);
    if (code != CURLE_OK) {
      return Err(ErrorCode::kUnavailable, "{} {}: {}", call.method, call.url,
                 error[0] != '\0' ? error : curl_easy_strerror(code));
    }
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return reply;
  }

 private:
  template <class T>
  void Set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(handle_, option, value);
    CHECK(code == CURLE_OK);
  }

  const CurlOptions options_;
  CURL* handle_ = nullptr;
};

}  // namespace

std::unique_ptr<Transport> MakeCurlTransport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace sluice::github
