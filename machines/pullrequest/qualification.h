// The rules by which a pull request qualifies. Pure functions of the spec and what is known of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machines/common/generic_commands.h"
#include "machines/pullrequest/pullrequest.h"

namespace sluice::pullrequest {

struct Judgement {
  enum class Verdict : uint8_t {
    kPass = 0,
    kFail = 1,
    kUnknown = 2,  // Something the rules read was not seen yet for this commit.
  };
  Verdict verdict = Verdict::kPass;
  std::string message;            // Every rule that does not pass, or what is not known.
  bool awaits_mergeable = false;  // Of what is not known, only whether it can be merged.
};

Judgement Judge(const PullRequest& request);

// What the rules will read of the changed files, and what their paths capture.
FilesVerdict JudgeFiles(const std::vector<std::string>& files, bool truncated,
                        const FilePatterns& patterns);
std::vector<DeliveryTarget> TargetsOf(const std::vector<std::string>& files,
                                      const FilePatterns& patterns);

void ValidateQualification(const Qualification& rules, FieldErrors& errors);

}  // namespace sluice::pullrequest
