// Nothing of what is to be hidden is left in a redacted log.
#include <gtest/gtest.h>

#include "events/json_writer.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

// What an object's spec holds is carried by results of commands and by reservations, too.
TEST(Redaction, LeavesNothingInWhatCarriesASpec) {
  Recorded recorded(2);
  const std::string runtime = R"({"runtime":{"process":{"command":["run","TOPSECRET"]}}})";
  recorded.Send("instance/default/lone", "Apply", R"({"spec":)" + runtime + "}");
  recorded.Send(
      "binding/default/web", "Apply",
      R"({"spec":{"bindingKey":"k","desiredRevision":"v1","template":{"presetId":"web","spec":)" +
          runtime + "}}}");
  const std::string replace =
      R"({"targetRevision":"v2","idempotencyKey":"i","replacement":{"principal":{"id":"a","type":"user"},"request":{"namePrefix":"q"}}})";
  recorded.Send("instance/default/lone", "Replace", replace);
  recorded.Send("instance/default/web-8254c329a928-01", "Replace", replace);
  const auto archive = recorded.Archive();
  size_t with = 0;
  for (const Json& item : ItemsOf(*archive, "export")) {
    Bytes bytes;
    if (DecodeBase64(item.value("record", ""), &bytes))
      with += bytes.find("TOPSECRET") != bytes.npos;
  }
  EXPECT_GT(with, 5u);
  const Json partly = AskFor(*archive, "export", {{"redact", "spec.template"}});
  EXPECT_TRUE(partly["stillIn"].contains("instance InstanceCreated spec.runtime.process.command"))
      << partly.dump(1);
  const Json all = AskFor(*archive, "export", {{"redact", "spec.template,spec.runtime"}});
  EXPECT_FALSE(all.contains("stillIn")) << all.dump(1);
  // A path may name what holds them, too.
  for (const Json& item : ItemsOf(*archive, "export", {{"redact", "result,spec,reservation"}})) {
    EXPECT_EQ(item.dump().find("TOPSECRET"), std::string::npos) << item.dump(1);
  }
  for (const Json& item : ItemsOf(*archive, "export", {{"redact", "spec.template,spec.runtime"}})) {
    Bytes bytes;
    DecodeBase64(item.value("record", ""), &bytes);
    EXPECT_EQ(bytes.find("TOPSECRET"), bytes.npos) << item.dump(1);
    EXPECT_EQ(item.dump().find("TOPSECRET"), std::string::npos) << item.dump(1);
  }
}

}  // namespace
}  // namespace sluice::replay
