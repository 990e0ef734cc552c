// What an operator of the simulated region does to it while it runs, by files.
//
// A request is one line; `sluice provider region-do` writes it to DATA/region/requests and waits
// until the region has taken it away. Requests are carried out in the order of their file names.
#pragma once

#include <filesystem>
#include <string>

#include "providers/region/simulated_region.h"

namespace sluice::region {

// Carries out one request. kInvalid, saying what would be right.
//   fail STEP [flavor=F] [image=I] [tag=KEY=VALUE] [times=N]     create, build, rebuild
//   heal                                                         nothing fails any more
//   vanish SERVER          strip SERVER [KEY]       tag SERVER KEY=VALUE
//   power SERVER WORD      health SERVER WORD       phase SERVER WORD
//   create LOCATION FLAVOR IMAGE [KEY=VALUE...]     a server that nobody asked for
Result<void> CarryOutRequest(SimulatedRegion& region, const std::string& line);

// Leaves a request for the region on this data directory, and waits until it has been carried out.
// kInvalid with the region's own words; kUnavailable when no region takes it.
Result<void> SendRequest(const std::filesystem::path& data_dir, const std::string& line);

// Takes what is there, in order; what could not be carried out is answered beside it.
void TakeRequests(SimulatedRegion& region, const std::filesystem::path& data_dir);

}  // namespace sluice::region
