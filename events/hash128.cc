#include <xxhash.h>

#include <bit>
#include <cstring>

#include "events/basic_types.h"
#include "events/hash128_avx2.h"
#include "events/result.h"

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little);

// XXH3 hashes as many without vectors.
constexpr size_t kShortBytesMax = 240;

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
  Bytes out(16, '\0');
  const uint64_t halves[] = {__builtin_bswap64(hash.hi), __builtin_bswap64(hash.lo)};
  std::memcpy(out.data(), halves, sizeof(halves));
  return out;
}

Hash128 Hash128FromBytes(std::string_view bytes) {
  CHECK(bytes.size() == 16);
  uint64_t halves[2];
  std::memcpy(halves, bytes.data(), sizeof(halves));
  return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
}

Hash128 Xxh128(std::string_view bytes) {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2 && bytes.size() > kShortBytesMax) {
    Hash128 wide;
    Xxh128WithAvx2(bytes.data(), bytes.size(), &wide.hi, &wide.lo);
    return wide;
  }
#endif
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace sluice
