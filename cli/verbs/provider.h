// What the parts of `sluice provider` share.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/session.h"

namespace sluice::cli {

// "NAME", "NAMESPACE/NAME", with or without "location/" before it.
Outcome<ObjectRef> ParseLocation(Session& session, const std::string& text);

// "NAMESPACE/NAME" of a location named by its provider's command line.
Outcome<std::string> LocationName(Session& session, const std::string& text);

// Verbs within `provider`.
void DefineProviderDrift(Arguments& provider);
void DefineProviderGitHub(Arguments& provider);
void DefineProviderLocal(Arguments& provider);
// `sluice provider notify`.
void DefineProviderNotify(Arguments& provider);
// `sluice provider region` and `region-do`.
void DefineProviderRegion(Arguments& provider);

}  // namespace sluice::cli
