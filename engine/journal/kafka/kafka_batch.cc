#include "engine/journal/kafka/kafka_batch.h"

#include <iterator>

#include "events/result.h"

namespace sluice::kafka {
namespace {

constexpr size_t kRecordsMax = 4'000;
constexpr size_t kBytesMax = size_t{8} << 20;

size_t SizeOf(const CommitBatch& batch) {
  size_t bytes = 0;
  for (const Bytes& record : batch.records) bytes += record.size();
  for (const FollowUpRecord& follow_up : batch.follow_ups) bytes += follow_up.payload.size();
  for (const DeadLetter& letter : batch.dead_letters) bytes += letter.payload.size();
  return bytes;
}

template <class T>
void MoveBehind(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

bool FitsTogether(const CommitBatch& batch, const CommitBatch& next) {
  return batch.records.size() + next.records.size() <= kRecordsMax &&
         SizeOf(batch) + SizeOf(next) <= kBytesMax;
}

void AppendBatch(CommitBatch& batch, CommitBatch next) {
  CHECK(batch.first_sequence + batch.records.size() == next.first_sequence);
  // Where some are not there unpacked, those behind would take their places.
  if (batch.unpacked.size() == batch.records.size()) {
    MoveBehind(batch.unpacked, std::move(next.unpacked));
  }
  MoveBehind(batch.records, std::move(next.records));
  MoveBehind(batch.follow_ups, std::move(next.follow_ups));
  MoveBehind(batch.dead_letters, std::move(next.dead_letters));
  batch.decided = next.decided;
}

// Entities of the batch's follow-ups, in their order.
std::vector<std::string_view> FollowUpTargets(const CommitBatch& batch) {
  std::vector<std::string_view> targets;
  for (const auto& record : batch.unpacked) {
    if (!record->decision) continue;
    for (const FollowUp& follow_up : record->decision->effects.follow_ups) {
      targets.push_back(follow_up.command->entity);
    }
  }
  return targets;
}

}  // namespace sluice::kafka
