// Users and a provider of one node, over HTTP, through its deaths: every command has an id, and
// what was not answered is sent again under it, or given up.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "service/client/http_client.h"
#include "tests/support/folded_log.h"

namespace sluice::testing {

enum class AnswerKind : uint8_t {
  kNot = 0,       // sent at least once, nothing came back
  kAccepted = 1,  // and `position`, `version` were told
  kRejected = 2,
};

struct SentCommand {
  std::string id;
  std::string json;
  AnswerKind answered = AnswerKind::kNot;
  std::string position = {};
  uint64_t version = 0;
  bool duplicate = false;
  int times = 0;
};

// One user. Used by one thread at a time; commands outlive the nodes they are sent to.
class LoadUser {
 public:
  LoadUser(uint64_t seed, std::string name);

  // Sends until nobody answers any more, or told to stop. `answered` counts what was.
  void Run(const std::string& url, std::stop_token stop,
           const std::function<void(size_t)>& answered);
  // The same as the location's provider: reports on what is pending.
  void Provide(const std::string& url, std::stop_token stop,
               const std::function<void(size_t)>& answered);

  const std::map<std::string, SentCommand>& commands() const { return commands_; }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  std::string NewId();
  size_t Pick(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }
  void Add(std::string entity, std::string command, std::string payload,
           std::vector<std::string>* batch);
  // False: the node is gone. What is open of `ids` is taken up again by later calls.
  bool Send(HttpClient& client, const std::vector<std::string>& ids, size_t* answered);
  void Take(const std::string& id, const std::string& line, size_t* answered);
  std::vector<std::string> OpenOnes(size_t at_most);

  std::mt19937_64 random_;
  const std::string name_;
  uint64_t next_ = 0;
  uint64_t term_ = 0;
  std::map<std::string, SentCommand> commands_;
  std::vector<std::string> open_;
  std::vector<std::string> faults_;
};

// What a log must say about what users were told.
void CheckAnswers(const std::map<std::string, SentCommand>& commands, const FoldedLog& log,
                  std::vector<std::string>* faults);

}  // namespace sluice::testing
