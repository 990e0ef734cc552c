// Strong types every layer shares: bytes, time, durations and 128-bit hashes. Plain values: safe to
// copy and to read from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice {

// Octets, not text.
using Bytes = std::string;

// A length of time in microseconds; may be negative.
struct Duration {
  int64_t us = 0;

  static constexpr Duration Micros(int64_t n) { return {n}; }
  static constexpr Duration Millis(int64_t n) { return {n * 1'000}; }
  static constexpr Duration Seconds(int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration Minutes(int64_t n) { return {n * 60'000'000}; }
  static constexpr Duration Hours(int64_t n) { return {n * 3'600'000'000}; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
  friend constexpr Duration operator-(Duration a) { return {-a.us}; }
  friend constexpr Duration operator*(Duration a, int64_t n) { return {a.us * n}; }
  friend constexpr Duration operator*(int64_t n, Duration a) { return {a.us * n}; }
};

// A point in time, microseconds since the Unix epoch; 0 means absent.
struct Time {
  int64_t us = 0;

  constexpr bool IsSet() const { return us != 0; }

  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time t, Duration d) { return {t.us + d.us}; }
  friend constexpr Time operator-(Time t, Duration d) { return {t.us - d.us}; }
  friend constexpr Duration operator-(Time a, Time b) { return {a.us - b.us}; }
};

// RFC 3339 in UTC; a fraction is shown only when there is one, without zeros at its end:
// "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.25Z". Years beyond 9999 get more digits.
std::string FormatTime(Time time);
// Any RFC 3339 offset; digits beyond the microsecond are cut off. The error says what is wrong.
tl::expected<Time, std::string> ParseTime(std::string_view text);

// Go's text for a duration: "1h0m0s", "200ms", "1.5s", "0s".
std::string FormatDuration(Duration duration);
// Go's syntax. Finer than a microsecond, or out of range, is an error.
tl::expected<Duration, std::string> ParseDuration(std::string_view text);

// 128 bits; + and - are modulo 2^128, so a sum of hashes does not depend on the order.
struct Hash128 {
  uint64_t hi = 0;
  uint64_t lo = 0;

  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
  friend constexpr Hash128 operator+(Hash128 a, Hash128 b) {
    const uint64_t lo = a.lo + b.lo;
    return {a.hi + b.hi + (lo < a.lo ? 1 : 0), lo};
  }
  friend constexpr Hash128 operator-(Hash128 a, Hash128 b) {
    return {a.hi - b.hi - (a.lo < b.lo ? 1 : 0), a.lo - b.lo};
  }
  Hash128& operator+=(Hash128 other) { return *this = *this + other; }
  Hash128& operator-=(Hash128 other) { return *this = *this - other; }
};

// 32 lower-case hex digits, high half first.
std::string ToHex(Hash128 hash);
tl::expected<Hash128, std::string> ParseHash128(std::string_view hex);
// The 16 bytes, big-endian, and back; `bytes` must be 16 long.
Bytes ToBytes(Hash128 hash);
Hash128 Hash128FromBytes(std::string_view bytes);

// XXH3-128 with seed 0.
Hash128 Xxh128(std::string_view bytes);

}  // namespace sluice
