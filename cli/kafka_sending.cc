#include "cli/kafka_sending.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "engine/command_json.h"

namespace sluice::cli {

Outcome<Exit> SendToKafka(Session& session, KafkaClient& client,
                          const std::vector<CommandLineText>& batch, bool wait, Duration timeout) {
  Result<void> sent;
  for (const CommandLineText& command : batch) {
    if (sent) sent = client.Send(command.id, command.entity, command.text);
  }
  const Result<void> flushed = client.Flush();
  if (sent && !flushed) sent = flushed;
  if (!sent) {
    return Fail(Exit::kUnavailable,
                "{}: {}; it may be on the topic: send it again under the same id (command id {})",
                batch.front().where, sent.error().message, batch.front().id);
  }
  if (!wait) {
    for (const CommandLineText& command : batch) {
      session.env().out << nlohmann::json({{"id", command.id}, {"acknowledged", true}}).dump()
                        << std::endl;
    }
    return Exit::kDone;
  }
  Exit worst = Exit::kDone;
  std::set<std::string> open;
  for (const CommandLineText& command : batch) open.insert(command.id);
  auto awaited = client.Await({open.begin(), open.end()}, timeout, session.env().stop,
                              [&](const sluice::CommandResult& result, bool is_final) {
                                session.env().out << ResultToJson(result) << std::endl;
                                if (!result.accepted) worst = Worse(worst, Exit::kRejected);
                                if (is_final) open.erase(result.id);
                              });
  if (!awaited) return Fail(Exit::kUnavailable, "{}", awaited.error().message);
  for (const CommandLineText& command : batch) {
    if (!open.contains(command.id)) continue;
    worst = Worse(worst, Exit::kUnavailable);
    session.env().err << fmt::format(
                             "sluice: {}: no decision, or not its reply, within {}; is a node "
                             "ready? Sent again under id {} it is decided once",
                             command.where, FormatDuration(timeout), command.id)
                      << std::endl;
  }
  return worst;
}

}  // namespace sluice::cli
