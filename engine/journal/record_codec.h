// Bytes of what the embedded journal stores, without the store: keys, batches of records, dead
// letters. The grammar is in docs/formats/journal.md. Pure functions; reading never trusts its
// input.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/journal/journal.h"

namespace sluice::journal {

// Key families of a partition. Events sort first: see docs/formats/journal.md, trade-offs.
enum class KeyFamily : char {
  kEvents = 'e',     // first sequence of a batch -> records
  kInternal = 'i',   // offset -> internal record not yet decided
  kCounters = 'n',   // -> Counters
  kUndecoded = 'u',  // number -> dead letter
};

std::string MakeKey(KeyFamily family, uint64_t number);
std::string FamilyBegin(KeyFamily family);
std::string FamilyEnd(KeyFamily family);  // Exclusive.
std::optional<uint64_t> ParseKey(KeyFamily family, std::string_view key);

Bytes EncodeRecords(std::span<const Bytes> records);

// Walks a batch: `Next` is false at its end and at the first byte that makes no sense; `ok` tells
// which.
class RecordsReader {
 public:
  explicit RecordsReader(std::string_view batch);

  bool Next(std::string_view* record);
  uint32_t count() const { return count_; }  // As the batch says.
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  uint32_t count_ = 0;
  uint32_t read_ = 0;
  bool ok_ = true;
};

Bytes EncodeInternal(Time timestamp, std::string_view payload);
std::optional<InputRecord> DecodeInternal(uint64_t offset, std::string_view bytes);

Bytes EncodeDeadLetter(const DeadLetter& letter);
std::optional<DeadLetter> DecodeDeadLetter(uint64_t number, std::string_view bytes);

// What a partition counts beside its events.
struct Counters {
  uint64_t next_internal_offset = 0;
  uint64_t next_dead_letter = 0;
};
Bytes EncodeCounters(const Counters& counters);
std::optional<Counters> DecodeCounters(std::string_view bytes);

inline constexpr uint32_t kFormatVersion = 1;

// The journal as a whole. A newer format's bytes decode to the version alone.
struct Meta {
  uint32_t format_version = kFormatVersion;
  uint32_t partitions = 0;
  Hash128 epoch;
};
Bytes EncodeMeta(const Meta& meta);
std::optional<Meta> DecodeMeta(std::string_view bytes);

}  // namespace sluice::journal
