#include "events/codegen/names.h"

#include <cctype>
#include <set>
#include <stdexcept>

namespace sluice::codegen {

std::string TypeName(const std::string& full_name) {
  static const std::string kPrefix = "sluice.";
  if (!full_name.starts_with(kPrefix) || full_name.find('.', kPrefix.size()) != full_name.npos) {
    throw std::runtime_error(full_name + ": is not in namespace sluice");
  }
  return full_name.substr(kPrefix.size());
}

std::string LowerCamelCase(const std::string& snake_case) {
  std::string name;
  bool upper = false;
  for (const char c : snake_case) {
    if (c == '_') {
      upper = !name.empty();
      continue;
    }
    name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return name;
}

std::string MemberName(const std::string& name) {
  static const std::set<std::string> kReserved = {
      "and",       "auto",   "bool",      "break",    "case",     "catch",    "char",
      "class",     "const",  "continue",  "default",  "delete",   "do",       "double",
      "else",      "enum",   "explicit",  "export",   "extern",   "false",    "float",
      "for",       "friend", "goto",      "if",       "inline",   "int",      "long",
      "mutable",   "new",    "namespace", "not",      "operator", "or",       "private",
      "protected", "public", "register",  "requires", "return",   "short",    "signed",
      "sizeof",    "static", "struct",    "switch",   "template", "this",     "throw",
      "true",      "try",    "typedef",   "typename", "union",    "unsigned", "using",
      "virtual",   "void",   "volatile",  "while",    "xor"};
  return kReserved.contains(name) ? name + "_" : name;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace sluice::codegen
