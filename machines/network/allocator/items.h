// What the allocator asks of whoever keeps its state: a sorted map of small items.
//
// An entity's keyed collection is one, std::map in a test another. Every call may cost a load of
// that one item, so the allocator counts its calls: see allocator.h. Keys are ordered as bytes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

class AllocatorItemsView {
 public:
  virtual ~AllocatorItemsView() = default;
  virtual std::optional<std::string> Get(std::string_view key) const = 0;
  // The first `limit` items whose key is not less than `key`, in order.
  virtual std::vector<std::pair<std::string, std::string>> ScanFrom(std::string_view key,
                                                                    size_t limit) const = 0;
};

class AllocatorItems : public AllocatorItemsView {
 public:
  virtual void Put(std::string_view key, std::string_view value) = 0;
  virtual void Erase(std::string_view key) = 0;  // absent is fine
};

// AllocatorItems in memory, for tests, tools and models.
class MapAllocatorItems : public AllocatorItems {
 public:
  std::optional<std::string> Get(std::string_view key) const override {
    const auto found = items_.find(key);
    if (found == items_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::pair<std::string, std::string>> ScanFrom(std::string_view key,
                                                            size_t limit) const override {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto it = items_.lower_bound(key); it != items_.end() && found.size() < limit; ++it) {
      found.emplace_back(*it);
    }
    return found;
  }
  void Put(std::string_view key, std::string_view value) override {
    items_.insert_or_assign(std::string(key), std::string(value));
  }
  void Erase(std::string_view key) override {
    if (const auto found = items_.find(key); found != items_.end()) items_.erase(found);
  }
  size_t size() const { return items_.size(); }
  friend bool operator==(const MapAllocatorItems& a, const MapAllocatorItems& b) {
    return a.items_ == b.items_;
  }

 private:
  std::map<std::string, std::string, std::less<>> items_;
};

}  // namespace sluice
