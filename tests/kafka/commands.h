// Commands to a node, by HTTP.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "service/client/http_client.h"
#include "tests/support/node_process.h"

namespace sluice::testing {

// An Apply of a network under its name as id, with so many bytes in an annotation.
inline std::string ApplyNetwork(const std::string& name, size_t bytes = 0) {
  return fmt::format(R"({{"id":"{0}","entity":"network/default/{0}","command":"Apply",)"
                     R"("payload":{{"spec":{{"ipam":{{"mode":"Auto"}}}},)"
                     R"("annotations":{{"a":"{1}"}}}}}})",
                     name, std::string(bytes, 'x'));
}

// `how`: behind the path, "?timeoutSeconds=0".
inline Result<HttpResponse> PostCommand(const NodeProcess& node, const std::string& body,
                                        const std::string& how = "") {
  HttpClient client(node.url());
  return client.Call({.method = "POST", .target = "/commands" + how, .body = body});
}

// What it answers; {"failed": why} where nothing came.
inline nlohmann::json SendCommand(const NodeProcess& node, const std::string& body) {
  const auto answer = PostCommand(node, body);
  if (!answer) return {{"failed", answer.error().message}};
  return nlohmann::json::parse(answer->body, nullptr, false);
}

inline bool IsAccepted(const nlohmann::json& result) {
  return result.is_object() && result.value("accepted", false);
}

}  // namespace sluice::testing
