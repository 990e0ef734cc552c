#include <memory>

#include "cli/verbs/provider.h"
#include "providers/region/control.h"
#include "providers/region/region_provider.h"

namespace sluice::cli {
namespace {

struct ProviderRegionOptions {
  std::string data;
  std::vector<std::string> locations;
  std::vector<std::string> faults;
  Duration step_time = Duration::Seconds(1);
  uint64_t seed = 1;
};

struct RequestOptions {
  std::string data;
  std::string request;
};

Outcome<Exit> RunRegion(Session& session, const ProviderRegionOptions& options) {
  if (options.data.empty()) {
    return Fail(Exit::kBadInput, "provider region: --data DIR says where it keeps its servers");
  }
  region::RegionProviderOptions provider;
  provider.server_url = session.api().address();
  provider.data_dir = options.data;
  provider.region.seed = options.seed;
  if (options.step_time <= Duration{}) {
    return Fail(Exit::kBadInput, "provider region: --step-time should be above 0, as 500ms");
  }
  provider.region.step_time = local::Micros(options.step_time.us);
  for (const std::string& text : options.faults) {
    auto rule = region::ParseFaultRule(text);
    if (!rule) return Fail(Exit::kBadInput, "--fail: {}", rule.error().message);
    provider.faults.push_back(*std::move(rule));
  }
  for (const std::string& text : options.locations) {
    auto name = LocationName(session, text);
    if (!name) return Again(name.error());
    provider.locations.insert(*std::move(name));
  }
  provider.ready = [&session, &provider] {
    session.env().out << "provider region: ready, of the node at " << provider.server_url
                      << std::endl;
  };
  const Result<void> served = region::ServeRegionProvider(provider, session.env().stop);
  if (!served) return FromError(served.error());
  return Exit::kDone;
}

Outcome<Exit> Request(Session& session, const RequestOptions& options) {
  if (options.data.empty()) {
    return Fail(Exit::kBadInput, "provider region-do: --data DIR says which region");
  }
  const Result<void> done = region::SendRequest(options.data, options.request);
  if (!done) return FromError(done.error());
  session.env().out << "region: " << options.request << std::endl;
  return Exit::kDone;
}

}  // namespace

void DefineProviderRegion(Arguments& provider) {
  const auto options = std::make_shared<ProviderRegionOptions>();
  Arguments region = provider.Sub(
      "region", "Simulates a region, with servers for instances of backend server; for trying out");
  region.Text("--data", &options->data, "Where it keeps its servers; one region at a time")
      .Texts("--location", &options->locations, "Only these: NAME or NAMESPACE/NAME [all region]")
      .Length("--step-time", &options->step_time, "How long a step of a server takes, on average")
      .Number("--seed", &options->seed, "Of what is random: the same seed is the same region")
      .Texts("--fail", &options->faults, "'build flavor=m9 times=2': see region-do fail")
      .Run([options](Session& session) { return RunRegion(session, *options); });

  const auto request = std::make_shared<RequestOptions>();
  Arguments control = provider.Sub(
      "region-do",
      "Does something to a simulated region that runs: 'vanish SERVER', 'strip SERVER [KEY]', "
      "'tag SERVER KEY=VALUE', 'power|health|phase SERVER WORD', 'create NAMESPACE/LOCATION FLAVOR "
      "IMAGE [KEY=VALUE...]', 'fail create|build|rebuild [flavor=F] [image=I] [tag=KEY=VALUE] "
      "[times=N]', 'heal'");
  control.Word("REQUEST", &request->request, "One of these, in quotes")
      .Text("--data", &request->data, "Of the region")
      .Run([request](Session& session) { return Request(session, *request); });
}

}  // namespace sluice::cli
