// Commands of C++ values.
#pragma once

#include <string>
#include <utility>

#include "events/envelope.gen.h"

namespace sluice {

// To `entity`, "kind/namespace/name". Without an id the engine gives it one.
template <class C>
Command MakeCommand(std::string entity, C payload, std::string id = "") {
  Command command;
  command.id = std::move(id);
  command.entity = std::move(entity);
  command.payload = AnyTable::Of(std::move(payload));
  return command;
}

}  // namespace sluice
