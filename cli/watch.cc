#include "cli/watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr int kGone = 410;
constexpr Duration kBackoffFirst = Duration::Millis(250);
constexpr Duration kBackoffMax = Duration::Seconds(5);
constexpr int kPagesMax = 100'000;
constexpr std::string_view kPageItems = "500";

std::vector<std::pair<std::string, std::string>> Headers(const Selection& selection) {
  return {{"accept", selection.as_table ? "application/json;as=Table" : "application/json"}};
}

std::string Doing(const Selection& selection) { return "list " + selection.kind.plural; }

std::string MatchOf(const Selection& selection) {
  return selection.exact.empty() ? "NotOlderThan" : "Exact";
}

HttpRequest PageRequest(const Selection& selection, const std::string& continue_token) {
  const std::string& version = selection.exact.empty() ? selection.at_least : selection.exact;
  const bool is_first = continue_token.empty() && !version.empty();
  return {.target = CollectionPath(selection.kind, selection.namespace_) +
                    QueryString({{"labelSelector", selection.labels},
                                 {"fieldSelector", selection.fields},
                                 {"resourceVersion", is_first ? version : ""},
                                 {"resourceVersionMatch", is_first ? MatchOf(selection) : ""},
                                 {"limit", std::string(kPageItems)},
                                 {"continue", continue_token}}),
          .headers = Headers(selection)};
}

std::string MetadataText(const json& object, const char* field) {
  static const json kNone = json::object();
  const auto metadata = object.is_object() ? object.find("metadata") : object.end();
  const json& fields = metadata != object.end() && metadata->is_object() ? *metadata : kNone;
  const auto found = fields.find(field);
  return found != fields.end() && found->is_string() ? found->get<std::string>() : "";
}

// nullopt: the continue token is too old.
Outcome<std::optional<json>> ListOnce(Session& session, const Selection& selection) {
  json whole;
  std::string continue_token;
  const char* member = selection.as_table ? "rows" : "items";
  for (int page = 0; page < kPagesMax; ++page) {
    const HttpRequest request = PageRequest(selection, continue_token);
    const Result<HttpResponse> response = session.api().Call(request);
    if (!response) return FromError(response.error());
    if (response->status == kGone && page > 0) return std::nullopt;
    if (!response->ok()) return FromResponse(Doing(selection), *response);
    json answer = json::parse(response->body, nullptr, false);
    if (!answer.is_object() || !answer.contains(member) || !answer[member].is_array()) {
      return Fail(Exit::kUnavailable,
                  "{}: {} answered with something that is no list; is it Sluice?", Doing(selection),
                  session.api().address());
    }
    continue_token = MetadataText(answer, "continue");
    if (whole.is_null()) {
      whole = std::move(answer);
    } else {
      for (json& item : answer[member]) whole[member].push_back(std::move(item));
    }
    if (continue_token.empty()) break;
  }
  if (whole.contains("metadata") && whole["metadata"].is_object()) {
    whole["metadata"].erase("continue");
  }
  return whole;
}

// One watch after a list, over as many connections as it takes.
class Watcher {
 public:
  Watcher(Session& session, const Selection& selection, const WatchHandlers& handlers,
          Duration total)
      : session_(session),
        selection_(selection),
        handlers_(handlers),
        total_(total),
        deadline_(session.env().now() + total) {}

  Outcome<WatchEnd> Run() {
    while (true) {
      const auto list = ListAll(session_, selection_);
      if (!list) return Again(list.error());
      version_ = MetadataText(*list, "resourceVersion");
      const auto go_on = handlers_.on_list(*list);
      if (!go_on) return Again(go_on.error());
      if (!*go_on) return WatchEnd::kEnough;
      const auto end = Follow();
      if (!end) return Again(end.error());
      if (end->has_value()) return **end;
      session_.env().err << "sluice: the watch fell too far behind; listing again\n";
    }
  }

 private:
  // From version_ on. nullopt: it is too old, list again.
  Outcome<std::optional<WatchEnd>> Follow() {
    attempts_ = 0;
    while (true) {
      failure_.reset();
      is_too_old_ = false;
      is_enough_ = false;
      if (total_.us > 0 && session_.env().now() >= deadline_) return WatchEnd::kElapsed;
      const Result<StreamOutcome> outcome = session_.api().Stream(
          Request(), [this](std::string_view line) { return OnLine(line); }, session_.env().stop);
      if (failure_) return Again(*failure_);
      if (is_enough_) return WatchEnd::kEnough;
      if (is_too_old_) return std::nullopt;
      if (session_.env().stop.stop_requested()) return WatchEnd::kStopped;
      if (!outcome && outcome.error().code != ErrorCode::kUnavailable) {
        return FromError(outcome.error());
      }
      if (outcome && outcome->end == StreamEnd::kElapsed) return WatchEnd::kElapsed;
      if (outcome && outcome->end == StreamEnd::kRefused) {
        if (outcome->response.status == kGone) return std::nullopt;
        auto failure = FromResponse("watch " + selection_.kind.plural, outcome->response);
        if (failure.value().exit != Exit::kUnavailable || IsLastAttempt()) return failure;
      } else if (IsLastAttempt()) {
        if (!outcome) return FromError(outcome.error());
        return Fail(Exit::kUnavailable, "{} ends every watch at once", session_.api().address());
      }
      BackOff();
    }
  }

  bool IsLastAttempt() { return ++attempts_ >= kAttemptsMax; }

  void BackOff() {
    Duration length = kBackoffFirst;
    for (int i = 1; i < attempts_ && length < kBackoffMax; ++i) length = length * 2;
    length = std::min(length, kBackoffMax);
    if (total_.us > 0) {
      length = std::min(length, std::max(deadline_ - session_.env().now(), Duration{}));
    }
    session_.env().pause(length);
  }

  HttpRequest Request() const {
    HttpRequest request{.target = CollectionPath(selection_.kind, selection_.namespace_) +
                                  QueryString({{"labelSelector", selection_.labels},
                                               {"fieldSelector", selection_.fields},
                                               {"watch", "true"},
                                               {"allowWatchBookmarks", "true"},
                                               {"resourceVersion", version_}}),
                        .headers = Headers(selection_)};
    if (total_.us > 0) {
      request.stream_for = std::max(deadline_ - session_.env().now(), Duration::Micros(1));
    }
    return request;
  }

  bool OnLine(std::string_view line) {
    if (line.empty()) return true;
    const json event = json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("object") || !event.contains("type") ||
        !event["type"].is_string()) {
      failure_ =
          Failure{Exit::kUnavailable, fmt::format("{}: a line of the watch is no event: {}",
                                                  session_.api().address(), line.substr(0, 200))};
      return false;
    }
    const std::string type = event["type"];
    const json& object = event["object"];
    if (type == "ERROR") return OnErrorEvent(object);
    const std::string version = MetadataText(object, "resourceVersion");
    attempts_ = 0;
    if (type != "BOOKMARK") {
      const auto go_on = handlers_.on_event(type, object);
      if (!go_on) {
        failure_ = go_on.error();
        return false;
      }
      is_enough_ = !*go_on;
    }
    // Only what was handled is behind us.
    if (!version.empty()) version_ = version;
    return !is_enough_;
  }

  bool OnErrorEvent(const json& status) {
    const int code = status.is_object() ? status.value("code", 0) : 0;
    if (code == kGone) {
      is_too_old_ = true;
    } else {
      failure_ = FromResponse("watch " + selection_.kind.plural,
                              {.status = code == 0 ? 500 : code, .body = status.dump()})
                     .value();
    }
    return false;
  }

  Session& session_;
  const Selection& selection_;
  const WatchHandlers& handlers_;
  const Duration total_;
  const Time deadline_;
  std::string version_;
  int attempts_ = 0;  // In a row that brought no line.
  // What the last stream's lines came to.
  std::optional<Failure> failure_;
  bool is_too_old_ = false;
  bool is_enough_ = false;
};

}  // namespace

Selection OnlyObject(const ObjectRef& ref) {
  return {.kind = ref.kind,
          .namespace_ = ref.namespace_,
          .labels = {},
          .fields = "metadata.name=" + ref.name,
          .at_least = {}};
}

Outcome<nlohmann::json> ListAll(Session& session, const Selection& selection) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto list = ListOnce(session, selection);
    if (!list) return Again(list.error());
    if (list->has_value()) return **std::move(list);
  }
  return Fail(Exit::kUnavailable, "{}: the list changes faster than it can be read in pages",
              Doing(selection));
}

Outcome<WatchEnd> ListAndWatch(Session& session, const Selection& selection,
                               const WatchHandlers& handlers, Duration total) {
  return Watcher(session, selection, handlers, total).Run();
}

}  // namespace sluice::cli
