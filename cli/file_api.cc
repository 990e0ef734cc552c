#include "cli/file_api.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/build_info.h"
#include "engine/clock.h"
#include "replay/import.h"
#include "replay/question.h"
#include "service/target.h"

namespace sluice::cli {
namespace {

const SystemClock kFileClock;

// The query of a target, as QueryString writes it.
void TakeParameters(std::string_view target, replay::Question* question) {
  const size_t begin = target.find('?');
  if (begin == target.npos) return;
  std::string_view rest = target.substr(begin + 1);
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const std::string name(one.substr(0, one.find('=')));
    if (const auto parsed = service::Target::Parse(target)) {
      question->parameters[name] = parsed->Get(name);
    }
  }
}

class FileApi final : public Api {
 public:
  FileApi(std::unique_ptr<replay::MemoryArchive> archive, std::string file, std::string build)
      : archive_(std::move(archive)), file_(std::move(file)), build_(std::move(build)) {}

  Result<HttpResponse> Call(const HttpRequest& request) override {
    if (request.target != "/apis/sluice.dev/v1") return OnlyDebugs();
    nlohmann::json kinds = nlohmann::json::array();
    for (const ::sluice::KindInfo* kind : archive_->kinds().kinds()) {
      kinds.push_back({{"name", kind->plural},
                       {"singularName", kind->name},
                       {"namespaced", true},
                       {"kind", kind->camel}});
    }
    return HttpResponse{.status = 200,
                        .headers = {},
                        .body = nlohmann::json{{"resources", std::move(kinds)}}.dump()};
  }

  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               std::stop_token stop) override {
    const auto target = service::Target::Parse(request.target);
    if (!target || target->path().size() != 2 || target->path()[0] != "debug" ||
        !replay::IsQuestion(target->path()[1])) {
      return OnlyDebugs();
    }
    replay::Question question{.verb = target->path()[1], .parameters = {}};
    TakeParameters(request.target, &question);
    bool enough = false;
    replay::Ask(*archive_, question, {.build = build_, .now = kFileClock.Now(), .stop = stop},
                [&](const std::string& line) {
                  enough = enough || !on_line(line);
                  return !enough;
                });
    return StreamOutcome{.end = enough ? StreamEnd::kCaller : StreamEnd::kServer, .response = {}};
  }

  std::string address() const override { return "export " + file_; }

 private:
  tl::unexpected<Error> OnlyDebugs() const {
    return Err(ErrorCode::kInvalid,
               "{} answers history, why, diff, replay, verify and export; for everything else make "
               "a data directory of it: sluice import {} --data DIR",
               address(), file_);
  }

  const std::unique_ptr<replay::MemoryArchive> archive_;
  const std::string file_;
  const std::string build_;
};

}  // namespace

Outcome<std::unique_ptr<Api>> OpenExport(const std::string& file, bool keep_going,
                                         Environment& environment) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Fail(Exit::kBadInput, "--data {}: cannot be read", file);
  auto reader = replay::ExportReader::Open(in);
  if (!reader) return Fail(Exit::kBadInput, "--data {}: {}", file, reader.error().message);
  auto archive = replay::LoadExport(*reader, BuiltinKinds(), keep_going, [&](const Error& error) {
    environment.err << "sluice: " << file << ": " << error.message << '\n';
  });
  if (!archive) {
    return Fail(Exit::kBadInput, "--data {}: {}; --keep-going reads the rest", file,
                archive.error().message);
  }
  return std::make_unique<FileApi>(std::move(*archive), file, BuildVersion());
}

}  // namespace sluice::cli
