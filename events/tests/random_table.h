// Random values for every field of a table, found through its descriptor.
#pragma once

#include <bit>
#include <map>
#include <random>

#include "events/any_table.h"
#include "events/json.h"
#include "events/result.h"
#include "events/scalar.h"

namespace sluice {

class TableFiller {
 public:
  explicit TableFiller(uint64_t seed) : random_(seed) {}

  // Leaves about half of the fields alone.
  void Fill(const Type& type, void* table, int depth = 0) {
    for (const Field& field : type.fields) {
      if (Below(2) == 0) FillField(field, field.In(table), depth);
    }
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  std::string Text() {
    static constexpr const char* kPieces[] = {"a",
                                              "Z",
                                              "0",
                                              " ",
                                              "\"",
                                              "\\",
                                              "\n",
                                              "\x01",
                                              "/",
                                              ".",
                                              "[",
                                              "]",
                                              "\xc3\xa4",
                                              "\x7f",
                                              "\xe2\x82\xac",
                                              "<",
                                              "\xf0\x9f\x98\x80",
                                              "long enough not to be small"};
    std::string text;
    for (uint64_t i = Below(5); i > 0; --i) text += kPieces[Below(std::size(kPieces))];
    return text;
  }

  Bytes Blob() {
    Bytes bytes;
    for (uint64_t i = Below(20); i > 0; --i) bytes.push_back(static_cast<char>(Below(256)));
    return bytes;
  }

  uint64_t Bits(const Field& field) {
    if (field.enum_info != nullptr) {
      const auto& values = field.enum_info->values;
      return static_cast<uint64_t>(values[Below(values.size())].value);
    }
    const uint64_t bits = Below(3) == 0 ? random_() : Below(2) == 0 ? Below(5) : ~Below(5);
    switch (field.scalar) {
      case Scalar::kBool:
        return bits & 1;
      case Scalar::kFloat:
        return std::bit_cast<uint32_t>(static_cast<float>(Below(1000)) / 7);
      case Scalar::kDouble:
        return std::bit_cast<uint64_t>(static_cast<double>(random_()) / 7);
      case Scalar::kTime:
        // The years RFC 3339 can write.
        return Below(253'402'300'800'000'000);
      case Scalar::kNone:
      case Scalar::kInt8:
      case Scalar::kUint8:
      case Scalar::kInt16:
      case Scalar::kUint16:
      case Scalar::kInt32:
      case Scalar::kUint32:
      case Scalar::kInt64:
      case Scalar::kUint64:
      case Scalar::kDuration:
        return bits;
    }
    Unreachable();
  }

  AnyTable Any(int depth) {
    if (Below(3) == 0) return AnyTable::Unknown("NobodyKnows", "bytes " + Blob());
    static constexpr const char* kTypes[] = {"Everything", "Leaf", "EverythingHappened"};
    const Type* type = FindType(kTypes[Below(std::size(kTypes))]);
    void* table = nullptr;
    AnyTable any = AnyTable::Make(*type, &table);
    if (depth < 2) Fill(*type, table, depth + 1);
    return any;
  }

  void FillField(const Field& field, void* out, int depth) {
    switch (field.shape) {
      case Shape::kScalar:
        return StoreScalar(field.scalar, Bits(field), out);
      case Shape::kOptionalScalar:
        return StoreScalar(field.scalar, Bits(field), field.optional->emplace(out));
      case Shape::kString:
        *static_cast<std::string*>(out) = Text();
        return;
      case Shape::kJson:
        *static_cast<std::string*>(out) =
            *CanonicalJson("{\"b\": [1, 2.5, " + QuoteJson(Text()) + "], \"a\": {}}");
        return;
      case Shape::kBytes:
        *static_cast<std::string*>(out) = Blob();
        return;
      case Shape::kHash128:
        *static_cast<Hash128*>(out) = Hash128{random_(), random_()};
        return;
      case Shape::kTable: {
        void* table = field.optional->emplace(out);
        if (depth < 3) Fill(*field.table, table, depth + 1);
        return;
      }
      case Shape::kValueTable:
        return Fill(*field.table, out, depth + 1);
      case Shape::kAny:
        *static_cast<AnyTable*>(out) = Any(depth);
        return;
      case Shape::kMap:
        for (uint64_t i = Below(4); i > 0; --i) {
          (*static_cast<std::map<std::string, std::string>*>(out))[Text()] = Text();
        }
        return;
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return FillVector(field, out, depth);
    }
    Unreachable();
  }

  void FillVector(const Field& field, void* out, int depth) {
    const size_t count = depth < 3 ? Below(4) : 0;
    auto* element = static_cast<char*>(field.vector->resize(out, count));
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
      if (field.shape == Shape::kScalarVector) {
        StoreScalar(field.scalar, Bits(field), element);
      } else if (field.shape == Shape::kStringVector) {
        *reinterpret_cast<std::string*>(element) = Text();
      } else if (field.shape == Shape::kTableVector) {
        Fill(*field.table, element, depth + 1);
      } else {
        *reinterpret_cast<AnyTable*>(element) = Any(depth);
      }
    }
  }

  std::mt19937_64 random_;
};

template <class T>
T RandomTable(uint64_t seed) {
  T table;
  TableFiller(seed).Fill(TypeOf<T>(), &table);
  return table;
}

}  // namespace sluice
