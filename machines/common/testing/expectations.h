// The `then` of a data file (data_file.h says what its keys mean).
#pragma once

#include <string>
#include <vector>

#include "machines/common/testing/world.h"
#include "machines/common/testing/yaml_json.h"

namespace sluice::testing {

class Expectations {
 public:
  // `decisions`: those of the entity in this step, oldest first. All outlive this.
  Expectations(const World& world, const KindInfo& kind, const std::string& entity,
               const std::vector<Decision>& decisions)
      : world_(world), kind_(kind), entity_(entity), decisions_(decisions) {}

  // Fails the current test where something is otherwise; throws on a key it does not know.
  void Check(const Json& then) const;

 private:
  void CheckOne(const std::string& key, const Json& expected) const;
  void CheckRejection(const Json& expected) const;
  void CheckAccepted() const;
  void CheckEvents(const Json& expected, bool all) const;
  void CheckSends(const Json& expected, bool all) const;
  void CheckTimers(const Json& expected) const;
  void CheckConditions(const Json& expected) const;
  void CheckPending(const Json& expected) const;
  void CheckObserved(const Json& expected) const;
  const Decision& Last() const;

  const World& world_;
  const KindInfo& kind_;
  const std::string& entity_;
  const std::vector<Decision>& decisions_;
};

}  // namespace sluice::testing
