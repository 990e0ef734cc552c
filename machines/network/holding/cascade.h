// Deletion with holders: what is asked to go is asked in bounded shares, and `cascade` hands itself
// on.
//
// A machine that uses it has own.cascade, the event CascadeRequested, the command ContinueCascade
// and
//   static void Cascade(Draft<M>&, const std::string& cursor)
// which asks one share of its holders to go and sends itself ContinueCascade for the next.
#pragma once

#include <string>

#include "events/network.gen.h"
#include "machines/common/generic_commands.h"
#include "machines/common/holders.h"

namespace sluice {

// How many of them one decision asks.
inline constexpr size_t kCascadeShare = 100;

template <class M>
DecideResult DecideDelete(const typename M::State& state, const Delete& command,
                          const DecideContext& context) {
  const bool cascades = command.cascade && !state.own.cascade;
  if (!state.Exists() || (state.IsDeleting() && !cascades)) return NoChange();
  if (!command.expected_uid.empty() && command.expected_uid != state.metadata.uid) {
    return Reject(Rejection::FailedPrecondition(
        "metadata.uid", "uid is " + state.metadata.uid + ", not " + command.expected_uid));
  }
  Draft<M> draft(state, context);
  const bool begins = !state.IsDeleting();
  if (begins) draft.Emit(DeletionRequested{.at = context.time});
  if (cascades) draft.Emit(CascadeRequested{});
  if (begins || cascades) M::Cascade(draft, "");
  M::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
