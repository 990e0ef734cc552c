#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "events/absent.h"
#include "events/any_table.h"
#include "events/codec.h"
#include "events/pack_buffer.h"
#include "events/scalar.h"

namespace sluice {
namespace {

constexpr size_t kFieldsMax = 256;
// How far back an equal vtable is looked for; lists of one type find theirs at once.
constexpr size_t kVtablesBackMax = 128;

bool IsNumber(const Field& field) {
  return field.shape == Shape::kScalar || field.shape == Shape::kOptionalScalar;
}

// Writes tables front to back: a vtable, the table, then what it points at. (FlatBuffers' own
// builder writes back to front and cannot put a payload into its holder without a copy.) One per
// thread, so that its memory is used again.
class Packer {
 public:
  void Pack(const Type& type, const void* table, Bytes* out) {
    buffer_.Clear();
    vtables_.clear();
    Root(type, table);
    out->assign(buffer_.bytes());
  }

 private:
  void Root(const Type& type, const void* table) {
    const size_t at = buffer_.Extend(4);
    buffer_.StoreOffset(at, Table(type, table));
  }

  // What stands between brackets in FlatBuffers' documentation: vtable, inline data, children.
  size_t Table(const Type& type, const void* table) {
    // Bytes each field takes within the table, 0 when it is absent. Widest first, so that nothing
    // but the front needs padding.
    uint8_t widths[kFieldsMax];
    CHECK(type.fields.size() <= kFieldsMax);
    size_t of_width[9] = {};
    size_t slots = 0;
    for (size_t i = 0; i < type.fields.size(); ++i) {
      const Field& field = type.fields[i];
      widths[i] = 0;
      if (IsAbsent(field, field.In(table))) continue;
      widths[i] = static_cast<uint8_t>(IsNumber(field) ? WidthOf(field.scalar) : 4);
      ++of_width[widths[i]];
      slots = size_t{field.id} + 1;
    }
    size_t next[9] = {};
    next[8] = 4;
    next[4] = next[8] + 8 * of_width[8];
    next[2] = next[4] + 4 * of_width[4];
    next[1] = next[2] + 2 * of_width[2];
    const size_t size = next[1] + of_width[1];

    buffer_.Align(2);
    size_t vtable = buffer_.Extend(4 + 2 * slots);
    buffer_.Store(vtable, static_cast<uint16_t>(4 + 2 * slots));
    buffer_.Store(vtable + 2, static_cast<uint16_t>(size));
    for (size_t i = 0; i < type.fields.size(); ++i) {
      if (widths[i] == 0) continue;
      buffer_.Store(vtable + 4 + 2 * size_t{type.fields[i].id},
                    static_cast<uint16_t>(next[widths[i]]));
      next[widths[i]] += widths[i];
    }
    vtable = Shared(vtable);

    buffer_.Align(of_width[8] != 0 ? 8 : 4, of_width[8] != 0 ? 4 : 0);
    const size_t at = buffer_.Extend(size);
    buffer_.Store(at, static_cast<int32_t>(at - vtable));
    for (size_t i = 0; i < type.fields.size(); ++i) {
      if (widths[i] == 0) continue;
      const Field& field = type.fields[i];
      const size_t slot = at + buffer_.Load<uint16_t>(vtable + 4 + 2 * size_t{field.id});
      if (IsNumber(field)) {
        Number(field, field.In(table), slot);
      } else {
        buffer_.StoreOffset(slot, Child(field, field.In(table)));
      }
    }
    return at;
  }

  // An equal vtable written before, or the one at the end of the buffer, at `vtable`.
  size_t Shared(size_t vtable) {
    const size_t size = buffer_.size() - vtable;
    const auto lengths = buffer_.Load<uint32_t>(vtable);
    const size_t begin =
        std::max(vtables_begin_, vtables_.size() - std::min(vtables_.size(), kVtablesBackMax));
    for (size_t i = vtables_.size(); i > begin; --i) {
      const size_t known = vtables_[i - 1];
      // Both lengths first: most differ there, and the comparison then stays within the buffer.
      if (buffer_.Load<uint32_t>(known) == lengths &&
          std::memcmp(buffer_.At(known), buffer_.At(vtable), size) == 0) {
        buffer_.Truncate(vtable);
        return known;
      }
    }
    vtables_.push_back(vtable);
    return vtable;
  }

  void Number(const Field& field, const void* where, size_t slot) {
    if (field.shape == Shape::kOptionalScalar) where = field.optional->get(where);
    switch (WidthOf(field.scalar)) {
      case 1:
        return buffer_.Store(slot, *static_cast<const uint8_t*>(where));
      case 2:
        return buffer_.Store(slot, *static_cast<const uint16_t*>(where));
      case 4:
        return buffer_.Store(slot, *static_cast<const uint32_t*>(where));
      case 8:
        return buffer_.Store(slot, *static_cast<const uint64_t*>(where));
    }
    Unreachable();
  }

  // Every child returns where its offset has to point.
  size_t Child(const Field& field, const void* where) {
    switch (field.shape) {
      case Shape::kScalar:
      case Shape::kOptionalScalar:
        break;
      case Shape::kString:
      case Shape::kJson:
        return buffer_.AppendString(*static_cast<const std::string*>(where));
      case Shape::kBytes:
        return buffer_.AppendBytes(*static_cast<const Bytes*>(where), 4);
      case Shape::kHash128:
        return buffer_.AppendBytes(ToBytes(*static_cast<const Hash128*>(where)), 4);
      case Shape::kTable:
        return Table(*field.table, field.optional->get(where));
      case Shape::kValueTable:
        return Table(*field.table, where);
      case Shape::kAny:
        return Any(*static_cast<const AnyTable*>(where));
      case Shape::kMap:
        return Map(*static_cast<const std::map<std::string, std::string>*>(where));
      case Shape::kScalarVector:
        return Scalars(field, where);
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return Elements(field, where);
    }
    Unreachable();
  }

  size_t Scalars(const Field& field, const void* where) {
    const size_t width = WidthOf(field.scalar);
    const size_t count = field.vector->size(where);
    const auto* data = static_cast<const char*>(field.vector->data(where));
    const size_t at = buffer_.AppendBytes({data, count * width}, width);
    buffer_.Store(at, static_cast<uint32_t>(count));
    return at;
  }

  // A length and room for as many offsets.
  size_t Offsets(size_t count) {
    buffer_.Align(4);
    const size_t at = buffer_.Extend(4 + 4 * count);
    buffer_.Store(at, static_cast<uint32_t>(count));
    return at;
  }

  size_t Elements(const Field& field, const void* where) {
    const size_t count = field.vector->size(where);
    const size_t at = Offsets(count);
    const auto* element = static_cast<const char*>(field.vector->data(where));
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
      buffer_.StoreOffset(at + 4 + 4 * i, Element(field, element));
    }
    return at;
  }

  size_t Element(const Field& field, const void* element) {
    if (field.shape == Shape::kTableVector) return Table(*field.table, element);
    if (field.shape == Shape::kAnyVector) return Any(*static_cast<const AnyTable*>(element));
    return buffer_.AppendString(*static_cast<const std::string*>(element));
  }

  // A table of two children, `Any` {type; data} or `KeyValue` {key; value}: no generated struct
  // stands for them. Returns where it is; the offsets are still to be stored at 4 and 8 behind
  // that.
  size_t Pair(bool first, bool second) {
    buffer_.Align(2);
    const size_t slots = second ? 2 : first ? 1 : 0;
    size_t vtable = buffer_.Extend(4 + 2 * slots);
    buffer_.Store(vtable, static_cast<uint16_t>(4 + 2 * slots));
    buffer_.Store(vtable + 2, uint16_t{12});
    if (first) buffer_.Store(vtable + 4, uint16_t{4});
    if (second) buffer_.Store(vtable + 6, uint16_t{8});
    vtable = Shared(vtable);
    buffer_.Align(4);
    const size_t at = buffer_.Extend(12);
    buffer_.Store(at, static_cast<int32_t>(at - vtable));
    return at;
  }

  size_t Any(const AnyTable& any) {
    const size_t at = Pair(bool{any}, bool{any});
    if (!any) return at;
    buffer_.StoreOffset(at + 4, buffer_.AppendString(any.type_name()));
    // Aligned as a buffer of its own, so that it may be read in place.
    const size_t data = buffer_.AppendBytes(any.unknown_bytes(), 8);
    buffer_.StoreOffset(at + 8, data);
    if (any.type() == nullptr) return at;
    // Nothing in the payload may point out of it, to a vtable of its holder neither.
    const size_t vtables_begin = std::exchange(vtables_begin_, vtables_.size());
    Root(*any.type(), any.data());
    vtables_.resize(vtables_begin_);
    vtables_begin_ = vtables_begin;
    buffer_.Store(data, static_cast<uint32_t>(buffer_.size() - data - 4));
    return at;
  }

  size_t Map(const std::map<std::string, std::string>& map) {
    const size_t at = Offsets(map.size());
    size_t slot = at + 4;
    for (const auto& [key, value] : map) {
      const size_t pair = Pair(!key.empty(), !value.empty());
      buffer_.StoreOffset(slot, pair);
      if (!key.empty()) buffer_.StoreOffset(pair + 4, buffer_.AppendString(key));
      if (!value.empty()) buffer_.StoreOffset(pair + 8, buffer_.AppendString(value));
      slot += 4;
    }
    return at;
  }

  PackBuffer buffer_;
  std::vector<size_t> vtables_;  // Positions; those before `vtables_begin_` are a holder's.
  size_t vtables_begin_ = 0;
};

}  // namespace

void PackInto(const Type& type, const void* table, Bytes* out) {
  static thread_local Packer packer;
  packer.Pack(type, table, out);
}

Bytes Pack(const Type& type, const void* table) {
  Bytes bytes;
  PackInto(type, table, &bytes);
  return bytes;
}

}  // namespace sluice
