// The bytes a Packer writes, front to back: alignment, lengths and offsets, but nothing of tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {

// Positions count from the front. Not for several threads.
class PackBuffer {
 public:
  void Clear() { size_ = 0; }
  size_t size() const { return size_; }
  std::string_view bytes() const { return {data_.get(), size_}; }
  const char* At(size_t at) const { return data_.get() + at; }

  // Zeros; returns where they begin.
  size_t Extend(size_t count) {
    Reserve(count);
    char* const begin = data_.get() + size_;
    if (count <= kSlack) {  // Most are: no call, and what lies behind is written anyway.
      std::memset(begin, 0, kSlack);
    } else {
      std::memset(begin, 0, count);
    }
    size_ += count;
    return size_ - count;
  }

  // Zeros until `ahead` bytes further on a multiple of `alignment` (a power of two) begins.
  void Align(size_t alignment, size_t ahead = 0) { Extend(-(size_ + ahead) & (alignment - 1)); }

  void Append(const void* bytes, size_t count) {
    Reserve(count);
    if (count != 0) std::memcpy(data_.get() + size_, bytes, count);
    size_ += count;
  }

  void Truncate(size_t size) { size_ = size; }

  template <class T>
  void Store(size_t at, T value) {
    std::memcpy(data_.get() + at, &value, sizeof(T));
  }

  template <class T>
  T Load(size_t at) const {
    T value;
    std::memcpy(&value, data_.get() + at, sizeof(T));
    return value;
  }

  // FlatBuffers offsets count from where they stand.
  void StoreOffset(size_t at, size_t target) { Store(at, static_cast<uint32_t>(target - at)); }

  // A length and the bytes behind it; a string ends with a zero that is not counted.
  size_t AppendString(std::string_view text);
  size_t AppendBytes(std::string_view bytes, size_t alignment);

 private:
  // Bytes behind the capacity, so that short runs of zeros are written as one of this length.
  static constexpr size_t kSlack = 32;

  void Reserve(size_t count) {
    if (count > capacity_ - size_) [[unlikely]]
      Grow(count);
  }
  void Grow(size_t count);

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
