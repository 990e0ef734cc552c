// An address range as networks speak of it: a family, an aligned address and a length in bits.
//
// Values are immutable, ordered by (family, address, length) and cheap to copy. Addresses of both
// families are kept left-aligned in 128 bits, so everything that walks prefixes is written once.
// Thread-safe: no state. Text is RFC 4632 for IPv4 and RFC 5952 (canonical) for IPv6.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice {

__extension__ typedef unsigned __int128 Uint128;

enum class Family : uint8_t {
  kIPv4 = 4,  // 32 bits
  kIPv6 = 6,  // 128 bits
};

std::string_view ToString(Family family);  // "IPv4", "IPv6"
int BitsOf(Family family);                 // 32 or 128

class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0

  // "10.0.0.0/16" or "fd00::/48". The error says what is wrong with the text, host bits included.
  static tl::expected<Prefix, std::string> Parse(std::string_view text);
  // "10.0.0.7" as the prefix of all its bits.
  static tl::expected<Prefix, std::string> ParseAddress(std::string_view text);
  // All addresses of a family.
  static Prefix All(Family family);
  // The prefix of `length` bits that holds `bits`; bits behind the length are dropped.
  static Prefix Of(Family family, Uint128 bits, int length);

  Family family() const { return family_; }
  int length() const { return length_; }
  Uint128 bits() const { return bits_; }
  bool IsAddress() const { return length_ == BitsOf(family_); }

  bool Contains(const Prefix& other) const;  // itself included
  bool Overlaps(const Prefix& other) const;

  // Bit `index` of the address, 0 the highest.
  bool Bit(int index) const;
  // One half of it, one bit longer. Not of an address.
  Prefix Half(bool upper) const;
  // Its first `length` bits, with the last of them flipped: the buddy of that ancestor.
  Prefix BuddyAt(int length) const;
  // The lowest prefix of `length` inside; `length` is not less than its own.
  Prefix First(int length) const;
  // The address `offset` places behind the first; empty when it lies outside.
  std::optional<Prefix> AddressAt(Uint128 offset) const;
  Prefix FirstAddress() const;
  Prefix LastAddress() const;

  std::string ToString() const;         // "10.0.0.0/16"
  std::string AddressToString() const;  // "10.0.0.0"

  friend bool operator==(const Prefix&, const Prefix&) = default;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Prefix(Family family, Uint128 bits, int length)
      : family_(family), bits_(bits), length_(static_cast<uint8_t>(length)) {}

  Family family_ = Family::kIPv4;
  Uint128 bits_ = 0;  // left-aligned; 0 behind length_
  uint8_t length_ = 0;
};

// The longest prefix that contains both; they are of one family.
Prefix CommonPrefix(const Prefix& a, const Prefix& b);

}  // namespace sluice
