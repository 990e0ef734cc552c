// POST, PUT and DELETE on objects: the commands Apply and Delete in Kubernetes' clothes.
#include <nlohmann/json.hpp>

#include "service/call.h"
#include "service/json_scan.h"

namespace sluice::service {
namespace {

using Json = nlohmann::json;

std::string TextOf(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Answer<Json> ParseBody(const Call& call) {
  if (const std::string fault = CheckJson(call.request.body); !fault.empty()) {
    return Fail(ApiError::BadRequest("the body is not JSON: " + fault));
  }
  Json body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object()) return Fail(ApiError::BadRequest("the body must be a JSON object"));
  return body;
}

// What the body says about itself must agree with the path; the path's empty parts are filled in.
Answer<void> AgreeWithPath(const Json& body, const Json& metadata, const KindInfo& kind,
                           EntityKey* key) {
  const auto disagree = [](const std::string& field, const std::string& got,
                           const std::string& want) {
    return Fail(
        ApiError::BadRequest(field + ": is \"" + got + "\", but the path says \"" + want + "\""));
  };
  const std::string version = TextOf(body, "apiVersion");
  if (!version.empty() && version != kApiVersion) {
    return disagree("apiVersion", version, std::string(kApiVersion));
  }
  const std::string camel = TextOf(body, "kind");
  if (!camel.empty() && camel != kind.camel) return disagree("kind", camel, kind.camel);
  const std::string name = TextOf(metadata, "name");
  if (key->name.empty()) key->name = name;
  if (!name.empty() && name != key->name) {  // A rename: an object is its name.
    return Fail(
        FromRejection("Immutable", "metadata.name: cannot change from \"" + key->name + "\""));
  }
  const std::string namespace_ = TextOf(metadata, "namespace");
  if (key->namespace_.empty()) key->namespace_ = namespace_;
  if (!namespace_.empty() && namespace_ != key->namespace_) {
    return disagree("metadata.namespace", namespace_, key->namespace_);
  }
  if (key->name.empty()) return Fail(ApiError::BadRequest("metadata.name: is missing"));
  if (key->namespace_.empty()) {
    return Fail(ApiError::BadRequest("metadata.namespace: is missing, and the path names none"));
  }
  return {};
}

// Submits; `then` runs when it is accepted.
void SubmitVerb(const CallPtr& call, const Json& command,
                std::function<void(const CommandAnswer&)> then) {
  std::string text = command.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > call->context->options.command_bytes_max) {
    return call->Fail(ApiError::TooLarge("the object is larger than a command may be"));
  }
  const bool armed = SetDeadline(call, call->context->options.command_wait, [call] {
    call->Fail(ApiError::Timeout("no decision yet; it may still come"));
  });
  if (!armed) return;
  call->context->backend.Submit(
      std::move(text), call->request.connection,
      [call, then = std::move(then)](const Answer<CommandAnswer>& answer) {
        if (!answer) return call->Fail(answer.error());
        if (answer->accepted) return then(*answer);
        call->Fail(FromRejection(answer->rejection_code, answer->rejection_message));
      });
}

void ApplyObject(const CallPtr& call, const KindInfo& kind, EntityKey key) {
  const auto body = ParseBody(*call);
  if (!body) return call->Fail(body.error());
  const Json metadata = body->value("metadata", Json::object());
  if (!metadata.is_object()) {
    return call->Fail(ApiError::BadRequest("metadata: must be an object"));
  }
  if (const auto agreed = AgreeWithPath(*body, metadata, kind, &key); !agreed) {
    return call->Fail(agreed.error());
  }
  if (!CheckNames(call, key.namespace_, key.name)) return;
  Backend& backend = call->context->backend;
  const auto before = backend.Get(key, {});
  if (!before && before.error().code != 404) return call->Fail(before.error());

  Json command = {{"entity", key.ToString()}, {"command", "Apply"}, {"payload", Json::object()}};
  Json& payload = command["payload"];
  if (body->contains("spec")) payload["spec"] = (*body)["spec"];
  for (const char* member : {"labels", "annotations"}) {
    if (metadata.contains(member)) payload[member] = metadata[member];
  }
  if (const std::string expected = TextOf(metadata, "resourceVersion"); !expected.empty()) {
    if (!before || before->resource_version != expected) {
      return call->Fail(ApiError::Conflict(key.ToString() + " has changed since resourceVersion " +
                                           expected + "; read it again"));
    }
    command["expectedVersion"] = before->version;
  }
  const int status = before ? 200 : 201;
  SubmitVerb(call, command, [call, key, status](const CommandAnswer& answer) {
    WhenNotOlder(call, answer.position, [key, status](const CallPtr& ready) {
      auto object = ready->context->backend.Get(key, {});
      if (!object) return ready->Fail(object.error());
      ready->FinishJson(status, std::move(object->json));
    });
  });
}

void DeleteObject(const CallPtr& call, const KindInfo& kind, const EntityKey& key) {
  std::string uid;
  if (!call->request.body.empty()) {
    const auto body = ParseBody(*call);
    if (!body) return call->Fail(body.error());
    uid = ScalarText(FindPath(call->request.body, "preconditions.uid"));
  }
  const auto before = call->context->backend.Get(key, {});
  if (!before) return call->Fail(before.error());
  Json command = {{"entity", key.ToString()}, {"command", "Delete"}, {"payload", Json::object()}};
  if (!uid.empty()) command["payload"]["expectedUid"] = uid;
  uid = ScalarText(FindPath(before->json, "metadata.uid"));
  SubmitVerb(call, command, [call, &kind, key, uid](const CommandAnswer&) {
    call->FinishJson(200, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success",)"
                          R"("details":{"name":)" +
                              Quote(key.name) + R"(,"group":"sluice.dev","kind":)" +
                              Quote(kind.plural) + R"(,"uid":)" + Quote(uid) + "}}");
  });
}

}  // namespace

void RouteWrite(const CallPtr& call, const KindInfo& kind, EntityKey key) {
  if (call->target.Find("dryRun") != nullptr) {
    return call->Fail(ApiError::BadRequest("parameter dryRun: is not supported"));
  }
  if (call->request.method == "DELETE") return DeleteObject(call, kind, key);
  ApplyObject(call, kind, std::move(key));
}

}  // namespace sluice::service
