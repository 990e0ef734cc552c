#include "events/json_writer.h"

#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <map>

#include "events/absent.h"
#include "events/json.h"
#include "events/scalar.h"

namespace sluice {
namespace {

constexpr int64_t kExactMax = int64_t{1} << 53;  // What a double still tells apart.

// Length of the valid UTF-8 sequence `text` begins with, or 0.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is beyond U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
      (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return length;
}

}  // namespace

void JsonWriter::String(std::string_view text) {
  out_.push_back('"');
  while (!text.empty()) {
    const char c = text[0];
    const size_t length = Utf8Length(text);
    if (length == 0) {
      out_.append("\xef\xbf\xbd");
    } else if (length > 1) {
      out_.append(text.substr(0, length));
    } else if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(c);
    } else if (c == '\n') {
      out_.append("\\n");
    } else if (c == '\t') {
      out_.append("\\t");
    } else if (c == '\r') {
      out_.append("\\r");
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      out_.append(fmt::format("\\u{:04x}", static_cast<unsigned>(c)));
    } else {
      out_.push_back(c);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out_.push_back('"');
}

void JsonWriter::Real(double value) {
  // JSON has no numbers for these.
  if (std::isnan(value)) return String("NaN");
  if (std::isinf(value)) return String(value > 0 ? "Infinity" : "-Infinity");
  out_.append(fmt::format("{}", value));
}

void JsonWriter::Number(const Field& field, uint64_t bits) {
  const auto value = static_cast<int64_t>(bits);
  if (field.enum_info != nullptr) {
    const Enumerator* enumerator = field.enum_info->Find(value);
    return enumerator != nullptr ? String(enumerator->name) : String(std::to_string(value));
  }
  switch (field.scalar) {
    case Scalar::kNone:
      break;
    case Scalar::kBool:
      out_.append(bits != 0 ? "true" : "false");
      return;
    case Scalar::kFloat:
      // Through its own shortest text: 0.1f is 0.1, not 0.10000000149.
      if (const float real = std::bit_cast<float>(static_cast<uint32_t>(bits));
          std::isfinite(real)) {
        out_.append(fmt::format("{}", real));
      } else {
        Real(static_cast<double>(real));
      }
      return;
    case Scalar::kDouble:
      return Real(std::bit_cast<double>(bits));
    case Scalar::kTime:
      return String(FormatTime(Time{value}));
    case Scalar::kDuration:
      return String(FormatDuration(Duration{value}));
    case Scalar::kUint64:
      if (bits > static_cast<uint64_t>(kExactMax)) return String(std::to_string(bits));
      [[fallthrough]];
    case Scalar::kInt8:
    case Scalar::kUint8:
    case Scalar::kInt16:
    case Scalar::kUint16:
    case Scalar::kInt32:
    case Scalar::kUint32:
    case Scalar::kInt64:
      if (value > kExactMax || value < -kExactMax) return String(std::to_string(value));
      out_.append(std::to_string(value));
      return;
  }
  Unreachable();
}

void JsonWriter::Table(const Type& type, const void* table) {
  char separator = '{';
  for (const Field& field : type.fields) {
    const void* where = field.In(table);
    if (IsAbsent(field, where) && !(field.always && field.shape == Shape::kScalar)) continue;
    out_.push_back(separator);
    separator = ',';
    out_.push_back('"');
    out_.append(field.json_name);
    out_.append("\":");
    Value(field, where);
  }
  if (separator == '{') out_.push_back('{');
  out_.push_back('}');
}

void JsonWriter::Value(const Field& field, const void* where) {
  switch (field.shape) {
    case Shape::kScalar:
      return Number(field, LoadScalar(field.scalar, where));
    case Shape::kOptionalScalar:
      return Number(field, LoadScalar(field.scalar, field.optional->get(where)));
    case Shape::kString:
      return String(*static_cast<const std::string*>(where));
    case Shape::kJson: {
      // Bytes from elsewhere may hold anything here.
      const auto& text = *static_cast<const std::string*>(where);
      const auto canonical = CanonicalJson(text);
      if (!canonical) return String(text);
      out_.append(*canonical);
      return;
    }
    case Shape::kBytes:
      return String(EncodeBase64(*static_cast<const std::string*>(where)));
    case Shape::kHash128:
      return String(ToHex(*static_cast<const Hash128*>(where)));
    case Shape::kTable:
      return Table(*field.table, field.optional->get(where));
    case Shape::kValueTable:
      return Table(*field.table, where);
    case Shape::kAny:
      return Any(*static_cast<const AnyTable*>(where));
    case Shape::kMap: {
      char separator = '{';
      for (const auto& [key, value] :
           *static_cast<const std::map<std::string, std::string>*>(where)) {
        out_.push_back(separator);
        separator = ',';
        String(key);
        out_.push_back(':');
        String(value);
      }
      out_.append(separator == '{' ? "{}" : "}");
      return;
    }
    case Shape::kScalarVector:
    case Shape::kStringVector:
    case Shape::kTableVector:
    case Shape::kAnyVector: {
      const size_t count = field.vector->size(where);
      const auto* element = static_cast<const char*>(field.vector->data(where));
      out_.push_back('[');
      for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
        if (i > 0) out_.push_back(',');
        Element(field, element);
      }
      out_.push_back(']');
      return;
    }
  }
  Unreachable();
}

void JsonWriter::Element(const Field& field, const void* element) {
  if (field.shape == Shape::kScalarVector) return Number(field, LoadScalar(field.scalar, element));
  if (field.shape == Shape::kTableVector) return Table(*field.table, element);
  if (field.shape == Shape::kAnyVector) return Any(*static_cast<const AnyTable*>(element));
  String(*static_cast<const std::string*>(element));
}

void JsonWriter::Any(const AnyTable& any) {
  if (!any) {
    out_.append("null");
    return;
  }
  out_.append("{\"type\":");
  String(any.type_name());
  if (any.type() != nullptr) {
    out_.append(",\"payload\":");
    Table(*any.type(), any.data());
  } else {
    out_.append(",\"data\":");
    String(EncodeBase64(any.unknown_bytes()));
  }
  out_.push_back('}');
}

}  // namespace sluice
