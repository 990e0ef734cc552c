#include "events/hash128_avx2.h"

#ifdef __x86_64__

#include <immintrin.h>

// A header of C: what of C++ were compiled here, for a processor that has them, would be linked for
// all the others as well.
#pragma GCC push_options
#pragma GCC target("avx2")
#define XXH_INLINE_ALL
#define XXH_VECTOR XXH_AVX2
#include <xxhash.h>

namespace sluice {

void Xxh128WithAvx2(const void* bytes, size_t size, uint64_t* hi, uint64_t* lo) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  // The compiler leaves it out where a pragma turned AVX on, and all that comes after would be
  // slow.
  _mm256_zeroupper();
  *hi = hash.high64;
  *lo = hash.low64;
}

}  // namespace sluice
#pragma GCC pop_options

#endif  // __x86_64__
