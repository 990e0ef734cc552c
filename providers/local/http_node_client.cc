#include "providers/local/http_node_client.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stop_token>
#include <thread>
#include <vector>

#include "service/client/http_client.h"

namespace sluice::local {
namespace {

using Json = nlohmann::json;

constexpr Duration kCallTimeout = Duration::Seconds(15);
constexpr size_t kCommandsPerRequest = 64;
constexpr std::string_view kCommands = "/commands";
constexpr char kApis[] = "/apis/sluice.dev/v1/";

Result<CommandAnswer> ReadAnswer(const Result<HttpResponse>& response) {
  if (!response) return tl::unexpected(response.error());
  const Json json = Json::parse(response->body, nullptr, false);
  // A Status stands for a command that got no decision, also among the lines of a good answer.
  const bool is_status = json.is_object() && json.value("kind", "") == "Status";
  const int status = is_status ? json.value("code", response->status) : response->status;
  if (status >= 500 || status == 429 || !json.is_object()) {
    return Err(ErrorCode::kUnavailable, "the node answered {}: {}", status,
               response->body.substr(0, 200));
  }
  CommandAnswer answer;
  if (status >= 400) {  // Not a command for this node: a later try would be none either.
    answer.rejection_code = json.value("reason", "InvalidArgument");
    answer.rejection_message = json.value("message", "");
    return answer;
  }
  if (!json.contains("accepted")) {
    return Err(ErrorCode::kUnavailable, "the node has not decided yet");
  }
  answer.accepted = json.value("accepted", false);
  answer.position = json.value("position", "");
  if (const auto found = json.find("rejection"); found != json.end() && found->is_object()) {
    answer.rejection_code = found->value("code", "");
    answer.rejection_message = found->value("message", "");
  }
  if (const auto found = json.find("reply"); found != json.end() && found->is_object()) {
    answer.reply = (found->contains("payload") ? found->at("payload") : *found).dump();
  }
  return answer;
}

Result<std::optional<std::string>> ReadObject(const Result<HttpResponse>& response) {
  if (!response) return tl::unexpected(response.error());
  if (response->status == 404) return std::optional<std::string>();
  if (!response->ok()) {
    return Err(ErrorCode::kUnavailable, "the node answered {}: {}", response->status,
               response->body.substr(0, 200));
  }
  return std::optional(response->body);
}

// One line of a watch; empty when it tells nothing or says that the watch is over.
std::optional<NodeEvent> ReadEvent(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const std::string type = json.value("type", "");
  if (type == "BOOKMARK") return NodeEvent{NodeEvent::Type::kSynced, {}};
  NodeEvent event;
  if (type == "ADDED") {
    event.type = NodeEvent::Type::kAdded;
  } else if (type == "MODIFIED") {
    event.type = NodeEvent::Type::kModified;
  } else if (type == "DELETED") {
    event.type = NodeEvent::Type::kDeleted;
  } else {
    return std::nullopt;
  }
  event.object = json.value("object", Json::object()).dump();
  return event;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

// A thread that reads a stream of lines. The callbacks live on the loop's thread alone.
class HttpWatch : public NodeWatch {
 public:
  HttpWatch(const std::string& server_url, std::string target, EventLoop& loop,
            NodeClient::Watcher watcher, std::function<void()> ended)
      : state_(std::make_shared<State>(State{std::move(watcher), std::move(ended), false})) {
    thread_ = std::jthread([state = state_, &loop, server_url,
                            target = std::move(target)](const std::stop_token& stop) {
      HttpClient client(server_url);
      HttpRequest request;
      request.target = target;
      const auto outcome = client.Stream(
          request,
          [&](std::string_view line) {
            std::optional<NodeEvent> event = ReadEvent(line);
            if (!event) return false;
            loop.Post([state, event = std::move(*event)] {
              if (!state->over) state->watcher(event);
            });
            return true;
          },
          stop);
      (void)outcome;  // However it ended, the caller opens another.
      loop.Post([state] {
        if (state->over) return;
        state->over = true;
        state->ended();
      });
    });
  }

  ~HttpWatch() override { state_->over = true; }

 private:
  struct State {
    NodeClient::Watcher watcher;
    std::function<void()> ended;
    bool over;  // Read and written on the loop's thread.
  };
  std::shared_ptr<State> state_;
  std::jthread thread_;  // Stopped and waited for first.
};

}  // namespace

// Calls in order on one thread. Commands that wait together go together, as lines of one request,
// so that they share a commit.
class HttpNodeClient::Calls {
 public:
  using Done = std::function<void(Result<HttpResponse>)>;

  Calls(const std::string& server_url, EventLoop& loop) : loop_(loop), client_(server_url) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  }

  void Add(HttpRequest request, Done done) {
    request.timeout = kCallTimeout;
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(request), std::move(done));
    changed_.notify_one();
  }

 private:
  using Call = std::pair<HttpRequest, Done>;

  void Work(const std::stop_token& stop) {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      std::vector<Call> calls;
      do {
        calls.push_back(std::move(queue_.front()));
        queue_.pop_front();
      } while (!queue_.empty() && calls.size() < kCommandsPerRequest &&
               calls.back().first.target == kCommands && queue_.front().first.target == kCommands);
      lock.unlock();
      if (calls.size() > 1 && Together(calls)) continue;
      for (Call& call : calls) Finish(call.second, client_.Call(call.first));
    }
  }

  // False when the node did not take them as one request: they have to go one by one.
  bool Together(std::vector<Call>& calls) {
    HttpRequest request = calls.front().first;
    request.headers = {{"content-type", "application/x-ndjson"}};
    for (size_t i = 1; i < calls.size(); ++i) request.body += "\n" + calls[i].first.body;
    const Result<HttpResponse> response = client_.Call(request);
    if (!response || !response->ok()) {
      if (response && response->status < 500) return false;
      for (Call& call : calls) Finish(call.second, response);
      return true;
    }
    std::istringstream lines(response->body);
    for (Call& call : calls) {
      HttpResponse answer{response->status, {}, {}};
      std::getline(lines, answer.body);  // A line that is missing reads as not known.
      Finish(call.second, std::move(answer));
    }
    return true;
  }

  void Finish(Done& done, Result<HttpResponse> response) {
    loop_.Post([response = std::move(response), done = std::move(done)] { done(response); });
  }

  EventLoop& loop_;
  HttpClient client_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Call> queue_;  // Guarded by mutex_.
  std::jthread thread_;
};

HttpNodeClient::HttpNodeClient(const std::string& server_url, EventLoop& loop)
    : server_url_(server_url), loop_(loop), calls_(std::make_unique<Calls>(server_url, loop)) {}

HttpNodeClient::~HttpNodeClient() = default;

void HttpNodeClient::Send(std::string command, Answered answered) {
  HttpRequest request;
  request.method = "POST";
  request.target = kCommands;
  request.headers = {{"content-type", "application/json"}};
  request.body = std::move(command);
  calls_->Add(std::move(request),
              [answered = std::move(answered)](const Result<HttpResponse>& response) {
                answered(ReadAnswer(response));
              });
}

void HttpNodeClient::Get(const std::string& kind, const std::string& name_space,
                         const std::string& name, const std::string& at_least, Got got) {
  HttpRequest request;
  request.target = std::string(kApis) + "namespaces/" + name_space + "/" + kind + "s/" + name +
                   (at_least.empty() ? "" : "?resourceVersion=" + at_least);
  calls_->Add(std::move(request), [got = std::move(got)](const Result<HttpResponse>& response) {
    got(ReadObject(response));
  });
}

std::unique_ptr<NodeWatch> HttpNodeClient::Watch(std::string target, Watcher watcher,
                                                 std::function<void()> ended) {
  return std::make_unique<HttpWatch>(server_url_, std::move(target), loop_, std::move(watcher),
                                     std::move(ended));
}

std::unique_ptr<NodeWatch> HttpNodeClient::WatchLocations(Watcher watcher,
                                                          std::function<void()> ended) {
  return Watch(std::string(kApis) + "locations?watch=true&allowWatchBookmarks=true",
               std::move(watcher), std::move(ended));
}

std::unique_ptr<NodeWatch> HttpNodeClient::WatchActions(const std::string& location,
                                                        Watcher watcher,
                                                        std::function<void()> ended) {
  return Watch("/actions?location=" + Escaped(location) + "&watch=true&allowWatchBookmarks=true",
               std::move(watcher), std::move(ended));
}

}  // namespace sluice::local
