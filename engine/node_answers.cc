// What a node's callers are told: of decisions made here, of those another node made, and of
// repeated ones.
#include "engine/command_json.h"
#include "engine/node.h"
#include "events/codec.h"

namespace sluice {

void Node::OnAppended(uint64_t ticket, Result<uint64_t> offset) {
  if (!offset) return callers_.Answer(ticket, tl::unexpected<Error>(std::move(offset.error())));
  if (const auto partition = callers_.Appended(ticket, *offset)) runners_[*partition]->Wake();
}

void Node::OnFollowed(uint32_t partition,
                      const std::vector<std::shared_ptr<const LogRecord>>& records) {
  for (auto& [ticket, record] : callers_.Find(partition, records)) {
    OnDecided(ticket, std::move(record));
  }
  for (const auto& record : records) {
    const auto* reply = record->decision->command->payload.As<Answered>();
    if (reply && reply->result) {
      callers_.AnswerDeferred(record->decision->command->entity, reply->id, *reply->result);
    }
  }
}

void Node::OnAbandoned(uint64_t ticket) {
  // On Kafka the command is on its topic: whoever decides it, the decision is seen here.
  if (options_.kafka) return;
  callers_.Answer(ticket, Err(ErrorCode::kUnavailable,
                              "the term ended before the decision was durable; the outcome is "
                              "unknown, send it again under its id"));
}

void Node::OnDecided(uint64_t ticket, std::shared_ptr<const LogRecord> record) {
  const Decision& decision = *record->decision;
  if (decision.verdict == Verdict::kDeadLettered) {
    callers_.Answer(ticket, Err(ErrorCode::kInvalid, "{}; the bytes are in dead letters",
                                decision.rejection->message));
    return;
  }
  if (decision.verdict == Verdict::kForwarded) {
    callers_.Answer(ticket, Err(ErrorCode::kUnavailable,
                                "{} is another partition's, which decides it; send it again under "
                                "its id for the outcome",
                                decision.command->entity));
    return;
  }
  if (decision.verdict == Verdict::kDuplicate) {
    callers_.Answer(ticket, RepeatedAnswer(*record));
    return;
  }
  callers_.Answer(ticket,
                  CallerAnswer{.result = ResultOf(*record), .final = !decision.reply_deferred});
}

Result<LogRecord> Node::ReadRecord(uint32_t partition, uint64_t sequence) const {
  Result<LogRecord> found = Err(ErrorCode::kNotFound, "no decision {}:{}", partition, sequence);
  auto read =
      journal_->ReadRecords(partition, {&sequence, 1}, [&](uint64_t, std::string_view bytes) {
        found = Unpack<LogRecord>(bytes);
        return false;
      });
  if (!read) return tl::unexpected<Error>(std::move(read.error()));
  if (found && !found->decision) return Err(ErrorCode::kNotFound, "no decision there");
  return found;
}

Result<CallerAnswer> Node::RepeatedAnswer(const LogRecord& record) {
  const Decision& decision = *record.decision;
  const Result<LogRecord> original = ReadRecord(record.partition, decision.duplicate_of->sequence);
  if (!original) return tl::unexpected<Error>(original.error());
  CallerAnswer answer{.result = ResultOf(*original), .final = true};
  if (original->decision->reply_deferred) {
    auto known = stores_[record.partition]->FindCommand(decision.command->entity,
                                                        decision.command->id, nullptr);
    if (!known) return tl::unexpected<Error>(std::move(known.error()));
    answer.final = *known && (*known)->answered_by.has_value();
    if (answer.final) {
      const Result<LogRecord> reply = ReadRecord(record.partition, *(*known)->answered_by);
      if (!reply) return tl::unexpected<Error>(reply.error());
      if (const auto* answered = reply->decision->command->payload.As<Answered>()) {
        if (answered->result) AddReply(answer.result, *answered->result);
      }
    }
  }
  answer.result.duplicate = true;
  return answer;
}

}  // namespace sluice
