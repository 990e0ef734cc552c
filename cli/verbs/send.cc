#include <fstream>
#include <functional>
#include <istream>
#include <memory>
#include <ostream>

#include "cli/command_lines.h"
#include "cli/commands.h"
#include "cli/kafka_config.h"
#include "cli/kafka_sending.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

struct SendOptions {
  std::string text;
  std::string file;
  Duration timeout = kCommandTimeout;
  KafkaFlags kafka;
  bool wait = false;
};

// Sends a batch and prints what came of each; the worst that happened.
using Deliver = std::function<Outcome<Exit>(const std::vector<CommandLineText>&)>;

// Reads lines and sends them in batches. A line that is no command is said and left out.
class Sender {
 public:
  Sender(Session& session, Deliver deliver) : session_(session), deliver_(std::move(deliver)) {}

  Outcome<void> Add(const std::string& where, std::string_view text) {
    auto command = ReadCommand(session_, where, text);
    if (!command) {
      session_.env().err << "sluice: " << command.error().message << '\n';
      worst_ = Worse(worst_, command.error().exit);
      return {};
    }
    bytes_ += command->text.size();
    batch_.push_back(*std::move(command));
    if (batch_.size() < kBatchCommandsMax && bytes_ < kBatchBytesMax) return {};
    return Flush();
  }

  Outcome<void> Flush() {
    if (batch_.empty()) return {};
    const auto sent = deliver_(batch_);
    batch_.clear();
    bytes_ = 0;
    if (!sent) return Again(sent.error());
    worst_ = Worse(worst_, *sent);
    return {};
  }

  Exit worst() const { return worst_; }

 private:
  Session& session_;
  const Deliver deliver_;
  std::vector<CommandLineText> batch_;
  size_t bytes_ = 0;
  Exit worst_ = Exit::kDone;
};

Outcome<void> AddLines(std::istream& in, const std::string& name, bool is_interactive,
                       Sender& sender) {
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto added = sender.Add(fmt::format("{}, line {}", name, number), line);
    // A pipe that pauses has its answers at once.
    if (added && is_interactive && in.rdbuf()->in_avail() <= 0) added = sender.Flush();
    if (!added) return added;
  }
  return sender.Flush();
}

Outcome<Exit> Send(Session& session, const SendOptions& options) {
  if (options.text.empty() == options.file.empty()) {
    return Fail(Exit::kBadInput, "send: give one command as JSON, or -f FILE.jsonl, or -f -");
  }
  const auto kafka = ReadKafka(session, options.kafka);
  if (!kafka) return Again(kafka.error());
  if (options.wait && !*kafka) {
    return Fail(Exit::kBadInput, "send: --wait goes with --kafka; a node is always waited for");
  }
  std::unique_ptr<KafkaClient> client;
  if (*kafka) {
    auto opened = KafkaClient::Open(**kafka);
    if (!opened) return Fail(Exit::kUnavailable, "send: {}", opened.error().message);
    client = std::move(*opened);
  }
  Sender sender(session, [&](const std::vector<CommandLineText>& batch) {
    return client ? SendToKafka(session, *client, batch, options.wait, options.timeout)
                  : SendBatch(session, batch, options.timeout);
  });
  Outcome<void> sent;
  if (options.file == "-" || options.text == "-") {
    sent = AddLines(session.env().in, "standard input", true, sender);
  } else if (!options.file.empty()) {
    std::ifstream file(options.file);
    if (!file) return Fail(Exit::kBadInput, "{}: cannot be read", options.file);
    sent = AddLines(file, options.file, false, sender);
  } else {
    sent = sender.Add("the command", options.text);
    if (sent) sent = sender.Flush();
  }
  if (!sent) return Again(sent.error());
  return sender.worst();
}

}  // namespace

void DefineSend(CommandLine& line) {
  const auto options = std::make_shared<SendOptions>();
  Arguments verb = line.Verb("send", "Sends commands and prints their results, one a line");
  DefineKafkaFlags(verb, &options->kafka);
  verb.Word("JSON", &options->text, "One command, or - for standard input", false)
      .Text("-f,--filename", &options->file, "A file of commands, one a line; - is standard input")
      .Length("--timeout", &options->timeout, "How long to wait for decision and reply [1m]")
      .Flag("--wait", &options->wait,
            "With --kafka: wait for the decisions; else the place on the topic is printed")
      .Run([options](Session& session) { return Send(session, *options); });
}

}  // namespace sluice::cli
