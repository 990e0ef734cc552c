// Random choices of property tests.
#pragma once

#include <rapidcheck.h>

namespace sluice::testing {

// One of [from, end), over the whole range from the first case on: by itself inRange starts small.
template <class T>
T Pick(T from, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, end));
}

}  // namespace sluice::testing
