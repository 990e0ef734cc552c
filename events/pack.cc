#include <flatbuffers/flatbuffer_builder.h>

#include <map>
#include <memory>
#include <vector>

#include "events/any_table.h"
#include "events/codec.h"
#include "events/scalar.h"

namespace sluice {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using Child = flatbuffers::Offset<void>;

constexpr voffset_t VtableSlot(uint16_t id) { return static_cast<voffset_t>(4 + 2 * id); }

const std::string& StringAt(const void* where) { return *static_cast<const std::string*>(where); }

// One per thread; its buffers are used again. A payload is a buffer of its own inside its holder's,
// so each level of them has a builder.
class Packer {
 public:
  void Pack(const Type& type, const void* table, Bytes* out) {
    FlatBufferBuilder& builder = Root(type, table, 0);
    out->assign(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  }

 private:
  FlatBufferBuilder& Root(const Type& type, const void* table, size_t level) {
    while (builders_.size() <= level)
      builders_.push_back(std::make_unique<FlatBufferBuilder>(1024));
    FlatBufferBuilder& builder = *builders_[level];
    builder.Clear();
    builder.Finish(flatbuffers::Offset<void>(Table(type, table, level)));
    return builder;
  }

  // Children first, as FlatBuffers wants it; their offsets wait on `children_`, a stack.
  uoffset_t Table(const Type& type, const void* table, size_t level) {
    FlatBufferBuilder& builder = *builders_[level];
    const size_t base = children_.size();
    children_.resize(base + type.fields.size());
    for (size_t i = 0; i < type.fields.size(); ++i) {
      const Field& field = type.fields[i];
      if (field.shape == Shape::kScalar || field.shape == Shape::kOptionalScalar) continue;
      const uoffset_t child = ChildOf(field, field.In(table), level);
      children_[base + i] = child;
    }
    const uoffset_t start = builder.StartTable();
    // Widest first, so that there is little padding.
    AddScalars(type, table, builder, true);
    for (size_t i = 0; i < type.fields.size(); ++i) {
      if (children_[base + i] == 0) continue;
      builder.AddOffset(VtableSlot(type.fields[i].id), Child(children_[base + i]));
    }
    AddScalars(type, table, builder, false);
    children_.resize(base);
    return builder.EndTable(start);
  }

  static void AddScalars(const Type& type, const void* table, FlatBufferBuilder& builder,
                         bool wide) {
    for (const Field& field : type.fields) {
      if (field.shape == Shape::kScalar) {
        if ((WidthOf(field.scalar) == 8) != wide) continue;
        const uint64_t bits = LoadScalar(field.scalar, field.In(table));
        if (bits != field.default_bits) AddScalar(field, bits, builder);
      } else if (field.shape == Shape::kOptionalScalar) {
        if ((WidthOf(field.scalar) == 8) != wide) continue;
        const void* value = field.optional->get(field.In(table));
        if (value != nullptr) AddScalar(field, LoadScalar(field.scalar, value), builder);
      }
    }
  }

  static void AddScalar(const Field& field, uint64_t bits, FlatBufferBuilder& builder) {
    const voffset_t slot = VtableSlot(field.id);
    switch (WidthOf(field.scalar)) {
      case 1:
        return builder.AddElement(slot, static_cast<uint8_t>(bits));
      case 2:
        return builder.AddElement(slot, static_cast<uint16_t>(bits));
      case 4:
        return builder.AddElement(slot, static_cast<uint32_t>(bits));
      case 8:
        return builder.AddElement(slot, bits);
    }
    Unreachable();
  }

  // 0 when the field is absent.
  uoffset_t ChildOf(const Field& field, const void* where, size_t level) {
    FlatBufferBuilder& builder = *builders_[level];
    switch (field.shape) {
      case Shape::kScalar:
      case Shape::kOptionalScalar:
        return 0;
      case Shape::kString:
      case Shape::kJson:
        return StringAt(where).empty() ? 0 : builder.CreateString(StringAt(where)).o;
      case Shape::kBytes:
        return StringAt(where).empty() ? 0 : ByteVector(StringAt(where), builder);
      case Shape::kHash128: {
        const Hash128& hash = *static_cast<const Hash128*>(where);
        return hash == Hash128{} ? 0 : ByteVector(ToBytes(hash), builder);
      }
      case Shape::kTable: {
        const void* table = field.optional->get(where);
        return table == nullptr ? 0 : Table(*field.table, table, level);
      }
      case Shape::kValueTable: {
        const TypeOps& ops = field.table->ops;
        return ops.equal(where, ops.default_value()) ? 0 : Table(*field.table, where, level);
      }
      case Shape::kAny:
        return Any(*static_cast<const AnyTable*>(where), level);
      case Shape::kMap:
        return Map(*static_cast<const std::map<std::string, std::string>*>(where), builder);
      case Shape::kScalarVector:
        return ScalarVector(field, where, builder);
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return OffsetVector(field, where, level);
    }
    Unreachable();
  }

  static uoffset_t ByteVector(std::string_view bytes, FlatBufferBuilder& builder) {
    return builder.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()).o;
  }

  static uoffset_t ScalarVector(const Field& field, const void* where, FlatBufferBuilder& builder) {
    const size_t count = field.vector->size(where);
    if (count == 0) return 0;
    const size_t width = WidthOf(field.scalar);
    builder.StartVector(count, width);
    builder.PushBytes(static_cast<const uint8_t*>(field.vector->data(where)), count * width);
    return builder.EndVector(count);
  }

  uoffset_t OffsetVector(const Field& field, const void* where, size_t level) {
    const size_t count = field.vector->size(where);
    if (count == 0) return 0;
    const size_t base = children_.size();
    children_.resize(base + count);
    const char* element = static_cast<const char*>(field.vector->data(where));
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
      const uoffset_t child = Element(field, element, level);
      children_[base + i] = child;
    }
    FlatBufferBuilder& builder = *builders_[level];
    builder.StartVector(count, sizeof(uoffset_t));
    for (size_t i = count; i > 0; --i) builder.PushElement(Child(children_[base + i - 1]));
    children_.resize(base);
    return builder.EndVector(count);
  }

  uoffset_t Element(const Field& field, const void* element, size_t level) {
    if (field.shape == Shape::kTableVector) return Table(*field.table, element, level);
    if (field.shape == Shape::kStringVector) {
      return builders_[level]->CreateString(StringAt(element)).o;
    }
    const uoffset_t any = Any(*static_cast<const AnyTable*>(element), level);
    if (any != 0) return any;
    return builders_[level]->EndTable(builders_[level]->StartTable());
  }

  // The tables `Any` {type: string; data: [ubyte]} and `KeyValue` {key: string; value: string}.
  static uoffset_t Pair(Child first, Child second, FlatBufferBuilder& builder) {
    const uoffset_t start = builder.StartTable();
    if (!second.IsNull()) builder.AddOffset(VtableSlot(1), second);
    if (!first.IsNull()) builder.AddOffset(VtableSlot(0), first);
    return builder.EndTable(start);
  }

  uoffset_t Any(const AnyTable& any, size_t level) {
    if (!any) return 0;
    std::string_view bytes = any.unknown_bytes();
    if (any.type() != nullptr) {
      const FlatBufferBuilder& nested = Root(*any.type(), any.data(), level + 1);
      bytes = {reinterpret_cast<const char*>(nested.GetBufferPointer()), nested.GetSize()};
    }
    FlatBufferBuilder& builder = *builders_[level];
    // Readers that look into the payload in place need it aligned as any buffer.
    builder.ForceVectorAlignment(bytes.size(), 1, 8);
    const Child data(ByteVector(bytes, builder));
    const std::string_view name = any.type_name();
    return Pair(Child(builder.CreateString(name.data(), name.size()).o), data, builder);
  }

  uoffset_t Map(const std::map<std::string, std::string>& map, FlatBufferBuilder& builder) {
    if (map.empty()) return 0;
    const size_t base = children_.size();
    for (const auto& [key, value] : map) {
      const Child packed_value(value.empty() ? 0 : builder.CreateString(value).o);
      const Child packed_key(key.empty() ? 0 : builder.CreateString(key).o);
      const uoffset_t pair = Pair(packed_key, packed_value, builder);
      children_.push_back(pair);
    }
    builder.StartVector(map.size(), sizeof(uoffset_t));
    for (size_t i = map.size(); i > 0; --i) builder.PushElement(Child(children_[base + i - 1]));
    children_.resize(base);
    return builder.EndVector(map.size());
  }

  std::vector<std::unique_ptr<FlatBufferBuilder>> builders_;
  std::vector<uoffset_t> children_;
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
