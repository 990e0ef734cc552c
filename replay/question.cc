#include "replay/question.h"

#include <array>
#include <charconv>
#include <variant>

#include "events/entity_key.h"
#include "replay/answers.h"

namespace sluice::replay {
namespace {

struct Known {
  std::string_view verb;
  Result<Json> (*answer)(const Asking&);
};

constexpr std::array<Known, 7> kKnown = {{
    {"verify", &AnswerVerify},
    {"what-if", &AnswerVerify},
    {"why", &AnswerWhy},
    {"diff", &AnswerDiff},
    {"history", &AnswerHistory},
    {"replay", &AnswerReplay},
    {"export", &AnswerExport},
}};

}  // namespace

std::string Question::Get(std::string_view name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

bool Asking::Progress(uint64_t done, uint64_t total) const {
  return emit(DumpJson({{"progress", {{"done", done}, {"total", total}}}}));
}

bool Asking::Item(const Json& item) const { return emit(DumpJson({{"item", item}})); }

bool Asking::ItemText(const std::string& json) const { return emit("{\"item\":" + json + "}"); }

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ParsedJson(std::string_view text) {
  if (text.empty()) return nullptr;
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_discarded() ? Json(std::string(text)) : parsed;
}

Json DiffJson(const std::vector<FieldDiff>& fields) {
  Json list = Json::array();
  for (const FieldDiff& field : fields) {
    list.push_back({{"path", field.path},
                    {"before", ParsedJson(field.before)},
                    {"after", ParsedJson(field.after)}});
  }
  return list;
}

Result<std::string> EntityParameter(const Asking& asking, std::string_view name) {
  const std::string text = asking.question.Get(name);
  const auto key = ParseEntityKey(text);
  if (!key) return Err(ErrorCode::kInvalid, "{}: {}", name, key.error().message);
  if (asking.archive.kinds().Find(key->kind) == nullptr) {
    return Err(ErrorCode::kInvalid, "{}: there is no kind {}", name, key->kind);
  }
  return text;
}

Result<void> CheckEverWas(const Archive& archive, std::string_view entity) {
  const auto first = archive.Sequences(entity, 0, 1);
  if (!first) return tl::unexpected(first.error());
  if (!first->empty()) return {};
  return Err(ErrorCode::kNotFound, "{} never was: no decision is about it", entity);
}

Result<uint64_t> NumberParameter(const Asking& asking, std::string_view name, uint64_t fallback) {
  const std::string text = asking.question.Get(name);
  if (text.empty()) return fallback;
  uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) {
    return Err(ErrorCode::kInvalid, "{}: '{}' is no number", name, text);
  }
  return number;
}

Result<DecisionPosition> ParsePosition(std::string_view text, uint32_t partitions) {
  auto version = ParseResourceVersion(text, partitions);
  if (!version) return tl::unexpected(version.error());
  const auto* position = std::get_if<DecisionPosition>(&*version);
  if (position == nullptr) {
    return Err(ErrorCode::kInvalid, "'{}' is no position of one decision", text);
  }
  return *position;
}

bool IsQuestion(std::string_view verb) {
  for (const Known& known : kKnown) {
    if (known.verb == verb) return true;
  }
  return false;
}

void Ask(const Archive& archive, const Question& question, const AskOptions& options,
         const EmitLine& emit) {
  const Asking asking{archive, question, options, emit};
  for (const Known& known : kKnown) {
    if (known.verb != question.verb) continue;
    const auto answer = known.answer(asking);
    if (answer) {
      emit(DumpJson({{"result", *answer}}));
    } else {
      emit(DumpJson({{"error",
                      {{"code", std::string(ToString(answer.error().code))},
                       {"message", answer.error().message}}}}));
    }
    return;
  }
}

}  // namespace sluice::replay
