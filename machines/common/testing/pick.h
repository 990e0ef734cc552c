// Random choices of property tests.
#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <vector>

namespace sluice::testing {

// One of [from, end), over the whole range from the first case on: by itself inRange starts small.
template <class T>
T Pick(T from, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, end));
}

// One of [0, end).
inline size_t Below(size_t end) { return Pick<size_t>(0, end); }

// Once in so many.
inline bool Chance(size_t in) { return Below(in) == 0; }

template <class T>
const T& OneOf(const std::vector<T>& from) {
  return from[Below(from.size())];
}

}  // namespace sluice::testing
