#include "replay/leftovers.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "events/codec.h"
#include "events/entity_key.h"
#include "replay/redact.h"

namespace sluice::replay {
namespace {

constexpr size_t kTextCharactersMin = 6;

using StringMap = std::map<std::string, std::string>;
using TextVisitor = std::function<void(const std::string& path, const std::string& text)>;

uint64_t KeyOf(std::string_view text) { return Xxh128(text).lo; }

// The texts of a table in the schema's order: as many before a redaction as behind it.
void VisitTexts(const Type& type, const void* table, const std::string& within,
                const TextVisitor& visit) {
  for (const Field& field : type.fields) {
    const void* where = field.In(table);
    const std::string path =
        fmt::format("{}{}{}", within, within.empty() ? "" : ".", field.json_name);
    const auto visit_any = [&](const AnyTable& any) {
      if (any.type() != nullptr) VisitTexts(*any.type(), any.data(), path, visit);
    };
    switch (field.shape) {
      case Shape::kString:
      case Shape::kJson:
        visit(path, *static_cast<const std::string*>(where));
        break;
      case Shape::kMap:
        for (const auto& [key, text] : *static_cast<const StringMap*>(where)) {
          visit(path + "." + key, text);
        }
        break;
      case Shape::kStringVector:
        for (const std::string& text : *static_cast<const std::vector<std::string>*>(where)) {
          visit(path, text);
        }
        break;
      case Shape::kTable:
        if (const void* inner = field.optional->get(where); inner != nullptr) {
          VisitTexts(*field.table, inner, path, visit);
        }
        break;
      case Shape::kValueTable:
        VisitTexts(*field.table, where, path, visit);
        break;
      case Shape::kTableVector: {
        const auto* element = static_cast<const char*>(field.vector->data(where));
        for (size_t i = 0; i < field.vector->size(where); ++i, element += field.vector->stride) {
          VisitTexts(*field.table, element, path, visit);
        }
        break;
      }
      case Shape::kAny:
        visit_any(*static_cast<const AnyTable*>(where));
        break;
      case Shape::kAnyVector:
        for (const AnyTable& any : *static_cast<const std::vector<AnyTable>*>(where)) {
          visit_any(any);
        }
        break;
      case Shape::kScalar:
      case Shape::kOptionalScalar:
      case Shape::kBytes:
      case Shape::kHash128:
      case Shape::kScalarVector:
        break;
    }
  }
}

// Of everything that a redaction goes through; paths begin with the kind and the table's name.
void VisitTexts(const Decision& decision, const TextVisitor& visit) {
  const auto visit_payload = [&](const std::string& entity, const AnyTable& payload) {
    if (payload.type() == nullptr) return;
    const std::string of =
        fmt::format("{} {} ", entity.substr(0, entity.find('/')), payload.type()->wire_name);
    VisitTexts(*payload.type(), payload.data(), "",
               [&](const std::string& path, const std::string& text) { visit(of + path, text); });
  };
  const std::string entity = decision.command ? decision.command->entity : "";
  if (decision.command) visit_payload(entity, decision.command->payload);
  for (const Event& event : decision.events) visit_payload(entity, event.payload);
  for (const FollowUp& sent : decision.effects.follow_ups) {
    if (sent.command) visit_payload(sent.command->entity, sent.command->payload);
  }
  visit_payload(entity, decision.reply);
}

// Of a text that is JSON those within.
void VisitParts(const std::string& text, const std::function<void(const std::string&)>& visit) {
  if (!text.starts_with('{') && !text.starts_with('[') && !text.starts_with('"')) {
    return visit(text);
  }
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return visit(text);
  for (const auto& [path, leaf] : json.flatten().items()) {
    if (leaf.is_string()) visit(leaf.get_ref<const std::string&>());
  }
}

}  // namespace

void Leftovers::Learn(std::string_view bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (!record || !record->decision) return;
  if (record->decision->command) {
    if (const auto key = ParseEntityKey(record->decision->command->entity)) {
      names_.insert({KeyOf(key->namespace_), KeyOf(key->name)});
    }
  }
  std::vector<std::string> before;
  VisitTexts(*record->decision,
             [&](const std::string&, const std::string& text) { before.push_back(text); });
  bool found = false;
  for (const std::string& path : paths_) {
    found = RedactDecision(&*record->decision, path) || found;
  }
  if (!found) return;
  size_t at = 0;
  VisitTexts(*record->decision, [&](const std::string&, const std::string& text) {
    const std::string& was = before.at(at++);
    if (was == text) return;
    VisitParts(was, [&](const std::string& part) {
      if (part.size() >= kTextCharactersMin) hidden_.insert(KeyOf(part));
    });
  });
}

void Leftovers::Look(std::string_view bytes) {
  const auto record = Unpack<LogRecord>(bytes);
  if (!record || !record->decision) return;
  std::set<std::string> here;
  VisitTexts(*record->decision, [&](const std::string& path, const std::string& text) {
    VisitParts(text, [&](const std::string& part) {
      if (part.size() < kTextCharactersMin) return;
      const uint64_t key = KeyOf(part);
      if (hidden_.contains(key) && !names_.contains(key)) here.insert(path);
    });
  });
  for (const std::string& path : here) ++places_[path];
}

}  // namespace sluice::replay
