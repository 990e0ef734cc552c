#include "machines/common/items.h"

#include "events/logical.h"

namespace sluice {
namespace {

Hash128 HashItem(const ItemKey& key, const Type& type, const void* value) {
  thread_local std::string buffer;
  buffer.assign(1, static_cast<char>(key.collection));
  const uint64_t length = key.key.size();
  for (int shift = 56; shift >= 0; shift -= 8) {
    buffer.push_back(static_cast<char>((length >> shift) & 0xff));
  }
  buffer.append(key.key);
  AppendLogical(type, value, &buffer);
  return Xxh128(buffer);
}

}  // namespace

std::string BigEndianKey(uint64_t value) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[7 - i] = static_cast<char>((value >> (8 * i)) & 0xff);
  return key;
}

std::optional<Bytes> Items::GetBytes(const ItemKey& key) const {
  if (const auto change = changes_.find(key); change != changes_.end()) return change->second;
  return source_ ? source_->Get(key) : std::nullopt;
}

void Items::ScanBytes(CollectionId collection, std::string_view from,
                      const std::function<bool(std::string_view, std::string_view)>& visit) const {
  auto change = changes_.lower_bound({collection, std::string(from)});
  const auto in_collection = [&] {
    return change != changes_.end() && change->first.collection == collection;
  };
  bool stopped = false;
  if (source_) {
    source_->Scan(collection, from, [&](std::string_view key, std::string_view value) {
      // Changes below this key come first; one of the same key hides it.
      while (in_collection() && change->first.key < key) {
        if (change->second && !visit(change->first.key, *change->second)) {
          stopped = true;
          return false;
        }
        ++change;
      }
      if (in_collection() && change->first.key == key) {
        const bool go_on = !change->second || visit(change->first.key, *change->second);
        ++change;
        stopped = !go_on;
        return go_on;
      }
      stopped = !visit(key, value);
      return !stopped;
    });
  }
  for (; !stopped && in_collection(); ++change) {
    if (change->second && !visit(change->first.key, *change->second)) return;
  }
}

bool Items::PutTable(ItemKey key, const Type& type, const void* value) {
  Bytes bytes = Pack(type, value);
  const bool is_new = !Forget(key, type);
  hash_sum_ = hash_sum_ + HashItem(key, type, value);
  changes_[std::move(key)] = std::move(bytes);
  return is_new;
}

bool Items::EraseTable(ItemKey key, const Type& type) {
  if (!Forget(key, type)) return false;
  changes_[std::move(key)] = std::nullopt;
  return true;
}

bool Items::Forget(const ItemKey& key, const Type& type) {
  const std::optional<Bytes> present = GetBytes(key);
  if (!present) return false;
  void* value = nullptr;
  const AnyTable table = AnyTable::Make(type, &value);
  if (const Result<void> read = Unpack(type, *present, value); !read) {
    throw LoadFailure("item of " + std::string(type.name) + ": " + read.error().message);
  }
  hash_sum_ = hash_sum_ - HashItem(key, type, value);
  return true;
}

}  // namespace sluice
