// RecordFile: bytes kept for reading back at random: the last of them in memory, up to a bound,
// those before in a temporary file without a name, which goes with this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice::replay {

// Filled by one thread; read by any once that is done, and by the same meanwhile.
class RecordFile {
 public:
  struct Place {
    uint64_t offset = 0;
    uint32_t size = 0;
  };

  explicit RecordFile(size_t memory_bytes_max) : memory_bytes_max_(memory_bytes_max) {}
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  // kIo: the file cannot be made or written: the directory for temporary files is full, say.
  Result<Place> Add(std::string_view bytes);
  // What was added there. `chunk` is the caller's: what lies around it is read with it, for the
  // next one. The view is good until `chunk` is used again.
  struct Chunk {
    uint64_t offset = 0;
    std::string bytes;
  };
  Result<std::string_view> Read(Place place, Chunk* chunk, size_t read_ahead_bytes = 0) const;

  // Of all that was added, in the file.
  uint64_t spilled_bytes() const { return spilled_; }

 private:
  Result<void> Spill();

  const size_t memory_bytes_max_;
  std::string kept_;      // what begins at spilled_
  uint64_t spilled_ = 0;  // so many bytes are in the file
  int file_ = -1;
};

}  // namespace sluice::replay
