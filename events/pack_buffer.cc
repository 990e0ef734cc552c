#include "events/pack_buffer.h"

#include <algorithm>

#include "events/result.h"

namespace sluice {

void PackBuffer::Grow(size_t count) {
  CHECK(size_ + count < (size_t{1} << 31));  // Where FlatBuffers offsets end.
  const size_t capacity = std::max({size_ + count, 2 * capacity_, size_t{4096}});
  std::unique_ptr<char[]> data(new char[capacity]);
  if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

size_t PackBuffer::AppendString(std::string_view text) {
  Align(4);
  const size_t at = Extend(4);
  Store(at, static_cast<uint32_t>(text.size()));
  Append(text.data(), text.size());
  Extend(1);
  return at;
}

size_t PackBuffer::AppendBytes(std::string_view bytes, size_t alignment) {
  Align(std::max(alignment, size_t{4}), 4);
  const size_t at = Extend(4);
  Store(at, static_cast<uint32_t>(bytes.size()));
  Append(bytes.data(), bytes.size());
  return at;
}

}  // namespace sluice
