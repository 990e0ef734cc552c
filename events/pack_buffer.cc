#include "events/pack_buffer.h"

#include <algorithm>

#include "events/result.h"

namespace sluice {

void PackBuffer::Grow(size_t count) {
  CHECK(size_ + count < (size_t{1} << 31));  // Where FlatBuffers offsets end.
  const size_t capacity = std::max({size_ + count, 2 * capacity_, size_t{4096}});
  std::unique_ptr<char[]> data(new char[capacity + kSlack]);
  if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

size_t PackBuffer::AppendString(std::string_view text) {
  const size_t at = (size_ + 3) & ~size_t{3};
  const size_t end = at + 4 + text.size();
  Reserve(end + 1 - size_);
  Store(size_, uint32_t{0});  // The padding.
  Store(at, static_cast<uint32_t>(text.size()));
  if (!text.empty()) std::memcpy(data_.get() + at + 4, text.data(), text.size());
  data_[end] = '\0';
  size_ = end + 1;
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
