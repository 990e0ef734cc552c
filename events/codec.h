// Structs to FlatBuffers bytes and back. Any FlatBuffers reader or writer with the same schema
// understands the bytes; (json), (hash128) and so on are conventions on top, see docs/formats.
// All functions may be called from any thread.
#pragma once

#include <string_view>

#include "events/any_table.h"
#include "events/basic_types.h"
#include "events/descriptor.h"
#include "events/result.h"

namespace sluice {

class PayloadPool;

// How deep tables may lie within each other in one buffer, and payloads within payloads. A
// payload's depth counts from itself, so that whatever was read can be packed into a record and
// read again.
inline constexpr int kTableDepthMax = 64;
inline constexpr int kPayloadDepthMax = 8;

Bytes Pack(const Type& type, const void* table);
// The same, into a string whose storage is used again.
void PackInto(const Type& type, const void* table, Bytes* out);

template <class T>
Bytes Pack(const T& table) {
  return Pack(TypeOf<T>(), &table);
}

// Fills `*out`, whatever it held; on an error its content is valid but unspecified. Every offset,
// length and enumerator is checked before it is used, nesting is limited and so is what a small
// buffer may expand to: hostile bytes are kCorruption and nothing worse. Fields a newer schema
// added are skipped. A payload of an unknown type is kept as it is.
Result<void> Unpack(const Type& type, std::string_view bytes, void* out);

// A payload as it lies in a buffer: views into that.
struct PackedPayload {
  std::string_view type_name;  // Empty: there is none.
  std::string_view bytes;
};

// The same but for fields marked (not_folded), which are left absent and not looked at: for folds,
// which never read them. Where the first such payload lies is returned. Other payloads are taken
// from `pool`.
Result<PackedPayload> UnpackFolded(const Type& type, std::string_view bytes, PayloadPool* pool,
                                   void* out);

// What Unpack would have made of it.
Result<AnyTable> UnpackPayload(const PackedPayload& payload);

template <class T>
Result<T> Unpack(std::string_view bytes) {
  Result<T> table(tl::in_place);
  if (Result<void> done = Unpack(TypeOf<T>(), bytes, &*table); !done) {
    return tl::unexpected<Error>(std::move(done.error()));
  }
  return table;
}

}  // namespace sluice
