#include "engine/command_json.h"

#include <nlohmann/json.hpp>

#include "events/json.h"

namespace sluice {
namespace {

using nlohmann::json;

// Reads the members of a command object, collecting faults.
class CommandReader {
 public:
  CommandReader(const json& object, const KindRegistry& kinds) : object_(object), kinds_(kinds) {}

  Result<Command> Read() {
    RefuseUnknownMembers();
    Command command;
    command.id = Text("id", false);
    command.entity = Text("entity", true);
    command.actor = Text("actor", false);
    command.correlation_id = Text("correlationId", false);
    ReadExpectedVersion(command);
    ReadPayload(command, Text("command", true));
    if (!faults_.empty()) return Err(ErrorCode::kInvalid, "{}", ToString(faults_));
    return command;
  }

 private:
  void Fault(std::string path, std::string message) {
    faults_.push_back({std::move(path), std::move(message)});
  }

  void RefuseUnknownMembers() {
    static constexpr std::string_view kMembers[] = {
        "id", "entity", "command", "payload", "expectedVersion", "actor", "correlationId"};
    for (const auto& [name, value] : object_.items()) {
      if (std::find(std::begin(kMembers), std::end(kMembers), name) == std::end(kMembers)) {
        Fault(name,
              "is no member of a command; there are id, entity, command, payload, "
              "expectedVersion, actor and correlationId");
      }
    }
  }

  std::string Text(const char* name, bool required) {
    const auto member = object_.find(name);
    if (member == object_.end() || member->is_null()) {
      if (required) Fault(name, "is missing");
      return "";
    }
    if (!member->is_string()) {
      Fault(name, "is no string");
      return "";
    }
    return member->get<std::string>();
  }

  void ReadExpectedVersion(Command& command) {
    const auto member = object_.find("expectedVersion");
    if (member == object_.end() || member->is_null()) return;
    if (!member->is_number_unsigned()) {
      Fault("expectedVersion", "is no version: a whole number from 0 on");
      return;
    }
    command.expected_version = member->get<uint64_t>();
  }

  void ReadPayload(Command& command, const std::string& name) {
    if (command.entity.empty() || name.empty()) return;
    auto key = ParseEntityKey(command.entity);
    if (!key) {
      Fault("entity", key.error().message);
      // Its kind may be known all the same, and with it what its payload is to be.
      key = EntityKey{command.entity.substr(0, command.entity.find('/')), "default", "default"};
    }
    const KindInfo* kind = kinds_.Find(key->kind);
    if (!kind) {
      if (faults_.empty()) Fault("entity", "there is no kind '" + key->kind + "'");
      return;
    }
    const Type* type = nullptr;
    if (const CommandInfo* info = kind->FindCommandByWireName(name)) {
      type = info->type;
    } else if (name == TypeOf<Release>().wire_name) {
      type = &TypeOf<Release>();
    } else {
      return Fault("command", key->kind + " has no command '" + name + "'");
    }
    void* table = nullptr;
    command.payload = AnyTable::Make(*type, &table);
    const auto member = object_.find("payload");
    std::vector<FieldError> unread;
    if (member != object_.end() && !member->is_null()) {
      auto read = FromJson(*type, member->dump(-1, ' ', false, json::error_handler_t::replace),
                           table, "payload");
      if (!read) unread = std::move(read.error());
    }
    faults_.insert(faults_.end(), unread.begin(), unread.end());
    // Without a fault so far it is the machine that looks.
    if (faults_.empty() || name != "Apply" || kind->spec_faults == nullptr) return;
    AddMeaning(kind->spec_faults(*key, table), unread);
  }

  // What is wrong with what could be read, but for what lies where something could not.
  void AddMeaning(const std::vector<FieldError>& found, const std::vector<FieldError>& unread) {
    constexpr std::string_view kPayload = "payload.";
    for (const FieldError& fault : found) {
      const std::string path = std::string(kPayload) + fault.path;
      const bool follows = std::any_of(unread.begin(), unread.end(), [&](const FieldError& other) {
        return IsWithin(path, other.path) || IsWithin(other.path, path);
      });
      if (!follows) Fault(path, fault.message);
    }
  }

  // Whether `path` is `outer`, or a part of it.
  static bool IsWithin(std::string_view path, std::string_view outer) {
    if (!path.starts_with(outer)) return false;
    return path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[';
  }

  const json& object_;
  const KindRegistry& kinds_;
  std::vector<FieldError> faults_;
};

void AppendMember(std::string& out, std::string_view name, std::string_view json_text) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
  out += json_text;
}

std::string AnyJson(const AnyTable& table) {
  return table.type() ? ToJson(*table.type(), table.data()) : "{}";
}

}  // namespace

Result<Command> CommandFromJson(std::string_view text, const KindRegistry& kinds) {
  if (text.size() > kCommandBytesMax) {
    return Err(ErrorCode::kInvalid, "a command of {} bytes; the bound is {}", text.size(),
               kCommandBytesMax);
  }
  json object;
  try {
    object = json::parse(text);
  } catch (const json::parse_error& error) {
    return Err(ErrorCode::kInvalid, "not JSON: {}", error.what());
  }
  if (!object.is_object()) return Err(ErrorCode::kInvalid, "a command is a JSON object");
  return CommandReader(object, kinds).Read();
}

std::string CommandToJson(const Command& command) {
  std::string out = "{";
  AppendMember(out, "id", QuoteJson(command.id));
  AppendMember(out, "entity", QuoteJson(command.entity));
  AppendMember(out, "command",
               QuoteJson(command.payload.type() ? command.payload.type()->wire_name
                                                : command.payload.type_name()));
  AppendMember(out, "payload", AnyJson(command.payload));
  if (command.expected_version) {
    AppendMember(out, "expectedVersion", std::to_string(*command.expected_version));
  }
  if (!command.actor.empty()) AppendMember(out, "actor", QuoteJson(command.actor));
  if (!command.correlation_id.empty()) {
    AppendMember(out, "correlationId", QuoteJson(command.correlation_id));
  }
  return out + "}";
}

CommandResult ResultOf(const LogRecord& record) {
  const Decision& decision = *record.decision;
  CommandResult result;
  if (decision.command) {
    result.id = decision.command->id;
    result.entity = decision.command->entity;
  }
  result.accepted = !decision.rejection.has_value();
  result.duplicate = decision.verdict == Verdict::kDuplicate;
  result.version = decision.version;
  result.position = fmt::format("{}:{}", record.partition, record.sequence);
  for (const Event& event : decision.events) result.events.push_back(event.payload);
  result.reply = decision.reply;
  result.rejection = decision.rejection;
  return result;
}

std::string ResultToJson(const CommandResult& result) {
  std::string out = "{";
  AppendMember(out, "id", QuoteJson(result.id));
  AppendMember(out, "entity", QuoteJson(result.entity));
  AppendMember(out, "accepted", result.accepted ? "true" : "false");
  AppendMember(out, "duplicate", result.duplicate ? "true" : "false");
  AppendMember(out, "version", std::to_string(result.version));
  AppendMember(out, "position", QuoteJson(result.position));
  std::string events = "[";
  for (const AnyTable& event : result.events) {
    if (events.size() > 1) events += ',';
    events += "{\"type\":" + QuoteJson(event.type_name()) + ",\"payload\":" + AnyJson(event) + "}";
  }
  AppendMember(out, "events", events + "]");
  if (result.reply) AppendMember(out, "reply", AnyJson(result.reply));
  if (result.rejection) {
    std::string rejection = "{";
    AppendMember(rejection, "code", QuoteJson(ToString(result.rejection->code)));
    if (!result.rejection->field.empty()) {
      AppendMember(rejection, "field", QuoteJson(result.rejection->field));
    }
    AppendMember(rejection, "message", QuoteJson(result.rejection->message));
    AppendMember(out, "rejection", rejection + "}");
  }
  return out + "}";
}

}  // namespace sluice
