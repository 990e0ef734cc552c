#include <curl/curl.h>

#include "providers/notify/http_poster.h"

namespace sluice::notify {
namespace {

size_t Discard(char*, size_t size, size_t count, void*) { return size * count; }

// Once in the life of the process, before the first handle.
void InitialiseCurl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(done == CURLE_OK);
}

}  // namespace

struct HttpPoster::Impl {
  CURL* handle = nullptr;
  std::stop_token stop;

  // libcurl asks about once a second; anything but 0 ends the transfer.
  static int IsOver(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Impl*>(self)->stop.stop_requested() ? 1 : 0;
  }
};

HttpPoster::HttpPoster(std::stop_token stop) : impl_(std::make_unique<Impl>()) {
  impl_->stop = std::move(stop);
  InitialiseCurl();
  impl_->handle = curl_easy_init();
  CHECK(impl_->handle != nullptr);
}

HttpPoster::~HttpPoster() { curl_easy_cleanup(impl_->handle); }

Result<long> HttpPoster::Post(const std::string& url, const std::string& body,
                              const std::vector<std::pair<std::string, std::string>>& headers,
                              Duration timeout) {
  CURL* handle = impl_->handle;
  curl_easy_reset(handle);
  curl_slist* list = nullptr;
  for (const auto& [name, value] : headers) {
    list = curl_slist_append(list, (name + ": " + value).c_str());
  }
  char why[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.us / 1000));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Discard);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Impl::IsOver);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, impl_.get());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
  const CURLcode done = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  curl_slist_free_all(list);
  if (done != CURLE_OK) {
    return Err(ErrorCode::kUnavailable, "{}", why[0] != '\0' ? why : curl_easy_strerror(done));
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace sluice::notify
