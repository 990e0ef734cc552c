#include "engine/cached_items.h"

#include <algorithm>

#include "projections/store_keys.h"

namespace sluice {
namespace {

// A row's own: its node in the map, its strings' heads.
constexpr size_t kRowBytes = 128;

void AppendText(std::string* out, std::string_view text) {
  store::AppendVarint(out, text.size());
  out->append(text);
}

uint64_t TakeNumber(std::string_view* bytes) {
  uint64_t number = 0;
  CHECK(store::TakeVarint(bytes, &number));
  return number;
}

std::string_view TakeText(std::string_view* bytes) {
  const uint64_t size = TakeNumber(bytes);
  CHECK(size <= bytes->size());
  const std::string_view text = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return text;
}

}  // namespace

// One scan: where it stands among the rows in memory.
struct CachedItems::Reading {
  Rows::iterator at;
  const Rows::iterator end;
  const std::function<bool(std::string_view, std::string_view)>& visit;
};

CachedItems::Collection& CachedItems::Of(CollectionId collection) const {
  const auto [at, is_new] = collections_.try_emplace(collection);
  if (is_new) at->second.is_complete = is_empty_;
  return at->second;
}

size_t CachedItems::SizeOf(const Rows::value_type& row) {
  return kRowBytes + row.first.size() + (row.second.value ? row.second.value->size() : 0);
}

void CachedItems::Count(Collection& collection, size_t added, size_t removed) const {
  collection.bytes += added - removed;
  bytes_ += added - removed;
}

std::optional<Bytes> CachedItems::Get(const ItemKey& key) const {
  Collection& collection = Of(key.collection);
  if (const auto found = collection.rows.find(key.key); found != collection.rows.end()) {
    return found->second.value;
  }
  if (collection.Knows(key.key)) return std::nullopt;
  std::optional<Bytes> value = store_->Get(key);
  if (value && bytes_ < kBytesMax) Remember(collection, collection.rows.end(), key.key, *value);
  return value;
}

CachedItems::Rows::iterator CachedItems::Remember(Collection& collection, Rows::iterator hint,
                                                  std::string_view key,
                                                  std::string_view value) const {
  const size_t before = collection.rows.size();
  const auto row = collection.rows.emplace_hint(hint, key, Row{Bytes(value)});
  if (collection.rows.size() != before) Count(collection, SizeOf(*row), 0);
  return row;
}

bool CachedItems::VisitUpTo(Reading& reading, const std::string_view* end) {
  for (; reading.at != reading.end && (end == nullptr || reading.at->first < *end); ++reading.at) {
    const Row& row = reading.at->second;
    if (row.value && !reading.visit(reading.at->first, *row.value)) return false;
  }
  return true;
}

void CachedItems::Scan(CollectionId id, std::string_view from,
                       const std::function<bool(std::string_view, std::string_view)>& visit) const {
  Collection& collection = Of(id);
  Reading reading{collection.rows.lower_bound(from), collection.rows.end(), visit};
  // A copy: a visitor that reads may move it.
  const std::string known_to = collection.known_to;
  const std::string_view known_end = known_to;
  if (!VisitUpTo(reading, collection.is_complete ? nullptr : &known_end)) return;
  if (collection.is_complete) return;
  // What follows directly on what is known makes that grow.
  bool grows = from <= known_end;
  bool stopped = false;
  store_->Scan(id, std::max(from, known_end), [&](std::string_view key, std::string_view value) {
    stopped = !VisitUpTo(reading, &key);
    if (stopped) return false;
    grows = grows && bytes_ < kBytesMax;
    if (reading.at == reading.end || reading.at->first != key) {
      if (!grows) {
        stopped = !visit(key, value);
        return !stopped;
      }
      reading.at = Remember(collection, reading.at, key, value);
    }
    if (grows && !(key < collection.known_to)) collection.known_to.assign(key).push_back('\0');
    const Row& row = reading.at->second;
    stopped = row.value && !visit(reading.at->first, *row.value);
    ++reading.at;
    return !stopped;
  });
  if (stopped) return;
  if (grows) collection.is_complete = true;
  VisitUpTo(reading, nullptr);
}

void CachedItems::Stage(const Items::Changes& changes, uint64_t batch) {
  for (const auto& [key, value] : changes) {
    Collection& collection = Of(key.collection);
    const auto [row, is_new] = collection.rows.try_emplace(key.key);
    const size_t before = is_new ? 0 : SizeOf(*row);
    row->second.value = value;
    Count(collection, SizeOf(*row), before);
    if (row->second.batch != batch) pending_.push_back({batch, key.collection, row});
    row->second.batch = batch;
  }
}

void CachedItems::Applied(uint64_t batch) {
  auto pending = pending_.begin();
  for (; pending != pending_.end() && pending->batch <= batch; ++pending) {
    Row& row = pending->row->second;
    if (row.batch != pending->batch) continue;  // a later one wrote it again
    row.batch = 0;
    if (row.value) continue;
    // Beyond what is known the store says so, with a filter as a rule.
    Collection& collection = Of(pending->collection);
    Count(collection, 0, SizeOf(*pending->row));
    collection.rows.erase(pending->row);
  }
  pending_.erase(pending_.begin(), pending);
}

void CachedItems::Drop(Collection& collection) {
  collection.known_to.clear();
  collection.is_complete = false;
  for (auto row = collection.rows.begin(); row != collection.rows.end();) {
    if (row->second.batch != 0) {
      ++row;
      continue;
    }
    Count(collection, 0, SizeOf(*row));
    row = collection.rows.erase(row);
  }
}

void CachedItems::Trim() {
  while (bytes_ > kBytesMax) {
    const auto largest = std::max_element(
        collections_.begin(), collections_.end(),
        [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
    const size_t before = bytes_;
    Drop(largest->second);
    if (bytes_ == before) return;  // all of it waits to be applied
  }
}

std::string CachedItems::Known() const {
  CHECK(IsApplied());
  std::string known;
  for (const auto& [id, collection] : collections_) {
    if (collection.rows.empty() && !collection.is_complete) continue;
    known.push_back(static_cast<char>(id));
    known.push_back(collection.is_complete ? 1 : 0);
    AppendText(&known, collection.known_to);
    store::AppendVarint(&known, collection.rows.size());
    for (const auto& [key, row] : collection.rows) {
      AppendText(&known, key);
      AppendText(&known, *row.value);  // an erased one is gone once it is applied
    }
  }
  return known;
}

void CachedItems::Restore(std::string_view known) {
  while (!known.empty()) {
    Collection& collection = Of(static_cast<CollectionId>(known[0]));
    collection.is_complete = known[1] != 0;
    known.remove_prefix(2);
    collection.known_to = TakeText(&known);
    for (uint64_t rows = TakeNumber(&known); rows > 0; --rows) {
      const std::string_view key = TakeText(&known);
      Remember(collection, collection.rows.end(), key, TakeText(&known));
    }
  }
}

}  // namespace sluice
