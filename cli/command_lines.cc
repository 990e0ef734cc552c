#include "cli/command_lines.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr int kDeferred = 202;

std::string ParseReason(const std::string& what) {
  const size_t reason = what.find(": ");
  return reason == std::string::npos ? what : what.substr(reason + 2);
}

// The object keeps every byte it had: numbers beyond 64 bits and fields given twice are for the
// node to refuse, not for us to mend.
std::string WithId(std::string_view object, const std::string& id, bool is_empty) {
  std::string out(object.substr(0, object.find('{') + 1));
  out += "\"id\":" + json(id).dump() + (is_empty ? "" : ",");
  out += object.substr(object.find('{') + 1);
  return out;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Is it worth asking again under the same id? Not decided yet, or its reply is still to come.
bool IsOpen(const json& answer, bool is_deferred) {
  if (!is_deferred) return false;
  if (answer.value("kind", "") == "Status") return answer.value("code", 0) == 504;
  return answer.value("accepted", false) && !answer.contains("reply");
}

class BatchAnswers {
 public:
  BatchAnswers(Session& session, Duration timeout) : session_(session), timeout_(timeout) {}

  Exit worst() const { return worst_; }

  Outcome<void> Take(const CommandLineText& command, const std::string& line, bool is_deferred) {
    json answer = json::parse(line, nullptr, false);
    if (!answer.is_object()) {
      return Fail(Exit::kUnavailable, "{}: {} answered with no JSON; is it Sluice?", command.where,
                  session_.api().address());
    }
    std::string text = line;
    if (IsOpen(answer, is_deferred)) {
      auto settled = SendCommand(session_, command.text, command.id, timeout_);
      if (!settled) {
        Report(command, settled.error());
        return {};
      }
      if (!settled->is_final) {
        Report(command, {Exit::kUnavailable,
                         fmt::format("accepted, but its reply did not come within {}; send it "
                                     "again under id {} to have it",
                                     FormatDuration(timeout_), command.id)});
      }
      text = settled->text;
      answer = json::parse(text);
    }
    if (!answer.contains("accepted")) {
      Report(command,
             FromResponse("refused", {.status = answer.value("code", 400), .body = line}).value());
      return {};
    }
    session_.env().out << text << '\n';
    if (!answer.value("accepted", false)) worst_ = Worse(worst_, Exit::kRejected);
    return {};
  }

 private:
  void Report(const CommandLineText& command, const Failure& failure) {
    session_.env().err << "sluice: " << command.where << ": " << failure.message << '\n';
    worst_ = Worse(worst_, failure.exit);
  }

  Session& session_;
  const Duration timeout_;
  Exit worst_ = Exit::kDone;
};

}  // namespace

Outcome<CommandLineText> ReadCommand(Session& session, std::string where, std::string_view text) {
  json command;
  try {
    command = json::parse(text);
  } catch (const json::parse_error& error) {
    return Fail(Exit::kBadInput, "{}: not JSON: {}", where, ParseReason(error.what()));
  }
  if (!command.is_object()) {
    return Fail(Exit::kBadInput,
                "{}: a command is an object: {{\"entity\":\"KIND/NS/NAME\",\"command\":...}}",
                where);
  }
  for (const char* field : {"entity", "command"}) {
    if (command.contains(field) && command[field].is_string()) continue;
    return Fail(Exit::kBadInput, "{}: {}: is missing, or no string", where, field);
  }
  CommandLineText line{.where = std::move(where),
                       .id = {},
                       .entity = command["entity"].get<std::string>(),
                       .text = std::string(text)};
  // JSON has line feeds only between tokens.
  std::replace(line.text.begin(), line.text.end(), '\n', ' ');
  const auto id = command.find("id");
  if (id != command.end() && id->is_string()) {
    line.id = id->get<std::string>();
  } else if (id == command.end()) {
    line.id = session.env().new_id();
    line.text = WithId(line.text, line.id, command.empty());
  }
  return line;
}

Outcome<Exit> SendBatch(Session& session, const std::vector<CommandLineText>& batch,
                        Duration timeout) {
  if (batch.empty()) return Exit::kDone;
  std::string body;
  for (const CommandLineText& command : batch) body += command.text + "\n";
  const Result<HttpResponse> response =
      session.api().Call({.method = "POST",
                          .target = "/commands",
                          .body = std::move(body),
                          .headers = {{"content-type", "application/x-ndjson"}},
                          .timeout = timeout + Duration::Seconds(5)});
  const std::string first = batch.front().where;
  if (!response) {
    auto failure = FromError(response.error());
    failure.value().message =
        fmt::format("{}: {} (command id {})", first, failure.value().message, batch.front().id);
    return failure;
  }
  if (!response->ok()) return FromResponse(first, *response);
  const std::vector<std::string> lines = SplitLines(response->body);
  if (lines.size() != batch.size()) {
    return Fail(Exit::kUnavailable, "{}: {} answered {} commands with {} results", first,
                session.api().address(), batch.size(), lines.size());
  }
  BatchAnswers answers(session, timeout);
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto taken = answers.Take(batch[i], lines[i], response->status == kDeferred);
    if (!taken) return Again(taken.error());
  }
  session.env().out.flush();
  return answers.worst();
}

}  // namespace sluice::cli
