// XXH3-128 by the vector instructions that the library, made for every x86-64, leaves unused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Only where the processor has AVX2; there is none but on x86-64.
void Xxh128WithAvx2(const void* bytes, size_t size, uint64_t* hi, uint64_t* lo);

}  // namespace sluice
