// Which librdkafka properties a user may set, and which are the journal's own because something it
// promises rests on them (docs/kafka.md). Secrets among them are kept out of whatever is printed.
#pragma once

#include <string>
#include <string_view>

#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::kafka {

// Largest record a topic and a client have to take: a decision's bound and room for headers.
inline constexpr int64_t kRecordBytesMax = 2 * 1024 * 1024;

// How long a member of the group may be silent, unless `session.timeout.ms` says so.
inline constexpr int kSessionTimeoutMs = 6000;

// kInvalid: a property that would break an invariant, or that librdkafka does not take; the message
// says what to do instead, and holds no secret.
Result<void> CheckProperties(const Config& properties);

// Whether values of this property must not be printed.
bool IsSecret(std::string_view property);
// From now on the secrets among `properties` are left out of errors and log lines. Threadsafe, of
// the whole process: a secret is one in every line.
void KeepSecrets(const Config& properties);
// `text` with a mark where a secret stood. Threadsafe.
std::string Redacted(std::string text);

}  // namespace sluice::kafka
