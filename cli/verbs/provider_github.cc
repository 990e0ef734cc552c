#include <cstdlib>
#include <memory>

#include "cli/verbs/provider.h"
#include "providers/github/github_provider.h"

namespace sluice::cli {
namespace {

struct ProviderGithubOptions {
  std::string api_url = "https://api.github.com";
  std::string ca_file;
  std::string holder;
};

Outcome<Exit> RunGitHub(Session& session, const ProviderGithubOptions& options) {
  const char* token = std::getenv("GITHUB_TOKEN");
  if (token == nullptr || *token == '\0') {
    return Fail(Exit::kBadInput,
                "provider github: GITHUB_TOKEN is not set; it takes its token there");
  }
  GitHubProviderOptions provider;
  provider.server_url = session.api().address();
  provider.api_url = options.api_url;
  provider.token = token;
  provider.ca_file = options.ca_file;
  provider.holder = options.holder;
  provider.ready = [&session, &provider] {
    session.env().out << "provider github: ready, of the node at " << provider.server_url
                      << ", serving " << provider.api_url << std::endl;
  };
  const Result<void> served = ServeGitHubProvider(provider, session.env().stop);
  if (!served) return FromError(served.error());
  return Exit::kDone;
}

}  // namespace

void DefineProviderGitHub(Arguments& provider) {
  const auto options = std::make_shared<ProviderGithubOptions>();
  Arguments github = provider.Sub(
      "github", "Carries out what pull requests need at GitHub; its token is in GITHUB_TOKEN");
  github.Text("--api-url", &options->api_url, "Of the REST API [https://api.github.com]")
      .Text("--ca-file", &options->ca_file, "Certificates to trust instead of the system's (PEM)")
      .Text("--holder", &options->holder, "Its name in the lease [github-HOST]")
      .Run([options](Session& session) { return RunGitHub(session, *options); });
}

}  // namespace sluice::cli
