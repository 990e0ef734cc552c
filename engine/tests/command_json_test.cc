// Commands as users write them: what is wrong with one is told at once, whatever sort of fault.
#include "engine/command_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "machines/common/kind.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string FaultsOf(const std::string& entity, const std::string& payload) {
  const auto command = CommandFromJson(
      R"({"entity":")" + entity + R"(","command":"Apply","payload":)" + payload + "}",
      BuiltinKinds());
  return command ? "" : command.error().message;
}

TEST(CommandJson, FaultsOfFormAndOfMeaningAreToldTogether) {
  const std::string faults =
      FaultsOf("instance/default/Web_1",
               R"({"spec":{"ttl":"soon","colour":"red","location":{"name":"here"},
                  "runtime":{"process":{"command":["x"],"readiness":{"tcp":{"port":70000}}}}}})");
  EXPECT_THAT(faults, AllOf(HasSubstr("payload.spec.ttl"), HasSubstr("payload.spec.colour"),
                            HasSubstr("payload.spec.runtime.process.readiness.tcp.port"),
                            HasSubstr("entity: name 'Web_1' is not a DNS label")))
      << faults;
}

TEST(CommandJson, WhatCouldNotBeReadIsNotSaidToBeMissingToo) {
  // Empty as they were left, both would be faults of meaning.
  const std::string faults = FaultsOf(
      "instance/default/web", R"({"spec":{"location":7,"runtime":{"process":{"command":"x"}}}})");
  EXPECT_THAT(faults, AllOf(HasSubstr("payload.spec.location:"),
                            HasSubstr("payload.spec.runtime.process.command:"),
                            Not(HasSubstr("required")), Not(HasSubstr("empty"))))
      << faults;
}

TEST(CommandJson, WhatCanBeReadIsLeftToTheMachine) {
  EXPECT_EQ(FaultsOf("instance/default/web", R"({"spec":{}})"), "");
}

TEST(CommandJson, ABadNameHidesNothingOfThePayload) {
  const std::string faults = FaultsOf("instance/default/Web_1", R"({"spec":{"ttl":"-1s"}})");
  EXPECT_THAT(faults, AllOf(HasSubstr("entity: name 'Web_1'"), HasSubstr("payload.spec.ttl"),
                            HasSubstr("payload.spec.runtime")))
      << faults;
  EXPECT_EQ(FaultsOf("instanse/default/Web_1", R"({"spec":{}})"),
            "entity: name 'Web_1' is not a DNS label");
}

}  // namespace
}  // namespace sluice
