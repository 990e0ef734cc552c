// Commands straight onto a cluster's topic, and their decisions found on the events topic.
#pragma once

#include <vector>

#include "cli/command_lines.h"
#include "engine/kafka_client.h"

namespace sluice::cli {

// Sends them in order. Prints a line each: with `wait` its result, as a node would give it, in the
// order of the decisions; else its id, once the brokers have acknowledged all. What was not decided
// within `timeout` is said on standard error. The worst that happened is returned.
Outcome<Exit> SendToKafka(Session& session, KafkaClient& client,
                          const std::vector<CommandLineText>& batch, bool wait, Duration timeout);

}  // namespace sluice::cli
