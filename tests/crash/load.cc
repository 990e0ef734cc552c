#include "tests/crash/load.h"

#include <nlohmann/json.hpp>

namespace sluice::testing {
namespace {

using nlohmann::json;

constexpr size_t kNetworks = 4;
constexpr size_t kInstances = 250;
constexpr size_t kBindings = 12;
// Of the commands that a death left open, so many per hundred are never sent again.
constexpr size_t kGivenUpPercent = 20;

std::string Template(const std::string& network, size_t revision) {
  return fmt::format(
      R"("location":{{"name":"here"}},"networkInterfaces":[{{"network":{{"name":"{}"}}}}],)"
      R"("runtime":{{"process":{{"command":["./server","{}"],"readiness":{{"tcp":{{"port":80}}}}}}}})",
      network, revision);
}

// The command by which a provider says that `verb` is done.
std::vector<const char*> ReportsOf(const std::string& verb) {
  if (verb == "ProgramNetworkContext" || verb == "ProgramSubnet" || verb == "ProgramInstance" ||
      verb == "ReprogramInstance") {
    return {"ReportProgrammed"};
  }
  if (verb == "DeleteInstance") return {"ReportDeleted"};
  if (verb == "StopInstance") return {"ReportStopped"};
  return {"ReportRunning", "ReportReadiness"};
}

}  // namespace

LoadUser::LoadUser(uint64_t seed, std::string name) : random_(seed), name_(std::move(name)) {}

std::string LoadUser::NewId() { return fmt::format("{}-{}", name_, next_++); }

void LoadUser::Add(std::string entity, std::string command, std::string payload,
                   std::vector<std::string>* batch) {
  const std::string id = NewId();
  commands_[id] = {.id = id,
                   .json = fmt::format(R"({{"id":"{}","entity":"{}","command":"{}","payload":{}}})",
                                       id, entity, command, payload)};
  batch->push_back(id);
}

void LoadUser::Run(const std::string& url, std::stop_token stop,
                   const std::function<void(size_t)>& answered) {
  HttpClient client(url);
  std::vector<std::string> batch = OpenOnes(64);
  while (!stop.stop_requested()) {
    const size_t size = 1 + Pick(24);
    while (batch.size() < size) {
      const std::string network = fmt::format("net-{}", Pick(kNetworks));
      const std::string instance = fmt::format("instance/default/i-{}", Pick(kInstances));
      switch (Pick(10)) {
        case 0:
          Add("network/default/" + network, "Apply",
              fmt::format(R"({{"spec":{{"ipam":{{"mode":"Auto"}}}},"labels":{{"n":"{}"}}}})",
                          Pick(100)),
              &batch);
          break;
        case 1:
        case 2:
          Add(fmt::format("binding/default/b-{}", Pick(kBindings)), "Apply",
              fmt::format(R"({{"spec":{{"bindingKey":"team/{0}","desiredRevision":"v{1}",)"
                          R"("candidateReadyDeadline":"30s","template":{{"presetId":"web",)"
                          R"("spec":{{{2}}}}}}}}})",
                          Pick(kBindings), Pick(8), Template(network, 1)),
              &batch);
          break;
        case 3:
        case 4:
        case 5:
          Add(instance, "Apply",
              fmt::format(R"({{"spec":{{{},"idleTtl":"1h"}},"annotations":{{"a":"{}"}}}})",
                          Template(network, Pick(3)), Pick(1000)),
              &batch);
          break;
        case 6:
          Add(instance, Pick(4) == 0 ? "Delete" : "Restart", "{}", &batch);
          break;
        default:
          Add(instance, "Touch", "{}", &batch);
          break;
      }
    }
    size_t count = 0;
    const bool there = Send(client, batch, &count);
    answered(count);
    if (!there) return;
    batch.clear();
  }
}

void LoadUser::Provide(const std::string& url, std::stop_token stop,
                       const std::function<void(size_t)>& answered) {
  HttpClient client(url);
  std::vector<std::string> batch = OpenOnes(64);
  Add("location/default/here", "Apply", R"({"spec":{"provider":"local"}})", &batch);
  Add("location/default/here", "AcquireLease", R"({"provider":"local","holder":"test"})", &batch);
  while (!stop.stop_requested()) {
    size_t count = 0;
    if (!batch.empty() && !Send(client, batch, &count)) return answered(count);
    answered(count);
    batch.clear();
    const auto listed = client.Call({.target = "/actions?location=here&limit=100"});
    if (!listed || !listed->ok()) return;
    const json list = json::parse(listed->body);
    for (const json& action : list.at("items")) {
      const std::string entity = action.at("entity");
      for (const char* report : ReportsOf(action.at("verb"))) {
        Add(entity, report,
            fmt::format(R"({{"status":"True","uid":"{}","generation":{},"leaseTerm":{}}})",
                        action.at("uid").get<std::string>(), action.at("generation").get<int64_t>(),
                        term_),
            &batch);
      }
    }
    if (batch.empty()) {
      // Nothing is pending: watched for, so that nothing is asked in vain.
      const std::string from = list.at("metadata").at("resourceVersion");
      const auto watched = client.Stream(
          {.target = "/actions?location=here&watch=true&resourceVersion=" + from,
           .stream_for = Duration::Millis(200)},
          [](std::string_view) { return false; }, stop);
      if (!watched) return;
    }
  }
}

bool LoadUser::Send(HttpClient& client, const std::vector<std::string>& ids, size_t* answered) {
  std::string body;
  for (const std::string& id : ids) {
    SentCommand& command = commands_.at(id);
    ++command.times;
    body += command.json + "\n";
  }
  const auto response = client.Call({.method = "POST",
                                     .target = "/commands",
                                     .body = body,
                                     .headers = {{"Content-Type", "application/x-ndjson"}}});
  if (response && !response->ok()) {
    faults_.push_back(fmt::format("{} for {}", response->status, response->body));
  }
  if (response && response->ok()) {
    size_t at = 0;
    size_t begin = 0;
    while (begin < response->body.size() && at < ids.size()) {
      const size_t end = response->body.find('\n', begin);
      Take(ids[at++], response->body.substr(begin, end - begin), answered);
      if (end == std::string::npos) break;
      begin = end + 1;
    }
  }
  for (const std::string& id : ids) {
    if (commands_.at(id).answered == AnswerKind::kNot) open_.push_back(id);
  }
  return response.has_value();
}

void LoadUser::Take(const std::string& id, const std::string& line, size_t* answered) {
  const json answer = json::parse(line, nullptr, false);
  if (answer.is_discarded()) return faults_.push_back("no JSON: " + line);
  SentCommand& command = commands_.at(id);
  if (answer.contains("kind")) {
    // 503 and 504 leave it open; anything else is a fault of the test.
    const int code = answer.value("code", 0);
    if (code != 503 && code != 504) faults_.push_back(command.json + " got " + line);
    return;
  }
  ++*answered;
  command.answered = answer.at("accepted") ? AnswerKind::kAccepted : AnswerKind::kRejected;
  command.position = answer.at("position");
  command.version = answer.at("version");
  command.duplicate = answer.at("duplicate");
  if (answer.contains("reply") && answer["reply"].contains("term")) term_ = answer["reply"]["term"];
}

std::vector<std::string> LoadUser::OpenOnes(size_t at_most) {
  std::vector<std::string> again;
  for (const std::string& id : std::exchange(open_, {})) {
    if (again.size() == at_most) {
      open_.push_back(id);
    } else if (Pick(100) >= kGivenUpPercent) {
      again.push_back(id);
    }
  }
  return again;
}

void CheckAnswers(const std::map<std::string, SentCommand>& commands, const FoldedLog& log,
                  std::vector<std::string>* faults) {
  static const std::vector<LoggedDecision> kNone;
  for (const auto& [id, command] : commands) {
    const auto at = log.commands.find(id);
    const std::vector<LoggedDecision>& logged = at == log.commands.end() ? kNone : at->second;
    const LoggedDecision* accepted = nullptr;
    const LoggedDecision* answered = nullptr;  // what the user was told
    size_t accepted_count = 0;
    for (const LoggedDecision& decision : logged) {
      if (decision.verdict == Verdict::kAccepted) accepted = &decision;
      accepted_count += decision.verdict == Verdict::kAccepted ? 1 : 0;
      if (decision.position == command.position) answered = &decision;
    }
    const auto fault = [&](const std::string& what) {
      faults->push_back(fmt::format("{} ({} times sent, {} times logged): {}", command.json,
                                    command.times, logged.size(), what));
    };
    if (accepted_count > 1) fault("I3: accepted more than once");
    switch (command.answered) {
      case AnswerKind::kNot:
        break;
      case AnswerKind::kAccepted:
      case AnswerKind::kRejected:
        if (answered == nullptr) {
          fault("I12: acknowledged at " + command.position + ", and not in the log");
          break;
        }
        // A stale report is ignored: taken, without being remembered, as it changed nothing.
        if (answered->verdict != (command.answered == AnswerKind::kRejected ? Verdict::kRejected
                                                                            : Verdict::kAccepted) &&
            answered->verdict != Verdict::kIgnored) {
          fault("it is logged as " + std::string(ToString(answered->verdict)));
        }
        if (accepted != nullptr && accepted != answered) {
          fault("acknowledged at " + command.position + ", accepted at " + accepted->position);
        }
        if (answered->version != command.version) {
          fault(fmt::format("acknowledged as version {}, logged as {}", command.version,
                            answered->version));
        }
        break;
    }
  }
}

}  // namespace sluice::testing
