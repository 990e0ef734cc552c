// Between what a node says and what the API sends.
#pragma once

#include <string>

#include "engine/waiting_callers.h"
#include "projections/object_text.h"
#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

ApiError FromNodeError(const Error& error);
ObjectView ToView(ObjectText text);
JsonPage ToPage(JsonList list);
// A caller's answer as JSON; the node calls back from its own threads.
CallerCallback AnswerWithJson(CommandCallback done);

}  // namespace sluice::service
