#include <utility>

#include "events/codec.h"
#include "events/payload_pool.h"
#include "events/unpacker.h"

namespace sluice {

bool Unpacker::AnyView(size_t at, std::string_view* name, std::string_view* data) {
  size_t name_at = 0;
  size_t data_at = 0;
  if (!OpenPair(at, &name_at, &data_at) || (name_at != 0 && !StringView(name_at, name)) ||
      (data_at != 0 && !BytesView(data_at, data))) {
    return false;
  }
  if (name->empty() && !data->empty()) return Fail("payload without a type");
  return true;
}

bool Unpacker::AnyAt(size_t at, AnyTable* out) {
  std::string_view name;
  std::string_view data;
  if (!AnyView(at, &name, &data)) return false;
  if (name.empty()) {
    *out = AnyTable();
    return true;
  }
  PayloadPool* const pool = limits_.pool;
  const Type* type = pool != nullptr ? pool->TypeNamed(name) : FindType(name);
  if (type == nullptr) {
    *out = AnyTable::Unknown(name, data);
    return Visit(data.size());
  }
  void* table = nullptr;
  const bool nothing_set = data.empty();
  *out =
      pool != nullptr && !nothing_set ? pool->Take(*type, &table) : AnyTable::Make(*type, &table);
  return nothing_set || Unpacker(data, &limits_, payloads_ + 1).Root(*type, table);
}

bool Unpacker::Any(const PackedTable& view, uint16_t id, AnyTable* out) {
  size_t at = 0;
  if (!Child(view, id, &at)) return FailAt(id);
  if (at == 0) {
    *out = AnyTable();
    return true;
  }
  return AnyAt(at, out) || FailAt(id);
}

bool Unpacker::LeaveAny(const PackedTable& view, uint16_t id, AnyTable* out) {
  size_t at = 0;
  *out = AnyTable();
  if (!Child(view, id, &at)) return FailAt(id);
  if (std::exchange(limits_.has_left, true) || at == 0) return true;
  return AnyView(at, &limits_.left.type_name, &limits_.left.bytes) || FailAt(id);
}

bool Unpacker::Map(const PackedTable& view, uint16_t id, std::map<std::string, std::string>* out) {
  size_t at = 0;
  size_t count = 0;
  out->clear();
  if (!Children(view, id, sizeof(uint32_t), &at, &count)) return FailAt(id);
  for (size_t i = 0; i < count; ++i, at += sizeof(uint32_t)) {
    size_t pair = 0;
    size_t key_at = 0;
    size_t value_at = 0;
    std::string_view key;
    std::string_view value;
    if (!Follow(at, &pair) || !OpenPair(pair, &key_at, &value_at) ||
        (key_at != 0 && !StringView(key_at, &key)) ||
        (value_at != 0 && !StringView(value_at, &value))) {
      return FailAt(id);
    }
    const size_t before = out->size();
    out->emplace_hint(out->end(), key, value);
    if (out->size() == before) return Fail("key twice in a map") || FailAt(id);
  }
  return true;
}

bool Unpacker::Texts(const PackedTable& view, uint16_t id, std::vector<std::string>* out) {
  size_t at = 0;
  size_t count = 0;
  if (!Children(view, id, sizeof(uint32_t), &at, &count)) return FailAt(id);
  out->resize(count);
  for (size_t i = 0; i < count; ++i, at += sizeof(uint32_t)) {
    size_t target = 0;
    std::string_view text;
    if (!Follow(at, &target) || !StringView(target, &text)) return FailAt(id);
    (*out)[i].assign(text);
  }
  return true;
}

bool Unpacker::Anys(const PackedTable& view, uint16_t id, std::vector<AnyTable>* out) {
  size_t at = 0;
  size_t count = 0;
  if (!Children(view, id, sizeof(uint32_t), &at, &count)) return FailAt(id);
  out->resize(count);
  for (size_t i = 0; i < count; ++i, at += sizeof(uint32_t)) {
    size_t target = 0;
    if (!Follow(at, &target) || !AnyAt(target, &(*out)[i])) return FailAt(id);
  }
  return true;
}

bool Unpacker::FailIn(const Type& type) {
  if (limits_.field != nullptr || !limits_.field_id) return false;
  for (const Field& field : type.fields) {
    if (field.id != *limits_.field_id) continue;
    limits_.type = &type;
    limits_.field = &field;
  }
  return false;
}

namespace {

Result<void> UnpackWithin(const Type& type, std::string_view bytes, UnpackLimits& limits,
                          void* out) {
  if (Unpacker(bytes, &limits, 0).Root(type, out)) return {};
  if (limits.field == nullptr) {
    return Err(ErrorCode::kCorruption, "{}: {}", type.name, limits.what);
  }
  return Err(ErrorCode::kCorruption, "{}: {}.{}: {}", type.name, limits.type->name,
             limits.field->name, limits.what);
}

// What we pack points at nothing twice; other writers share equal strings.
UnpackLimits LimitsFor(std::string_view bytes) { return {.budget = 2 * bytes.size() + 1024}; }

}  // namespace

Result<void> Unpack(const Type& type, std::string_view bytes, void* out) {
  UnpackLimits limits = LimitsFor(bytes);
  return UnpackWithin(type, bytes, limits, out);
}

const Type* PayloadPool::Enter(std::string_view name) {
  const Type* type = FindType(name);
  if (type != nullptr) slots_[SlotOf(name)] = Slot{type, {}};
  return type;
}

Result<PackedPayload> UnpackFolded(const Type& type, std::string_view bytes, PayloadPool* pool,
                                   void* out) {
  UnpackLimits limits = LimitsFor(bytes);
  limits.folds = true;
  limits.pool = pool;
  if (auto done = UnpackWithin(type, bytes, limits, out); !done) {
    return tl::unexpected<Error>(std::move(done.error()));
  }
  return limits.left;
}

Result<AnyTable> UnpackPayload(const PackedPayload& payload) {
  if (payload.type_name.empty()) return AnyTable();
  const Type* type = FindType(payload.type_name);
  if (type == nullptr) return AnyTable::Unknown(payload.type_name, payload.bytes);
  void* table = nullptr;
  AnyTable any = AnyTable::Make(*type, &table);
  if (payload.bytes.empty()) return any;
  if (auto done = Unpack(*type, payload.bytes, table); !done) {
    return tl::unexpected<Error>(std::move(done.error()));
  }
  return any;
}

}  // namespace sluice
