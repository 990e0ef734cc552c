#include "machines/common/kind.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdint>

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

// Types are constants a hundred bytes and more apart.
size_t SlotOf(const Type* type) {
  return static_cast<size_t>(reinterpret_cast<uintptr_t>(type) * 0x9e3779b97f4a7c15 >> 32);
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
  const size_t mask = event_slots.size() - 1;
  for (size_t at = SlotOf(type) & mask; event_slots[at] != 0; at = (at + 1) & mask) {
    const EventInfo& event = events[event_slots[at] - size_t{1}];
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
    event->edges.push_back(edge);
  }
  CHECK(kind.event_slots.empty());
  kind.event_slots.resize(std::bit_ceil(4 * kind.events.size() + 1));
  const size_t mask = kind.event_slots.size() - 1;
  for (size_t i = 0; i < kind.events.size(); ++i) {
    CHECK(kind.FindEvent(kind.events[i].type) == nullptr);
    size_t at = SlotOf(kind.events[i].type) & mask;
    while (kind.event_slots[at] != 0) at = (at + 1) & mask;
    kind.event_slots[at] = static_cast<uint16_t>(i + 1);
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
