#include "service/node_watch.h"

#include <atomic>
#include <utility>

namespace sluice::service {
namespace {

bool Covers(const Coverage& published, const ResourceVersion& wanted) {
  if (const auto* position = std::get_if<DecisionPosition>(&wanted)) {
    return published[position->partition] > position->sequence;
  }
  const auto& coverage = std::get<Coverage>(wanted);
  for (size_t partition = 0; partition < coverage.size(); ++partition) {
    if (published[partition] < coverage[partition]) return false;
  }
  return true;
}

class CoverageRegistration final : public Registration {
 public:
  explicit CoverageRegistration(std::unique_ptr<ChangeFeed::Listener> listener)
      : listener_(std::move(listener)) {}

 private:
  const std::unique_ptr<ChangeFeed::Listener> listener_;
};

// Outlives the registration, which `done` may destroy.
struct Waiting {
  ResourceVersion wanted;
  std::function<void(Answer<void>)> done;
  std::atomic<bool> told = false;
};

}  // namespace

std::unique_ptr<Registration> WhenCovered(ChangeFeed& feed, ResourceVersion wanted,
                                          std::function<void(Answer<void>)> done) {
  if (Covers(feed.Published(), wanted)) {
    done({});
    return nullptr;
  }
  auto waiting = std::make_shared<Waiting>();
  waiting->wanted = std::move(wanted);
  waiting->done = std::move(done);
  const auto tell = [&feed, waiting] {
    if (Covers(feed.Published(), waiting->wanted) && !waiting->told.exchange(true)) {
      waiting->done({});
    }
  };
  auto registration = std::make_unique<CoverageRegistration>(feed.Listen(tell));
  tell();  // it may have come between the look and the listener
  return registration;
}

}  // namespace sluice::service
