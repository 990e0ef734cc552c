#pragma once

#include "events/lease.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {
const KindInfo& LeaseKind();  // for KindRegistry::Add
}
