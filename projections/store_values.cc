#include "projections/store_values.h"

#include "events/codec.h"
#include "projections/store_keys.h"

namespace sluice::store {
namespace {

constexpr size_t kTimeBytes = 8;
constexpr char kReplyDeferred = 1;
constexpr char kAnswered = 2;

void AppendText(std::string* out, std::string_view text) {
  AppendVarint(out, text.size());
  out->append(text);
}

// Takes one thing after the other off the front; once something is missing, nothing more.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Varint() {
    uint64_t value = 0;
    if (ok_) ok_ = TakeVarint(&rest_, &value);
    return ok_ ? value : 0;
  }
  uint64_t Fixed64() {
    const std::string_view bytes = Take(8);
    return ok_ ? ReadBigEndian64(bytes) : 0;
  }
  Hash128 Hash() {
    const uint64_t hi = Fixed64();
    return {hi, Fixed64()};
  }
  std::string_view Text() { return Take(Varint()); }
  std::string_view Take(uint64_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void AppendHash(std::string* out, Hash128 hash) {
  AppendBigEndian64(out, hash.hi);
  AppendBigEndian64(out, hash.lo);
}

namespace {

void AppendEntity(const EntityParts& parts, std::string* out) {
  thread_local std::string recent;
  recent.clear();
  if (parts.recent != nullptr) parts.recent->Encode(&recent);
  AppendVarint(out, parts.decisions);
  AppendText(out, recent);
  AppendText(out, parts.mentions);
  AppendVarint(out, parts.version);
  AppendVarint(out, parts.sequence);
  AppendHash(out, parts.item_hash_sum);
  AppendHash(out, parts.state_hash);
  // Hardly any entity has marks.
  AppendText(out, *parts.marks == EntityMarks{} ? Bytes() : Pack(*parts.marks));
  out->append(parts.root);
}

}  // namespace

void EncodeEntity(const EntityParts& parts, std::string* out) {
  out->clear();
  AppendEntity(parts, out);
}

Result<EntityTail> DecodeEntityTail(std::string_view value) {
  Reader reader(value);
  EntityTail tail;
  tail.decisions = reader.Varint();
  const std::string_view packed = reader.Text();
  tail.mentions = reader.Text();
  if (!reader.ok()) return Err(ErrorCode::kCorruption, "a row of entities is cut short");
  auto recent = Recent::Decode(packed);
  if (!recent) return tl::unexpected(recent.error());
  tail.recent = std::move(*recent);
  return tail;
}

void EncodeWaypoint(uint64_t number, const EntityParts& parts, std::string* out) {
  out->clear();
  AppendVarint(out, number);
  EntityParts without = parts;
  without.mentions = {};
  without.recent = nullptr;
  AppendEntity(without, out);
}

Result<StoredWaypoint> DecodeWaypoint(std::string_view value) {
  StoredWaypoint waypoint;
  if (!TakeVarint(&value, &waypoint.number)) {
    return Err(ErrorCode::kCorruption, "a row of waypoints is cut short");
  }
  auto record = DecodeEntity(value);
  if (!record) return tl::unexpected(record.error());
  waypoint.record = std::move(*record);
  return waypoint;
}

Result<EntityRecord> DecodeEntity(std::string_view value) {
  EntityRecord record;
  Reader reader(value);
  reader.Varint();  // its decisions
  reader.Text();    // what is recent
  reader.Text();    // its mentions
  record.version = reader.Varint();
  record.sequence = reader.Varint();
  record.item_hash_sum = reader.Hash();
  record.state_hash = reader.Hash();
  const std::string_view marks = reader.Text();
  if (!reader.ok()) return Err(ErrorCode::kCorruption, "a row of entities is cut short");
  record.root = Bytes(reader.rest());
  if (!marks.empty()) {
    auto unpacked = Unpack<EntityMarks>(marks);
    if (!unpacked) return tl::unexpected(unpacked.error());
    record.marks = std::move(*unpacked);
  }
  return record;
}

void AppendCommand(const RememberedCommand& command, std::string* out) {
  AppendBigEndian64(out, static_cast<uint64_t>(command.time.us));
  const int flags =
      (command.reply_deferred ? kReplyDeferred : 0) | (command.answered_by ? kAnswered : 0);
  out->push_back(static_cast<char>(flags));
  AppendHash(out, command.fingerprint);
  AppendVarint(out, command.sequence);
  if (command.answered_by) AppendVarint(out, *command.answered_by);
}

bool TakeCommand(std::string_view* bytes, RememberedCommand* command) {
  Reader reader(*bytes);
  command->time = Time{static_cast<int64_t>(reader.Fixed64())};
  const std::string_view flags = reader.Take(1);
  command->fingerprint = reader.Hash();
  command->sequence = reader.Varint();
  if (!reader.ok()) return false;
  command->reply_deferred = (flags.front() & kReplyDeferred) != 0;
  command->answered_by.reset();
  if ((flags.front() & kAnswered) != 0) command->answered_by = reader.Varint();
  *bytes = reader.rest();
  return reader.ok();
}

void EncodeCommand(const RememberedCommand& command, std::string* out) {
  out->clear();
  AppendCommand(command, out);
}

Result<RememberedCommand> DecodeCommand(std::string_view value) {
  RememberedCommand command;
  if (!TakeCommand(&value, &command) || !value.empty()) {
    return Err(ErrorCode::kCorruption, "a row of commands is no command");
  }
  return command;
}

Time CommandTime(std::string_view value) {
  return value.size() < kTimeBytes ? Time{} : Time{static_cast<int64_t>(ReadBigEndian64(value))};
}

}  // namespace sluice::store
