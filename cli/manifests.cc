#include "cli/manifests.h"

#include <algorithm>
#include <array>

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kApiVersion = "sluice.dev/v1";

// Upstream kinds that `apply` takes (spec/compute.md); the kind's name is the same here.
struct Foreign {
  std::string_view api_version;
  std::string_view kind;
};
constexpr std::array kForeign{
    Foreign{"compute.datumapis.com/v1alpha", "Workload"},
    Foreign{"networking.datumapis.com/v1alpha", "Location"},
    Foreign{"networking.datumapis.com/v1alpha", "Network"},
};

bool IsForeign(std::string_view api_version, std::string_view kind) {
  return std::any_of(kForeign.begin(), kForeign.end(), [&](const Foreign& foreign) {
    return foreign.api_version == api_version && foreign.kind == kind;
  });
}

// An upstream Location's `provider` is an object, kept as given, where ours is a name; the class it
// must name has no part in our rules and is kept as an annotation.
void MapForeignLocation(json* spec, json* annotations) {
  const auto provider = spec->find("provider");
  if (provider != spec->end() && provider->is_object()) {
    json details = std::move(*provider);
    spec->erase(provider);
    (*spec)["providerDetails"] = std::move(details);
  }
  const auto class_name = spec->find("locationClassName");
  if (class_name != spec->end() && class_name->is_string()) {
    (*annotations)["networking.datumapis.com/location-class-name"] = std::move(*class_name);
    spec->erase(class_name);
  }
}

// Upstream a template may name its networks' namespace, which is the workload's own here. Another
// one is left where it is, to be refused with the rest.
void MapForeignWorkload(const std::string& namespace_name, json* spec) {
  const json::json_pointer interfaces("/template/spec/networkInterfaces");
  if (!spec->contains(interfaces) || !spec->at(interfaces).is_array()) return;
  for (json& interface : spec->at(interfaces)) {
    const json::json_pointer named("/network/namespace");
    if (interface.contains(named) && interface.at(named) == namespace_name) {
      interface.at("network").erase("namespace");
    }
  }
}

// What the server sets, and `get -o yaml | apply -f -` brings back.
constexpr std::array kServerSet{"uid",
                                "generation",
                                "resourceVersion",
                                "creationTimestamp",
                                "deletionTimestamp",
                                "ownerReferences",
                                "finalizers",
                                "managedFields",
                                "selfLink"};

template <size_t N>
bool IsOneOf(std::string_view text, const std::array<const char*, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Outcome<std::string> TextMember(const Manifest& manifest, const json& object,
                                const std::string& path, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "";
  if (!found->is_string()) {
    return Fail(Exit::kBadInput, "{}: {}: must be a string, not {}; quote it", manifest.where,
                path + name, found->dump());
  }
  return found->get<std::string>();
}

Outcome<json> ObjectMember(const Manifest& manifest, const json& object, const std::string& path,
                           const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return json::object();
  if (!found->is_object()) {
    return Fail(Exit::kBadInput, "{}: {}: must be an object", manifest.where, path + name);
  }
  return *found;
}

Outcome<void> RefuseUnknownFields(const Manifest& manifest, const json& metadata) {
  for (const auto& [name, value] : manifest.object.items()) {
    if (IsOneOf<5>(name, {"apiVersion", "kind", "metadata", "spec", "status"})) continue;
    return Fail(Exit::kBadInput, "{}: {}: unknown field", manifest.where, name);
  }
  for (const auto& [name, value] : metadata.items()) {
    if (IsOneOf<4>(name, {"name", "namespace", "labels", "annotations"})) continue;
    if (IsOneOf(name, kServerSet)) continue;
    return Fail(Exit::kBadInput, "{}: metadata.{}: unknown field", manifest.where, name);
  }
  return {};
}

Outcome<KindInfo> FindManifestKind(Session& session, const Manifest& manifest,
                                   const std::string& api_version, const std::string& kind) {
  const auto kinds = session.Kinds();
  if (!kinds) return Again(kinds.error());
  const bool foreign = IsForeign(api_version, kind);
  for (const KindInfo& known : **kinds) {
    if (known.kind == kind && (api_version == kApiVersion || foreign)) return known;
  }
  std::string hint;
  if (const auto near = session.NearestKind(kind)) {
    hint = near->kind == kind ? fmt::format(" (ours is apiVersion {})", kApiVersion)
                              : fmt::format(" (did you mean '{}'?)", near->kind);
  }
  return Fail(Exit::kBadInput, "{}: kind '{}' of apiVersion '{}' is not known here{}; skipped",
              manifest.where, kind, api_version, hint);
}

Outcome<json> Payload(const Manifest& manifest, const json& metadata, bool foreign,
                      const ObjectRef& ref) {
  auto spec = ObjectMember(manifest, manifest.object, "", "spec");
  auto labels = ObjectMember(manifest, metadata, "metadata.", "labels");
  auto annotations = ObjectMember(manifest, metadata, "metadata.", "annotations");
  for (const auto* part : {&spec, &labels, &annotations}) {
    if (!*part) return Again(part->error());
  }
  if (foreign && ref.kind.kind == "Location") MapForeignLocation(&*spec, &*annotations);
  if (foreign && ref.kind.kind == "Workload") MapForeignWorkload(ref.namespace_, &*spec);
  return json{{"spec", *std::move(spec)},
              {"labels", *std::move(labels)},
              {"annotations", *std::move(annotations)}};
}

}  // namespace

Outcome<Addressed> Address(Session& session, const Manifest& manifest) {
  const json& object = manifest.object;
  if (!object.is_object()) {
    return Fail(Exit::kBadInput, "{}: a manifest must be an object with apiVersion and kind",
                manifest.where);
  }
  const auto api_version = TextMember(manifest, object, "", "apiVersion");
  const auto kind = TextMember(manifest, object, "", "kind");
  const auto metadata = ObjectMember(manifest, object, "", "metadata");
  if (!api_version) return Again(api_version.error());
  if (!kind) return Again(kind.error());
  if (!metadata) return Again(metadata.error());
  for (const auto& [name, value] : {std::pair{"apiVersion", &*api_version}, {"kind", &*kind}}) {
    if (value->empty()) return Fail(Exit::kBadInput, "{}: {}: is missing", manifest.where, name);
  }
  const auto info = FindManifestKind(session, manifest, *api_version, *kind);
  if (!info) return Again(info.error());
  if (const auto known = RefuseUnknownFields(manifest, *metadata); !known) {
    return Again(known.error());
  }
  const auto name = TextMember(manifest, *metadata, "metadata.", "name");
  const auto given = TextMember(manifest, *metadata, "metadata.", "namespace");
  if (!name) return Again(name.error());
  if (!given) return Again(given.error());
  if (name->empty()) return Fail(Exit::kBadInput, "{}: metadata.name: is missing", manifest.where);
  const std::string& namespace_name = given->empty() ? session.namespace_name() : *given;
  // What else is wrong with a name the server says, with all that is wrong with the rest.
  for (const auto& [what, value] : {std::pair{"name", &*name}, {"namespace", &namespace_name}}) {
    if (value->find('/') == std::string::npos) continue;
    return Fail(Exit::kBadInput, "{}: metadata.{}: '{}' is no DNS label", manifest.where, what,
                *value);
  }
  ObjectRef ref{*info, info->namespaced ? namespace_name : std::string(kClusterNamespace), *name};
  auto payload = Payload(manifest, *metadata, *api_version != kApiVersion, ref);
  if (!payload) return Again(payload.error());
  return Addressed{std::move(ref), *std::move(payload)};
}

}  // namespace sluice::cli
