#include "projections/rocks_status.h"

#include <rocksdb/status.h>

namespace sluice {

Error ErrorOf(const rocksdb::Status& status, std::string_view doing) {
  ErrorCode code = ErrorCode::kIo;
  if (IsHeldByAnother(status)) {
    code = ErrorCode::kUnavailable;
  } else if (status.IsCorruption()) {
    code = ErrorCode::kCorruption;
  } else if (status.IsNotFound()) {
    code = ErrorCode::kNotFound;
  } else if (status.IsInvalidArgument()) {
    code = ErrorCode::kInvalid;
  }
  return Error{code, fmt::format("cannot {}: {}", doing, status.ToString())};
}

bool IsHeldByAnother(const rocksdb::Status& status) {
  // RocksDB has no code of its own for a lock that is taken; both of its messages say "lock".
  return status.IsIOError() && (status.ToString().find("lock hold by") != std::string::npos ||
                                status.ToString().find("While lock file") != std::string::npos);
}

}  // namespace sluice
