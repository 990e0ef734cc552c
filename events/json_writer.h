// Writes JSON straight into a string, without a document in between. For json.cc and paths.cc.
#pragma once

#include <string>
#include <string_view>

#include "events/any_table.h"
#include "events/descriptor.h"

namespace sluice {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(*out) {}

  void Table(const Type& type, const void* table);
  // The value of a field that is not absent.
  void Value(const Field& field, const void* where);
  // One element of a vector.
  void Element(const Field& field, const void* element);
  void Any(const AnyTable& any);
  void String(std::string_view text);

 private:
  void Number(const Field& field, uint64_t bits);
  void Real(double value);

  std::string& out_;
};

// Standard alphabet with padding (RFC 4648).
std::string EncodeBase64(std::string_view bytes);
// False when `text` is not that; padding may be missing.
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace sluice
