#include "events/logical.h"

#include <map>

#include "events/any_table.h"
#include "events/scalar.h"

namespace sluice {
namespace {

// What stands before an AnyTable's content.
constexpr char kUnknownTable = 0;
constexpr char kKnownTable = 1;

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(*out) {}

  void Table(const Type& type, const void* table) {
    for (const Field& field : type.fields) Member(field, field.In(table));
    out_.push_back('\0');
  }

 private:
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }

  void String(std::string_view text) {
    Varint(text.size());
    out_.append(text);
  }

  // 0 ends a table, so ids start at 1.
  void Id(const Field& field) { Varint(uint64_t{field.id} + 1); }

  void BigEndian(uint64_t bits) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<char>((bits >> shift) & 0xff));
    }
  }

  void Number(Scalar scalar, uint64_t bits) {
    if (scalar == Scalar::kFloat || scalar == Scalar::kDouble) return BigEndian(bits);
    if (!IsSigned(scalar)) return Varint(bits);
    Varint(bits << 1 ^ (bits >> 63 != 0 ? ~uint64_t{0} : 0));  // Zigzag.
  }

  void Member(const Field& field, const void* where) {
    switch (field.shape) {
      case Shape::kScalar: {
        const uint64_t bits = LoadScalar(field.scalar, where);
        if (bits == field.default_bits) return;
        Id(field);
        return Number(field.scalar, bits);
      }
      case Shape::kOptionalScalar: {
        const void* value = field.optional->get(where);
        if (value == nullptr) return;
        Id(field);
        return Number(field.scalar, LoadScalar(field.scalar, value));
      }
      case Shape::kString:
      case Shape::kJson:
      case Shape::kBytes: {
        const auto& text = *static_cast<const std::string*>(where);
        if (text.empty()) return;
        Id(field);
        return String(text);
      }
      case Shape::kHash128: {
        const auto& hash = *static_cast<const Hash128*>(where);
        if (hash == Hash128{}) return;
        Id(field);
        BigEndian(hash.hi);
        return BigEndian(hash.lo);
      }
      case Shape::kTable: {
        const void* table = field.optional->get(where);
        if (table == nullptr) return;
        Id(field);
        return Table(*field.table, table);
      }
      case Shape::kValueTable:
        return ValueTable(field, where);
      case Shape::kAny: {
        const auto& any = *static_cast<const AnyTable*>(where);
        if (!any) return;
        Id(field);
        return Any(any);
      }
      case Shape::kMap: {
        const auto& map = *static_cast<const std::map<std::string, std::string>*>(where);
        if (map.empty()) return;
        Id(field);
        return Map(map);
      }
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return Vector(field, where);
    }
    Unreachable();
  }

  // Encoded first, taken back when nothing was in it: cheaper than to compare beforehand.
  void ValueTable(const Field& field, const void* where) {
    const size_t before = out_.size();
    Id(field);
    const size_t content = out_.size();
    Table(*field.table, where);
    if (out_.size() == content + 1) out_.resize(before);
  }

  void Any(const AnyTable& any) {
    String(any.type_name());
    if (!any) return;
    out_.push_back(any.type() != nullptr ? kKnownTable : kUnknownTable);
    if (any.type() != nullptr) return Table(*any.type(), any.data());
    String(any.unknown_bytes());
  }

  void Map(const std::map<std::string, std::string>& map) {
    Varint(map.size());
    for (const auto& [key, value] : map) {
      String(key);
      String(value);
    }
  }

  void Vector(const Field& field, const void* where) {
    const size_t count = field.vector->size(where);
    if (count == 0) return;
    Id(field);
    Varint(count);
    const auto* element = static_cast<const char*>(field.vector->data(where));
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) Element(field, element);
  }

  void Element(const Field& field, const void* element) {
    if (field.shape == Shape::kScalarVector) {
      Number(field.scalar, LoadScalar(field.scalar, element));
    } else if (field.shape == Shape::kStringVector) {
      String(*static_cast<const std::string*>(element));
    } else if (field.shape == Shape::kTableVector) {
      Table(*field.table, element);
    } else {
      Any(*static_cast<const AnyTable*>(element));
    }
  }

  std::string& out_;
};

}  // namespace

void AppendLogical(const Type& type, const void* table, std::string* out) {
  Encoder(out).Table(type, table);
}

Hash128 LogicalHash(const Type& type, const void* table) {
  static thread_local std::string buffer;
  buffer.clear();
  AppendLogical(type, table, &buffer);
  return Xxh128(buffer);
}

}  // namespace sluice
