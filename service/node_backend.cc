#include "service/node_backend.h"

#include "engine/command_json.h"
#include "events/json.h"
#include "providers/local/log_reader.h"
#include "replay/question.h"
#include "service/condition_metrics.h"
#include "service/node_answers.h"
#include "service/node_list.h"
#include "service/node_resolve.h"
#include "service/node_watch.h"

namespace sluice::service {
namespace {

// A label that every result has, so that its index is read instead of the whole kind.
std::optional<std::pair<std::string, std::string>> RequiredLabel(const ObjectFilter& filter) {
  for (const LabelRequirement& label : filter.labels) {
    if (label.op == LabelRequirement::Operator::kIn && label.values.size() == 1) {
      return std::pair(label.key, label.values.front());
    }
  }
  return std::nullopt;
}

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

class OutputReader final : public LogReader {
 public:
  OutputReader(local::LogReader reader, bool follow)
      : reader_(std::move(reader)), follow_(follow) {}

  Answer<Chunk> Read(size_t max_bytes) override {
    auto bytes = reader_.Read(max_bytes);
    if (!bytes) return Fail(FromNodeError(bytes.error()));
    Chunk chunk{.bytes = std::move(*bytes), .end = false};
    chunk.end = chunk.bytes.empty() && (!follow_ || reader_.ended());
    return chunk;
  }

 private:
  local::LogReader reader_;
  const bool follow_;
};

}  // namespace

NodeBackend::NodeBackend(Node& node, std::filesystem::path data_dir)
    : node_(node), data_dir_(std::move(data_dir)) {
  for (const ::sluice::KindInfo* kind : node.kinds().kinds()) {
    KindInfo info{kind->name, kind->plural, kind->camel, true, {}};
    info.columns.push_back({"NAME", "string", false});
    info.columns.push_back({"AGE", "date", false});
    for (const ::sluice::Column& column : kind->columns) {
      info.columns.push_back({column.name, "string", column.wide});
    }
    kinds_.push_back(std::move(info));
  }
  QueryOptions options;
  options.kinds = &node.kinds();
  for (const auto& store : node.stores()) options.stores.push_back(store.get());
  options.partition_of = [&node](std::string_view entity) { return node.PartitionOf(entity); };
  options.read_events = [&node](uint32_t partition, uint64_t from, const EventVisitor& visit) {
    return node.journal().ReadEvents(partition, from, visit);
  };
  archive_ = std::make_unique<replay::StoreArchive>(node.kinds(), node.journal(), options.stores);
  queries_ = std::make_unique<Queries>(std::move(options));
}

NodeBackend::~NodeBackend() = default;

const ::sluice::KindInfo* NodeBackend::FindKind(const std::string& name) const {
  return node_.kinds().Find(name);
}

Answer<Coverage> NodeBackend::CoverageOf(const std::string& exact) {
  Result<Coverage> coverage;
  if (const auto time = ParseTime(exact)) {
    const Time now = node_.options().clock->Now();
    if (*time > now) {
      return Fail(ApiError::BadRequest(exact + " is in the future: it is " + FormatTime(now)));
    }
    coverage = queries_->CoverageAt(*time);
  } else {
    const auto version = ParseResourceVersion(exact, node_.partition_count());
    if (!version) return Fail(FromNodeError(version.error()));
    const auto* position = std::get_if<DecisionPosition>(&*version);
    if (!position) return std::get<Coverage>(*version);
    coverage = queries_->CoverageAt(*position);
  }
  if (!coverage) return Fail(FromNodeError(coverage.error()));
  return *coverage;
}

Answer<ObjectView> NodeBackend::Get(const EntityKey& key, const ReadAt& at) {
  Result<std::optional<ObjectText>> found = std::nullopt;
  if (at.exact.empty()) {
    found = queries_->Get(key);
  } else {
    const Answer<Coverage> coverage = CoverageOf(at.exact);
    if (!coverage) return Fail(coverage.error());
    found = queries_->GetAt(key, *coverage);
  }
  if (!found) return Fail(FromNodeError(found.error()));
  if (!*found) return Fail(ApiError::NotFound(key.ToString() + " does not exist"));
  return ToView(std::move(**found));
}

Answer<ObjectPage> NodeBackend::List(const ListQuery& query) {
  ListRequest request;
  request.kind = FindKind(query.kind);
  if (!request.kind) return Fail(ApiError::NotFound("there is no kind " + query.kind));
  request.namespace_ = query.namespace_;
  request.limit = query.limit;
  request.continue_token = query.continue_token;
  request.label = RequiredLabel(query.filter);
  if (!query.at.exact.empty()) {
    Answer<Coverage> past = CoverageOf(query.at.exact);
    if (!past) return Fail(past.error());
    request.past = std::move(*past);
  }
  if (!query.filter.empty()) {
    request.matches = [&](const std::string& json) { return query.filter.Matches(json); };
  }
  auto list = queries_->List(request);
  if (!list) return Fail(FromReadError(list.error()));
  ObjectPage page;
  for (ObjectText& text : list->items) page.items.push_back(ToView(std::move(text)));
  page.continue_token = std::move(list->continue_token);
  page.resource_version = FormatCoverage(list->coverage);
  return page;
}

Answer<std::unique_ptr<Subscription>> NodeBackend::Watch(const WatchQuery& query,
                                                         std::function<void()> wake) {
  const ::sluice::KindInfo* kind = FindKind(query.kind);
  if (!kind) return Fail(ApiError::NotFound("there is no kind " + query.kind));
  return WatchObjects(*queries_, node_.feed(), *kind, query, std::move(wake));
}

std::unique_ptr<Registration> NodeBackend::WhenReached(const std::string& resource_version,
                                                       std::function<void(Answer<void>)> done) {
  const auto wanted = ParseResourceVersion(resource_version, node_.partition_count());
  if (!wanted) {
    done(Fail(FromNodeError(wanted.error())));
    return nullptr;
  }
  return WhenCovered(node_.feed(), *wanted, std::move(done));
}

void NodeBackend::Submit(std::string command_json, const std::string& connection,
                         CommandCallback done) {
  Result<Command> command = CommandFromJson(command_json, node_.kinds());
  if (!command) return done(Fail(FromNodeError(command.error())));
  node_.Submit(std::move(*command), AnswerWithJson(std::move(done)), connection);
}

Answer<JsonPage> NodeBackend::History(const EntityKey& key, const PageQuery& page) {
  auto list = queries_->History(key, page.limit, page.continue_token);
  if (!list) return Fail(FromReadError(list.error()));
  return ToPage(std::move(*list));
}

Answer<JsonPage> NodeBackend::Actions(const ActionQuery& query) {
  ActionRequest request;
  request.location = LocationOf(query);
  request.limit = query.page.limit;
  request.continue_token = query.page.continue_token;
  auto list = queries_->Actions(request);
  if (!list) return Fail(FromReadError(list.error()));
  return ToPage(std::move(*list));
}

Answer<std::unique_ptr<Subscription>> NodeBackend::WatchActions(const ActionQuery& query,
                                                                std::function<void()> wake) {
  return WatchPendingActions(*queries_, node_.feed(), query, std::move(wake));
}

Answer<std::string> NodeBackend::Resolve(const ResolveQuery& query) {
  return ResolveBinding(*queries_, query, std::nullopt);
}

Answer<std::string> NodeBackend::ResolveAt(const ResolveQuery& query, const ReadAt& at) {
  const Answer<Coverage> past = CoverageOf(at.exact);
  if (!past) return Fail(past.error());
  return ResolveBinding(*queries_, query, *past);
}

Answer<std::vector<std::string>> NodeBackend::FindByIndex(const std::string& kind,
                                                          const std::string& index,
                                                          const std::string& value) {
  auto found = queries_->FindByIndex(kind, index, value);
  if (!found) return Fail(FromNodeError(found.error()));
  return *std::move(found);
}

Answer<JsonPage> NodeBackend::Quarantined(const PageQuery& page) {
  auto list = queries_->Quarantined(page.limit, page.continue_token);
  if (!list) return Fail(FromReadError(list.error()));
  return ToPage(std::move(*list));
}

void NodeBackend::Release(const EntityKey& key, bool skip, CommandCallback done) {
  Command command;
  command.entity = key.ToString();
  command.payload = AnyTable::Of(::sluice::Release{.skip = skip});
  node_.Submit(std::move(command), AnswerWithJson(std::move(done)));
}

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

Answer<std::unique_ptr<LogReader>> NodeBackend::Logs(const LogQuery& query) {
  auto reader = local::LogReader::Open(data_dir_, {query.namespace_, query.name}, query.tail_lines);
  if (!reader) return Fail(FromNodeError(reader.error()));
  return std::make_unique<OutputReader>(std::move(*reader), query.follow);
}

Answer<std::string> NodeBackend::Nodes() { return NodesJson(node_); }

bool NodeBackend::Debugs(const std::string& verb) const { return replay::IsQuestion(verb); }

void NodeBackend::Debug(const DebugQuery& query, const std::function<bool(std::string line)>& emit,
                        std::stop_token stop) {
  replay::Ask(*archive_, {.verb = query.verb, .parameters = query.parameters},
              {.build = node_.options().build,
               .now = node_.options().clock->Now(),
               .stop = std::move(stop)},
              emit);
}

Readiness NodeBackend::Ready() {
  const std::string reason = node_.NotReadyReason();
  return {.ready = reason.empty(), .reason = reason.empty() ? "every partition decides" : reason};
}

MetricsSnapshot NodeBackend::Metrics() {
  MetricsSnapshot metrics;
  for (const auto& [key, count] : queries_->Counts()) {
    metrics.objects.push_back({key.first, key.second, count});
  }
  const NodeCounters counters = node_.Counters();
  for (const auto& [key, count] : counters.decisions) {
    metrics.commands.push_back({key.first, key.second, count});
  }
  AddConditionMetrics(counters.conditions, &metrics.extras);
  metrics.extras.push_back({.name = "sluice_commands_waiting",
                            .help = "Commands that wait for their sender's turn.",
                            .counter = false,
                            .labels = {},
                            .value = static_cast<double>(counters.commands_waiting)});
  metrics.extras.push_back({.name = "sluice_commands_refused_total",
                            .help = "Commands not taken: their sender had too many waiting.",
                            .counter = true,
                            .labels = {},
                            .value = static_cast<double>(counters.commands_refused)});
  metrics.commit_latency = {counters.commit_bounds_seconds, counters.commit_counts,
                            counters.commit_seconds_sum};
  for (uint32_t partition = 0; partition < node_.partition_count(); ++partition) {
    const RunnerStatus status = node_.Status(partition);
    const uint64_t applied = node_.stores()[partition]->NextSequence();
    const uint64_t end = node_.journal().EndSequence(partition).value_or(applied);
    metrics.partitions.push_back({.partition = partition,
                                  .term = status.term,
                                  .sequence = end == 0 ? 0 : end - 1,
                                  .applied_sequence = applied == 0 ? 0 : applied - 1,
                                  .input_lag = 0,
                                  .stopped = status.state == RunnerState::kStopped});
  }
  return metrics;
}

}  // namespace sluice::service
