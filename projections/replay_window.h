// ReplayWindow: a stretch of the log, taken in order and given back entity by entity.
//
// What two decisions do to two entities commutes, so each entity's can be folded one after the
// other, while its state is in the processor's cache, and its rows written in their order at once.
// Holds the records' bytes, nothing that is made of them. Not for several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice {

class ReplayWindow {
 public:
  // Keeps copies. Ascending by sequence.
  void Add(uint64_t sequence, std::string_view entity, std::string_view record);
  // A record that is about no entity, so that it counts.
  void AddOther() { ++decisions_; }
  void Clear();

  size_t decisions() const { return decisions_; }
  // Of what was added: what it holds, within a chunk.
  size_t ByteSize() const { return bytes_; }

  struct Record {
    uint64_t sequence = 0;
    std::string_view bytes;
  };
  // One entity and, ascending, its records.
  struct Run {
    std::string_view entity;
    std::string_view prefix;  // of its rows
    uint32_t first = 0;       // for First
  };
  // In order of their rows. Valid until the next Add or Clear.
  std::vector<Run> Runs();

  // Calls `visit` for the run's records in order, until it returns false.
  template <class Visit>
  void ForEach(const Run& run, const Visit& visit) const {
    for (uint32_t at = run.first; at != kNone; at = records_[at].next) {
      if (!visit(Record{records_[at].sequence, {records_[at].data, records_[at].size}})) return;
    }
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Slot {
    uint64_t sequence;
    const char* data;
    uint32_t size;
    uint32_t next;  // of the same entity
  };
  struct Ends {
    uint32_t first;
    uint32_t last;
  };

  std::string_view Keep(std::string_view bytes);

  struct Unmap {
    size_t size;
    void operator()(char* chunk) const;
  };
  static std::unique_ptr<char, Unmap> MapChunk(size_t size);

  // Those up to `used_` hold something; the others were used by an earlier window.
  std::vector<std::unique_ptr<char, Unmap>> chunks_;
  size_t used_ = 0;
  size_t room_ = 0;  // left in the last one used
  char* at_ = nullptr;
  std::vector<Slot> records_;
  std::unordered_map<std::string_view, Ends> entities_;
  size_t decisions_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sluice
