#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "service/http_message.h"

namespace sluice::service {

// Takes a line, without its line feed; false: nobody listens any more. May block while the reader
// is slow.
using LineSink = std::function<bool(std::string line)>;

// Runs `job` on a thread of its own and streams the lines it gives. A reader that goes away stops
// it; the destructor waits for it. At most a few MiB of lines wait for a slow reader.
std::unique_ptr<Stream> MakeJobStream(
    std::function<void(const LineSink& sink, std::stop_token stop)> job);

}  // namespace sluice::service
