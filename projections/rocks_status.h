// The one place of this folder where rocksdb::Status becomes an Error.
#pragma once

#include <string_view>

#include "events/result.h"

namespace rocksdb {
class Status;
}

namespace sluice {

// `doing` completes "cannot ...".
Error ErrorOf(const rocksdb::Status& status, std::string_view doing);

// True where opening fails because another process holds the directory.
bool IsHeldByAnother(const rocksdb::Status& status);

}  // namespace sluice
