#include "events/codec.h"

#include <flatbuffers/flatbuffer_builder.h>
#include <gtest/gtest.h>

#include "events/envelope.gen.h"
#include "events/everything.gen.h"
#include "events/payload_pool.h"

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

LogRecord RecordOf(AnyTable payload) {
  LogRecord record;
  record.term = 3;
  record.decision.emplace();
  record.decision->command.emplace();
  record.decision->command->entity = "lamp/default/a";
  record.decision->command->payload = std::move(payload);
  record.decision->command->actor = "somebody";
  record.decision->command->correlation_id = "something";
  record.decision->events.push_back({AnyTable::Of(Leaf{.name = "event"})});
  record.decision->effects.follow_ups.push_back(
      {.target_partition = 2, .number = 7, .command = Command{.id = "sent"}});
  record.decision->reply = AnyTable::Of(Leaf{.name = "reply"});
  return record;
}

TEST(UnpackFolded, LeavesOutWhatAFoldDoesNotReadAndSaysWhereItIs) {
  const LogRecord record = RecordOf(AnyTable::Of(Leaf{.name = "payload", .count = 5}));
  LogRecord expected = record;
  expected.decision->command->payload = AnyTable();
  expected.decision->command->actor.clear();
  expected.decision->command->correlation_id.clear();
  expected.decision->effects.follow_ups[0].command.reset();
  expected.decision->reply = AnyTable();
  const Bytes bytes = Pack(record);
  LogRecord folded = RecordOf(AnyTable::Of(Leaf{.name = "of an earlier read"}));
  folded.decision->command->actor = "of an earlier read";
  PayloadPool pool;
  const Result<PackedPayload> left = UnpackFolded(TypeOf<LogRecord>(), bytes, &pool, &folded);
  ASSERT_TRUE(left);
  EXPECT_EQ(folded, expected);
  EXPECT_EQ(left->type_name, "Leaf");
  EXPECT_EQ(UnpackPayload(*left), record.decision->command->payload);
}

TEST(UnpackFolded, KeepsPayloadsOfNoAndOfUnknownType) {
  LogRecord folded;
  PayloadPool pool;
  const Bytes without = Pack(RecordOf(AnyTable()));
  const Result<PackedPayload> none = UnpackFolded(TypeOf<LogRecord>(), without, &pool, &folded);
  ASSERT_TRUE(none);
  EXPECT_EQ(UnpackPayload(*none), AnyTable());
  const AnyTable unknown = AnyTable::Unknown("FromTomorrow", "bytes of tomorrow");
  const Bytes bytes = Pack(RecordOf(unknown));
  const Result<PackedPayload> left = UnpackFolded(TypeOf<LogRecord>(), bytes, &pool, &folded);
  ASSERT_TRUE(left);
  EXPECT_EQ(UnpackPayload(*left), unknown);
}

TEST(UnpackFolded, NamesWhatIsWrongInTheRest) {
  const Bytes bytes = Pack(RecordOf(AnyTable()));
  LogRecord folded;
  PayloadPool pool;
  for (size_t size = 0; size < bytes.size() / 2; ++size) {
    const auto cut = UnpackFolded(TypeOf<LogRecord>(), bytes.substr(0, size), &pool, &folded);
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::kCorruption);
  }
  const PackedPayload damaged{.type_name = "Leaf", .bytes = "damaged!"};
  EXPECT_FALSE(UnpackPayload(damaged));
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
