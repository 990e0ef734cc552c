// What the node answers besides objects and their changes: commands as the test says, the rest by
// rote.
#include <utility>

#include "service/tests/fake_backend.h"

namespace sluice::service {

void FakeBackend::Submit(std::string command_json, const std::string& /*connection*/,
                         CommandCallback done) {
  {
    const std::lock_guard lock(mutex_);
    submitted_.push_back(std::move(command_json));
    if (keep_answers) kept_.push_back(done);
  }
  if (!keep_answers) done(next_answer);
}

void FakeBackend::AnswerKept(const CommandAnswer& answer) {
  std::vector<CommandCallback> kept;
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
    if (answer.final) kept_.clear();
  }
  for (const auto& done : kept) done(answer);
}

size_t FakeBackend::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

std::vector<std::string> FakeBackend::submitted() const {
  const std::lock_guard lock(mutex_);
  return submitted_;
}

Answer<JsonPage> FakeBackend::History(const EntityKey& key, const PageQuery& page) {
  return JsonPage{
      {R"({"entity":")" + key.ToString() + R"(","limit":)" + std::to_string(page.limit) + "}"},
      "next",
      ""};
}

Answer<JsonPage> FakeBackend::Actions(const ActionQuery& query) {
  return JsonPage{{R"({"location":")" + query.location + R"("})"}, "", "7"};
}

Answer<std::unique_ptr<Subscription>> FakeBackend::WatchActions(const ActionQuery& query,
                                                                std::function<void()> wake) {
  return Watch({"binding", std::nullopt, {}, query.resource_version}, std::move(wake));
}

Answer<std::string> FakeBackend::Resolve(const ResolveQuery& query) {
  if (query.name == "absent") return Fail(ApiError::NotFound("no such binding"));
  return R"({"namespace":")" + query.namespace_ + R"(","name":")" + query.name + R"(","key":")" +
         query.key + R"(","expect":)" + (query.expect.empty() ? "null" : query.expect) + "}";
}

Answer<std::vector<std::string>> FakeBackend::FindByIndex(const std::string& kind,
                                                          const std::string& index,
                                                          const std::string& value) {
  const auto found = indexed.find(kind + " " + index + " " + value);
  return found == indexed.end() ? std::vector<std::string>{} : found->second;
}

Answer<JsonPage> FakeBackend::Quarantined(const PageQuery&) {
  return JsonPage{{R"({"entity":"binding/default/bad"})"}, "", ""};
}

void FakeBackend::Release(const EntityKey& key, bool skip, CommandCallback done) {
  Submit("release " + key.ToString() + (skip ? " skip" : ""), "", std::move(done));
}

Answer<JsonPage> FakeBackend::DeadLetters(const PageQuery&) {
  return JsonPage{{R"({"id":"0:3"})"}, "", ""};
}

void FakeBackend::RetryDeadLetter(const std::string& id, CommandCallback done) {
  Submit("retry " + id, "", std::move(done));
}

Answer<std::unique_ptr<LogReader>> FakeBackend::Logs(const LogQuery& query) {
  class Reader : public LogReader {
   public:
    explicit Reader(std::string text) : text_(std::move(text)) {}
    Answer<Chunk> Read(size_t) override { return Chunk{std::exchange(text_, {}), false}; }

   private:
    std::string text_;
  };
  if (query.name == "absent") return Fail(ApiError::NotFound("no such instance"));
  return std::make_unique<Reader>(log_text);
}

MetricsSnapshot FakeBackend::Metrics() {
  MetricsSnapshot snapshot;
  snapshot.objects = {{"binding", "Ready", 2}};
  snapshot.commands = {{"accepted", "binding", 5}};
  snapshot.partitions = {{0, 3, 17, 16, 2, false}};
  snapshot.commit_latency = {{0.001, 0.01}, {4, 1, 0}, 0.007};
  return snapshot;
}

}  // namespace sluice::service
