#include "events/codec.h"

#include <flatbuffers/flatbuffer_builder.h>
#include <gtest/gtest.h>

#include "events/envelope.gen.h"
#include "events/everything.gen.h"

namespace sluice {
namespace {

TEST(Codec, DefaultsTakeNoSpace) {
  const Everything everything;
  const Bytes packed = Pack(everything);
  EXPECT_LE(packed.size(), 16u);
  EXPECT_EQ(Unpack<Everything>(packed), everything);
}

TEST(Codec, AnEmptyOptionalIsNotADefaultOne) {
  Everything everything;
  everything.maybe_flag = false;
  everything.maybe_number = 0;
  everything.maybe_color = Color::kRed;
  everything.maybe_wait = Duration{};
  everything.leaf = Leaf{};
  const Result<Everything> back = Unpack<Everything>(Pack(everything));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, everything);
  EXPECT_FALSE(back->maybe_huge.has_value());
}

TEST(Codec, FieldsOfANewerSchemaAreSkipped) {
  const LeafNext next{.name = "a", .count = 3, .added = "later"};
  EXPECT_EQ(Unpack<Leaf>(Pack(next)), (Leaf{.name = "a", .count = 3}));
}

TEST(Codec, FieldsAnOlderSchemaDidNotHaveAreDefaults) {
  const Leaf old{.name = "a", .count = 3};
  EXPECT_EQ(Unpack<LeafNext>(Pack(old)), (LeafNext{.name = "a", .count = 3}));
}

TEST(Codec, APayloadOfAnUnknownTypePacksUnchanged) {
  Event event;
  event.payload = AnyTable::Unknown("FromTomorrow", "bytes of tomorrow");
  const Result<Event> back = Unpack<Event>(Pack(event));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->payload.type(), nullptr);
  EXPECT_EQ(back->payload.type_name(), "FromTomorrow");
  EXPECT_EQ(back->payload.unknown_bytes(), "bytes of tomorrow");
  EXPECT_EQ(Pack(*back), Pack(event));
}

TEST(Codec, APayloadWithoutBytesIsADefaultTable) {
  flatbuffers::FlatBufferBuilder builder;
  const auto type = builder.CreateString("Delete");
  const auto any_start = builder.StartTable();
  builder.AddOffset(4, type);
  const flatbuffers::Offset<void> any(builder.EndTable(any_start));
  const auto event_start = builder.StartTable();
  builder.AddOffset(4, any);
  builder.Finish(flatbuffers::Offset<void>(builder.EndTable(event_start)));
  const Result<Event> event =
      Unpack<Event>({reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()});
  ASSERT_TRUE(event) << ToString(event.error());
  ASSERT_NE(event->payload.As<Delete>(), nullptr);
  EXPECT_EQ(*event->payload.As<Delete>(), Delete{});
}

TEST(Codec, AnErrorNamesTheField) {
  Everything everything;
  everything.hash = {1, 2};
  Bytes packed = Pack(everything);
  const size_t length = packed.find(std::string("\x10\0\0\0", 4));
  ASSERT_NE(length, packed.npos);
  packed[length] = 15;
  const Result<Everything> back = Unpack<Everything>(packed);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error(),
            (Error{ErrorCode::kCorruption, "Everything: Everything.hash: hash is not 16 bytes"}));
}

TEST(AnyTable, SharesOneTable) {
  const AnyTable a = AnyTable::Of(Leaf{.name = "x"});
  const AnyTable b = a;  // NOLINT: the copy is what is tested.
  EXPECT_EQ(a.data(), b.data());
  EXPECT_EQ(b.As<Leaf>()->name, "x");
  EXPECT_EQ(b.As<Delete>(), nullptr);
  EXPECT_EQ(a, AnyTable::Of(Leaf{.name = "x"}));
  EXPECT_NE(a, AnyTable::Of(Leaf{.name = "y"}));
  EXPECT_NE(a, AnyTable());
  EXPECT_FALSE(AnyTable());
}

}  // namespace
}  // namespace sluice
