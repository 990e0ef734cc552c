#include "events/absent.h"

#include <map>
#include <string>

#include "events/any_table.h"
#include "events/scalar.h"

namespace sluice {

bool IsAbsent(const Field& field, const void* where) {
  switch (field.shape) {
    case Shape::kScalar:
      return LoadScalar(field.scalar, where) == field.default_bits;
    case Shape::kOptionalScalar:
    case Shape::kTable:
      return field.optional->get(where) == nullptr;
    case Shape::kString:
    case Shape::kJson:
    case Shape::kBytes:
      return static_cast<const std::string*>(where)->empty();
    case Shape::kHash128:
      return *static_cast<const Hash128*>(where) == Hash128{};
    case Shape::kValueTable:
      return field.table->ops.is_default(where);
    case Shape::kAny:
      return !*static_cast<const AnyTable*>(where);
    case Shape::kMap:
      return static_cast<const std::map<std::string, std::string>*>(where)->empty();
    case Shape::kScalarVector:
    case Shape::kStringVector:
    case Shape::kTableVector:
    case Shape::kAnyVector:
      return field.vector->size(where) == 0;
  }
  Unreachable();
}

}  // namespace sluice
