#include "events/logical.h"

#include <algorithm>
#include <cstring>

#include "events/logical_writer.h"

namespace sluice {
namespace {

// What stands before an AnyTable's content.
constexpr char kUnknownTable = 0;
constexpr char kKnownTable = 1;

// One per thread, so that its memory is used again. Encoding does not come back to itself.
LogicalWriter& EmptyWriter() {
  static thread_local LogicalWriter writer;
  writer.Clear();
  return writer;
}

}  // namespace

void LogicalWriter::Grow(size_t more) {
  const size_t size = Size();
  const size_t capacity = std::max(2 * (size + more), size_t{4096});
  std::unique_ptr<char[]> data(new char[capacity]);
  if (size != 0) std::memcpy(data.get(), data_.get(), size);
  data_ = std::move(data);
  at_ = data_.get() + size;
  end_ = data_.get() + capacity;
}

void LogicalWriter::PutLongPair(uint64_t first, uint64_t second) {
  at_ = Varint(Varint(at_, first), second);
}

void KeptEncoding::Keep(std::string_view bytes) const {
  const auto size = static_cast<uint32_t>(bytes.size());
  char* kept = new char[sizeof(size) + bytes.size()];
  std::memcpy(kept, &size, sizeof(size));
  std::memcpy(kept + sizeof(size), bytes.data(), bytes.size());
  const char* none = nullptr;
  if (!kept_.compare_exchange_strong(none, kept, std::memory_order_acq_rel)) delete[] kept;
}

void LogicalWriter::PutText(std::string_view text) {
  PutVarint(text.size());
  Copy(Extend(text.size()), text.data(), text.size());
}

void LogicalWriter::PutAny(const AnyTable& any) {
  PutText(any.type_name());
  if (!any) return;
  *Extend(1) = any.type() != nullptr ? kKnownTable : kUnknownTable;
  if (any.type() != nullptr) return any.type()->ops.encode(any.data(), *this);
  PutText(any.unknown_bytes());
}

void LogicalWriter::Map(uint32_t id, const std::map<std::string, std::string>& map) {
  if (!PutCount(id, map.size())) return;
  for (const auto& [key, value] : map) {
    PutText(key);
    PutText(value);
  }
}

void LogicalWriter::Texts(uint32_t id, const std::vector<std::string>& texts) {
  if (!PutCount(id, texts.size())) return;
  for (const std::string& text : texts) PutText(text);
}

void LogicalWriter::Anys(uint32_t id, const std::vector<AnyTable>& payloads) {
  if (!PutCount(id, payloads.size())) return;
  for (const AnyTable& any : payloads) PutAny(any);
}

void AppendLogical(const Type& type, const void* table, std::string* out) {
  LogicalWriter& writer = EmptyWriter();
  type.ops.encode(table, writer);
  out->append(writer.bytes());
}

Hash128 LogicalHash(const Type& type, const void* table) {
  LogicalWriter& writer = EmptyWriter();
  type.ops.encode(table, writer);
  return Xxh128(writer.bytes());
}

}  // namespace sluice
