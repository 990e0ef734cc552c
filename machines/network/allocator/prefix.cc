#include "machines/network/allocator/prefix.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace sluice {
namespace {

constexpr int kMaxBits = 128;

// Ones in the first `length` places.
Uint128 MaskOf(int length) { return length == 0 ? Uint128{0} : ~Uint128{0} << (kMaxBits - length); }

int LeadingZeros(Uint128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  if (high != 0) return std::countl_zero(high);
  return 64 + std::countl_zero(static_cast<uint64_t>(value));
}

uint8_t ByteAt(Uint128 bits, int index) {
  return static_cast<uint8_t>(bits >> (kMaxBits - 8 * (index + 1)));
}

uint16_t GroupAt(Uint128 bits, int index) {
  return static_cast<uint16_t>(bits >> (kMaxBits - 16 * (index + 1)));
}

std::string Dotted(Uint128 bits, int first_byte) {
  std::string text;
  for (int i = first_byte; i < first_byte + 4; ++i) {
    if (!text.empty()) text += '.';
    text += std::to_string(ByteAt(bits, i));
  }
  return text;
}

std::string Hex(uint16_t group) {
  std::array<char, 4> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16);
  return {digits.data(), end.ptr};
}

// RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::",
// IPv4-mapped addresses with a dotted end.
std::string ColonHex(Uint128 bits) {
  if (bits >> 32 == 0xffff) return "::ffff:" + Dotted(bits, 12);
  int run_start = -1;
  int run_length = 1;
  for (int i = 0; i < 8;) {
    int j = i;
    while (j < 8 && GroupAt(bits, j) == 0) ++j;
    if (j - i > run_length) {
      run_start = i;
      run_length = j - i;
    }
    i = std::max(j, i + 1);
  }
  std::string text;
  for (int i = 0; i < 8;) {
    if (i == run_start) {
      text += "::";
      i += run_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += Hex(GroupAt(bits, i));
    ++i;
  }
  return text;
}

tl::unexpected<std::string> Bad(std::string_view text, std::string_view why) {
  return tl::unexpected("'" + std::string(text) + "' " + std::string(why));
}

}  // namespace

std::string_view ToString(Family family) { return family == Family::kIPv4 ? "IPv4" : "IPv6"; }

int BitsOf(Family family) { return family == Family::kIPv4 ? 32 : 128; }

tl::expected<Prefix, std::string> Prefix::ParseAddress(std::string_view text) {
  const bool v6 = text.find(':') != std::string_view::npos;
  std::array<uint8_t, 16> bytes{};
  const std::string terminated(text);
  const bool whole = terminated.find('\0') == std::string::npos;
  if (!whole || inet_pton(v6 ? AF_INET6 : AF_INET, terminated.c_str(), bytes.data()) != 1) {
    return Bad(text, "is not an IP address");
  }
  Uint128 bits = 0;
  for (const uint8_t byte : bytes) bits = bits << 8 | byte;
  const Family family = v6 ? Family::kIPv6 : Family::kIPv4;
  return Prefix(family, bits, BitsOf(family));
}

tl::expected<Prefix, std::string> Prefix::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Bad(text, "has no prefix length");
  auto address = ParseAddress(text.substr(0, slash));
  if (!address) return Bad(text, "is not an address range");
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || end != digits.data() + digits.size() || padded || length < 0 ||
      length > BitsOf(address->family())) {
    return Bad(text, "has a bad prefix length");
  }
  const Prefix prefix = Of(address->family(), address->bits(), length);
  if (prefix.bits() != address->bits()) {
    return Bad(text, "has bits set behind its length; did you mean " + prefix.ToString());
  }
  return prefix;
}

Prefix Prefix::All(Family family) { return {family, 0, 0}; }

Prefix Prefix::Of(Family family, Uint128 bits, int length) {
  return {family, bits & MaskOf(length), length};
}

bool Prefix::Contains(const Prefix& other) const {
  return family_ == other.family_ && length_ <= other.length_ &&
         (other.bits_ & MaskOf(length_)) == bits_;
}

bool Prefix::Overlaps(const Prefix& other) const {
  return Contains(other) || other.Contains(*this);
}

bool Prefix::Bit(int index) const { return (bits_ >> (kMaxBits - 1 - index) & 1) != 0; }

Prefix Prefix::Half(bool upper) const {
  const Uint128 bit = upper ? Uint128{1} << (kMaxBits - 1 - length_) : Uint128{0};
  return {family_, bits_ | bit, length_ + 1};
}

Prefix Prefix::BuddyAt(int length) const {
  return Of(family_, bits_ ^ Uint128{1} << (kMaxBits - length), length);
}

Prefix Prefix::First(int length) const { return {family_, bits_, length}; }

std::optional<Prefix> Prefix::AddressAt(Uint128 offset) const {
  const int host_bits = BitsOf(family_) - length_;
  if (host_bits < kMaxBits && offset >> host_bits != 0) return std::nullopt;
  return Prefix(family_, bits_ + (offset << (kMaxBits - BitsOf(family_))), BitsOf(family_));
}

Prefix Prefix::FirstAddress() const { return First(BitsOf(family_)); }

Prefix Prefix::LastAddress() const {
  return Of(family_, bits_ | ~MaskOf(length_), BitsOf(family_));
}

std::string Prefix::AddressToString() const {
  return family_ == Family::kIPv4 ? Dotted(bits_, 0) : ColonHex(bits_);
}

std::string Prefix::ToString() const { return AddressToString() + "/" + std::to_string(length_); }

Prefix CommonPrefix(const Prefix& a, const Prefix& b) {
  const Uint128 difference = a.bits() ^ b.bits();
  const int same = difference == 0 ? kMaxBits : LeadingZeros(difference);
  return Prefix::Of(a.family(), a.bits(), std::min({same, a.length(), b.length()}));
}

}  // namespace sluice
