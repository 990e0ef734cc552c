// What Apply, Create, Delete, Annotate, Observed, Outcome and TimerDue do for every kind
// (spec: rules every kind shares). A machine overrides one by a Decide of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/json.h"
#include "machines/common/draft.h"
#include "machines/common/names.h"

namespace sluice {

// Faults of one payload, all of them, each with its path.
class FieldErrors {
 public:
  void Add(std::string path, std::string message) {
    faults_.push_back({std::move(path), std::move(message)});
  }
  bool empty() const { return faults_.empty(); }
  const std::vector<FieldError>& faults() const { return faults_; }
  // field: the first fault's path; message: "path: message; path: message".
  Rejection ToRejection(RejectionCode code) const;

 private:
  std::vector<FieldError> faults_;
};

// The key's namespace and name; called for every creation.
void ValidateKey(const EntityKey& key, FieldErrors& errors);

template <class M>
void SettleIfAny(Draft<M>& draft) {
  if constexpr (requires { M::Settle(draft); }) M::Settle(draft);
}

// The faults of a spec that can be told without knowing what is there: of one that could be read in
// part only, they are told beside what could not be read.
template <class M>
std::vector<FieldError> SpecFaults(const EntityKey& self, const void* apply) {
  const auto& command = *static_cast<const typename M::Apply*>(apply);
  auto spec = command.spec;
  const ClusterConfigSpec settings;
  DecideContext context;
  context.self = self;
  context.settings = &settings;
  FieldErrors errors;
  if constexpr (requires { M::Default(spec, context); }) M::Default(spec, context);
  if constexpr (requires { M::Validate(spec, errors); }) M::Validate(spec, errors);
  if constexpr (requires { M::ValidateApply(command, errors); }) M::ValidateApply(command, errors);
  return errors.faults();
}

template <class M, class Command>
DecideResult DecideUpsert(const typename M::State& state, const Command& command,
                          const DecideContext& context, std::optional<OwnerReference> owner) {
  auto spec = command.spec;
  FieldErrors errors;
  if constexpr (requires { M::Default(spec, context); }) M::Default(spec, context);
  if constexpr (requires { M::KeepPresent(spec, state.spec); }) {
    if (state.Exists()) M::KeepPresent(spec, state.spec);
  }
  if (!state.Exists()) ValidateKey(context.self, errors);
  if constexpr (requires { M::Validate(command.spec, errors); }) M::Validate(spec, errors);
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  if (state.IsDeleting()) {
    return Reject(Rejection::Deleting(context.self.ToString() + " is being deleted"));
  }
  Draft<M> draft(state, context);
  if (!state.Exists()) {
    draft.Emit(typename M::Created{.uid = UidFromOrigin(context.origin),
                                   .labels = command.labels,
                                   .annotations = command.annotations,
                                   .owner = std::move(owner),
                                   .spec = std::move(spec)});
    SettleIfAny(draft);
    return draft.Take();
  }
  if constexpr (requires { M::CheckImmutable(spec, spec, errors); }) {
    M::CheckImmutable(state.spec, spec, errors);
  }
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kImmutable));
  if (!(spec == state.spec)) draft.Emit(typename M::SpecChanged{.spec = std::move(spec)});
  if (command.labels != state.metadata_part().labels ||
      command.annotations != state.metadata_part().annotations) {
    draft.Emit(MetadataChanged{.labels = command.labels, .annotations = command.annotations});
  }
  if (draft.HasChanges()) SettleIfAny(draft);
  return draft.Take();
}

template <class M>
requires std::is_class_v<typename M::Apply> DecideResult
DecideGeneric(const typename M::State& state, const typename M::Apply& command,
              const DecideContext& context) {
  return DecideUpsert<M>(state, command, context, std::nullopt);
}

// Create: absent, it is created; same owner, as Apply; anyone else's, AlreadyExists.
template <class M>
requires std::is_class_v<typename M::Create> DecideResult
DecideGeneric(const typename M::State& state, const typename M::Create& command,
              const DecideContext& context) {
  if (state.Exists()) {
    const OwnerReference* owner = OwnerOf(state.metadata_part());
    if (!owner || !command.owner || !(*owner == *command.owner)) {
      return Reject(Rejection::AlreadyExists(context.self.ToString() + " is " +
                                             (owner ? OwnerKey(*owner) + "'s" : "nobody's child")));
    }
  }
  return DecideUpsert<M>(state, command, context, command.owner);
}

template <class M>
DecideResult DecideGeneric(const typename M::State& state, const Delete& command,
                           const DecideContext& context) {
  if (!state.Exists() || state.IsDeleting()) return NoChange();
  if (!command.expected_uid.empty() && command.expected_uid != state.metadata_part().uid) {
    return Reject(Rejection::FailedPrecondition(
        "metadata.uid", "uid is " + state.metadata_part().uid + ", not " + command.expected_uid));
  }
  Draft<M> draft(state, context);
  draft.Emit(DeletionRequested{.at = context.time});
  if constexpr (requires { M::Settle(draft); }) {
    M::Settle(draft);
  } else {
    draft.Emit(EntityDeleted{});
  }
  return draft.Take();
}

template <class M>
DecideResult DecideGeneric(const typename M::State& state, const Annotate& command,
                           const DecideContext& context) {
  if (!command.expected_uid.empty() && command.expected_uid != state.metadata_part().uid)
    return Ignore();
  MetadataChanged changed{.labels = state.metadata_part().labels,
                          .annotations = state.metadata_part().annotations};
  const auto merge = [](std::map<std::string, std::string>& into,
                        const std::map<std::string, std::string>& from) {
    for (const auto& [key, value] : from) {
      if (value.empty()) {
        into.erase(key);
      } else {
        into[key] = value;
      }
    }
  };
  merge(changed.labels, command.labels);
  merge(changed.annotations, command.annotations);
  Draft<M> draft(state, context);
  if (changed.labels != state.metadata_part().labels ||
      changed.annotations != state.metadata_part().annotations) {
    draft.Emit(std::move(changed));
  }
  return draft.Take();
}

// A timer only wakes the machine up: what is due is derived from state and decision time.
template <class M>
DecideResult DecideGeneric(const typename M::State& state, const TimerDue&,
                           const DecideContext& context) {
  Draft<M> draft(state, context);
  SettleIfAny(draft);
  return draft.Take();
}

// A machine that observes others, or asks for outcomes, decides these itself.
template <class M>
DecideResult DecideGeneric(const typename M::State&, const Observed&, const DecideContext&) {
  return Ignore();
}
template <class M>
DecideResult DecideGeneric(const typename M::State&, const Outcome&, const DecideContext&) {
  return Ignore();
}

}  // namespace sluice
