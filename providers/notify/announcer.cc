#include "providers/notify/announcer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "events/entity_key.h"

namespace sluice::notify {
namespace {

using Json = nlohmann::json;

Result<Json> Read(Api& node, const EntityKey& key) {
  const auto response = node.Call({.target = "/apis/sluice.dev/v1/namespaces/" + key.namespace_ +
                                             "/announcements/" + key.name});
  if (!response) return tl::unexpected(response.error());
  if (response->status == 404) return Json();
  Json object = Json::parse(response->body, nullptr, false);
  if (!response->ok() || !object.is_object()) {
    return Err(ErrorCode::kUnavailable, "the node answered {}", response->status);
  }
  return object;
}

// An HTTP header holds one line; ids have no other bytes than these.
std::string KeyOf(const std::string& id) {
  std::string key;
  for (const char c : id) key += c == '/' ? '-' : c;
  return key;
}

}  // namespace

Result<void> Announcer::Announce(const std::string& entity) {
  const auto key = ParseEntityKey(entity);
  if (!key) return tl::unexpected(key.error());
  auto object = Read(node_, *key);
  if (!object) return tl::unexpected(object.error());
  const Json status = object->value("status", Json::object());
  Json change = status.value("change", Json::object());
  const std::string id = change.value("id", "");
  if (id.empty() || status.value("phase", "") != "Pending") return {};
  change["kind"] = "Instance";
  const auto posted = poster_.Post(
      status.value("target", ""), change.dump(),
      {{"content-type", "application/json"}, {"idempotency-key", KeyOf(id)}}, timeout_);
  if (!posted && stop_.stop_requested()) return {};  // Nobody knows: it is pending still.
  if (!posted) return Report(entity, id, false, posted.error().message);
  const bool taken = *posted >= 200 && *posted < 300;
  return Report(entity, id, taken, fmt::format("the target answered {}", *posted));
}

Result<void> Announcer::Report(const std::string& entity, const std::string& id, bool taken,
                               const std::string& message) {
  const Json command = {
      {"entity", entity},
      {"command", "ReportAnnounced"},
      {"actor", "provider/notify"},
      {"payload", {{"id", id}, {"status", taken ? "True" : "False"}, {"message", message}}}};
  const auto response =
      node_.Call({.method = "POST",
                  .target = "/commands",
                  .body = command.dump(-1, ' ', false, Json::error_handler_t::replace),
                  .headers = {{"content-type", "application/json"}}});
  if (!response) return tl::unexpected(response.error());
  if (!response->ok()) {
    return Err(ErrorCode::kUnavailable, "the node answered {}", response->status);
  }
  return {};
}

}  // namespace sluice::notify
