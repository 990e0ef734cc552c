// POST /commands: one command, or one a line.
#include <mutex>
#include <string_view>

#include "service/call.h"
#include "service/json_scan.h"

namespace sluice::service {
namespace {

struct Line {
  std::string_view text;  // into the request's body
  size_t number = 0;      // from 1
};

std::vector<Line> SplitLines(std::string_view body) {
  std::vector<Line> lines;
  for (size_t number = 1; !body.empty(); ++number) {
    const size_t end = std::min(body.find('\n'), body.size());
    const std::string_view text = body.substr(0, end);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back({text, number});
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

std::string CheckCommand(std::string_view text) {
  const std::string fault = CheckJson(text);
  if (!fault.empty()) return fault;
  if (text[text.find_first_not_of(" \t\r\n")] != '{') return "a command must be a JSON object";
  return {};
}

bool TooLarge(const Call& call, std::string_view text) {
  return text.size() > call.context->options.command_bytes_max;
}

ApiError TooLargeError(const Call& call) {
  return ApiError::TooLarge("a command may be at most " +
                            std::to_string(call.context->options.command_bytes_max) + " bytes");
}

// The answers of one request, in the order of its lines. Thread-safe.
class Batch {
 public:
  Batch(CallPtr call, size_t count, bool single)
      : call_(std::move(call)), single_(single), answers_(count), open_(count) {}

  void Take(size_t at, const Answer<CommandAnswer>& answer) {
    const bool final = !answer || answer->final;
    bool complete = false;
    {
      const std::lock_guard lock(mutex_);
      Slot& slot = answers_[at];
      if (slot.final) return;
      slot = {answer ? answer->json : ToStatusJson(answer.error()), final,
              answer ? 0 : answer.error().code, answer ? 0 : answer.error().retry_after_s};
      if (final) complete = --open_ == 0;
    }
    if (complete) Finish();
  }

  // At the deadline, or when all is there: what is decided is told, what is not is said.
  void Finish() {
    Reply reply;
    const std::lock_guard lock(mutex_);
    reply.response.status = open_ == 0 ? 200 : 202;
    for (Slot& slot : answers_) {
      if (slot.json.empty()) {
        const ApiError late = ApiError::Timeout(
            "no decision yet; it may still come: sending the command again under its id is safe");
        slot.json = ToStatusJson(late);
        slot.error = late.code;
        slot.retry_after_s = late.retry_after_s;
      }
      if (!single_) slot.json += '\n';
      reply.response.body += slot.json;
    }
    if (single_ && answers_[0].error != 0) reply.response.status = answers_[0].error;
    if (single_) reply.response.retry_after_s = answers_[0].retry_after_s;
    if (!single_) reply.response.content_type = "application/x-ndjson";
    call_->Finish(std::move(reply));
  }

 private:
  struct Slot {
    std::string json;
    bool final = false;
    int error = 0;  // HTTP status of an error, 0 for a command result
    int retry_after_s = 0;
  };
  const CallPtr call_;
  const bool single_;
  std::mutex mutex_;
  std::vector<Slot> answers_;  // guarded by mutex_
  size_t open_;                // guarded by mutex_
};

void Submit(const CallPtr& call, const std::vector<Line>& lines, bool single) {
  const auto batch = std::make_shared<Batch>(call, lines.size(), single);
  const bool armed =
      SetDeadline(call, call->context->options.command_wait, [batch] { batch->Finish(); });
  if (!armed) return;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (TooLarge(*call, lines[i].text)) {
      batch->Take(i, Fail(TooLargeError(*call)));
      continue;
    }
    call->context->backend.Submit(
        std::string(lines[i].text), call->request.connection,
        [batch, i](const Answer<CommandAnswer>& answer) { batch->Take(i, answer); });
  }
}

}  // namespace

void RouteCommands(const CallPtr& call) {
  if (call->target.path().size() > 1) {
    return call->Fail(ApiError::NotFound("no such path: " + call->request.target));
  }
  if (call->request.method != "POST") {
    return call->Fail({405, "MethodNotAllowed", "/commands takes POST"});
  }
  const std::string_view body = call->request.body;
  const bool says_lines = call->request.content_type.find("ndjson") != std::string::npos ||
                          call->request.content_type.find("jsonl") != std::string::npos;
  const std::vector<Line> lines = SplitLines(body);
  if (lines.empty()) return call->Fail(ApiError::BadRequest("the body holds no command"));
  // A body that is one JSON value is one command, over however many lines it is written.
  const std::string whole = says_lines ? "lines" : CheckCommand(body);
  if (whole.empty()) {
    if (TooLarge(*call, body)) return call->Fail(TooLargeError(*call));
    return Submit(call, {{body, 1}}, true);
  }
  const bool looks_like_lines = says_lines || CheckCommand(lines[0].text).empty();
  if (!looks_like_lines) {
    return call->Fail(ApiError::BadRequest("the body is not a command: " + whole));
  }
  // Nothing is submitted of a body that is broken somewhere.
  for (const Line& line : lines) {
    if (const std::string fault = CheckCommand(line.text); !fault.empty()) {
      return call->Fail(ApiError::BadRequest("line " + std::to_string(line.number) +
                                             " of the body is not a command: " + fault +
                                             "; nothing was submitted"));
    }
  }
  Submit(call, lines, false);
}

}  // namespace sluice::service
