#include "events/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/envelope.gen.h"
#include "events/everything.gen.h"

namespace sluice {
namespace {

using testing::ElementsAre;

TEST(Json, ShowsWhatIsSetInTheSchemasOrder) {
  Everything everything;
  everything.flag = true;
  everything.huge = (uint64_t{1} << 53) + 1;
  everything.color = Color::kBlue;
  everything.free = R"({"a":1})";
  everything.blob = "hi";
  everything.hash = {1, 2};
  everything.at = Time{1'795'255'200'000'000};
  everything.wait = Duration::Minutes(1);
  everything.value_leaf.name = "v";
  everything.labels = {{"b", "2"}, {"a", "1"}};
  everything.private_ip = "10.0.0.1";
  everything.any = AnyTable::Of(Leaf{.count = 2});
  EXPECT_EQ(
      ToJson(everything),
      R"({"flag":true,"huge":"9007199254740993","color":"Blue","free":{"a":1},"blob":"aGk=",)"
      R"("hash":"00000000000000010000000000000002","at":"2026-11-21T10:00:00Z","wait":"1m0s",)"
      R"("valueLeaf":{"name":"v"},"any":{"type":"Leaf","payload":{"count":2}},)"
      R"("labels":{"a":"1","b":"2"},"shown":0,"privateIP":"10.0.0.1"})");
}

TEST(Json, DefaultsAreLeftOutUnlessAlways) { EXPECT_EQ(ToJson(Everything{}), R"({"shown":0})"); }

TEST(Json, NullIsAbsent) {
  EXPECT_EQ(FromJson<Everything>(R"({"leaf":null,"maybeNumber":null,"text":null,"port":null})"),
            Everything{});
}

TEST(Json, PrettyKeepsTheOrder) {
  EXPECT_EQ(ToPrettyJson(Leaf{.name = "z", .count = 1}),
            "{\n  \"name\": \"z\",\n  \"count\": 1\n}");
}

TEST(Json, WholeNumbersMayComeAsTextOrReal) {
  const auto everything = FromJson<Everything>(
      R"({"huge":"18446744073709551615","big":"-9223372036854775808","number":3.0})");
  ASSERT_TRUE(everything) << ToString(everything.error());
  EXPECT_EQ(everything->huge, UINT64_MAX);
  EXPECT_EQ(everything->big, INT64_MIN);
  EXPECT_EQ(everything->number, 3);
}

TEST(Json, FreeFormIsKeptCanonical) {
  EXPECT_EQ(FromJson<Everything>(R"({"free": {"b": [1, 2.50], "a": "\u00e4"}})")->free,
            "{\"a\":\"\xc3\xa4\",\"b\":[1,2.5]}");
  EXPECT_EQ(CanonicalJson(" [ 1 ] "), "[1]");
}

TEST(Json, ReportsEverythingThatIsWrongAtOnce) {
  const auto everything = FromJson<Everything>(
      R"({"flag":1,"tiny":128,"number":1.5,"colour":"Red","color":"Pink","text":7,"hash":"12",)"
      R"("at":"noon","wait":"5","leaf":{"count":"x","nmae":1},"labels":{"a":1},"numbers":[1,"b"],)"
      R"("leaves":[{},[]],"any":{"type":"Leaf","payload":{"count":true}},"blob":"*"})",
      "payload");
  ASSERT_FALSE(everything);
  std::vector<std::string> errors;
  for (const FieldError& error : everything.error()) errors.push_back(ToString({error}));
  EXPECT_THAT(
      errors,
      testing::UnorderedElementsAre(
          "payload.flag: must be true or false, not a number", "payload.tiny: 128 is out of range",
          "payload.number: 1.5 is not a whole number in range", "payload.colour: unknown field",
          "payload.color: 'Pink' is none of Red, Green, Blue",
          "payload.text: must be a string, not a number", "payload.hash: is not 32 hex digits",
          "payload.at: 'noon' is not an RFC 3339 time",
          "payload.wait: '5' is not a duration such as 1h30m, 1.5s or 200ms",
          "payload.leaf.count: \"x\" is not a whole number in range",
          "payload.leaf.nmae: unknown field", "payload.labels.a: must be a string, not a number",
          "payload.numbers[1]: \"b\" is not a whole number in range",
          "payload.leaves[1]: must be an object, not a list",
          "payload.any.payload.count: must be a whole number, not a boolean",
          "payload.blob: is not base64"));
}

TEST(Json, PathsWithoutARootBeginWithTheField) {
  EXPECT_THAT(FromJson<Leaf>(R"({"nmae":1})").error(),
              ElementsAre(FieldError{"nmae", "unknown field"}));
}

TEST(Json, TextThatIsNotJsonSaysWhere) {
  const auto leaf = FromJson<Leaf>("{\"name\": }", "payload");
  ASSERT_FALSE(leaf);
  ASSERT_EQ(leaf.error().size(), 1u);
  EXPECT_EQ(leaf.error()[0].path, "payload");
  EXPECT_THAT(leaf.error()[0].message,
              testing::StartsWith("is not JSON: parse error at line 1, column 10"));
}

TEST(Json, AKeyTwiceIsAnError) {
  EXPECT_EQ(ToString(FromJson<Leaf>(R"({"count":1,"count":2})").error()),
            "has the key 'count' twice");
}

TEST(Json, APayloadNeedsAKnownType) {
  EXPECT_EQ(ToString(FromJson<Event>(R"({"payload":{"type":"Nope","payload":{}}})").error()),
            "payload.type: unknown type 'Nope'");
  EXPECT_EQ(ToString(FromJson<Event>(R"({"payload":{"payload":{}}})").error()),
            "payload.type: must be a string");
  EXPECT_EQ(ToString(FromJson<Event>(R"({"payload":{"type":"Leaf","extra":1}})").error()),
            "payload.extra: unknown field");
}

}  // namespace
}  // namespace sluice
