#include "engine/kafka_client.h"

#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "engine/command_json.h"
#include "engine/journal/kafka/kafka_core.h"
#include "engine/routing.h"
#include "engine/waiting_callers.h"
#include "events/codec.h"

namespace sluice {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration kPoll = Duration::Millis(20);

KafkaOptions ClientOptions(const KafkaCluster& kafka) {
  KafkaOptions options;
  options.bootstrap = kafka.bootstrap;
  options.cluster = kafka.cluster;
  options.properties = kafka.properties;
  return options;
}

}  // namespace

struct KafkaClient::Impl {
  explicit Impl(const KafkaCluster& kafka) : core(ClientOptions(kafka)) {}

  // What of an events partition counts: of the latest term, each sequence once (I3).
  struct Seen {
    uint64_t term = 0;
    uint64_t next = 0;
  };
  // Commands whose results are waited for; with an early one, until the reply comes.
  using Open = std::map<std::string, std::optional<CommandResult>, std::less<>>;

  KafkaJournal::Core core;  // for the settings of its clients; it holds no log
  std::unique_ptr<kafka::Reader> reader;
  std::vector<kafka::Reader::Source> sources;  // events, by partition
  std::vector<Seen> seen;
  struct Sent {
    std::string id;
    std::string entity;
    uint32_t partition = 0;
  };
  std::mutex mutex;
  std::vector<Sent> sent;                        // guarded by mutex; by ticket
  std::vector<std::pair<size_t, Error>> failed;  // guarded by mutex; not delivered
  // Commands that may be on their topic more than once.
  std::set<std::string, std::less<>> repeated;                // guarded by mutex
  std::map<std::pair<uint32_t, uint64_t>, size_t> delivered;  // guarded by mutex; into `sent`
  std::unique_ptr<kafka::Deliverer> commands;                 // calls what is above

  void Delivered(size_t ticket, Result<uint64_t> offset) {
    const std::lock_guard lock(mutex);
    if (offset) {
      delivered[{sent[ticket].partition, *offset}] = ticket;
    } else {
      failed.emplace_back(ticket, std::move(offset.error()));
    }
  }
  // Whether a decision is about a copy of a command that came to the topic before the last.
  bool IsOfFormerCopy(const LogRecord& record) {
    const Decision& decision = *record.decision;
    const std::lock_guard lock(mutex);
    return repeated.contains(decision.command->id) && decision.origin &&
           !delivered.contains({record.partition, decision.origin->offset});
  }
  // Bytes that were no command have no id to be known by, but their place.
  std::optional<CommandResult> DeadLettered(const LogRecord& record);
  Result<std::optional<LogRecord>> Next(uint32_t partition);
  Result<LogRecord> Original(uint32_t partition, uint64_t sequence) const;
  Result<void> Take(const LogRecord& record, Open& open, const OnResult& on_result);
};

KafkaClient::KafkaClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaClient::~KafkaClient() = default;

Result<std::unique_ptr<KafkaClient>> KafkaClient::Open(const KafkaCluster& kafka) {
  auto impl = std::make_unique<Impl>(kafka);
  const kafka::TopicNames& names = impl->core.names;
  auto admin = kafka::Admin::Make(impl->core.ClientConfig());
  if (!admin) return tl::unexpected<Error>(std::move(admin.error()));
  const auto counts = (*admin)->PartitionCounts({names.commands, names.events});
  if (!counts) return tl::unexpected<Error>(counts.error());
  if (counts->size() != 2) {
    return Err(ErrorCode::kNotFound,
               "there is no cluster {} on these brokers: topic {} is not there; a node makes it",
               kafka.cluster, counts->contains(names.commands) ? names.events : names.commands);
  }
  kafka::Deliverer::Options deliver;
  deliver.config = impl->core.ClientConfig({{"linger.ms", "1"}});
  deliver.within = kafka::kRequestTimeout;
  deliver.on_again = [raw = impl.get()](kafka::Deliverer::Record& record) {
    const std::lock_guard lock(raw->mutex);
    raw->repeated.insert(raw->sent[record.ticket].id);
    return true;
  };
  auto commands = kafka::Deliverer::Make(std::move(deliver));
  if (!commands) return tl::unexpected<Error>(std::move(commands.error()));
  impl->commands = std::move(*commands);
  auto reader = kafka::Reader::Make(impl->core.ReaderConfig());
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  impl->reader = std::move(*reader);
  for (int partition = 0; partition < counts->at(names.commands); ++partition) {
    const auto number = static_cast<uint32_t>(partition);
    const auto marks = impl->reader->QueryWatermarks(names.events, number, kafka::kRequestTimeout);
    if (!marks) return tl::unexpected<Error>(marks.error());
    impl->sources.push_back({names.events, number, marks->end});
  }
  impl->seen.resize(impl->sources.size());
  if (auto assigned = impl->reader->Assign(impl->sources); !assigned) {
    return tl::unexpected<Error>(assigned.error());
  }
  return std::unique_ptr<KafkaClient>(new KafkaClient(std::move(impl)));
}

Result<void> KafkaClient::Send(const std::string& id, const std::string& entity,
                               std::string_view command_json) {
  const uint32_t partition = PartitionOfKey(entity, static_cast<uint32_t>(impl_->sources.size()));
  kafka::Deliverer::Record command;
  command.topic = impl_->core.names.commands;
  command.partition = partition;
  command.key = entity;
  command.payload = command_json;
  command.headers = {{std::string(kafka::kContentTypeHeader), "application/json"}};
  {
    const std::lock_guard lock(impl_->mutex);
    command.ticket = impl_->sent.size();
    impl_->sent.push_back({id, entity, partition});
  }
  command.done = [raw = impl_.get(), ticket = command.ticket](Result<uint64_t> offset) {
    raw->Delivered(ticket, std::move(offset));
  };
  return impl_->commands->Send(std::move(command), kafka::kRequestTimeout);
}

void KafkaClient::Flush(const OnFailed& on_failed) {
  impl_->commands->Flush();
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [ticket, why] : std::exchange(impl_->failed, {})) {
    on_failed(impl_->sent[ticket].id, why);
  }
}

// nullopt: there is none at this moment.
Result<std::optional<LogRecord>> KafkaClient::Impl::Next(uint32_t partition) {
  while (true) {
    auto message = reader->Poll(partition, Duration{});
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message) return std::optional<LogRecord>();
    auto record = Unpack<LogRecord>((*message)->payload);
    if (!record) return tl::unexpected<Error>(std::move(record.error()));
    Seen& at = seen[partition];
    if (record->term < at.term || record->sequence < at.next) continue;  // a fenced owner's
    at = {.term = record->term, .next = record->sequence + 1};
    return std::optional<LogRecord>(*std::move(record));
  }
}

// Every record takes an offset and markers take some, so a sequence is never behind its offset.
Result<LogRecord> KafkaClient::Impl::Original(uint32_t partition, uint64_t sequence) const {
  auto finder = kafka::Reader::Make(core.ReaderToTheEndConfig());
  if (!finder) return tl::unexpected<Error>(std::move(finder.error()));
  if (auto assigned = (*finder)->Assign({{core.names.events, partition, sequence}}); !assigned) {
    return tl::unexpected<Error>(assigned.error());
  }
  bool at_end = false;
  while (!at_end) {
    auto message = (*finder)->Poll(0, kafka::kRequestTimeout, &at_end);
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message) break;
    auto record = Unpack<LogRecord>((*message)->payload);
    if (!record || record->sequence == sequence) return record;
  }
  return Err(ErrorCode::kNotFound, "decision {}:{} cannot be found again", partition, sequence);
}

std::optional<CommandResult> KafkaClient::Impl::DeadLettered(const LogRecord& record) {
  if (!record.decision || record.decision->verdict != Verdict::kDeadLettered ||
      !record.decision->origin || record.decision->origin->input != Input::kCommands) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex);
  const auto found = delivered.find({record.partition, record.decision->origin->offset});
  if (found == delivered.end()) return std::nullopt;
  CommandResult result;
  result.id = sent[found->second].id;
  result.entity = sent[found->second].entity;
  result.position = fmt::format("{}:{}", record.partition, record.sequence);
  result.rejection = record.decision->rejection;
  return result;
}

Result<void> KafkaClient::Impl::Take(const LogRecord& record, Open& open,
                                     const OnResult& on_result) {
  if (const auto refused = DeadLettered(record); refused && open.erase(refused->id) > 0) {
    on_result(*refused, true);
  }
  if (!record.decision || !record.decision->command) return {};
  const Decision& decision = *record.decision;
  if (const auto* reply = decision.command->payload.As<Answered>()) {
    const auto waiting = open.find(reply->id);
    if (waiting == open.end() || !waiting->second || !reply->result) return {};
    CommandResult result = *std::move(waiting->second);
    open.erase(waiting);
    AddReply(result, *reply->result);
    on_result(result, true);
    return {};
  }
  const auto waiting = open.find(decision.command->id);
  // One found on the wrong partition is decided on its own: that is the answer.
  if (waiting == open.end() || waiting->second || decision.verdict == Verdict::kForwarded ||
      IsOfFormerCopy(record)) {
    return {};
  }
  CommandResult result = ResultOf(record);
  bool deferred = decision.reply_deferred;
  if (decision.verdict == Verdict::kDuplicate && decision.duplicate_of) {
    const auto original = Original(record.partition, decision.duplicate_of->sequence);
    if (!original) return tl::unexpected<Error>(original.error());
    result = ResultOf(*original);
    result.duplicate = true;
    deferred = original->decision && original->decision->reply_deferred;
  }
  if (deferred) {
    waiting->second = std::move(result);
    return {};
  }
  open.erase(waiting);
  on_result(result, true);
  return {};
}

Result<void> KafkaClient::Await(const std::vector<std::string>& ids, Duration at_most,
                                std::stop_token stop, const OnResult& on_result) {
  Impl::Open open;
  for (const std::string& id : ids) open.emplace(id, std::nullopt);
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(at_most.us);
  std::mutex mutex;
  std::condition_variable some;
  bool ready = false;
  impl_->reader->SetReady([&] {
    const std::lock_guard lock(mutex);
    ready = true;
    some.notify_all();
  });
  const std::shared_ptr<void> silence(nullptr, [&](void*) { impl_->reader->SetReady(nullptr); });
  while (!open.empty() && SteadyClock::now() < deadline && !stop.stop_requested()) {
    {
      std::unique_lock lock(mutex);
      some.wait_for(lock, std::chrono::microseconds(kPoll.us), [&] { return ready; });
      ready = false;
    }
    for (uint32_t partition = 0; partition < impl_->sources.size(); ++partition) {
      while (true) {
        const auto record = impl_->Next(partition);
        if (!record) return tl::unexpected<Error>(record.error());
        if (!*record) break;
        if (auto taken = impl_->Take(**record, open, on_result); !taken) return taken;
      }
    }
  }
  for (auto& [id, early] : open) {
    if (early) on_result(*early, false);
  }
  return {};
}

}  // namespace sluice
