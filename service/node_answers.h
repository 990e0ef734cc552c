// Between what a node says and what the API sends.
#pragma once

#include <string>
#include <vector>

#include "engine/waiting_callers.h"
#include "projections/object_text.h"
#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

// As the API shows them.
std::vector<KindInfo> KindsOf(const KindRegistry& kinds);

ApiError FromNodeError(const Error& error);
// The same of a list, a page or a watch: what is not found is a moment that is not kept any more.
ApiError FromReadError(const Error& error);
ObjectView ToView(ObjectText text);
JsonPage ToPage(JsonList list);
// A caller's answer as JSON; the node calls back from its own threads.
CallerCallback AnswerWithJson(CommandCallback done);

}  // namespace sluice::service
