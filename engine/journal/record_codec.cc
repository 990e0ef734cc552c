#include "engine/journal/record_codec.h"

#include <limits>
#include <utility>

namespace sluice::journal {
namespace {

void PutBigEndian(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = bytes; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
}

bool TakeBigEndian(std::string_view* rest, size_t bytes, uint64_t* value) {
  if (rest->size() < bytes) return false;
  *value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    *value = *value << 8 | static_cast<unsigned char>((*rest)[i]);
  }
  rest->remove_prefix(bytes);
  return true;
}

void PutVarint(uint32_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view* rest, uint32_t* value) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift <= 28 && !rest->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest->front());
    rest->remove_prefix(1);
    result |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) {
      *value = static_cast<uint32_t>(result);
      return result <= std::numeric_limits<uint32_t>::max();
    }
  }
  return false;
}

bool TakeBytes(std::string_view* rest, size_t size, std::string_view* bytes) {
  if (rest->size() < size) return false;
  *bytes = rest->substr(0, size);
  rest->remove_prefix(size);
  return true;
}

uint32_t Size32(size_t size) {
  CHECK(size <= std::numeric_limits<uint32_t>::max());
  return static_cast<uint32_t>(size);
}

}  // namespace

std::string MakeKey(KeyFamily family, uint64_t number) {
  std::string key(1, static_cast<char>(family));
  PutBigEndian(number, 8, &key);
  return key;
}

std::string FamilyBegin(KeyFamily family) { return std::string(1, static_cast<char>(family)); }

std::string FamilyEnd(KeyFamily family) {
  return std::string(1, static_cast<char>(static_cast<char>(family) + 1));
}

std::optional<uint64_t> ParseKey(KeyFamily family, std::string_view key) {
  uint64_t number = 0;
  if (key.size() != 9 || key.front() != static_cast<char>(family)) return std::nullopt;
  key.remove_prefix(1);
  if (!TakeBigEndian(&key, 8, &number)) return std::nullopt;
  return number;
}

Bytes EncodeRecords(std::span<const Bytes> records) {
  size_t size = 5;
  for (const Bytes& record : records) size += record.size() + 5;
  Bytes batch;
  batch.reserve(size);
  PutVarint(Size32(records.size()), &batch);
  for (const Bytes& record : records) {
    PutVarint(Size32(record.size()), &batch);
    batch += record;
  }
  return batch;
}

RecordsReader::RecordsReader(std::string_view batch) : rest_(batch) {
  ok_ = TakeVarint(&rest_, &count_);
}

bool RecordsReader::Next(std::string_view* record) {
  if (!ok_) return false;
  if (read_ == count_) {
    ok_ = rest_.empty();
    return false;
  }
  uint32_t size = 0;
  ok_ = TakeVarint(&rest_, &size) && TakeBytes(&rest_, size, record);
  if (ok_) ++read_;
  return ok_;
}

Bytes EncodeInternal(Time timestamp, std::string_view payload) {
  Bytes bytes;
  bytes.reserve(8 + payload.size());
  PutBigEndian(static_cast<uint64_t>(timestamp.us), 8, &bytes);
  bytes += payload;
  return bytes;
}

std::optional<InputRecord> DecodeInternal(uint64_t offset, std::string_view bytes) {
  uint64_t timestamp_us = 0;
  if (!TakeBigEndian(&bytes, 8, &timestamp_us)) return std::nullopt;
  InputRecord record;
  record.input = Input::kInternal;
  record.offset = offset;
  record.timestamp = Time{static_cast<int64_t>(timestamp_us)};
  record.payload = bytes;
  return record;
}

Bytes EncodeDeadLetter(const DeadLetter& letter) {
  Bytes bytes;
  bytes.reserve(23 + letter.reason.size() + letter.payload.size());
  bytes.push_back(static_cast<char>(letter.input));
  bytes.push_back(letter.is_json ? '\1' : '\0');
  PutBigEndian(letter.offset, 8, &bytes);
  PutBigEndian(static_cast<uint64_t>(letter.time.us), 8, &bytes);
  PutVarint(Size32(letter.reason.size()), &bytes);
  bytes += letter.reason;
  bytes += letter.payload;
  return bytes;
}

std::optional<DeadLetter> DecodeDeadLetter(uint64_t number, std::string_view bytes) {
  uint64_t input = 0;
  uint64_t is_json = 0;
  uint64_t time_us = 0;
  uint32_t reason_size = 0;
  std::string_view reason;
  DeadLetter letter;
  if (!TakeBigEndian(&bytes, 1, &input) || !TakeBigEndian(&bytes, 1, &is_json) ||
      !TakeBigEndian(&bytes, 8, &letter.offset) || !TakeBigEndian(&bytes, 8, &time_us) ||
      !TakeVarint(&bytes, &reason_size) || !TakeBytes(&bytes, reason_size, &reason) ||
      input > static_cast<uint64_t>(Input::kParked) || is_json > 1) {
    return std::nullopt;
  }
  letter.number = number;
  letter.payload = bytes;
  letter.reason = reason;
  letter.input = static_cast<Input>(input);
  letter.time = Time{static_cast<int64_t>(time_us)};
  letter.is_json = is_json == 1;
  return letter;
}

Bytes EncodeCounters(const Counters& counters) {
  Bytes bytes;
  PutBigEndian(counters.next_internal_offset, 8, &bytes);
  PutBigEndian(counters.next_dead_letter, 8, &bytes);
  return bytes;
}

std::optional<Counters> DecodeCounters(std::string_view bytes) {
  Counters counters;
  if (!TakeBigEndian(&bytes, 8, &counters.next_internal_offset) ||
      !TakeBigEndian(&bytes, 8, &counters.next_dead_letter) || !bytes.empty()) {
    return std::nullopt;
  }
  return counters;
}

Bytes EncodeMeta(const Meta& meta) {
  Bytes bytes;
  PutBigEndian(meta.format_version, 4, &bytes);
  PutBigEndian(meta.partitions, 4, &bytes);
  PutBigEndian(meta.epoch.hi, 8, &bytes);
  PutBigEndian(meta.epoch.lo, 8, &bytes);
  return bytes;
}

std::optional<Meta> DecodeMeta(std::string_view bytes) {
  Meta meta;
  uint64_t version = 0;
  uint64_t partitions = 0;
  if (!TakeBigEndian(&bytes, 4, &version)) return std::nullopt;
  meta.format_version = static_cast<uint32_t>(version);
  if (meta.format_version > kFormatVersion) return meta;
  if (!TakeBigEndian(&bytes, 4, &partitions) || !TakeBigEndian(&bytes, 8, &meta.epoch.hi) ||
      !TakeBigEndian(&bytes, 8, &meta.epoch.lo) || !bytes.empty() || partitions == 0) {
    return std::nullopt;
  }
  meta.partitions = static_cast<uint32_t>(partitions);
  return meta;
}

}  // namespace sluice::journal
