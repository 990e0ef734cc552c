#include "machines/counted_events.h"

#include "events/server.gen.h"

namespace sluice {

const std::vector<CountedEvent>& BuiltinCountedEvents() {
  static const std::vector<CountedEvent> counted = {
      {.type = &TypeOf<ServerUnmapped>(),
       .metric = "sluice_server_unmapped_total",
       .help = "Servers found without the instance that they should belong to, by reason.",
       .label = "reason",
       .value = [](const AnyTable& event) { return event.As<ServerUnmapped>()->reason; }},
  };
  return counted;
}

}  // namespace sluice
