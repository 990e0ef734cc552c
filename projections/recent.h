// Recent: what lately happened to an entity, kept in its own row until there is enough of it to be
// worth rows elsewhere (docs/formats/projections.md).
//
// A decision writes its entity's row anyway, so keeping its place in the history and its command
// there saves two rows of three, and whoever asks whether a command id is known has the answer with
// the entity.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/projections.gen.h"
#include "events/result.h"

namespace sluice::store {

// More of either go to `history` and `commands`.
inline constexpr size_t kRecentMax = 16;

// What a command's id is known by within its entity.
Hash128 CommandIdHash(std::string_view id);

class Recent {
 public:
  using Commands = std::vector<std::pair<Hash128, RememberedCommand>>;

  // --- Decisions that a fold reads, and that `history` has no row of
  void AddDecision(uint64_t sequence);
  std::vector<uint64_t> decisions() const;  // ascending
  // All of them where they are too many, to be written to `history`; else none.
  std::vector<uint64_t> TakeDecisions();

  // --- Remembered commands that `commands` has no row of, by CommandIdHash
  std::optional<RememberedCommand> Find(Hash128 id) const;
  // In the place of an older one of the same id. There are not too many: TakeCommands comes
  // between, however many a replay remembers, so that what one costs does not grow with them.
  void Remember(Hash128 id, const RememberedCommand& command);
  Commands commands() const;  // as they were remembered
  // All of them where they are too many, ascending by id, to be written to `commands`; else none.
  Commands TakeCommands();
  // When the last of those was decided: until it is forgotten, one that is not here may be there.
  Time taken_until() const { return taken_until_; }

  // Appends; nothing where there is nothing.
  void Encode(std::string* out) const;
  // kCorruption.
  static Result<Recent> Decode(std::string_view bytes);
  // Of its texts.
  size_t ByteSize() const { return decisions_.size() + commands_.size(); }

  bool operator==(const Recent&) const = default;

 private:
  // Packed: for one that is asked for, thousands lie here.
  std::string decisions_;
  std::string commands_;
  uint64_t last_decision_ = 0;
  uint32_t decision_count_ = 0;
  uint32_t command_count_ = 0;
  Time taken_until_;
};

}  // namespace sluice::store
