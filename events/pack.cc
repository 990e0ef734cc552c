#include <algorithm>
#include <cstring>
#include <utility>

#include "events/codec.h"
#include "events/packer.h"
#include "events/result.h"

namespace sluice {
namespace {

// How far back an equal vtable is looked for; lists of one type find theirs at once.
constexpr size_t kVtablesBackMax = 128;

}  // namespace

void Packer::Pack(const Type& type, const void* table, Bytes* out) {
  buffer_.Clear();
  vtables_.clear();
  scope_ = ++scopes_;
  Root(type, table);
  out->assign(buffer_.bytes());
}

void Packer::Root(const Type& type, const void* table) {
  const size_t at = buffer_.Extend(4);
  buffer_.StoreOffset(at, type.ops.pack(*this, table));
}

void Packer::WorkOut(const Layout& layout, uint64_t present, Frame* frame) {
  // Widest first, so that nothing but the front needs padding.
  size_t of_width[9] = {};
  size_t slots = 0;
  for (size_t i = 0; i < layout.ids.size(); ++i) {
    if ((present >> i & 1) == 0) continue;
    ++of_width[layout.widths[i]];
    slots = size_t{layout.ids[i]} + 1;
  }
  size_t next[9] = {};
  next[8] = 4;
  next[4] = next[8] + 8 * of_width[8];
  next[2] = next[4] + 4 * of_width[4];
  next[1] = next[2] + 2 * of_width[2];
  frame->layout = &layout;
  frame->present = present;
  frame->scope = 0;
  frame->size = static_cast<uint16_t>(next[1] + of_width[1]);
  frame->alignment = of_width[8] != 0 ? 8 : 4;
  frame->words.assign(2 + slots, 0);
  frame->words[0] = static_cast<uint16_t>(4 + 2 * slots);
  frame->words[1] = frame->size;
  for (size_t i = 0; i < layout.ids.size(); ++i) {
    if ((present >> i & 1) == 0) continue;
    size_t& at = next[layout.widths[i]];
    frame->words[2 + size_t{layout.ids[i]}] = static_cast<uint16_t>(at);
    at += layout.widths[i];
  }
}

Packer::Frame& Packer::FrameOf(const Layout& layout, uint64_t present) {
  constexpr uint64_t kMix = 0x9e37'79b9'7f4a'7c15;
  const uint64_t hash = (reinterpret_cast<uintptr_t>(&layout) ^ present * kMix) * kMix;
  Frame& frame = frames_[hash >> 56];
  if (frame.layout != &layout || frame.present != present) [[unlikely]]
    WorkOut(layout, present, &frame);
  return frame;
}

Packer::Slots Packer::Open(const Layout& layout, uint64_t present) {
  Frame& frame = FrameOf(layout, present);
  if (frame.scope != scope_) {
    frame.vtable = Vtable(frame.words);
    frame.scope = scope_;
  }
  buffer_.Align(frame.alignment, frame.alignment - 4U);
  const size_t at = buffer_.Extend(frame.size);
  buffer_.Store(at, static_cast<int32_t>(at - frame.vtable));
  return {at, frame.vtable};
}

size_t Packer::Vtable(std::span<const uint16_t> words) {
  buffer_.Align(2);
  const size_t vtable = buffer_.size();
  buffer_.Append(words.data(), words.size_bytes());
  return Shared(vtable);
}

size_t Packer::Shared(size_t vtable) {
  const size_t size = buffer_.size() - vtable;
  const auto lengths = buffer_.Load<uint32_t>(vtable);
  const size_t begin =
      std::max(vtables_begin_, vtables_.size() - std::min(vtables_.size(), kVtablesBackMax));
  for (size_t i = vtables_.size(); i > begin; --i) {
    const size_t known = vtables_[i - 1];
    // Both lengths first: most differ there, and the comparison then stays within the buffer.
    if (buffer_.Load<uint32_t>(known) == lengths &&
        std::memcmp(buffer_.At(known), buffer_.At(vtable), size) == 0) {
      buffer_.Truncate(vtable);
      return known;
    }
  }
  vtables_.push_back(vtable);
  return vtable;
}

size_t Packer::Offsets(size_t count) {
  buffer_.Align(4);
  const size_t at = buffer_.Extend(4 + 4 * count);
  buffer_.Store(at, static_cast<uint32_t>(count));
  return at;
}

size_t Packer::Pair(bool first, bool second) {
  auto& known = pairs_[first][second];
  if (known.scope != scope_) {
    const uint16_t slots = second ? 2 : first ? 1 : 0;
    const std::array<uint16_t, 4> words = {static_cast<uint16_t>(4 + 2 * slots), 12,
                                           first ? uint16_t{4} : uint16_t{0}, 8};
    known.vtable = Vtable({words.data(), size_t{2} + slots});
    known.scope = scope_;
  }
  buffer_.Align(4);
  const size_t at = buffer_.Extend(12);
  buffer_.Store(at, static_cast<int32_t>(at - known.vtable));
  return at;
}

size_t Packer::Any(const AnyTable& any) {
  const size_t at = Pair(bool{any}, bool{any});
  if (!any) return at;
  buffer_.StoreOffset(at + 4, buffer_.AppendString(any.type_name()));
  // Aligned as a buffer of its own, so that it may be read in place.
  const size_t data = buffer_.AppendBytes(any.unknown_bytes(), 8);
  buffer_.StoreOffset(at + 8, data);
  if (any.type() == nullptr) return at;
  // Nothing in the payload may point out of it, to a vtable of its holder neither.
  const size_t vtables_begin = std::exchange(vtables_begin_, vtables_.size());
  const uint64_t scope = std::exchange(scope_, ++scopes_);
  Root(*any.type(), any.data());
  scope_ = scope;
  vtables_.resize(vtables_begin_);
  vtables_begin_ = vtables_begin;
  buffer_.Store(data, static_cast<uint32_t>(buffer_.size() - data - 4));
  return at;
}

size_t Packer::Map(const std::map<std::string, std::string>& map) {
  const size_t at = Offsets(map.size());
  size_t slot = at + 4;
  for (const auto& [key, value] : map) {
    const size_t pair = Pair(!key.empty(), !value.empty());
    buffer_.StoreOffset(slot, pair);
    if (!key.empty()) buffer_.StoreOffset(pair + 4, buffer_.AppendString(key));
    if (!value.empty()) buffer_.StoreOffset(pair + 8, buffer_.AppendString(value));
    slot += 4;
  }
  return at;
}

size_t Packer::Texts(const std::vector<std::string>& texts) {
  const size_t at = Offsets(texts.size());
  size_t slot = at;
  for (const std::string& text : texts) buffer_.StoreOffset(slot += 4, Text(text));
  return at;
}

size_t Packer::Anys(const std::vector<AnyTable>& payloads) {
  const size_t at = Offsets(payloads.size());
  size_t slot = at;
  for (const AnyTable& any : payloads) buffer_.StoreOffset(slot += 4, Any(any));
  return at;
}

void PackInto(const Type& type, const void* table, Bytes* out) {
  // One per thread, so that its memory is used again.
  static thread_local Packer packer;
  packer.Pack(type, table, out);
}

Bytes Pack(const Type& type, const void* table) {
  Bytes bytes;
  PackInto(type, table, &bytes);
  return bytes;
}

}  // namespace sluice
