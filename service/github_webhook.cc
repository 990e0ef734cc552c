#include "service/github_webhook.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::service {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSignaturePrefix = "sha256=";
constexpr size_t kDigestBytes = 32;

std::string Hex(const unsigned char* bytes, size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json* Member(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() || !found->is_object() ? nullptr : &*found;
}

tl::unexpected<std::string> Fault(std::string message) {
  return tl::unexpected<std::string>(std::move(message));
}

std::optional<int64_t> NumberOf(const Json& request) {
  const auto found = request.find("number");
  if (found == request.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

// What the event shows of the pull request. Reviews, checks and files are not among it.
std::string ObservationOf(const Json& request) {
  Json labels = Json::array();
  for (const Json& label : request.value("labels", Json::array())) {
    if (label.is_object()) labels.push_back(Text(label, "name"));
  }
  const bool merged = request.contains("merged") && request["merged"] == true;
  Json payload{{"labels", std::move(labels)},
               {"state", Text(request, "state")},
               {"merged", merged},
               {"at", Text(request, "updated_at")}};
  if (const Json* head = Member(request, "head")) payload["sha"] = Text(*head, "sha");
  if (request.contains("mergeable") && request["mergeable"].is_boolean()) {
    payload["mergeable"] = request["mergeable"];
  }
  if (merged && !Text(request, "merge_commit_sha").empty()) {
    payload["mergeSha"] = Text(request, "merge_commit_sha");
  }
  return payload.dump();
}

}  // namespace

bool IsWebhookSigned(std::string_view secret, std::string_view body, std::string_view signature) {
  if (secret.empty() || !signature.starts_with(kSignaturePrefix)) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &size);
  const std::string expected = Hex(digest.data(), kDigestBytes);
  const std::string_view given = signature.substr(kSignaturePrefix.size());
  // The length of a signature is no secret; its digits are.
  return size == kDigestBytes && given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

tl::expected<std::vector<WebhookCommand>, std::string> WebhookCommands(const std::string& event,
                                                                       const std::string& body) {
  const bool is_pull = event == "pull_request" || event == "pull_request_review";
  if (!is_pull && event != "check_suite") return std::vector<WebhookCommand>{};
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return Fault("the body is no JSON object");
  const Json* repository = Member(json, "repository");
  const std::string name = repository ? Text(*repository, "full_name") : "";
  if (name.empty()) return Fault("repository.full_name: is required");
  std::vector<WebhookCommand> commands;
  if (is_pull) {
    const Json* request = Member(json, "pull_request");
    const auto number = request ? NumberOf(*request) : std::nullopt;
    if (!number) return Fault("pull_request.number: is required");
    const bool full = event == "pull_request";
    commands.push_back(
        {name, *number, full ? "ObserveGitHub" : "Refresh", full ? ObservationOf(*request) : "{}"});
    return commands;
  }
  const Json* suite = Member(json, "check_suite");
  if (!suite) return Fault("check_suite: is required");
  for (const Json& request : suite->value("pull_requests", Json::array())) {
    const auto number = request.is_object() ? NumberOf(request) : std::nullopt;
    if (!number) return Fault("check_suite.pull_requests[].number: is required");
    commands.push_back({name, *number, "Refresh", "{}"});
  }
  return commands;
}

std::string WebhookIndexValue(const WebhookCommand& command) {
  std::string value = command.repository + "#" + std::to_string(command.number);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value;
}

}  // namespace sluice::service
