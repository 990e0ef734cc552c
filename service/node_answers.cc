#include "service/node_answers.h"

#include "engine/command_json.h"
#include "engine/partition_gate.h"

namespace sluice::service {

std::vector<KindInfo> KindsOf(const KindRegistry& kinds) {
  std::vector<KindInfo> all;
  for (const ::sluice::KindInfo* kind : kinds.kinds()) {
    KindInfo info{kind->name, kind->plural, kind->camel, true, {}};
    info.columns.push_back({"NAME", "string", false});
    info.columns.push_back({"AGE", "date", false});
    for (const ::sluice::Column& column : kind->columns) {
      info.columns.push_back({column.name, "string", column.wide});
    }
    all.push_back(std::move(info));
  }
  return all;
}

ApiError FromNodeError(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return ApiError::BadRequest(error.message);
    case ErrorCode::kNotFound:
      return ApiError::NotFound(error.message);
    case ErrorCode::kUnavailable:
      if (IsTooManyWaiting(error)) {
        return ApiError::TooManyRequests(error.message,
                                         static_cast<int>(kTooManyWaitingRetry.us / 1'000'000));
      }
      return ApiError::Unavailable(error.message);
    case ErrorCode::kFenced:
      return ApiError::Unavailable(error.message);
    case ErrorCode::kCorruption:
    case ErrorCode::kIo:
    case ErrorCode::kUnknownType:
      return ApiError::Internal(error.message);
  }
  Unreachable();
}

ApiError FromReadError(const Error& error) {
  return error.code == ErrorCode::kNotFound ? ApiError::Expired(error.message)
                                            : FromNodeError(error);
}

ObjectView ToView(ObjectText text) {
  ObjectView view;
  if (auto key = ParseEntityKey(text.entity)) view.key = std::move(*key);
  view.json = std::move(text.json);
  view.resource_version = std::move(text.resource_version);
  view.version = text.version;
  view.cells = std::move(text.cells);
  return view;
}

JsonPage ToPage(JsonList list) {
  return {.items = std::move(list.items),
          .continue_token = std::move(list.continue_token),
          .resource_version = FormatCoverage(list.coverage)};
}

CallerCallback AnswerWithJson(CommandCallback done) {
  return [done = std::move(done)](Result<CallerAnswer> answer) {
    if (!answer) return done(Fail(FromNodeError(answer.error())));
    CommandAnswer out;
    out.json = ResultToJson(answer->result);
    out.accepted = answer->result.accepted;
    if (answer->result.rejection) {
      out.rejection_code = ToString(answer->result.rejection->code);
      out.rejection_message = answer->result.rejection->message;
    }
    out.position = answer->result.position;
    out.final = answer->final;
    done(std::move(out));
  };
}

}  // namespace sluice::service
