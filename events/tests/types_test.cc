// What the generator made of tests/everything.fbs.
#include <gtest/gtest.h>

#include <type_traits>

#include "events/envelope.gen.h"
#include "events/everything.gen.h"

namespace sluice {
namespace {

static_assert(std::is_aggregate_v<Everything>);
static_assert(std::is_nothrow_move_constructible_v<Leaf>);
static_assert(std::is_same_v<decltype(Everything::flag), bool>);
static_assert(std::is_same_v<decltype(Everything::tiny), int8_t>);
static_assert(std::is_same_v<decltype(Everything::port), uint16_t>);
static_assert(std::is_same_v<decltype(Everything::huge), uint64_t>);
static_assert(std::is_same_v<decltype(Everything::ratio), float>);
static_assert(std::is_same_v<decltype(Everything::level), Level>);
static_assert(std::is_same_v<std::underlying_type_t<Level>, int16_t>);
static_assert(std::is_same_v<decltype(Everything::maybe_color), std::optional<Color>>);
static_assert(std::is_same_v<decltype(Everything::free), std::string>);
static_assert(std::is_same_v<decltype(Everything::blob), Bytes>);
static_assert(std::is_same_v<decltype(Everything::hash), Hash128>);
static_assert(std::is_same_v<decltype(Everything::at), Time>);
static_assert(std::is_same_v<decltype(Everything::wait), Duration>);
static_assert(std::is_same_v<decltype(Everything::maybe_wait), std::optional<Duration>>);
static_assert(std::is_same_v<decltype(Everything::leaf), std::optional<Leaf>>);
static_assert(std::is_same_v<decltype(Everything::value_leaf), Leaf>);
static_assert(std::is_same_v<decltype(Everything::any), AnyTable>);
static_assert(std::is_same_v<decltype(Everything::labels), std::map<std::string, std::string>>);
static_assert(std::is_same_v<decltype(Everything::colors), std::vector<Color>>);
static_assert(std::is_same_v<decltype(Everything::times), std::vector<Time>>);
static_assert(std::is_same_v<decltype(Everything::leaves), std::vector<Leaf>>);
static_assert(std::is_same_v<decltype(Everything::anies), std::vector<AnyTable>>);
static_assert(std::is_same_v<decltype(Everything::namespace_), std::string>);

TEST(Types, DefaultsAreTheSchemas) {
  const Everything everything;
  EXPECT_TRUE(everything.flag_on);
  EXPECT_EQ(everything.port, 8080);
  EXPECT_EQ(everything.number, -5);
  EXPECT_EQ(everything.ratio, 0.5f);
  EXPECT_EQ(everything.color, Color::kGreen);
  EXPECT_EQ(everything.level, Level::kMiddle);
}

TEST(Types, AttributesReachTheDescriptor) {
  const Type& command = TypeOf<EverythingApply>();
  EXPECT_EQ(command.name, "EverythingApply");
  EXPECT_EQ(command.wire_name, "Apply");
  EXPECT_TRUE(command.is_command);
  EXPECT_FALSE(command.is_internal);
  EXPECT_FALSE(command.is_event);
  const Type& event = TypeOf<EverythingHappened>();
  EXPECT_TRUE(event.is_event);
  EXPECT_TRUE(event.is_bookkeeping);
  EXPECT_EQ(event.version, 3);
  EXPECT_TRUE(event.fields.empty());
  EXPECT_TRUE(TypeOf<Observe>().is_internal);
}

TEST(Types, EnumsKnowTheirNames) {
  EXPECT_EQ(ToString(Color::kBlue), "Blue");
  EXPECT_EQ(ParseColor("Green"), Color::kGreen);
  EXPECT_EQ(ParseColor("green"), std::nullopt);
  EXPECT_EQ(ToString(Level::kLow), "Low");
  EXPECT_EQ(ToString(static_cast<Color>(1)), "?");
  EXPECT_EQ(EnumInfoOf<Color>().values.size(), 3u);
}

TEST(Types, AreFoundByName) {
  EXPECT_EQ(FindType("Everything"), &TypeOf<Everything>());
  EXPECT_EQ(FindType("LogRecord"), &TypeOf<LogRecord>());
  EXPECT_EQ(FindType("Nothing"), nullptr);
  EXPECT_GT(AllTypes().size(), 50u);
}

// Maps are packed and read as KeyValue without going through its descriptor.
TEST(Types, KeyValueIsAsTheCodecTakesIt) {
  const Type& type = TypeOf<KeyValue>();
  ASSERT_EQ(type.fields.size(), 2u);
  EXPECT_EQ(type.fields[0].name, "key");
  EXPECT_EQ(type.fields[0].id, 0);
  EXPECT_EQ(type.fields[1].name, "value");
  EXPECT_EQ(type.fields[1].id, 1);
}

// GetPath, Diff and FromJson look fields up by these.
TEST(Types, JsonNamesAreUniqueInEveryTable) {
  for (const Type* type : AllTypes()) {
    for (const Field& field : type->fields) {
      EXPECT_EQ(type->FindByJsonName(field.json_name), &field) << type->name << "." << field.name;
    }
  }
}

}  // namespace
}  // namespace sluice
