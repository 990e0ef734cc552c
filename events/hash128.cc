#include <xxhash.h>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice {
namespace {

void AppendBigEndian(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string ToHex(Hash128 hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(32, '0');
  for (size_t i = 0; i < 16; ++i) {
    out[i] = kDigits[(hash.hi >> (60 - 4 * i)) & 0xf];
    out[16 + i] = kDigits[(hash.lo >> (60 - 4 * i)) & 0xf];
  }
  return out;
}

tl::expected<Hash128, std::string> ParseHash128(std::string_view hex) {
  if (hex.size() != 32) return tl::unexpected<std::string>("is not 32 hex digits");
  Hash128 hash;
  for (size_t i = 0; i < 32; ++i) {
    const int digit = HexDigit(hex[i]);
    if (digit < 0) return tl::unexpected<std::string>("is not 32 hex digits");
    uint64_t& half = i < 16 ? hash.hi : hash.lo;
    half = half << 4 | static_cast<uint64_t>(digit);
  }
  return hash;
}

Bytes ToBytes(Hash128 hash) {
  Bytes out;
  AppendBigEndian(hash.hi, &out);
  AppendBigEndian(hash.lo, &out);
  return out;
}

Hash128 Hash128FromBytes(std::string_view bytes) {
  CHECK(bytes.size() == 16);
  return {ReadBigEndian(bytes.substr(0, 8)), ReadBigEndian(bytes.substr(8))};
}

Hash128 Xxh128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace sluice
