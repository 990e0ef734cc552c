#include "replay/redact.h"

#include "events/absent.h"
#include "events/codec.h"
#include "events/json.h"

namespace sluice::replay {
namespace {

using StringMap = std::map<std::string, std::string>;

std::string Stand(std::string_view text) { return "redacted-" + ToHex(Xxh128(text)).substr(0, 8); }

// What an AnyTable holds is shared: it is changed in a copy.
template <class Redact>
bool InAny(AnyTable* any, Redact redact) {
  if (any->type() == nullptr) return false;
  void* copy = nullptr;
  AnyTable redacted = AnyTable::Make(*any->type(), &copy);
  any->type()->ops.destroy(copy);
  any->type()->ops.copy(copy, any->data());
  const bool found = redact(*any->type(), copy);
  if (found) *any = std::move(redacted);
  return found;
}

// A field that is what the path means, as a whole.
bool RedactField(const Field& field, void* where) {
  if (IsAbsent(field, where)) return false;
  switch (field.shape) {
    case Shape::kString: {
      auto& text = *static_cast<std::string*>(where);
      text = Stand(text);
      return true;
    }
    case Shape::kJson: {
      auto& text = *static_cast<std::string*>(where);
      text = QuoteJson(Stand(text));
      return true;
    }
    case Shape::kMap:
      for (auto& [key, value] : *static_cast<StringMap*>(where)) value = Stand(value);
      return true;
    case Shape::kStringVector:
      for (std::string& text : *static_cast<std::vector<std::string>*>(where)) text = Stand(text);
      return true;
    case Shape::kBytes:
      static_cast<Bytes*>(where)->clear();
      return true;
    case Shape::kTable:
    case Shape::kValueTable:
    case Shape::kTableVector:
    case Shape::kScalar:
    case Shape::kOptionalScalar:
    case Shape::kHash128:
    case Shape::kAny:
    case Shape::kScalarVector:
    case Shape::kAnyVector:
      return false;  // Numbers say little by themselves; tables are gone through.
  }
  Unreachable();
}

// Calls `redact` with the type and value of each table that the field holds itself. Whether one of
// these calls found something.
template <class Redact>
bool EachTable(const Field& field, void* where, Redact redact) {
  bool found = false;
  if (field.shape == Shape::kTable) {
    void* inner = field.optional->change(where);
    if (inner != nullptr) found = redact(*field.table, inner);
  } else if (field.shape == Shape::kValueTable) {
    found = redact(*field.table, where);
  } else if (field.shape == Shape::kTableVector) {
    auto* element = static_cast<char*>(const_cast<void*>(field.vector->data(where)));
    for (size_t i = 0; i < field.vector->size(where); ++i, element += field.vector->stride) {
      found = redact(*field.table, element) || found;
    }
  } else if (field.shape == Shape::kAny) {
    found = InAny(static_cast<AnyTable*>(where), redact);
  } else if (field.shape == Shape::kAnyVector) {
    for (AnyTable& any : *static_cast<std::vector<AnyTable>*>(where)) {
      found = InAny(&any, redact) || found;
    }
  }
  return found;
}

// Every text within a table.
bool RedactTable(const Type& type, void* table) {
  bool found = false;
  for (const Field& field : type.fields) {
    void* where = field.In(table);
    found = RedactField(field, where) || EachTable(field, where, RedactTable) || found;
  }
  return found;
}

// Whether RedactPath may find something at `path` in a table of the type.
bool LeadsToText(const Type& type, std::string_view path) {
  const size_t end = path.find('.');
  const Field* field = type.FindByJsonName(path.substr(0, end));
  if (field == nullptr) return false;
  const bool ends = end == path.npos;
  switch (field->shape) {
    case Shape::kTable:
    case Shape::kValueTable:
    case Shape::kTableVector:
      return ends || LeadsToText(*field->table, path.substr(end + 1));
    case Shape::kMap:
    case Shape::kJson:
    case Shape::kAny:
    case Shape::kAnyVector:
      return ends || end + 1 < path.size();  // Its content says.
    case Shape::kString:
    case Shape::kBytes:
    case Shape::kStringVector:
      return ends;
    case Shape::kScalar:
    case Shape::kOptionalScalar:
    case Shape::kHash128:
    case Shape::kScalarVector:
      return false;
  }
  Unreachable();
}

}  // namespace

Result<void> CheckRedactPath(const KindRegistry& kinds, std::string_view path) {
  const std::string_view first = path.substr(0, path.find('.'));
  bool is_of_objects = false;
  for (const KindInfo* kind : kinds.kinds()) {
    const auto object = kind->make();
    if (LeadsToText(object->root_type(), path)) return {};
    is_of_objects = is_of_objects || object->root_type().FindByJsonName(first) != nullptr;
  }
  for (const Type* type : AllTypes()) {
    if (!type->is_command && !type->is_event) continue;
    const Field* field = type->FindByJsonName(first);
    // A report that has any JSON as its `spec` would take whatever an object's spec has not.
    const bool says_all = is_of_objects && field != nullptr && field->table == nullptr;
    if (!says_all && LeadsToText(*type, path)) return {};
  }
  return Err(ErrorCode::kInvalid,
             "redact: '{}' leads to no text of any kind; a path is names with dots, as 'get -o "
             "json' shows them, and goes through all of a list: spec.template.spec.runtime, "
             "metadata.labels, status.conditions.message",
             path);
}

bool RedactPath(const Type& type, void* table, std::string_view path) {
  const size_t end = path.find('.');
  const Field* field = type.FindByJsonName(path.substr(0, end));
  if (field == nullptr) return false;
  void* where = field->In(table);
  const std::string_view rest = end == path.npos ? "" : path.substr(end + 1);
  switch (field->shape) {
    case Shape::kTable:
    case Shape::kValueTable:
    case Shape::kTableVector:
    case Shape::kAny:
    case Shape::kAnyVector:
      return EachTable(*field, where, [&](const Type& inner, void* value) {
        return rest.empty() ? RedactTable(inner, value) : RedactPath(inner, value, rest);
      });
    case Shape::kMap: {
      // The key is all that follows: it may have dots.
      auto& map = *static_cast<StringMap*>(where);
      if (rest.empty()) return RedactField(*field, where);
      const auto one = map.find(std::string(rest));
      if (one == map.end()) return false;
      one->second = Stand(one->second);
      return true;
    }
    case Shape::kJson:
      return RedactField(*field, where);
    case Shape::kScalar:
    case Shape::kOptionalScalar:
    case Shape::kString:
    case Shape::kBytes:
    case Shape::kHash128:
    case Shape::kScalarVector:
    case Shape::kStringVector:
      return rest.empty() && RedactField(*field, where);
  }
  Unreachable();
}

bool RedactWithin(const Type& type, void* table, std::string_view path) {
  bool found = RedactPath(type, table, path);
  for (const Field& field : type.fields) {
    found = EachTable(
                field, field.In(table),
                [&](const Type& inner, void* value) { return RedactWithin(inner, value, path); }) ||
            found;
  }
  return found;
}

bool RedactWithin(AnyTable* any, std::string_view path) {
  return InAny(any, [&](const Type& type, void* table) { return RedactWithin(type, table, path); });
}

bool RedactDecision(Decision* decision, std::string_view path) {
  bool found = decision->command && RedactWithin(&decision->command->payload, path);
  for (Event& event : decision->events) found = RedactWithin(&event.payload, path) || found;
  for (FollowUp& sent : decision->effects.follow_ups) {
    found = (sent.command && RedactWithin(&sent.command->payload, path)) || found;
  }
  return RedactWithin(&decision->reply, path) || found;
}

Redactor::Redactor(const KindRegistry& kinds, uint32_t partition, std::vector<std::string> paths)
    : paths_(std::move(paths)), fold_(kinds, partition) {}

Result<Bytes> Redactor::Redact(std::string_view bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (!record) return tl::unexpected(record.error());
  record->previous = chain_;
  if (record->decision) {
    Decision& decision = *record->decision;
    bool found = false;
    for (const std::string& path : paths_) {
      if (!RedactDecision(&decision, path)) continue;
      found = true;
      found_.insert(path);
    }
    redacted_ += found ? 1 : 0;
    const std::string entity(FoldedEntity(decision));
    if (found && !entity.empty()) touched_.insert(entity);
    // Its hash is of what is left: folded once to see what that is.
    if (touched_.contains(entity) && decision.verdict == Verdict::kAccepted) {
      auto hash = fold_.HashAfter(decision);
      if (!hash) return tl::unexpected(hash.error());
      decision.state_hash = *hash;
    }
  }
  Bytes redacted = Pack(*record);
  chain_ = Xxh128(redacted);
  auto counts = fold_.Read(redacted);
  if (!counts) return tl::unexpected(counts.error());
  if (auto applied = fold_.Apply(); !applied) return tl::unexpected(applied.error());
  return redacted;
}

}  // namespace sluice::replay
