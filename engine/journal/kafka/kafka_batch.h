// Batches of decisions on their way into a transaction.
#pragma once

#include <string_view>
#include <vector>

#include "engine/journal/journal.h"

namespace sluice::kafka {

// Whether both may be of one transaction: a bound of its records and bytes.
bool FitsTogether(const CommitBatch& batch, const CommitBatch& next);
// `next` follows `batch`.
void AppendBatch(CommitBatch& batch, CommitBatch next);
// Entities of the batch's follow-ups, in their order, as far as they are known.
std::vector<std::string_view> FollowUpTargets(const CommitBatch& batch);

}  // namespace sluice::kafka
