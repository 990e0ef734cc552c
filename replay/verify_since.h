// Verify from a snapshot: the log after it, folded on what it holds.
#pragma once

#include <memory>
#include <vector>

#include "projections/partition_store.h"
#include "replay/verify.h"

namespace sluice::replay {

// Of every decision since these frozen stores, one per partition: what Verify checks of it, on the
// states they have. That what is before is right, is their word; what was sent is not compared with
// what was decided.
Result<Verified> VerifySince(const Archive& archive,
                             const std::vector<std::shared_ptr<PartitionStore>>& bases,
                             const VerifyOptions& options);

}  // namespace sluice::replay
