#include "projections/past_fold.h"

#include "machines/common/step.h"

namespace sluice {

Result<void> PastFold::Add(uint64_t sequence, std::string_view bytes) {
  if (auto unpacked = UnpackToFold(bytes, &folded_); !unpacked) return unpacked;
  if (!folded_.record.decision) return {};
  const Decision& decision = *folded_.record.decision;
  ++decisions_;
  if (FoldedEntity(decision) != key_) return {};
  FoldMarks(entity_.marks, decision, sequence);
  const uint64_t version = entity_.state->version;
  try {
    FoldDecision(*entity_.kind, *entity_.state, decision);
  } catch (const InvariantViolation& violation) {
    return Err(ErrorCode::kUnknownType, "decision {}: {}", sequence, violation.what());
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kCorruption, "{}: {}", key_, failure.what());
  }
  if (entity_.state->version != version) entity_.sequence = sequence;
  if (decision.verdict == Verdict::kAccepted) {
    has_hash_ = true;
    hash_ = decision.state_hash;
    checked_at_ = sequence;
  }
  return {};
}

Result<void> PastFold::Check() const {
  if (!has_hash_ || entity_.state->Hash() == hash_) return {};
  return Err(ErrorCode::kCorruption,
             "I5: {} at {} hashes to {}, recorded is {}; 'sluice verify' finds where it parts",
             key_, checked_at_, ToHex(entity_.state->Hash()), ToHex(hash_));
}

}  // namespace sluice
