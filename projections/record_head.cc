#include "projections/record_head.h"

#include <string>

#include "events/buffer_reader.h"
#include "events/result.h"

namespace sluice {
namespace {

uint16_t IdOf(const Type& type, std::string_view name) {
  for (const Field& field : type.fields) {
    if (field.name == name) return field.id;
  }
  Unreachable();
}

// Field ids, by the names in envelope.fbs.
struct Ids {
  const Type& log = TypeOf<LogRecord>();
  const Type& of_decision = TypeOf<Decision>();
  const Type& of_command = TypeOf<Command>();
  const Type& of_source = TypeOf<FollowUpSource>();
  const Type& of_origin = TypeOf<Origin>();
  const Type& of_follow_up = TypeOf<FollowUp>();

  uint16_t partition = IdOf(log, "partition");
  uint16_t term = IdOf(log, "term");
  uint16_t sequence = IdOf(log, "sequence");
  uint16_t previous = IdOf(log, "previous");
  uint16_t decision = IdOf(log, "decision");
  uint16_t opened = IdOf(log, "opened");
  uint16_t command = IdOf(of_decision, "command");
  uint16_t origin = IdOf(of_decision, "origin");
  uint16_t effects = IdOf(of_decision, "effects");
  uint16_t time = IdOf(of_decision, "time");
  uint16_t entity = IdOf(of_command, "entity");
  uint16_t payload = IdOf(of_command, "payload");
  uint16_t source = IdOf(of_command, "source");
  uint16_t to_partition = IdOf(of_command, "to_partition");
  uint16_t source_epoch = IdOf(of_source, "epoch");
  uint16_t source_partition = IdOf(of_source, "partition");
  uint16_t source_term = IdOf(of_source, "term");
  uint16_t source_number = IdOf(of_source, "number");
  uint16_t input = IdOf(of_origin, "input");
  uint16_t offset = IdOf(of_origin, "offset");
  uint16_t follow_ups = IdOf(TypeOf<Effects>(), "follow_ups");
  uint16_t target_partition = IdOf(of_follow_up, "target_partition");
  uint16_t number = IdOf(of_follow_up, "number");
};

const Ids& FieldIds() {
  static const Ids ids;
  return ids;
}

class HeadReader : private BufferReader {
 public:
  HeadReader(std::string_view bytes, UnpackLimits* limits) : BufferReader(bytes, limits) {}

  bool Read(RecordHead* head) {
    PackedTable log;
    PackedTable opened;
    PackedTable decision;
    LogRecord& record = head->record;
    if (bytes_.size() < sizeof(uint32_t) || !OpenTable(Load<uint32_t>(0), &log)) return false;
    record.opened.reset();
    if (!record.decision) record.decision.emplace();
    return Child(log, ids_.opened, &opened) && opened.at == 0 &&
           Number(log, ids_.partition, &record.partition) && Number(log, ids_.term, &record.term) &&
           Number(log, ids_.sequence, &record.sequence) &&
           Hash(log, ids_.previous, &record.previous) && Child(log, ids_.decision, &decision) &&
           decision.at != 0 && ReadDecision(decision, &*record.decision, &head->entity);
  }

 private:
  bool ReadDecision(const PackedTable& view, Decision* decision, std::string_view* entity) {
    PackedTable command;
    PackedTable origin;
    if (!Child(view, ids_.command, &command) || !Child(view, ids_.origin, &origin) ||
        !Number(view, ids_.time, &decision->time.us) || !ReadEffects(view, &decision->effects)) {
      return false;
    }
    *entity = {};
    decision->command.reset();
    if (command.at != 0 && !ReadCommand(command, &decision->command.emplace(), entity))
      return false;
    decision->origin.reset();
    // One that answers no input is about the partition itself.
    return origin.at != 0 && ReadOrigin(origin, &decision->origin.emplace());
  }

  // An input this build does not know is left to whoever unpacks the record.
  bool ReadOrigin(const PackedTable& view, Origin* origin) {
    return Number(view, ids_.input, &origin->input) &&
           EnumInfoOf<Input>().Find(static_cast<int64_t>(origin->input)) != nullptr &&
           Number(view, ids_.offset, &origin->offset);
  }

  // A decision about the partition itself may change its settings, and a deferred reply is what
  // somebody may wait for.
  bool ReadCommand(const PackedTable& view, Command* command, std::string_view* entity) {
    size_t at = 0;
    PackedTable source;
    if (!Slot(view, ids_.to_partition, sizeof(uint32_t), &at) || at != 0) return false;
    if (!Slot(view, ids_.entity, sizeof(uint32_t), &at)) return false;
    if (at != 0 && (!Follow(at, &at) || !StringView(at, entity))) return false;
    PackedTable payload;
    size_t type = 0;
    std::string_view name;
    if (!Child(view, ids_.payload, &payload)) return false;
    if (payload.at != 0 && !ChildOfPair(payload, 0, &type)) return false;
    if (type != 0 && !StringView(type, &name)) return false;
    if (name == TypeOf<Answered>().name) return false;
    if (!Child(view, ids_.source, &source)) return false;
    return source.at == 0 || ReadSource(source, &command->source.emplace());
  }

  bool ReadSource(const PackedTable& view, FollowUpSource* source) {
    return Hash(view, ids_.source_epoch, &source->epoch) &&
           Number(view, ids_.source_partition, &source->partition) &&
           Number(view, ids_.source_term, &source->term) &&
           Number(view, ids_.source_number, &source->number);
  }

  bool ReadEffects(const PackedTable& decision, Effects* effects) {
    PackedTable view;
    effects->follow_ups.clear();
    size_t at = 0;
    size_t count = 0;
    if (!Child(decision, ids_.effects, &view)) return false;
    if (view.at == 0) return true;
    if (!Slot(view, ids_.follow_ups, sizeof(uint32_t), &at)) return false;
    if (at == 0) return true;
    if (!Follow(at, &at) || !Length(at, sizeof(uint32_t), &count)) return false;
    for (size_t i = 0; i < count; ++i) {
      size_t target = 0;
      PackedTable follow_up;
      FollowUp& read = effects->follow_ups.emplace_back();
      if (!Follow(at + 4 + 4 * i, &target) || !OpenTable(target, &follow_up) ||
          !Number(follow_up, ids_.target_partition, &read.target_partition) ||
          !Number(follow_up, ids_.number, &read.number)) {
        return false;
      }
    }
    return true;
  }

  // `child->at` is 0 where there is none.
  bool Child(const PackedTable& view, uint16_t id, PackedTable* child) {
    size_t at = 0;
    child->at = 0;
    if (!Slot(view, id, sizeof(uint32_t), &at)) return false;
    return at == 0 || (Follow(at, &at) && OpenTable(at, child));
  }

  template <class T>
  bool Number(const PackedTable& view, uint16_t id, T* out) {
    size_t at = 0;
    if (!Slot(view, id, sizeof(T), &at)) return false;
    *out = at == 0 ? T{} : Load<T>(at);
    return true;
  }

  bool Hash(const PackedTable& view, uint16_t id, Hash128* out) {
    size_t at = 0;
    std::string_view bytes;
    *out = Hash128{};
    if (!Slot(view, id, sizeof(uint32_t), &at)) return false;
    if (at == 0) return true;
    if (!Follow(at, &at) || !BytesView(at, &bytes) || bytes.size() != sizeof(Hash128)) return false;
    *out = Hash128FromBytes(bytes);
    return true;
  }

  const Ids& ids_ = FieldIds();
};

}  // namespace

bool ReadRecordHead(std::string_view bytes, RecordHead* head) {
  UnpackLimits limits{.budget = 2 * bytes.size() + 1024};
  return HeadReader(bytes, &limits).Read(head);
}

}  // namespace sluice
