#include "projections/replay_window.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "events/result.h"
#include "projections/store_keys.h"

namespace sluice {
namespace {

// Huge pages: a window of small ones would cost as much in page faults as in copying.
constexpr size_t kChunkBytes = size_t{8} << 20;

}  // namespace

void ReplayWindow::Unmap::operator()(char* chunk) const { munmap(chunk, size); }

std::unique_ptr<char, ReplayWindow::Unmap> ReplayWindow::MapChunk(size_t size) {
  void* chunk = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(chunk != MAP_FAILED);
  madvise(chunk, size, MADV_HUGEPAGE);  // Where the host has none, small ones do.
  return {static_cast<char*>(chunk), Unmap{size}};
}

std::string_view ReplayWindow::Keep(std::string_view bytes) {
  if (bytes.size() > room_) {
    if (used_ == chunks_.size() || chunks_[used_].get_deleter().size < bytes.size()) {
      const auto at = chunks_.begin() + static_cast<std::ptrdiff_t>(used_);
      chunks_.insert(at, MapChunk(std::max(kChunkBytes, bytes.size())));
    }
    at_ = chunks_[used_].get();
    room_ = chunks_[used_].get_deleter().size;
    ++used_;
  }
  std::memcpy(at_, bytes.data(), bytes.size());
  const std::string_view kept(at_, bytes.size());
  at_ += bytes.size();
  room_ -= bytes.size();
  return kept;
}

void ReplayWindow::Add(uint64_t sequence, std::string_view entity, std::string_view record) {
  ++decisions_;
  bytes_ += record.size() + sizeof(Slot);
  CHECK(records_.size() < kNone && record.size() <= UINT32_MAX);
  const auto at = static_cast<uint32_t>(records_.size());
  const std::string_view kept = Keep(record);
  records_.push_back({sequence, kept.data(), static_cast<uint32_t>(kept.size()), kNone});
  if (const auto known = entities_.find(entity); known != entities_.end()) {
    records_[known->second.last].next = at;
    known->second.last = at;
    return;
  }
  // `entity` may lie in the caller's record.
  entities_.emplace(Keep(entity), Ends{at, at});
  bytes_ += 3 * entity.size() + sizeof(Run) + 64;
}

void ReplayWindow::Clear() {
  used_ = 0;
  room_ = 0;
  records_.clear();
  entities_.clear();
  decisions_ = 0;
  bytes_ = 0;
}

std::vector<ReplayWindow::Run> ReplayWindow::Runs() {
  std::vector<Run> runs;
  runs.reserve(entities_.size());
  for (const auto& [entity, ends] : entities_) {
    runs.push_back({entity, Keep(store::EntityPrefix(entity)), ends.first});
  }
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.prefix < b.prefix; });
  return runs;
}

}  // namespace sluice
