#include <nlohmann/json.hpp>

#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Send = CliTest;

constexpr const char* kTouch =
    R"({"entity":"instance/default/hello","command":"Touch","payload":{"n":123456789012345678901}})";

TEST_F(Send, PrintsTheResultAndGivesAnIdWithoutTouchingTheRest) {
  On("POST /commands", {{.body = "{\"id\":\"id-1\",\"accepted\":true,\"events\":[]}\n"}});
  const Ran ran = Run({"send", kTouch});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(ran.out, "{\"id\":\"id-1\",\"accepted\":true,\"events\":[]}\n");
  EXPECT_EQ(BodyOf("POST /commands"), R"({"id":"id-1",)" + std::string(kTouch).substr(1) + "\n");
}

TEST_F(Send, ARejectionIsAResultAndEndsWithOne) {
  On("POST /commands", "{\"accepted\":false,\"rejection\":{\"code\":\"NotFound\"}}\n");
  const Ran ran = Run({"send", R"({"id":"mine","entity":"instance/default/a","command":"Stop"})"});
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_THAT(ran.out, HasSubstr("NotFound"));
  EXPECT_THAT(BodyOf("POST /commands"), HasSubstr(R"({"id":"mine",)"));
}

TEST_F(Send, BrokenLinesAreNamedAndTheOthersAreSent) {
  On("POST /commands", "{\"accepted\":true}\n{\"accepted\":true}\n");
  const std::string file =
      File("c.jsonl", std::string(kTouch) + "\n\nnonsense\n[1]\n{\"entity\":5}\n" + kTouch + "\n");
  const Ran ran = Run({"send", "-f", file});
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_EQ(ran.out, "{\"accepted\":true}\n{\"accepted\":true}\n");
  EXPECT_THAT(ran.err, HasSubstr("c.jsonl, line 3: not JSON"));
  EXPECT_THAT(ran.err, HasSubstr("c.jsonl, line 4: a command is an object"));
  EXPECT_THAT(ran.err, HasSubstr("c.jsonl, line 5: entity: is missing, or no string"));
}

TEST_F(Send, ALineTheNodeRefusesIsNamed) {
  On("POST /commands",
     "{\"accepted\":true}\n"
     "{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":\"payload.x: unknown field\","
     "\"code\":400}\n");
  const Ran ran = Run({"send", "-"}, std::string(kTouch) + "\n" + kTouch + "\n");
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err,
              HasSubstr("standard input, line 2: refused: BadRequest: payload.x: unknown field"));
}

TEST_F(Send, ADeferredReplyIsAskedForAgainUnderTheSameId) {
  On("POST /commands",
     {{.status = 202, .body = "{\"id\":\"id-1\",\"accepted\":true}\n"},
      {.status = 202, .body = "{\"id\":\"id-1\",\"accepted\":true}"},
      {.body = "{\"id\":\"id-1\",\"accepted\":true,\"reply\":{\"replayed\":false}}"}});
  const Ran ran = Run({"send", kTouch});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(json::parse(ran.out)["reply"], json::parse(R"({"replayed":false})"));
  EXPECT_EQ(Requests().size(), 3u);
  EXPECT_THAT(BodyOf("POST /commands"), HasSubstr("\"id\":\"id-1\""));
  EXPECT_EQ(pauses_.size(), 1u);
}

TEST_F(Send, ADeferredReplyThatNeverComesEndsWithThree) {
  On("POST /commands", {{.status = 202, .body = "{\"id\":\"id-1\",\"accepted\":true}\n"}});
  const Ran ran = Run({"send", kTouch, "--timeout", "1s"});
  EXPECT_EQ(ran.exit, Exit::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("did not come within 1s; send it again under id id-1"));
}

TEST_F(Send, UsageIsSaidBeforeAnythingIsSent) {
  EXPECT_EQ(Run({"send"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"send", "{}"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"send", "not json"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"send", "-f", "/nowhere"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"send", kTouch, "--timeout", "soon"}).exit, Exit::kBadInput);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(Send, ManyCommandsGoInBatches) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::string(kTouch) + "\n";
  std::string first;
  for (int i = 0; i < 256; ++i) first += "{\"accepted\":true}\n";
  std::string second;
  for (int i = 0; i < 44; ++i) second += "{\"accepted\":true}\n";
  On("POST /commands", {{.body = first}, {.body = second}});
  const Ran ran = Run({"send", "-f", File("many.jsonl", text)});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(Requests().size(), 2u);
}

}  // namespace
}  // namespace sluice::cli
