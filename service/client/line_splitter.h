// Cuts a stream of bytes into lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "events/result.h"
#include "service/client/api.h"

namespace sluice {

// Not thread-safe. A line may come in any number of pieces; a carriage return at its end goes too.
class LineSplitter {
 public:
  static constexpr size_t kLineBytesMax = size_t{64} << 20;

  // Hands every whole line in `bytes` to `on_line`; false as soon as that returns false.
  // kInvalid when a line grows past the bound.
  Result<bool> Feed(std::string_view bytes, const LineCallback& on_line);

  // The last line when the stream ended in good order without a line feed.
  bool Finish(const LineCallback& on_line);

 private:
  std::string partial_;
};

}  // namespace sluice
