// When a field holds nothing, and is therefore left out of packed bytes and JSON.
#pragma once

#include "events/descriptor.h"

namespace sluice {

// An empty text, vector, optional or payload, a zero hash, a number equal to its default, a (value)
// table equal to its own. `where` is the member.
bool IsAbsent(const Field& field, const void* where);

}  // namespace sluice
