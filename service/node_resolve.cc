#include "service/node_resolve.h"

#include <nlohmann/json.hpp>

#include "events/json.h"
#include "service/node_answers.h"

namespace sluice::service {
namespace {

using nlohmann::json;

// Everything `expected` says is so in `actual`, which may say more.
bool IsSubset(const json& expected, const json& actual) {
  if (expected.is_object()) {
    if (!actual.is_object()) return expected.empty() && actual.is_null();
    for (const auto& [name, value] : expected.items()) {
      const auto member = actual.find(name);
      if (member == actual.end() ? !value.is_null() : !IsSubset(value, *member)) return false;
    }
    return true;
  }
  if (expected.is_array()) {
    if (!actual.is_array() || actual.size() != expected.size()) return false;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (!IsSubset(expected[i], actual[i])) return false;
    }
    return true;
  }
  return expected == actual;
}

json At(const json& object, const json::json_pointer& path) {
  return object.contains(path) ? object.at(path) : json();
}

// What the instance was made from, in the words of the template. Parts that leave no trace in an
// instance are the binding's.
json TargetOf(const json& binding, const json& instance) {
  json target = At(binding, "/spec/template"_json_pointer);
  if (!target.is_object()) target = json::object();
  const json annotations = At(instance, "/metadata/annotations"_json_pointer);
  target["spec"] = At(instance, "/spec"_json_pointer);
  target["labels"] = At(instance, "/metadata/labels"_json_pointer);
  target["annotations"] = annotations;
  if (annotations.is_object()) target["presetId"] = annotations.value("sluice.dev/preset-id", "");
  return target;
}

json ReadyCondition(const json& object) {
  const json conditions = At(object, "/status/conditions"_json_pointer);
  for (const json& condition : conditions) {
    if (condition.value("type", "") == "Ready") return condition;
  }
  return json::object();
}

json AddressesOf(const json& instance) {
  json addresses = json::array();
  for (const json& interface : At(instance, "/status/networkInterfaces"_json_pointer)) {
    const json address = At(interface, "/assignments/networkIP"_json_pointer);
    if (address.is_string() && !address.get_ref<const std::string&>().empty()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

class Resolution {
 public:
  Resolution(const std::string& entity, const json& binding) {
    answer_ = {{"binding", entity},
               {"ready", false},
               {"addresses", json::array()},
               {"revision", At(binding, "/status/observedRevision"_json_pointer)}};
  }
  void Name(const json& ref, const json& addresses) {
    answer_["instance"] = {{"namespace", ref.value("namespace", "")},
                           {"name", ref.value("name", "")}};
    answer_["addresses"] = addresses;
  }
  std::string Say(bool ready, const std::string& reason, const std::string& message) {
    answer_["ready"] = ready;
    answer_["reason"] = reason;
    answer_["message"] = message;
    return answer_.dump();
  }
  std::string SayAs(const json& condition) {
    return Say(false, condition.value("reason", "Pending"), condition.value("message", ""));
  }

 private:
  json answer_;
};

// The binding that held the key at a past point: there is no index of then.
Answer<std::string> FindPastEntity(Queries& queries, const ResolveQuery& query,
                                   const Coverage& past) {
  ListRequest request;
  request.kind = queries.kinds().Find("binding");
  if (!query.namespace_.empty()) request.namespace_ = query.namespace_;
  request.limit = 1;
  request.past = past;
  request.matches = [&](const std::string& text) { return HoldsKey(text, query.key); };
  const auto list = queries.List(request);
  if (!list) return Fail(FromNodeError(list.error()));
  if (!list->items.empty()) return list->items.front().entity;
  return Fail(ApiError::NotFound("no binding held the key '" + query.key + "' then"));
}

Answer<std::string> FindEntity(const Queries& queries, const ResolveQuery& query) {
  auto found = queries.FindByIndex("binding", "bindingKey", query.key);
  if (!found) return Fail(FromNodeError(found.error()));
  const std::string prefix = "binding/" + query.namespace_ + "/";
  for (const std::string& entity : *found) {
    if (query.namespace_.empty() || entity.starts_with(prefix)) return entity;
  }
  return Fail(ApiError::NotFound("no binding holds the key '" + query.key + "'" +
                                 (query.namespace_.empty() ? "" : " in " + query.namespace_)));
}

// Null: it is not there.
Answer<json> ReadObject(const ResolveReads& reads, const std::string& entity) {
  const auto key = ParseEntityKey(entity);
  if (!key) return Fail(ApiError::BadRequest(key.error().message));
  const auto text = reads.read(*key);
  if (!text) return Fail(text.error());
  return *text ? json::parse(**text, nullptr, false) : json();
}

}  // namespace

bool HoldsKey(const std::string& binding, const std::string& key) {
  return JsonAt(binding, "spec.bindingKey") == QuoteJson(key);
}

ResolveReads ReadsOf(Queries& queries, const std::optional<Coverage>& past) {
  return {.find =
              [&queries, past](const ResolveQuery& query) {
                return past ? FindPastEntity(queries, query, *past) : FindEntity(queries, query);
              },
          .read = [&queries, past](const EntityKey& key) -> Answer<std::optional<std::string>> {
            auto text = past ? queries.GetAt(key, *past) : queries.Get(key);
            if (!text) return Fail(FromNodeError(text.error()));
            if (!*text) return std::nullopt;
            return std::move((*text)->json);
          }};
}

Answer<std::string> ResolveBinding(const ResolveReads& reads, const ResolveQuery& query) {
  json expected;
  if (!query.expect.empty()) {
    expected = json::parse(query.expect, nullptr, false);
    if (!expected.is_object()) {
      return Fail(ApiError::BadRequest("the expected target is no JSON object"));
    }
  }
  const Answer<std::string> entity =
      query.key.empty() ? "binding/" + query.namespace_ + "/" + query.name : reads.find(query);
  if (!entity) return Fail(entity.error());
  const Answer<json> binding = ReadObject(reads, *entity);
  if (!binding) return Fail(binding.error());
  if (binding->is_null()) return Fail(ApiError::NotFound(*entity + " does not exist"));

  Resolution resolution(*entity, *binding);
  const json ref = At(*binding, "/status/activeInstanceRef"_json_pointer);
  json instance;
  if (ref.is_object()) {
    auto read =
        ReadObject(reads, "instance/" + ref.value("namespace", "") + "/" + ref.value("name", ""));
    if (!read) return Fail(read.error());
    instance = std::move(*read);
    resolution.Name(ref, AddressesOf(instance));
  }
  const json ready = ReadyCondition(*binding);
  if (!At(*binding, "/metadata/deletionTimestamp"_json_pointer).is_null()) {
    return resolution.Say(false, "Deleting", *entity + " is being deleted");
  }
  if (!ref.is_object()) return resolution.SayAs(ready);
  if (instance.is_null()) {
    return resolution.Say(false, "InstanceNotFound", "the active instance is gone");
  }
  if (!expected.is_null() && !IsSubset(expected, TargetOf(*binding, instance))) {
    return resolution.Say(false, "TargetMismatch",
                          "the active instance was made from another target");
  }
  const json instance_ready = ReadyCondition(instance);
  if (instance_ready.value("status", "") != "True") return resolution.SayAs(instance_ready);
  if (ready.value("reason", "") == "Disconnected") return resolution.SayAs(ready);
  return resolution.Say(true, "Ready", instance_ready.value("message", ""));
}

}  // namespace sluice::service
