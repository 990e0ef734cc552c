// Bytes come from anybody: whatever they are, reading them ends, stays within them, and gives an
// error or a table that can be used.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/everything.gen.h"
#include "events/json.h"
#include "events/logical.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

// Memory whose end is the end of a page, with a page behind it that may not be touched: one byte
// too far ends the test.
class GuardedBytes {
 public:
  GuardedBytes()
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        size_(64 * page_),
        memory_(static_cast<char*>(mmap(nullptr, size_ + page_, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_EQ(mprotect(memory_ + size_, page_, PROT_NONE), 0);
  }
  ~GuardedBytes() { munmap(memory_, size_ + page_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  std::string_view Hold(std::string_view bytes) {
    EXPECT_LE(bytes.size(), size_);
    char* at = memory_ + size_ - bytes.size();
    std::memcpy(at, bytes.data(), bytes.size());
    return {at, bytes.size()};
  }

 private:
  const size_t page_;
  const size_t size_;
  char* const memory_;
};

// Whether `bytes` were accepted; if so, the table must survive everything we do with tables.
bool ReadAndUse(std::string_view bytes, GuardedBytes* guarded) {
  const Result<Everything> table = Unpack<Everything>(guarded->Hold(bytes));
  if (!table) {
    EXPECT_EQ(table.error().code, ErrorCode::kCorruption);
    return false;
  }
  const Result<Everything> again = Unpack<Everything>(Pack(*table));
  EXPECT_TRUE(again);
  EXPECT_EQ(LogicalHash(*again), LogicalHash(*table));
  EXPECT_TRUE(CanonicalJson(ToJson(*table))) << ToJson(*table);
  return true;
}

TEST(HostileBytes, EveryTruncationIsRefusedOrHarmless) {
  GuardedBytes guarded;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Bytes packed = Pack(RandomTable<Everything>(seed));
    for (size_t size = 0; size < packed.size(); ++size) {
      ReadAndUse(std::string_view(packed).substr(0, size), &guarded);
    }
  }
}

TEST(HostileBytes, FlippedBitsAreRefusedOrHarmless) {
  GuardedBytes guarded;
  int refused = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Bytes packed = Pack(RandomTable<Everything>(seed));
    for (size_t bit = 0; bit < packed.size() * 8; bit += 3) {
      const char mask = static_cast<char>(1 << (bit % 8));
      packed[bit / 8] = static_cast<char>(packed[bit / 8] ^ mask);
      refused += ReadAndUse(packed, &guarded) ? 0 : 1;
      packed[bit / 8] = static_cast<char>(packed[bit / 8] ^ mask);
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(HostileBytes, OverwrittenWordsAreRefusedOrHarmless) {
  GuardedBytes guarded;
  std::mt19937_64 random(7);
  const uint32_t words[] = {0, 1, 4, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0xffff};
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Bytes packed = Pack(RandomTable<Everything>(seed));
    if (packed.size() < 4) continue;
    for (size_t at = 0; at + 4 <= packed.size(); at += 2) {
      Bytes broken = packed;
      const uint32_t word = random() % 2 == 0 ? words[random() % std::size(words)]
                                              : static_cast<uint32_t>(random() % packed.size());
      std::memcpy(broken.data() + at, &word, sizeof(word));
      ReadAndUse(broken, &guarded);
    }
  }
}

TEST(HostileBytes, NoiseIsRefusedOrHarmless) {
  GuardedBytes guarded;
  std::mt19937_64 random(11);
  for (int round = 0; round < 20'000; ++round) {
    Bytes noise(random() % 200, '\0');
    // Small numbers, so that offsets often stay within.
    for (char& c : noise) c = static_cast<char>(random() % 4 == 0 ? random() % 64 : 0);
    ReadAndUse(noise, &guarded);
  }
}

// A table of two fields: a 4-byte slot for each, at 4 and 8.
void AppendWord(uint32_t word, Bytes* out) {
  out->append(reinterpret_cast<const char*>(&word), sizeof(word));
}

// Leaf.children, 1,000 offsets to one leaf whose children are 1,000 offsets to one leaf, and so on:
// a few kilobytes that would expand to 1000^10 tables.
TEST(HostileBytes, OffsetsToTheSameTableDoNotExpandWithoutBound) {
  constexpr uint32_t kFanOut = 1'000;
  constexpr uint32_t kLevels = 10;
  constexpr uint32_t kVtableSize = 4 + 2 * 3;
  Bytes bytes;
  AppendWord(16, &bytes);
  const uint16_t vtable[] = {kVtableSize, 8, 0, 0, 4, 0};
  bytes.append(reinterpret_cast<const char*>(vtable), sizeof(vtable));
  for (uint32_t level = 0; level < kLevels; ++level) {
    AppendWord(static_cast<uint32_t>(bytes.size()) - 4, &bytes);  // Back to the vtable.
    AppendWord(4, &bytes);                                        // children: right behind.
    AppendWord(kFanOut, &bytes);
    for (uint32_t i = 0; i < kFanOut; ++i) AppendWord(4 * (kFanOut - i), &bytes);
  }
  AppendWord(static_cast<uint32_t>(bytes.size()) - 4, &bytes);
  AppendWord(4, &bytes);
  AppendWord(0, &bytes);
  const Result<Leaf> leaf = Unpack<Leaf>(bytes);
  ASSERT_FALSE(leaf);
  EXPECT_EQ(leaf.error().message, "Leaf: Leaf.children: expands too far");
}

TEST(HostileBytes, NestingIsBounded) {
  Leaf leaf;
  for (int depth = 0; depth < 70; ++depth) {
    Leaf parent;
    parent.children.push_back(std::move(leaf));
    leaf = std::move(parent);
  }
  const Result<Leaf> back = Unpack<Leaf>(Pack(leaf));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().message, "Leaf: Leaf.children: nested too deeply");
}

Command Nested(int payloads, int tables) {
  Leaf leaf;
  for (int i = 0; i < tables; ++i) leaf = Leaf{.children = {leaf}};
  Command command;
  command.payload = AnyTable::Of(leaf);
  for (int i = 1; i < payloads; ++i) {
    Command outer;
    outer.payload = AnyTable::Of(std::move(command));
    command = std::move(outer);
  }
  return command;
}

TEST(HostileBytes, PayloadsWithinPayloadsAreBounded) {
  EXPECT_TRUE(Unpack<Command>(Pack(Nested(kPayloadDepthMax, 0))));
  EXPECT_FALSE(Unpack<Command>(Pack(Nested(kPayloadDepthMax + 1, 0))));
  EXPECT_TRUE(FromJson<Command>(ToJson(Nested(kPayloadDepthMax, 0))));
  EXPECT_FALSE(FromJson<Command>(ToJson(Nested(kPayloadDepthMax + 1, 0))));
}

// Otherwise a command could be accepted whose decision nobody can read.
TEST(HostileBytes, WhatIsReadMayBePackedIntoARecordAndReadAgain) {
  const Result<Command> command = Unpack<Command>(Pack(Nested(kPayloadDepthMax, kTableDepthMax)));
  ASSERT_TRUE(command) << ToString(command.error());
  LogRecord record;
  record.decision.emplace().command = *command;
  record.decision->effects.follow_ups = {FollowUp{.command = *command}};
  EXPECT_EQ(Unpack<LogRecord>(Pack(record)), record);
}

TEST(HostileBytes, AnUnknownEnumeratorIsRefused) {
  Everything table;
  table.color = static_cast<Color>(1);
  const Result<Everything> back = Unpack<Everything>(Pack(table));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().message, "Everything: Everything.color: unknown enumerator");
}

TEST(HostileBytes, JsonOfAnyDepthIsRefusedNotFollowed) {
  EXPECT_FALSE(FromJson<Everything>("{\"free\":" + std::string(200'000, '[')));
  EXPECT_FALSE(CanonicalJson(std::string(200'000, '[') + std::string(200'000, ']')));
  EXPECT_FALSE(CanonicalJson("{\"a\":1,\"a\":2}"));
}

TEST(HostileBytes, TextThatIsNotUtf8OrNotJsonIsWrittenAsValidJson) {
  Everything table;
  table.text = "\xff\xc3(\xed\xa0\x80";
  table.free = "}{";
  const std::string json = ToJson(table);
  EXPECT_TRUE(CanonicalJson(json)) << json;
}

}  // namespace
}  // namespace sluice
