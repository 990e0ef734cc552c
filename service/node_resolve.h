// resolve: which instance is behind a binding now, where it is reached, ready or not and why.
#pragma once

#include <string>

#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

// {binding, instance, revision, addresses[], ready, reason, message} as JSON; 404 when there is no
// such binding, 400 when the expected target is no JSON object.
Answer<std::string> ResolveBinding(Queries& queries, const ResolveQuery& query,
                                   const std::optional<Coverage>& past);

}  // namespace sluice::service
