// The allocator against the plainest model there is: a list of what is held, searched from the
// first address up. A small block, so that collisions and exhaustion are common.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "machines/common/testing/pick.h"
#include "machines/network/allocator/allocator.h"

namespace sluice {
namespace {

using testing::Pick;

struct Model {
  std::map<std::string, Prefix> held;

  bool IsFree(const Prefix& prefix) const {
    return std::none_of(held.begin(), held.end(),
                        [&](const auto& entry) { return entry.second.Overlaps(prefix); });
  }

  std::optional<Prefix> FindFree(const Prefix& within, int length) const {
    if (length < within.length()) return std::nullopt;
    const int count_bits = length - within.length();
    for (Uint128 i = 0; i < Uint128{1} << count_bits; ++i) {
      const Prefix candidate =
          Prefix::Of(within.family(), within.bits() | i << (128 - length), length);
      if (IsFree(candidate)) return candidate;
    }
    return std::nullopt;
  }
};

Prefix AnyBlock() {
  return *rc::gen::element(*Prefix::Parse("10.0.0.0/26"), *Prefix::Parse("fd00:7::/122"));
}

// A random prefix inside a block.
Prefix AnyPrefixIn(const Prefix& block) {
  const int bits = BitsOf(block.family());
  const int length = Pick(block.length(), bits + 1);
  const Uint128 offset = Pick<uint64_t>(0, uint64_t{1} << (bits - block.length()));
  return Prefix::Of(block.family(), block.AddressAt(offset)->bits(), length);
}

// One random step on both, and what must be the same after it.
void Step(Model& model, Allocator& allocator, const Prefix& block) {
  const std::string claim = std::to_string(Pick(0, 40));
  const auto known = model.held.find(claim);
  switch (Pick(0, 4)) {
    case 0:
    case 1: {  // grant, in the block or a part of it
      const Prefix within = Pick(0, 3) == 0 ? AnyPrefixIn(block) : block;
      const int length = Pick(block.length(), BitsOf(block.family()) + 1);
      const auto expected =
          known != model.held.end() ? known->second : model.FindFree(within, length);
      RC_ASSERT(allocator.Grant(within, length, {claim, "n/" + claim}) == expected);
      if (expected) model.held[claim] = *expected;
      return;
    }
    case 2: {  // a given range
      const Prefix wanted = AnyPrefixIn(block);
      const auto held = allocator.Hold(wanted, {claim, "n/" + claim});
      if (known != model.held.end()) {
        RC_ASSERT(held.has_value() == (known->second == wanted));
        return;
      }
      RC_ASSERT(held.has_value() == model.IsFree(wanted));
      if (held) {
        model.held[claim] = wanted;
      } else {
        RC_ASSERT(held.error().prefix.Overlaps(wanted));
        RC_ASSERT(model.held.at(held.error().holder.claim) == held.error().prefix);
      }
      return;
    }
    default: {
      const auto released = allocator.Release(claim);
      RC_ASSERT(released.has_value() == (known != model.held.end()));
      if (known != model.held.end()) model.held.erase(known);
      return;
    }
  }
}

RC_GTEST_PROP(AllocatorProperty, BehavesAsTheModel, ()) {
  const Prefix block = AnyBlock();
  MapAllocatorItems items;
  Allocator allocator(items);
  Model model;
  const int steps = Pick(1, 120);
  for (int i = 0; i < steps; ++i) {
    Step(model, allocator, block);
    const auto list = allocator.List(Prefix::All(block.family()), 1000);
    RC_ASSERT(list.size() == model.held.size());
    for (const Held& held : list) RC_ASSERT(model.held.at(held.holder.claim) == held.prefix);
  }
}

// Invariant: after every holder is gone the pool is whole again, to the last item.
RC_GTEST_PROP(AllocatorProperty, IsWholeAgainWhenAllIsReleased, ()) {
  const Prefix block = AnyBlock();
  MapAllocatorItems items;
  Allocator allocator(items);
  Model model;
  const int steps = Pick(1, 120);
  for (int i = 0; i < steps; ++i) Step(model, allocator, block);
  for (const auto& [claim, prefix] : model.held) RC_ASSERT(allocator.Release(claim) == prefix);
  RC_ASSERT(allocator.IsEmpty(block.family()));
  RC_ASSERT(items.size() == 0u);
  RC_ASSERT(allocator.FindFree(block, block.length()) == block);
}

// The items depend on what is held alone: not on the order, and not on what was there between.
RC_GTEST_PROP(AllocatorProperty, ItemsAreAFunctionOfWhatIsHeld, ()) {
  const Prefix block = AnyBlock();
  MapAllocatorItems items;
  Allocator allocator(items);
  Model model;
  const int steps = Pick(1, 80);
  for (int i = 0; i < steps; ++i) Step(model, allocator, block);
  MapAllocatorItems fresh_items;
  Allocator fresh(fresh_items);
  for (const auto& [claim, prefix] : model.held) {
    RC_ASSERT(fresh.Hold(prefix, {claim, "n/" + claim}).has_value());
  }
  RC_ASSERT(items == fresh_items);
}

RC_GTEST_PROP(PrefixProperty, TextRoundTrips, ()) {
  const Family family = *rc::gen::element(Family::kIPv4, Family::kIPv6);
  Uint128 bits = 0;
  for (int i = 0; i < 8; ++i) {
    // Zero groups are common, so that "::" is met at every place.
    bits = bits << 16 | *rc::gen::element<uint16_t>(0, 0, 0, 1, 0xff, 0xabcd, 0xffff);
  }
  const int length = Pick(0, BitsOf(family) + 1);
  const Prefix prefix = Prefix::Of(family, bits, length);
  RC_ASSERT(*Prefix::Parse(prefix.ToString()) == prefix);
}

}  // namespace
}  // namespace sluice
