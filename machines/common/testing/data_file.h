// Machine behaviour as data: given what happened, when a command comes, then this follows.
//
// A file `machines/<kind>/testdata/<what_it_shows>.yaml` is one test, suite `data_<kind>`; the
// binary machine_data_test runs all of them against the kinds of this build. Every decision goes
// through World, so the transition table, the machine's own invariants and "replayed state equals
// live state" are checked throughout.
//
//   entity: lease/default/a          # who is addressed; required
//   settings: {startDeadline: 10s}   # of clusterconfig, where the defaults do not do
//   deliver: true                    # follow-ups reach their targets; otherwise they are only
//   seen;
//                                    # [registry]: those to these kinds and its own
//   given:                           # none of it is expected to do anything in particular
//     - Granted: {holder: a, until: +10s}   # an event type: applied through evolve
//     - Apply: {spec: {...}}                # a command by its wire name: must be accepted
//   when:                            # commands, one after the other
//     - Acquire: {holder: b, ttl: 5s}
//     - Observed: {subject: instance/default/x, phase: Ready}
//       from: instance/default/x     # the entity that sent it; user commands have none
//       entity: lease/default/b      # another addressee, with `deliver`
//       at: +10s                     # time moves on to there first; timers due on the way fire
//     - at: +20s                     # nothing but time
//   then:                            # of all decisions of `when` together; every key is optional
//     rejected: FailedPrecondition status.holder   # the last decision: code, then field if any
//     message: held by a             # a part of the rejection's message
//     ignored: true                  # the last decision's verdict is Ignored
//     events: [Granted, {Renewed: {until: +15s}}]  # all, in order; bookkeeping ones are left out,
//                    # conditions and observed generation, too, unless the list names such an event
//     has: [Granted]                 # these among others, in this order
//     sends: [{entity: x/default/y, command: Release, payload: {...}}]  # all, in order
//     sends-some: [...]              # these among others, in this order
//     reply: {...}                   # the last decision's
//     timers: {expiry: +10s, retry: null}   # armed for then; null: not armed
//     pending: [{verb: RunIt}]       # all pending actions, in order
//     state: {status: {phase: Held}} # the root table; `status: {...}` is short for that part
//     conditions: {Ready: False Pending, Stuck: null}   # status and reason, or a table
//     observed: {phase: Held, ready: "False", detail: {...}}   # what owner and observers read
//     exists: false
//     others: {x/default/y: {status: {phase: Ready}}}   # root tables, with `deliver`
//   steps:                           # instead of when and then: a list of them
//     - when: [...]
//       then: {...}
//
// `given`, `when` and a list under `then` are lists of such tables; `+10s` is 10 s after the start.
// Tables expect only what they name, null expects absence, lists expect all they hold
// (yaml_json.h). A misspelt key fails the test.
#pragma once

#include <string>

#include "machines/common/kind.h"

namespace sluice::testing {

// Runs one file as part of the current test.
void RunDataFile(const KindRegistry& kinds, const std::string& path);

// Registers a test for every .yaml in a `testdata` folder below `directory`; returns how many.
size_t RegisterDataFiles(const KindRegistry& kinds, const std::string& directory);

}  // namespace sluice::testing
