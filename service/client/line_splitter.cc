#include "service/client/line_splitter.h"

namespace sluice {
namespace {

std::string_view WithoutCarriageReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<bool> LineSplitter::Feed(std::string_view bytes, const LineCallback& on_line) {
  while (true) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    bool go_on = false;
    if (partial_.empty()) {
      go_on = on_line(WithoutCarriageReturn(bytes.substr(0, end)));
    } else {
      partial_.append(bytes.substr(0, end));
      const std::string line = std::exchange(partial_, {});
      go_on = on_line(WithoutCarriageReturn(line));
    }
    if (!go_on) return false;
    bytes.remove_prefix(end + 1);
  }
  if (partial_.size() + bytes.size() > kLineBytesMax) {
    return Err(ErrorCode::kInvalid, "a line of the answer is over {} bytes", kLineBytesMax);
  }
  partial_.append(bytes);
  return true;
}

bool LineSplitter::Finish(const LineCallback& on_line) {
  if (partial_.empty()) return true;
  const std::string line = std::exchange(partial_, {});
  return on_line(WithoutCarriageReturn(line));
}

}  // namespace sluice
