#include "service/feed_cursor.h"

#include "service/node_answers.h"

namespace sluice::service {
namespace {

constexpr size_t kChunk = 64;

}  // namespace

Answer<std::optional<Coverage>> WatchStart(const ChangeFeed& feed,
                                           const std::string& resource_version) {
  if (resource_version.empty() || resource_version == "0") return std::optional<Coverage>();
  auto version = ParseResourceVersion(resource_version, feed.partitions());
  if (!version) return Fail(FromNodeError(version.error()));
  auto* coverage = std::get_if<Coverage>(&*version);
  // An object's own position says nothing of the others.
  if (coverage == nullptr) return std::optional<Coverage>();
  const Coverage oldest = feed.Oldest();
  for (size_t i = 0; i < oldest.size(); ++i) {
    if ((*coverage)[i] < oldest[i]) {
      return Fail(ApiError::Expired("resourceVersion " + resource_version +
                                    " is older than the changes that are kept; list again"));
    }
  }
  return std::optional<Coverage>(std::move(*coverage));
}

Answer<void> FeedCursor::Read(const Visitor& visit) {
  std::vector<std::shared_ptr<const Change>> changes;
  const uint32_t partitions = feed_.partitions();
  uint32_t idle = 0;
  while (idle < partitions) {
    const uint32_t partition = partition_;
    changes.clear();
    auto next = feed_.Read(partition, next_[partition], kChunk, &changes);
    if (!next) return Fail(FromReadError(next.error()));
    for (const auto& change : changes) {
      const Coverage before = next_;
      next_[partition] = change->sequence + 1;
      if (!visit(partition, *change, before, next_)) return {};
    }
    next_[partition] = *next;
    idle = changes.empty() ? idle + 1 : 0;
    partition_ = (partition_ + 1) % partitions;
  }
  return {};
}

}  // namespace sluice::service
