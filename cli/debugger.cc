#include "cli/debugger.h"

#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr size_t kValueCharactersMax = 160;

// One line that is written over, on a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(std::ostream& out) : out_(out), terminal_(isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { Clear(); }

  void Show(const json& progress) {
    if (!terminal_) return;
    const double done = progress.value("done", 0.0);
    const double total = progress.value("total", 0.0);
    out_ << "\r\033[K"
         << fmt::format("{:.0f} of {:.0f} {} ({:.0f}%)", done, total,
                        progress.value("unit", "decisions"), total > 0 ? 100 * done / total : 100.0)
         << std::flush;
    shown_ = true;
  }
  void Clear() {
    if (std::exchange(shown_, false)) out_ << "\r\033[K" << std::flush;
  }

 private:
  std::ostream& out_;
  const bool terminal_;
  bool shown_ = false;
};

tl::unexpected<Failure> FromDebugger(const json& error) {
  const std::string code = error.value("code", "");
  const std::string message = error.value("message", "");
  if (code == "Invalid") return Fail(Exit::kBadInput, "{}", message);
  if (code == "NotFound") return Fail(Exit::kRejected, "{}", message);
  return Fail(Exit::kUnavailable, "{}", message);
}

std::string Shortened(const json& value) {
  std::string text = value.is_null() ? "(absent)" : value.dump();
  if (text.size() > kValueCharactersMax) {
    text.resize(kValueCharactersMax);
    text += "...";
  }
  return text;
}

}  // namespace

Outcome<json> AskDebugger(Session& session, const std::string& verb, const Parameters& parameters,
                          const std::function<bool(json item)>& on_item) {
  return AskForLines(session, verb, {.target = "/debug/" + verb + QueryString(parameters)},
                     on_item);
}

Outcome<json> AskForLines(Session& session, const std::string& doing, const HttpRequest& request,
                          const std::function<bool(json item)>& on_item) {
  ProgressLine progress(session.env().err);
  json result;
  json error;
  bool answered = false;
  bool enough = false;
  const auto take = [&](std::string_view text) {
    json line = json::parse(text, nullptr, false);
    if (!line.is_object()) return true;
    if (line.contains("progress")) {
      progress.Show(line["progress"]);
    } else if (line.contains("item")) {
      progress.Clear();
      enough = on_item && !on_item(std::move(line["item"]));
      return !enough;
    } else if (line.contains("error")) {
      error = std::move(line["error"]);
    } else if (line.contains("result")) {
      result = std::move(line["result"]);
      answered = true;
    }
    return true;
  };
  const auto streamed = session.api().Stream(request, take, session.env().stop);
  progress.Clear();
  if (!streamed) return FromError(streamed.error());
  if (streamed->end == StreamEnd::kRefused) return FromResponse(doing, streamed->response);
  if (!error.is_null()) return FromDebugger(error);
  if (enough) return json();
  if (session.env().stop.stop_requested()) return Fail(Exit::kUnavailable, "interrupted");
  if (!answered) {
    return Fail(Exit::kUnavailable, "{}: {} ended before it had answered", doing,
                session.api().address());
  }
  return result;
}

namespace {

// A duration that may begin with days, which Go's have none of: "2d", "1d12h".
tl::expected<Duration, std::string> LengthOfTime(std::string_view text) {
  constexpr int64_t kDaysMax = 36'500;
  const size_t unit = text.find('d');
  if (unit == text.npos) return ParseDuration(text);
  int64_t days = 0;
  const auto number = std::from_chars(text.data(), text.data() + unit, days);
  const std::string_view rest = text.substr(unit + 1);
  const auto more = rest.empty() ? Duration{} : ParseDuration(rest);
  if (unit == 0 || number.ec != std::errc{} || number.ptr != text.data() + unit || days < 0 ||
      days > kDaysMax || !more || more->us < 0) {
    return tl::unexpected(
        fmt::format("'{}' is not a length of time such as 2d, 1d12h, 1h30m or 1.5s", text));
  }
  return Duration::Hours(24 * days) + *more;
}

// Whether it has the form of a position, of a list's resourceVersion or of a time.
bool IsPoint(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const auto is_number = [&](std::string_view one) {
    return !one.empty() && one.find_first_not_of(kDigits) == one.npos;
  };
  if (text.starts_with('v')) return text.find_first_not_of("0123456789.", 1) == text.npos;
  const size_t colon = text.find(':');
  if (is_number(text.substr(0, colon)))
    return colon != text.npos && is_number(text.substr(colon + 1));
  return ParseTime(text).has_value();
}

}  // namespace

Outcome<std::string> PointInTime(Session& session, std::string_view flag, const std::string& at) {
  if (!at.starts_with('-')) {
    if (at.empty() || IsPoint(at)) return at;
    return Fail(Exit::kBadInput,
                "{}: '{}' is no point: give a position (0:17), a time with its zone "
                "(2026-11-30T12:00:00Z) or so long ago (-5m)",
                flag, at);
  }
  const auto ago = LengthOfTime(std::string_view(at).substr(1));
  if (!ago) return Fail(Exit::kBadInput, "{}: {}", flag, ago.error());
  return FormatTime(session.env().now() - *ago);
}

void PrintChanges(const json& changes, std::string_view indent, std::ostream& out) {
  for (const json& change : changes) {
    out << indent << change.value("path", "") << ": " << Shortened(change.at("before")) << " -> "
        << Shortened(change.at("after")) << '\n';
  }
}

}  // namespace sluice::cli
