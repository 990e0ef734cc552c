#include "cli/kafka_sending.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "engine/command_json.h"

namespace sluice::cli {
namespace {

Outcome<Exit> AwaitResults(Session& session, KafkaClient& client,
                           const std::vector<CommandLineText>& batch, Duration timeout) {
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

}  // namespace

Outcome<Exit> SendToKafka(Session& session, KafkaClient& client,
                          const std::vector<CommandLineText>& batch, bool wait, Duration timeout) {
  std::set<std::string> failed;
  const auto fail = [&](const std::string& id, const Error& why) {
    failed.insert(id);
    session.env().err << fmt::format("sluice: command {}: {}", id, why.message) << std::endl;
  };
  for (const CommandLineText& command : batch) {
    const auto sent = client.Send(command.id, command.entity, command.text);
    if (!sent) fail(command.id, sent.error());
  }
  client.Flush(fail);
  std::vector<CommandLineText> there;
  for (const CommandLineText& command : batch) {
    if (!failed.contains(command.id)) there.push_back(command);
  }
  Exit worst = Exit::kDone;
  if (wait) {
    const auto awaited = AwaitResults(session, client, there, timeout);
    if (!awaited) return awaited;
    worst = *awaited;
  } else {
    for (const CommandLineText& command : there) {
      session.env().out << nlohmann::json({{"id", command.id}, {"acknowledged", true}}).dump()
                        << std::endl;
    }
  }
  if (failed.empty()) return worst;
  return Fail(Exit::kUnavailable, "{}: {} of {} commands were not acknowledged, as said above",
              batch.front().where, failed.size(), batch.size());
}

}  // namespace sluice::cli
