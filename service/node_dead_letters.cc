// Commands that could not be read: listed, and tried again.
#include "events/json.h"
#include "service/node_answers.h"
#include "service/node_backend.h"

namespace sluice::service {
namespace {

std::string LetterId(uint32_t partition, uint64_t number) {
  return std::to_string(partition) + "-" + std::to_string(number);
}

std::string LetterJson(uint32_t partition, const DeadLetter& letter) {
  return fmt::format(
      R"({{"id":"{}","time":"{}","origin":{{"input":"{}","partition":{},"offset":{}}},)"
      R"("reason":{},"size":{}}})",
      LetterId(partition, letter.number), FormatTime(letter.time), ToString(letter.input),
      partition, letter.offset, QuoteJson(letter.reason), letter.payload.size());
}

}  // namespace

Answer<JsonPage> NodeBackend::DeadLetters(const PageQuery& page) {
  uint32_t first = 0;
  uint64_t from = 0;
  if (!page.continue_token.empty() &&
      std::sscanf(page.continue_token.c_str(), "%u-%lu", &first, &from) != 2) {
    return Fail(ApiError::BadRequest("'" + page.continue_token + "' is no continue token"));
  }
  JsonPage out;
  for (uint32_t partition = first; partition < node_.partition_count(); ++partition) {
    auto read = node_.journal().ReadDeadLetters(
        partition, partition == first ? from : 0, [&](const DeadLetter& letter) {
          if (page.limit > 0 && out.items.size() == page.limit) {
            out.continue_token = LetterId(partition, letter.number);
            return false;
          }
          out.items.push_back(LetterJson(partition, letter));
          return true;
        });
    if (!read) return Fail(FromNodeError(read.error()));
    if (!out.continue_token.empty()) break;
  }
  return out;
}

void NodeBackend::RetryDeadLetter(const std::string& id, CommandCallback done) {
  uint32_t partition = 0;
  uint64_t number = 0;
  if (std::sscanf(id.c_str(), "%u-%lu", &partition, &number) != 2 ||
      partition >= node_.partition_count()) {
    return done(Fail(ApiError::BadRequest("'" + id + "' is no dead letter's id")));
  }
  std::optional<DeadLetter> found;
  auto read = node_.journal().ReadDeadLetters(partition, number, [&](const DeadLetter& letter) {
    if (letter.number == number) found = letter;
    return false;
  });
  if (!read) return done(Fail(FromNodeError(read.error())));
  if (!found) return done(Fail(ApiError::NotFound("there is no dead letter " + id)));
  // What still is no command becomes a new dead letter, so this one may go in either case.
  auto answer = AnswerWithJson(std::move(done));
  node_.SubmitBytes(partition, found->payload, found->is_json,
                    [this, partition, number, answer](Result<CallerAnswer> result) {
                      const bool decided = result || result.error().code == ErrorCode::kInvalid;
                      if (decided) {
                        // It may have been retried by another meanwhile: gone is what it is to be.
                        (void)node_.journal().RemoveDeadLetter(partition, number);
                      }
                      answer(std::move(result));
                    });
}

}  // namespace sluice::service
