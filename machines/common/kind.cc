#include "machines/common/kind.h"

#include <algorithm>
#include <cctype>

#include "events/result.h"
#include "machines/common/define_kind.h"

namespace sluice {
namespace {

std::string Lower(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

const CommandInfo* KindInfo::FindCommand(const Type* type) const {
  for (const CommandInfo& command : commands) {
    if (command.type == type) return &command;
  }
  return nullptr;
}

const CommandInfo* KindInfo::FindCommandByWireName(std::string_view wire_name) const {
  for (const CommandInfo& command : commands) {
    if (command.type->wire_name == wire_name) return &command;
  }
  return nullptr;
}

const EventInfo* KindInfo::FindEvent(const Type* type) const {
  for (const EventInfo& event : events) {
    if (event.type == type) return &event;
  }
  return nullptr;
}

std::string KindInfo::PhaseName(uint8_t number) const {
  return number < phase_names.size() && !phase_names[number].empty() ? phase_names[number]
                                                                     : std::to_string(number);
}

void KindRegistry::Add(const KindInfo& kind) {
  CHECK(Find(kind.name) == nullptr);
  kinds_.push_back(&kind);
}

const KindInfo* KindRegistry::Find(std::string_view name) const {
  for (const KindInfo* kind : kinds_) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

const KindInfo* KindRegistry::FindLoosely(std::string_view word) const {
  const std::string lower = Lower(word);
  for (const KindInfo* kind : kinds_) {
    if (kind->name == lower || kind->plural == lower) return kind;
  }
  return nullptr;
}

namespace define_kind {

void FinishKind(KindInfo& kind) {
  for (const RawTransition& edge : kind.transitions) {
    const auto event = std::find_if(
        kind.events.begin(), kind.events.end(),
        [&](const EventInfo& candidate) { return candidate.type->name == edge.event; });
    CHECK(event != kind.events.end());
    event->in_table = true;
  }
}

std::vector<std::string> PhaseNames(const EnumInfo& phases) {
  std::vector<std::string> names;
  for (const auto& value : phases.values) {
    const auto number = static_cast<size_t>(value.value);
    if (names.size() <= number) names.resize(number + 1);
    names[number] = value.name;
  }
  return names;
}

}  // namespace define_kind
}  // namespace sluice
