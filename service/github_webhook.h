#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// What GitHub's webhooks say, as commands to pull requests. Pure functions.
namespace sluice::service {

// Whether `signature` ("sha256=" and 64 hex digits, of X-Hub-Signature-256) is the HMAC-SHA256 of
// the body under the secret. Takes as long for a wrong one as for a right one. False for an empty
// secret.
bool IsWebhookSigned(std::string_view secret, std::string_view body, std::string_view signature);

struct WebhookCommand {
  std::string repository;  // OWNER/REPOSITORY
  int64_t number = 0;
  std::string command;  // "ObserveGitHub", "Refresh"
  std::string payload;  // JSON text
};

// `event` is X-GitHub-Event. None for events and actions that say nothing of a pull request's
// state. The error says what of the body is not as GitHub documents it.
tl::expected<std::vector<WebhookCommand>, std::string> WebhookCommands(const std::string& event,
                                                                       const std::string& body);

// Under what a pull request is indexed (machines/pullrequest): "acme/shop#42" in lower case.
std::string WebhookIndexValue(const WebhookCommand& command);

}  // namespace sluice::service
