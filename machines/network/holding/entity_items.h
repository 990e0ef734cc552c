// An allocator's items as a keyed collection of an entity.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/network.gen.h"
#include "machines/common/items.h"
#include "machines/network/allocator/items.h"

namespace sluice {

// The collection every kind that hands out prefixes keeps its allocator in.
inline constexpr CollectionId kAllocatorCollection = 10;

class EntityItemsView final : public AllocatorItemsView {
 public:
  explicit EntityItemsView(const Items& items) : items_(items) {}
  std::optional<std::string> Get(std::string_view key) const override {
    auto item = items_.Get<AllocatorItem>(kAllocatorCollection, key);
    if (!item) return std::nullopt;
    return std::move(item->value);
  }
  std::vector<std::pair<std::string, std::string>> ScanFrom(std::string_view key,
                                                            size_t limit) const override {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto& [at, item] : items_.Scan<AllocatorItem>(kAllocatorCollection, key, limit)) {
      found.emplace_back(at, std::move(item.value));
    }
    return found;
  }

 private:
  const Items& items_;
};

class EntityItems final : public AllocatorItems {
 public:
  explicit EntityItems(Items& items) : items_(items), view_(items) {}
  std::optional<std::string> Get(std::string_view key) const override { return view_.Get(key); }
  std::vector<std::pair<std::string, std::string>> ScanFrom(std::string_view key,
                                                            size_t limit) const override {
    return view_.ScanFrom(key, limit);
  }
  void Put(std::string_view key, std::string_view value) override {
    items_.Put(kAllocatorCollection, key, AllocatorItem{.value = std::string(value)});
  }
  void Erase(std::string_view key) override {
    items_.Erase<AllocatorItem>(kAllocatorCollection, key);
  }

 private:
  Items& items_;
  EntityItemsView view_;
};

}  // namespace sluice
