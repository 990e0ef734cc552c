#include "events/basic_types.h"

#include <gtest/gtest.h>

#include "events/entity_key.h"
#include "events/sha256.h"

namespace sluice {
namespace {

constexpr Time kTenOClock{1'795'255'200'000'000};

TEST(TimeText, IsRfc3339) {
  EXPECT_EQ(FormatTime(kTenOClock), "2026-11-21T10:00:00Z");
  EXPECT_EQ(FormatTime(kTenOClock + Duration{250'000}), "2026-11-21T10:00:00.25Z");
  EXPECT_EQ(FormatTime(kTenOClock + Duration{1}), "2026-11-21T10:00:00.000001Z");
  EXPECT_EQ(FormatTime(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(Time{951'782'400'000'000}), "2000-02-29T00:00:00Z");
}

TEST(TimeText, ReadsAnyOffset) {
  EXPECT_EQ(ParseTime("2026-11-21T10:00:00Z"), kTenOClock);
  EXPECT_EQ(ParseTime("2026-11-21T11:30:00.5+01:30"), kTenOClock + Duration{500'000});
  EXPECT_EQ(ParseTime("2026-11-21t05:00:00-05:00"), kTenOClock);
  EXPECT_EQ(ParseTime("2026-11-21T10:00:00.123456789Z"), kTenOClock + Duration{123'456});
}

TEST(TimeText, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T10:00:00", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T10:00:00Zx", "2026-11-21T10:00:00.Z",
        "2026-11-21 10:00:00Z", "-026-11-21T10:00:00Z"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(TimeText, ComesBackForAnyTimeOfFourDigitYears) {
  for (int64_t us = -62'135'596'800'000'000; us < 253'402'300'799'000'000;
       us += 12'345'678'901'234) {
    EXPECT_EQ(ParseTime(FormatTime(Time{us})), Time{us});
  }
}

TEST(DurationText, IsGos) {
  EXPECT_EQ(FormatDuration({}), "0s");
  EXPECT_EQ(FormatDuration(Duration::Hours(1)), "1h0m0s");
  EXPECT_EQ(FormatDuration(Duration::Millis(200)), "200ms");
  EXPECT_EQ(FormatDuration(Duration::Millis(1500)), "1.5s");
  EXPECT_EQ(FormatDuration(Duration::Minutes(90)), "1h30m0s");
  EXPECT_EQ(FormatDuration(Duration::Seconds(61)), "1m1s");
  EXPECT_EQ(FormatDuration(Duration::Micros(1)), "1\u00b5s");
  EXPECT_EQ(FormatDuration(Duration::Micros(1'500)), "1.5ms");
  EXPECT_EQ(FormatDuration(Duration::Millis(-1500)), "-1.5s");
}

TEST(DurationText, ComesBack) {
  for (const int64_t us : {INT64_MAX, INT64_MIN, INT64_MIN + 1, int64_t{-1}, int64_t{999},
                           int64_t{1'000}, int64_t{59'999'999}, int64_t{3'600'000'001}}) {
    EXPECT_EQ(ParseDuration(FormatDuration(Duration{us})), Duration{us}) << us;
  }
}

TEST(DurationText, ReadsGosSyntax) {
  EXPECT_EQ(ParseDuration("1h30m"), Duration::Minutes(90));
  EXPECT_EQ(ParseDuration("1.5h"), Duration::Minutes(90));
  EXPECT_EQ(ParseDuration("+10s"), Duration::Seconds(10));
  EXPECT_EQ(ParseDuration("-.5s"), Duration::Millis(-500));
  EXPECT_EQ(ParseDuration("100us"), Duration::Micros(100));
  EXPECT_EQ(ParseDuration("3000ns"), Duration::Micros(3));
  EXPECT_EQ(ParseDuration("0"), Duration{});
}

TEST(DurationText, RefusesWhatIsNotADuration) {
  for (const char* text : {"", "-", "1", "s", "1x", "1ns", ".s", "1h 2m", "5 s", "1e3s",
                           "9999999999999999999999999h", "300000000000h"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(Hash128, SumsAreModulo2To128) {
  constexpr Hash128 kAll{UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(kAll + (Hash128{0, 1}), Hash128{});
  EXPECT_EQ(Hash128{} - (Hash128{0, 1}), kAll);
  const Hash128 a = Xxh128("a");
  const Hash128 b = Xxh128("b");
  EXPECT_EQ(a + b - a, b);
  EXPECT_EQ(a + b, b + a);
}

TEST(Hash128, TextAndBytesComeBack) {
  const Hash128 hash = Xxh128("sluice");
  EXPECT_EQ(ParseHash128(ToHex(hash)), hash);
  EXPECT_EQ(Hash128FromBytes(ToBytes(hash)), hash);
  EXPECT_EQ(ToHex({0x0123456789abcdef, 0xfedcba9876543210}), "0123456789abcdeffedcba9876543210");
  EXPECT_FALSE(ParseHash128("0123"));
  EXPECT_FALSE(ParseHash128("g123456789abcdeffedcba9876543210"));
}

// From the reference implementation's `xxhsum -H128`.
TEST(Hash128, IsXxh3) { EXPECT_EQ(ToHex(Xxh128("")), "99aa06d3014798d86001c324468d497f"); }

// FIPS 180-2, appendix B.1.
TEST(Sha256, IsSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(EntityKey, ComesBack) {
  const Result<EntityKey> key = ParseEntityKey("instance/default/web-0");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->kind, "instance");
  EXPECT_EQ(key->namespace_, "default");
  EXPECT_EQ(key->name, "web-0");
  EXPECT_EQ(key->ToString(), "instance/default/web-0");
}

TEST(EntityKey, NamesThePartAtFault) {
  EXPECT_EQ(ParseEntityKey("a/b").error().message, "entity 'a/b' is not kind/namespace/name");
  EXPECT_EQ(ParseEntityKey("a/b/c/d").error().message, "name 'c/d' is not a DNS label");
  EXPECT_EQ(ParseEntityKey("a/-b/c").error().message, "namespace '-b' is not a DNS label");
  EXPECT_EQ(ParseEntityKey("A/b/c").error().message, "kind 'A' is not a DNS label");
  EXPECT_FALSE(ParseEntityKey("a/b/" + std::string(64, 'c')));
}

}  // namespace
}  // namespace sluice
