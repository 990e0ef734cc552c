// resolve: which instance is behind a binding now, where it is reached, ready or not and why.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

// What it is answered from.
struct ResolveReads {
  // The binding that holds the key ("binding/NS/NAME"); 404 where none does.
  std::function<Answer<std::string>(const ResolveQuery& query)> find;
  // The JSON of an object; nullopt: it is not there.
  std::function<Answer<std::optional<std::string>>(const EntityKey& key)> read;
};
// Of a node now, or as of a past point. `queries` outlives it.
ResolveReads ReadsOf(Queries& queries, const std::optional<Coverage>& past);

// {binding, instance, revision, addresses[], ready, reason, message} as JSON; 404 when there is no
// such binding, 400 when the expected target is no JSON object.
Answer<std::string> ResolveBinding(const ResolveReads& reads, const ResolveQuery& query);
// Whether the JSON of a binding has the key.
bool HoldsKey(const std::string& binding, const std::string& key);

}  // namespace sluice::service
