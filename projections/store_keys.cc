#include "projections/store_keys.h"

#include "events/result.h"

namespace sluice::store {
void AppendVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void AppendBigEndian64(std::string* key, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) key->push_back(static_cast<char>(value >> shift));
}

uint64_t ReadBigEndian64(std::string_view bytes) {
  CHECK(bytes.size() >= 8);
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void AppendPart(std::string* key, std::string_view text) {
  for (char c : text) {
    // 0 -> 1 1, 1 -> 1 2: keeps the order and leaves 0 to be the end.
    if (c == '\0' || c == '\1') {
      key->push_back('\1');
      key->push_back(static_cast<char>(c + 1));
    } else {
      key->push_back(c);
    }
  }
  key->push_back('\0');
}

std::optional<std::string> TakePart(std::string_view* key) {
  std::string text;
  for (size_t i = 0; i < key->size(); ++i) {
    const char c = (*key)[i];
    if (c == '\0') {
      key->remove_prefix(i + 1);
      return text;
    }
    if (c == '\1') {
      if (++i == key->size()) return std::nullopt;
      text.push_back(static_cast<char>((*key)[i] - 1));
    } else {
      text.push_back(c);
    }
  }
  return std::nullopt;
}

std::string EntityPrefix(std::string_view entity) {
  // Its three parts are DNS labels, which need no escape.
  std::string prefix(entity);
  for (char& c : prefix) {
    if (c == '/') c = '\0';
  }
  prefix.push_back('\0');
  return prefix;
}

std::optional<std::string> TakeEntity(std::string_view* key) {
  size_t end = 0;
  for (int part = 0; part < 3; ++part) {
    end = key->find('\0', end);
    if (end == std::string_view::npos) return std::nullopt;
    ++end;
  }
  std::string entity(key->substr(0, end - 1));
  for (char& c : entity) {
    if (c == '\0') c = '/';
  }
  key->remove_prefix(end);
  return entity;
}

std::string ItemRow(std::string_view entity_prefix, uint8_t collection, std::string_view key) {
  std::string row(entity_prefix);
  row.push_back(static_cast<char>(collection));
  row.append(key);
  return row;
}

std::string HistoryRow(std::string_view entity_prefix, uint64_t sequence) {
  std::string row(entity_prefix);
  AppendBigEndian64(&row, sequence);
  return row;
}

// No sequence begins with this byte.
std::string OtherHistoryRows(std::string_view entity_prefix) {
  std::string row(entity_prefix);
  row.push_back('\xff');
  return row;
}

std::string PastItemRows(std::string_view entity_prefix, uint8_t collection) {
  std::string row(entity_prefix);
  row.push_back('i');
  row.push_back(static_cast<char>(collection));
  return row;
}

std::string PastItemRow(std::string_view entity_prefix, uint8_t collection, std::string_view key,
                        uint64_t number) {
  std::string row = PastItemRows(entity_prefix, collection);
  AppendPart(&row, key);
  AppendBigEndian64(&row, number);
  return row;
}

std::string WaypointRows(std::string_view entity_prefix) {
  std::string row(entity_prefix);
  row.push_back('w');
  return row;
}

std::string WaypointRow(std::string_view entity_prefix, uint64_t sequence) {
  std::string row = WaypointRows(entity_prefix);
  AppendBigEndian64(&row, sequence);
  return row;
}

std::string CommandRow(std::string_view entity_prefix, Hash128 id) {
  std::string row(entity_prefix);
  AppendBigEndian64(&row, id.hi);
  AppendBigEndian64(&row, id.lo);
  return row;
}

std::string CountRow(std::string_view kind, uint8_t phase) {
  std::string row;
  AppendPart(&row, kind);
  row.push_back(static_cast<char>(phase));
  return row;
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

std::string EncodeHistory(const std::vector<uint64_t>& ascending) {
  std::string value;
  for (size_t i = 1; i < ascending.size(); ++i) {
    AppendVarint(&value, ascending[i] - ascending[i - 1]);
  }
  return value;
}

bool DecodeHistory(uint64_t first, std::string_view value, std::vector<uint64_t>* sequences) {
  sequences->push_back(first);
  while (!value.empty()) {
    uint64_t step = 0;
    if (!TakeVarint(&value, &step) || step == 0) return false;
    sequences->push_back(sequences->back() + step);
  }
  return true;
}

}  // namespace sluice::store
