// Events of this build's kinds that /metrics counts, each by a label that the event gives.
#pragma once

#include <string>
#include <vector>

#include "events/any_table.h"

namespace sluice {

struct CountedEvent {
  const Type* type = nullptr;
  const char* metric = "";  // complete: "sluice_server_unmapped_total"
  const char* help = "";
  const char* label = "";
  std::string (*value)(const AnyTable& event) = nullptr;
};

const std::vector<CountedEvent>& BuiltinCountedEvents();

}  // namespace sluice
