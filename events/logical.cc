#include "events/logical.h"

#include <cstring>
#include <map>
#include <vector>

#include "events/any_table.h"
#include "events/scalar.h"

namespace sluice {
namespace {

// What stands before an AnyTable's content.
constexpr char kUnknownTable = 0;
constexpr char kKnownTable = 1;

// Bytes that are written one after the other, mostly a few at a time: a string's own push_back
// would be half of the encoding. Never shrinks.
class Buffer {
 public:
  size_t size() const { return size_; }
  std::string_view bytes() const { return {bytes_.data(), size_}; }
  void resize(size_t smaller) { size_ = smaller; }
  void push_back(char byte) { *Extend(1) = byte; }
  void varint(uint64_t value) {
    char* const begin = Room(kVarintBytesMax);
    char* at = begin;
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    size_ += static_cast<size_t>(at - begin);
  }
  void append(std::string_view text) {
    if (!text.empty()) std::memcpy(Extend(text.size()), text.data(), text.size());
  }

 private:
  static constexpr size_t kVarintBytesMax = 10;

  // Where the next `more` bytes go.
  char* Room(size_t more) {
    if (bytes_.size() - size_ < more) bytes_.resize(2 * (bytes_.size() + more));
    return bytes_.data() + size_;
  }
  char* Extend(size_t more) {
    char* const at = Room(more);
    size_ += more;
    return at;
  }

  std::vector<char> bytes_ = std::vector<char>(4096);
  size_t size_ = 0;
};

class Encoder {
 public:
  explicit Encoder(Buffer* out) : out_(*out) {}

  void Table(const Type& type, const void* table) {
    for (const Field& field : type.fields) Member(field, field.In(table));
    out_.push_back('\0');
  }

 private:
  void Varint(uint64_t value) { out_.varint(value); }

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

  Buffer& out_;
};

// One per thread, so that its memory is used again. Encoding does not come back to itself.
Buffer& EmptyBuffer() {
  static thread_local Buffer buffer;
  buffer.resize(0);
  return buffer;
}

}  // namespace

void AppendLogical(const Type& type, const void* table, std::string* out) {
  Buffer& buffer = EmptyBuffer();
  Encoder(&buffer).Table(type, table);
  out->append(buffer.bytes());
}

Hash128 LogicalHash(const Type& type, const void* table) {
  Buffer& buffer = EmptyBuffer();
  Encoder(&buffer).Table(type, table);
  return Xxh128(buffer.bytes());
}

}  // namespace sluice
