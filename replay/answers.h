// How each question is answered (question.h). Results are JSON texts.
#pragma once

#include <nlohmann/json.hpp>

#include "events/paths.h"
#include "replay/question.h"
#include "replay/verify.h"

namespace sluice::replay {

using Json = nlohmann::ordered_json;

struct Asking {
  const Archive& archive;
  const Question& question;
  const AskOptions& options;
  const EmitLine& emit;

  // False: nobody listens any more.
  bool Progress(uint64_t done, uint64_t total) const;
  bool Item(const Json& item) const;
  bool ItemText(const std::string& json) const;
};

Result<Json> AnswerVerify(const Asking& asking);
// parameters: entity with condition or field and at; or position; or id.
Result<Json> AnswerWhy(const Asking& asking);
// from, to; entity, or kind and namespace, or nothing for everything. An item per entity.
Result<Json> AnswerDiff(const Asking& asking);
// entity; since, until, command, verdict, from, last. An item per decision.
Result<Json> AnswerHistory(const Asking& asking);
// entities; from, to, until, bisect, state. An item per step.
Result<Json> AnswerReplay(const Asking& asking);

// entity, or kind and namespace; from, to; causes; redact (paths with commas). The header is the
// first item, then one per record.
Result<Json> AnswerExport(const Asking& asking);

// --- Shared by answers ---
// The parameter `name` as an entity's key. kInvalid: it is none, or of a kind there is none of.
Result<std::string> EntityParameter(const Asking& asking, std::string_view name);
// kNotFound: no decision is about it.
Result<void> CheckEverWas(const Archive& archive, std::string_view entity);
// A number; `fallback` when absent.
Result<uint64_t> NumberParameter(const Asking& asking, std::string_view name, uint64_t fallback);
Result<DecisionPosition> ParsePosition(std::string_view text, uint32_t partitions);
Json DiffJson(const std::vector<FieldDiff>& fields);
// What JSON text says; as a string where it is none.
Json ParsedJson(std::string_view text);
// The bytes as text; what is no UTF-8 is replaced.
std::string DumpJson(const Json& json);

}  // namespace sluice::replay
