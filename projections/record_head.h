// What of a log record says where it belongs, read where it lies.
//
// A replay checks records in order but folds them entity by entity; unpacking each of them twice
// would cost more than both.
#pragma once

#include <string_view>

#include "events/envelope.gen.h"

namespace sluice {

struct RecordHead {
  // All that FoldPartition reads is filled in, and little else.
  LogRecord record;
  // Of the decision's command; points into the bytes. Empty where the decision is about none.
  std::string_view entity;
};

// False where the record has to be unpacked: it starts a term, is about the partition itself,
// brings a deferred reply or is not well formed; `head` is then unspecified. Its storage is used
// again from call to call.
bool ReadRecordHead(std::string_view bytes, RecordHead* head);

}  // namespace sluice
