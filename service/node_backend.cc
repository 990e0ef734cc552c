#include "service/node_backend.h"

#include <algorithm>

#include "engine/command_json.h"
#include "providers/local/log_reader.h"
#include "replay/question.h"
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

// The same of a field.
std::optional<IndexEntry> RequiredIndex(const sluice::KindInfo& kind, const ObjectFilter& filter) {
  if (kind.index_of_field == nullptr) return std::nullopt;
  for (const FieldRequirement& field : filter.fields) {
    if (!field.equal || field.value.empty()) continue;
    if (auto entry = kind.index_of_field(field.path, field.value)) return entry;
  }
  return std::nullopt;
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

NodeBackend::NodeBackend(Node& node, std::filesystem::path data_dir, ReadWhen when)
    : node_(node),
      snapshots_(node),
      data_dir_(std::move(data_dir)),
      when_(when),
      kinds_(KindsOf(node.kinds())) {
  QueryOptions options;
  options.kinds = &node.kinds();
  for (const auto& store : node.stores()) options.stores.push_back(store.get());
  options.partition_of = [&node](std::string_view entity) { return node.PartitionOf(entity); };
  options.read_records = [&node](uint32_t partition, std::span<const uint64_t> sequences,
                                 const EventVisitor& visit) {
    return node.journal().ReadRecords(partition, sequences, visit);
  };
  options.past = &node.snapshots();
  archive_ = std::make_unique<replay::StoreArchive>(node.kinds(), node.journal(), options.stores,
                                                    &node.snapshots());
  queries_ = std::make_unique<Queries>(std::move(options));
}

NodeBackend::~NodeBackend() = default;

const ::sluice::KindInfo* NodeBackend::FindKind(const std::string& name) const {
  return node_.kinds().Find(name);
}

Answer<NodeBackend::Past> NodeBackend::PastAt(const std::string& exact) {
  Result<Coverage> coverage;
  if (const auto time = ParseTime(exact)) {
    const Time now = node_.options().clock->Now();
    if (*time > now) {
      return Fail(ApiError::BadRequest(exact + " is in the future: it is " + FormatTime(now)));
    }
    coverage = queries_->CoverageAt(*time);
    if (!coverage) return Fail(FromNodeError(coverage.error()));
    return Past{std::move(*coverage), *time};
  }
  const auto version = ParseResourceVersion(exact, node_.partition_count());
  if (!version) return Fail(FromNodeError(version.error()));
  const auto* position = std::get_if<DecisionPosition>(&*version);
  coverage = position ? queries_->CoverageAt(*position) : std::get<Coverage>(*version);
  if (!coverage) return Fail(FromNodeError(coverage.error()));
  const auto time = queries_->TimeAt(*coverage);
  if (!time) return Fail(FromNodeError(time.error()));
  return Past{std::move(*coverage), *time};
}

Answer<ObjectView> NodeBackend::Get(const EntityKey& key, const ReadAt& at) {
  Result<std::optional<ObjectText>> found = std::nullopt;
  Time as_of;
  if (at.exact.empty()) {
    found = queries_->Get(key);
  } else {
    const Answer<Past> past = PastAt(at.exact);
    if (!past) return Fail(past.error());
    found = queries_->GetAt(key, past->coverage);
    as_of = past->time;
  }
  if (!found) return Fail(FromNodeError(found.error()));
  if (!*found) return Fail(ApiError::NotFound(key.ToString() + " does not exist"));
  ObjectView view = ToView(std::move(**found));
  view.as_of = as_of;
  return view;
}

Answer<ObjectPage> NodeBackend::List(const ListQuery& query) {
  ListRequest request;
  request.kind = FindKind(query.kind);
  if (!request.kind) return Fail(ApiError::NotFound("there is no kind " + query.kind));
  request.namespace_ = query.namespace_;
  request.limit = query.limit;
  request.continue_token = query.continue_token;
  request.label = RequiredLabel(query.filter);
  request.index = RequiredIndex(*request.kind, query.filter);
  if (!query.at.exact.empty()) {
    Answer<Past> past = PastAt(query.at.exact);
    if (!past) return Fail(past.error());
    request.past = std::move(past->coverage);
    request.past_time = past->time;
  }
  if (!query.filter.empty()) {
    request.matches = [&](const std::string& json) { return query.filter.Matches(json); };
  }
  auto list = queries_->List(request);
  // A past that is not reached yet is not one that is not kept any more.
  if (!list) return Fail(request.past ? FromNodeError(list.error()) : FromReadError(list.error()));
  ObjectPage page;
  for (ObjectText& text : list->items) page.items.push_back(ToView(std::move(text)));
  page.continue_token = std::move(list->continue_token);
  page.resource_version = FormatCoverage(list->coverage);
  page.as_of = list->as_of;
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
  if (!command) {
    // JSON it is: what is wrong are its fields, which the message names.
    if (command.error().code == ErrorCode::kInvalid) {
      return done(Fail(FromRejection("InvalidArgument", command.error().message)));
    }
    return done(Fail(FromNodeError(command.error())));
  }
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
  return ResolveBinding(ReadsOf(*queries_, std::nullopt), query);
}

Answer<std::string> NodeBackend::ResolveAt(const ResolveQuery& query, const ReadAt& at) {
  const Answer<Past> past = PastAt(at.exact);
  if (!past) return Fail(past.error());
  return ResolveBinding(ReadsOf(*queries_, past->coverage), query);
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

Answer<std::unique_ptr<LogReader>> NodeBackend::Logs(const LogQuery& query) {
  auto reader = local::LogReader::Open(data_dir_, {query.namespace_, query.name}, query.tail_lines);
  if (!reader) return Fail(FromNodeError(reader.error()));
  return std::make_unique<OutputReader>(std::move(*reader), query.follow);
}

std::optional<Backend::Elsewhere> NodeBackend::WhereIs(const EntityKey* entity) {
  const bool keeps_all = !node_.options().warm;
  for (uint32_t partition = 0; partition < node_.partition_count(); ++partition) {
    const bool needed = entity == nullptr || node_.PartitionOf(entity->ToString()) == partition;
    if (!needed) continue;
    if (!keeps_all && !node_.Holds(partition)) return WhoKeeps(partition, entity);
    if (when_ == ReadWhen::kAsItIs || node_.IsCaughtUp(partition)) continue;
    const RunnerStatus status = node_.Status(partition);
    return Elsewhere{
        .address = "",
        .why = fmt::format("partition {} reads its log after a start ({}); try again, /readyz says "
                           "when it is done",
                           partition,
                           status.reason.empty() ? fmt::format("{} of {} decisions",
                                                               status.recovered, status.recover_end)
                                                 : status.reason),
        .soon = true};
  }
  return std::nullopt;
}

Backend::Elsewhere NodeBackend::WhoKeeps(uint32_t partition, const EntityKey* entity) {
  const std::vector<NodeInfo> nodes = node_.journal().Nodes();
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const NodeInfo& node) {
    if (node.name == node_.options().node_name || node.address.empty()) return false;
    const bool decides = std::find(node.partitions.begin(), node.partitions.end(), partition) !=
                         node.partitions.end();
    return !node.warm || (entity != nullptr && decides);
  });
  Elsewhere elsewhere{.address = found == nodes.end() ? "" : found->address, .why = ""};
  elsewhere.why = fmt::format("this node keeps no projections of partition {} (--warm {}); {}",
                              partition, *node_.options().warm,
                              found == nodes.end()
                                  ? "no node is known that has them all: start one without --warm"
                                  : "node " + found->name + " has it");
  return elsewhere;
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

}  // namespace sluice::service
