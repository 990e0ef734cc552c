#include "cli/file_api.h"

#include <fstream>
#include <ostream>

#include "cli/build_info.h"
#include "cli/offline.h"
#include "engine/clock.h"
#include "replay/import.h"
#include "service/archive_backend.h"
#include "service/router_api.h"

namespace sluice::cli {
namespace {

const SystemClock kFileClock;

class FileApi final : public Api {
 public:
  FileApi(std::unique_ptr<replay::MemoryArchive> archive, const std::string& file,
          Environment& environment)
      : archive_(std::move(archive)),
        backend_(
            *archive_, kFileClock, BuildVersion(),
            fmt::format("export {} has objects and their decisions; for everything else make a "
                        "data directory of it: sluice import {} --data DIR",
                        file, file),
            [&environment](const std::string& why) {
              environment.err << "sluice: left out: " << why << '\n';
            }),
        router_(backend_, timers_, InProcessRouter()),
        api_(router_, "export " + file) {}

  Result<HttpResponse> Call(const HttpRequest& request) override { return api_.Call(request); }
  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               std::stop_token stop) override {
    return api_.Stream(request, on_line, std::move(stop));
  }
  std::string address() const override { return api_.address(); }

 private:
  const std::unique_ptr<replay::MemoryArchive> archive_;
  service::ArchiveBackend backend_;
  service::ThreadTimers timers_;
  service::Router router_;
  service::RouterApi api_;
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
  return std::make_unique<FileApi>(std::move(*archive), file, environment);
}

}  // namespace sluice::cli
