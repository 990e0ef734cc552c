#include <cstring>
#include <map>

#include "events/any_table.h"
#include "events/buffer_reader.h"
#include "events/codec.h"
#include "events/scalar.h"

namespace sluice {
namespace {

// Reads one buffer. Positions are offsets into it, always checked before use.
class Unpacker : private BufferReader {
 public:
  Unpacker(std::string_view bytes, UnpackLimits* limits) : BufferReader(bytes, limits) {}

  // `payloads` is how many payloads this buffer lies within.
  bool Root(const Type& type, void* out, int payloads) {
    if (payloads > kPayloadDepthMax) return Fail("nested too deeply");
    if (bytes_.size() < sizeof(uint32_t)) return Fail("too short");
    payloads_ = payloads;
    return Table(type, Load<uint32_t>(0), out, 0);
  }

 private:
  bool Table(const Type& type, size_t at, void* out, int depth) {
    if (depth > kTableDepthMax) return Fail("nested too deeply");
    TableView view;
    if (!OpenTable(at, &view)) return false;
    for (const Field& field : type.fields) {
      const size_t slot = view.vtable + 4 + 2 * size_t{field.id};
      if (slot >= view.vtable + view.vtable_size) break;  // Ids ascend: no later one is there.
      const size_t offset = Load<uint16_t>(slot);
      if (offset == 0) continue;
      const bool number = field.shape == Shape::kScalar || field.shape == Shape::kOptionalScalar;
      const size_t width = number ? WidthOf(field.scalar) : sizeof(uint32_t);
      const bool good = offset >= 4 && offset + width <= view.size
                            ? (number ? Number(field, at + offset, field.In(out))
                                      : Child(field, at + offset, out, depth))
                            : Fail("field out of bounds");
      if (!good) [[unlikely]]
        return FailIn(type, field);
    }
    return true;
  }

  bool FailIn(const Type& type, const Field& field) {
    if (limits_.field == nullptr) {
      limits_.type = &type;
      limits_.field = &field;
    }
    return false;
  }

  bool Number(const Field& field, size_t at, void* out) {
    if (field.shape == Shape::kOptionalScalar) out = field.optional->emplace(out);
    if (field.scalar == Scalar::kBool || field.enum_info != nullptr) {
      return Scalars(field, at, 1, out);
    }
    switch (WidthOf(field.scalar)) {
      case 1:
        return Copy<uint8_t>(at, out);
      case 2:
        return Copy<uint16_t>(at, out);
      case 4:
        return Copy<uint32_t>(at, out);
      case 8:
        return Copy<uint64_t>(at, out);
    }
    Unreachable();
  }

  template <class T>
  bool Copy(size_t at, void* out) const {
    std::memcpy(out, bytes_.data() + at, sizeof(T));
    return true;
  }

  // `count` numbers side by side.
  bool Scalars(const Field& field, size_t at, size_t count, void* out) {
    const size_t width = WidthOf(field.scalar);
    std::memcpy(out, bytes_.data() + at, count * width);
    if (field.scalar != Scalar::kBool && field.enum_info == nullptr) return true;
    auto* value = static_cast<char*>(out);
    for (size_t i = 0; i < count; ++i, value += width) {
      // Not through LoadScalar of a bool: any byte but 0 and 1 would be undefined in one.
      if (field.scalar == Scalar::kBool) {
        *value = *value != 0 ? 1 : 0;
      } else if (field.enum_info->Find(static_cast<int64_t>(LoadScalar(field.scalar, value))) ==
                 nullptr) {
        std::memset(out, 0, count * width);
        return Fail("unknown enumerator");
      }
    }
    return true;
  }

  bool Child(const Field& field, size_t slot, void* object, int depth) {
    size_t at = 0;
    if (!Follow(slot, &at)) return false;
    void* out = field.In(object);
    switch (field.shape) {
      case Shape::kScalar:
      case Shape::kOptionalScalar:
        break;
      case Shape::kString:
      case Shape::kJson:
        return String(at, static_cast<std::string*>(out));
      case Shape::kBytes:
        return Bytes_(at, static_cast<std::string*>(out));
      case Shape::kHash128:
        return Hash(at, static_cast<Hash128*>(out));
      case Shape::kTable:
        return Table(*field.table, at, field.optional->emplace(out), depth + 1);
      case Shape::kValueTable:
        return Table(*field.table, at, out, depth + 1);
      case Shape::kAny:
        return Any(at, static_cast<AnyTable*>(out));
      case Shape::kMap:
        return Map(at, static_cast<std::map<std::string, std::string>*>(out));
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return Vector(field, at, out, depth);
    }
    Unreachable();
  }

  bool String(size_t at, std::string* out) {
    std::string_view view;
    if (!StringView(at, &view)) return false;
    out->assign(view);
    return true;
  }

  bool Bytes_(size_t at, std::string* out) {
    std::string_view view;
    if (!BytesView(at, &view) || !Visit(view.size())) return false;
    out->assign(view);
    return true;
  }

  bool Hash(size_t at, Hash128* out) {
    std::string_view view;
    if (!BytesView(at, &view)) return false;
    if (view.size() != 16) return Fail("hash is not 16 bytes");
    *out = Hash128FromBytes(view);
    return true;
  }

  bool Any(size_t at, AnyTable* out) {
    TableView view;
    size_t name_at = 0;
    size_t data_at = 0;
    std::string_view name;
    std::string_view data;
    if (!OpenTable(at, &view) || !ChildOfPair(view, 0, &name_at) ||
        !ChildOfPair(view, 1, &data_at) || (name_at != 0 && !StringView(name_at, &name)) ||
        (data_at != 0 && !BytesView(data_at, &data))) {
      return false;
    }
    if (name.empty()) return data.empty() ? true : Fail("payload without a type");
    const Type* type = FindType(name);
    if (type == nullptr) {
      *out = AnyTable::Unknown(name, data);
      return Visit(data.size());
    }
    void* table = nullptr;
    *out = AnyTable::Make(*type, &table);
    if (data.empty()) return true;  // Nothing set.
    return Unpacker(data, &limits_).Root(*type, table, payloads_ + 1);
  }

  bool Map(size_t at, std::map<std::string, std::string>* out) {
    size_t count = 0;
    if (!Length(at, sizeof(uint32_t), &count) || !Visit(count * sizeof(uint32_t))) return false;
    for (size_t i = 0; i < count; ++i) {
      size_t pair = 0;
      TableView view;
      size_t key_at = 0;
      size_t value_at = 0;
      std::string_view key;
      std::string_view value;
      if (!Follow(at + 4 + 4 * i, &pair) || !OpenTable(pair, &view) ||
          !ChildOfPair(view, 0, &key_at) || !ChildOfPair(view, 1, &value_at) ||
          (key_at != 0 && !StringView(key_at, &key)) ||
          (value_at != 0 && !StringView(value_at, &value))) {
        return false;
      }
      const size_t before = out->size();
      out->emplace_hint(out->end(), key, value);
      if (out->size() == before) return Fail("key twice in a map");
    }
    return true;
  }

  bool Vector(const Field& field, size_t at, void* out, int depth) {
    const bool numbers = field.shape == Shape::kScalarVector;
    const size_t width = numbers ? WidthOf(field.scalar) : sizeof(uint32_t);
    size_t count = 0;
    if (!Length(at, width, &count) || !Visit(count * width)) return false;
    auto* element = static_cast<char*>(field.vector->resize(out, count));
    if (numbers) return count == 0 || Scalars(field, at + 4, count, element);
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
      size_t target = 0;
      if (!Follow(at + 4 + 4 * i, &target)) return false;
      const bool good = field.shape == Shape::kTableVector
                            ? Table(*field.table, target, element, depth + 1)
                        : field.shape == Shape::kStringVector
                            ? String(target, reinterpret_cast<std::string*>(element))
                            : Any(target, reinterpret_cast<AnyTable*>(element));
      if (!good) return false;
    }
    return true;
  }

  int payloads_ = 0;
};

}  // namespace

Result<void> Unpack(const Type& type, std::string_view bytes, void* out) {
  // What we pack points at nothing twice; other writers share equal strings.
  UnpackLimits limits{.budget = 2 * bytes.size() + 1024};
  if (Unpacker(bytes, &limits).Root(type, out, 0)) return {};
  if (limits.field == nullptr) {
    return Err(ErrorCode::kCorruption, "{}: {}", type.name, limits.what);
  }
  return Err(ErrorCode::kCorruption, "{}: {}.{}: {}", type.name, limits.type->name,
             limits.field->name, limits.what);
}

}  // namespace sluice
