// One run of a verb: whom it talks to, in which namespace, and which kinds there are.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/failure.h"

namespace sluice::cli {

// A kind as the server lists it.
struct KindInfo {
  std::string kind;      // "Binding"
  std::string singular;  // "binding": what an entity key begins with
  std::string plural;    // "bindings": what a path holds
  bool namespaced = true;
};

inline constexpr std::string_view kClusterNamespace = "sluice-system";

struct ObjectRef {
  KindInfo kind;
  std::string namespace_;
  std::string name;

  std::string Key() const { return kind.singular + "/" + namespace_ + "/" + name; }
  std::string Path() const;  // Of the object's HTTP resource.
};

// Not thread-safe.
class Session {
 public:
  Session(Environment& environment, std::unique_ptr<Api> api, std::string namespace_name);
  ~Session();

  Environment& env() { return environment_; }
  Api& api() { return *api_; }
  const std::string& namespace_name() const { return namespace_; }

  // A 2xx answer as JSON, or a failure that begins with `doing`.
  Outcome<nlohmann::json> Ask(std::string_view doing, const HttpRequest& request);

  // All kinds, asked of the server once.
  Outcome<const std::vector<KindInfo>*> Kinds();
  // Any case, singular or plural. Unknown: bad input, with the nearest known one.
  Outcome<KindInfo> FindKind(std::string_view text);
  // What a misspelt one may have meant; nothing when none is near, or the server does not answer.
  std::optional<KindInfo> NearestKind(std::string_view text);

  // "kind/name", "kind/namespace/name".
  Outcome<ObjectRef> ParseRef(std::string_view text);
  // Words of a command line: KIND NAME..., or refs. A lone KIND yields none and sets `*kind`.
  Outcome<std::vector<ObjectRef>> ParseRefs(const std::vector<std::string>& words, KindInfo* kind);
  // Exactly one object.
  Outcome<ObjectRef> ParseOneRef(const std::vector<std::string>& words);

 private:
  Outcome<ObjectRef> MakeRef(std::string_view kind, std::string namespace_name, std::string name);

  Environment& environment_;
  std::unique_ptr<Api> api_;
  const std::string namespace_;
  std::optional<std::vector<KindInfo>> kinds_;
};

// "/apis/sluice.dev/v1/namespaces/NS/PLURAL"; all namespaces when `namespace_name` is empty.
std::string CollectionPath(const KindInfo& kind, std::string_view namespace_name);

}  // namespace sluice::cli
