#include "projections/decision_json.h"

#include "events/json.h"
#include "projections/resource_version.h"

namespace sluice {
namespace {

// Members one after the other; text is quoted, JSON is not.
class ObjectWriter {
 public:
  void Json(std::string_view name, std::string_view json) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_.append(name).append("\":").append(json);
  }
  void Text(std::string_view name, std::string_view text) {
    if (!text.empty()) Json(name, QuoteJson(text));
  }
  void Number(std::string_view name, uint64_t number) { Json(name, std::to_string(number)); }
  std::string Take() && { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

template <class List, class Make>
std::string Array(const List& list, const Make& make) {
  std::string json = "[";
  for (const auto& element : list) {
    if (json.size() > 1) json.push_back(',');
    json += make(element);
  }
  return json + "]";
}

std::string TableJson(const AnyTable& table) {
  return table.type() != nullptr ? ToJson(*table.type(), table.data()) : "{}";
}

void AddCommandType(const AnyTable& payload, ObjectWriter& json) {
  json.Text("command", payload.type() != nullptr ? payload.type()->wire_name : payload.type_name());
  json.Json("payload", TableJson(payload));
}

std::string CommandJson(const Command& command) {
  ObjectWriter json;
  json.Text("id", command.derived_id ? "" : command.id);
  json.Text("entity", command.entity);
  AddCommandType(command.payload, json);
  if (command.expected_version) json.Number("expectedVersion", *command.expected_version);
  json.Text("actor", command.actor);
  json.Text("correlationId", command.correlation_id);
  if (command.source) {
    json.Text("sender", command.source->entity);
    json.Text("cause", FormatPosition(command.source->partition, command.source->sequence));
  }
  return std::move(json).Take();
}

std::string TypedJson(const AnyTable& table) {
  ObjectWriter json;
  json.Text("type", table.type_name());
  json.Json("payload", TableJson(table));
  return std::move(json).Take();
}

std::string RejectionJson(const RejectionRecord& rejection) {
  ObjectWriter json;
  json.Text("code", ToString(rejection.code));
  json.Text("field", rejection.field);
  json.Text("message", rejection.message);
  return std::move(json).Take();
}

std::string FollowUpJson(const FollowUp& follow_up) {
  ObjectWriter json;
  if (follow_up.command) {
    json.Text("entity", follow_up.command->entity);
    AddCommandType(follow_up.command->payload, json);
  }
  json.Number("partition", follow_up.target_partition);
  json.Number("number", follow_up.number);
  return std::move(json).Take();
}

std::string TimerJson(const TimerChange& timer) {
  ObjectWriter json;
  json.Text("id", timer.id);
  json.Text("due", timer.due.IsSet() ? FormatTime(timer.due) : "");
  return std::move(json).Take();
}

std::string EffectsJson(const Effects& effects) {
  ObjectWriter json;
  if (!effects.follow_ups.empty()) json.Json("followUps", Array(effects.follow_ups, FollowUpJson));
  if (!effects.timers.empty()) json.Json("timers", Array(effects.timers, TimerJson));
  return std::move(json).Take();
}

}  // namespace

std::string DecisionJson(const LogRecord& record) {
  CHECK(record.decision.has_value());
  const Decision& decision = *record.decision;
  ObjectWriter json;
  json.Text("position", FormatPosition(record.partition, record.sequence));
  json.Text("time", FormatTime(decision.time));
  if (decision.command) {
    json.Text("actor", decision.command->actor);
    json.Json("command", CommandJson(*decision.command));
  }
  json.Text("verdict", ToString(decision.verdict));
  json.Number("version", decision.version);
  if (decision.rejection) json.Json("rejection", RejectionJson(*decision.rejection));
  json.Json("events",
            Array(decision.events, [](const Event& event) { return TypedJson(event.payload); }));
  json.Json("effects", EffectsJson(decision.effects));
  if (decision.reply) json.Json("reply", TypedJson(decision.reply));
  if (decision.reply_deferred) json.Json("replyDeferred", "true");
  if (decision.duplicate_of) {
    json.Text("duplicateOf",
              FormatPosition(decision.duplicate_of->partition, decision.duplicate_of->sequence));
  }
  if (decision.state_hash != Hash128{}) json.Text("stateHash", ToHex(decision.state_hash));
  return std::move(json).Take();
}

}  // namespace sluice
