// Bindings over real instances, a provider that does some of what it is asked, and strangers.
//
// After every decision the page's invariants are checked against the instances themselves, not
// against what the binding believes of them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "machines/binding/binding.h"
#include "machines/common/testing/world.h"
#include "machines/instance/instance.h"

namespace sluice::testing {

inline constexpr char kWeb[] = "binding/default/web";

class BindingWorld : public World {
 public:
  BindingWorld();

  // Applies a spec of revision `revision` with a command that is `variant`; "bad" is one that no
  // instance accepts.
  Decision ApplyRevision(const std::string& binding, const std::string& revision,
                         const std::string& variant, const std::string& more_spec = "");
  // An instance of nobody, which no binding may touch.
  void MakeStranger(const std::string& instance);

  // Does the next thing that is pending for the instance, or says that it is ready; false if there
  // is nothing to do.
  bool Provide(const std::string& instance);
  void ReportReadiness(const std::string& instance, bool ready);
  void ReportFailed(const std::string& instance);
  // Provides and settles until there is nothing left to do.
  void ProvideAll();
  std::vector<std::string> Instances() const;

  const Binding& Get(const std::string& binding) const { return As<Binding>(binding); }
  BindingPhase Phase(const std::string& binding) const { return Get(binding).status.phase; }

 private:
  void Report(const std::string& instance, const char* command, const std::string& fields);
  void CheckDecision(const Decision& decision);
  void CheckCutover(const Binding& before, const Decision& decision) const;
  void CheckNothingForgotten(const std::string& key, const Binding& binding) const;
  void CheckStrangers() const;

  std::map<std::string, Binding> before_;
  std::set<std::string> strangers_;
};

// "" or the active instance's key.
std::string ActiveOf(const Binding& binding);
// Keys of every instance the binding refers to.
std::set<std::string> RefsOf(const Binding& binding);

}  // namespace sluice::testing
