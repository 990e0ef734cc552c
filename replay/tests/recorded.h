// Logs for tests of the debugger: a cluster of the real machines driven by hand, and its log as an
// archive.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/testing/cluster.h"
#include "replay/answers.h"
#include "replay/export_file.h"
#include "replay/memory_archive.h"

namespace sluice::replay {

class Recorded {
 public:
  explicit Recorded(uint32_t partitions = 2, const KindRegistry& kinds = BuiltinKinds());

  // Decides a command, and all that follows from it.
  Decision Send(const std::string& entity, const std::string& command, const std::string& payload,
                const std::string& id = "", const std::string& actor = "ada");
  // Time passes; what is due is decided.
  void Advance(Duration step);
  testing::Cluster& cluster() { return *cluster_; }

  // What `change` makes of each record is in the archive instead; every record after a changed one
  // is chained anew where `rechain`.
  using Change = std::function<void(LogRecord&)>;
  std::unique_ptr<MemoryArchive> Archive(const Change& change = nullptr, bool rechain = true,
                                         const KindRegistry* kinds = nullptr) const;

 private:
  const KindRegistry& kinds_;
  std::unique_ptr<testing::Cluster> cluster_;
};

// A binding whose rollout is stuck: its instance waits for a network, which waits for the pool,
// which ran dry. The entities are binding/default/web and network/default/shop.
void RunPoolDry(Recorded& recorded);

// The result of a question, which must have one.
Json AskFor(const Archive& archive, const std::string& verb,
            std::map<std::string, std::string, std::less<>> parameters = {});
// Its error message; empty if it has a result.
std::string RefusalOf(const Archive& archive, const std::string& verb,
                      std::map<std::string, std::string, std::less<>> parameters = {});
// What comes before the result.
std::vector<Json> ItemsOf(const Archive& archive, const std::string& verb,
                          std::map<std::string, std::string, std::less<>> parameters = {});

// The file `sluice export` makes of the answer.
std::string FileOf(const Archive& archive, ExportForm form,
                   std::map<std::string, std::string, std::less<>> question = {});

}  // namespace sluice::replay
