// The transition table of a machine: (from, event, to), and nothing moves the phase but its edges.
//
// An event named in the table may happen only on its edges; an event not named never moves the
// phase.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

template <class Phase>
struct Transition {
  Phase from;
  std::string_view event;  // type name of the event
  Phase to;
};

template <class Phase, size_t N>
using Transitions = std::array<Transition<Phase>, N>;

// For the static_assert every machine has: no (from, event) stands twice.
template <class Phase, size_t N>
constexpr bool IsUnambiguous(const Transitions<Phase, N>& table) {
  for (size_t i = 0; i < N; ++i) {
    for (size_t j = i + 1; j < N; ++j) {
      if (table[i].from == table[j].from && table[i].event == table[j].event) return false;
    }
  }
  return true;
}

// The same with phases as numbers, for printing and checking.
struct RawTransition {
  uint8_t from;
  std::string_view event;
  uint8_t to;
};

}  // namespace sluice
