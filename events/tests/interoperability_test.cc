// What we pack is what FlatBuffers' own library takes for a valid buffer of the schema, alignment
// included, so that clients in any language can read it.
#include <flatbuffers/reflection.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <iterator>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/everything.gen.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

std::string Schema(const std::string& name) {
  std::ifstream in(std::string(SLUICE_BFBS_DIR) + "/" + name + ".bfbs", std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

bool LibraryAccepts(const std::string& binary_schema, const char* table, const Bytes& packed) {
  const reflection::Schema& schema = *reflection::GetSchema(binary_schema.data());
  const reflection::Object* object = schema.objects()->LookupByKey(table);
  EXPECT_NE(object, nullptr);
  return flatbuffers::Verify(schema, *object, reinterpret_cast<const uint8_t*>(packed.data()),
                             packed.size());
}

RC_GTEST_PROP(Interoperability, TheLibraryAcceptsWhatWePack, (uint64_t seed)) {
  static const std::string schema = Schema("everything");
  const auto table = RandomTable<Everything>(seed);
  RC_ASSERT(LibraryAccepts(schema, "sluice.Everything", Pack(table)));
}

RC_GTEST_PROP(Interoperability, SoItDoesForPayloadsWithin, (uint64_t seed)) {
  static const std::string schema = Schema("everything");
  const Bytes packed = Pack(Event{AnyTable::Of(RandomTable<Everything>(seed))});
  // The payload as it lies in its holder, not a copy: its alignment there counts.
  const auto* event = flatbuffers::GetRoot<flatbuffers::Table>(packed.data());
  const auto* any = event->GetPointer<const flatbuffers::Table*>(4);
  const auto* data = any->GetPointer<const flatbuffers::Vector<uint8_t>*>(6);
  const reflection::Schema& binary = *reflection::GetSchema(schema.data());
  RC_ASSERT(flatbuffers::Verify(binary, *binary.objects()->LookupByKey("sluice.Everything"),
                                data->data(), data->size()));
}

TEST(Interoperability, TheLibraryReadsOurFields) {
  Everything table;
  table.big = 7;
  table.text = "hello";
  table.numbers = {1, -2};
  const Bytes packed = Pack(table);
  const auto* root = flatbuffers::GetRoot<flatbuffers::Table>(packed.data());
  const auto slot = [](const char* name) {
    for (const Field& field : TypeOf<Everything>().fields) {
      if (field.name == name) return static_cast<flatbuffers::voffset_t>(4 + 2 * field.id);
    }
    return flatbuffers::voffset_t{0};
  };
  EXPECT_EQ(root->GetField<int64_t>(slot("big"), 0), 7);
  EXPECT_EQ(root->GetPointer<const flatbuffers::String*>(slot("text"))->str(), "hello");
  const auto* numbers = root->GetPointer<const flatbuffers::Vector<int64_t>*>(slot("numbers"));
  ASSERT_EQ(numbers->size(), 2u);
  EXPECT_EQ(numbers->Get(1), -2);
}

}  // namespace
}  // namespace sluice
