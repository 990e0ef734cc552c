// clusterconfig: the settings that decisions depend on, as an entity.
//
// There is one, clusterconfig/sluice-system/cluster. A changed spec goes to every partition as
// AdoptSettings (addressed by number) and counts in a partition from the decision that adopts it.
#pragma once

#include <array>
#include <string_view>

#include "machines/clusterconfig/settings.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct ClusterConfigMachine {
  using State = Entity<ClusterConfigState>;
  using Apply = ClusterConfigApply;
  using Created = ClusterConfigCreated;
  using SpecChanged = ClusterConfigSpecChanged;
  using Commands = TypeList<>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<>;
  using Phase = ClusterConfigPhase;
  static constexpr std::string_view kName = "clusterconfig";
  static constexpr std::string_view kPlural = "clusterconfigs";
  static constexpr std::string_view kCamel = "ClusterConfig";
  static constexpr Phase kInitialPhase = Phase::kActive;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 4> kTransitions = {{
      {Phase::kAbsent, "ClusterConfigCreated", Phase::kActive},
      {Phase::kDeleted, "ClusterConfigCreated", Phase::kActive},
      {Phase::kActive, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Validate(const ClusterConfigSpec& spec, FieldErrors& errors);
  static void Settle(Draft<ClusterConfigMachine>& draft);
};

using ClusterConfig = ClusterConfigMachine::State;

// A level that is written already is not taken back: what it allowed stands in the log.
DecideResult Decide(const ClusterConfig& config, const ClusterConfigApply& command,
                    const DecideContext& context);

const KindInfo& ClusterConfigKind();

}  // namespace sluice
