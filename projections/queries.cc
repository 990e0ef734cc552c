#include "projections/queries.h"

#include "events/json.h"
#include "projections/page_token.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"

namespace sluice {
namespace {

// Where a list goes on, and the view it is read from.
struct Page {
  std::shared_ptr<const NodeView> view;
  uint32_t partition = 0;
  std::string last;
};

Result<Page> OpenPage(NodeViews& views, std::string_view token_text, bool has_limit) {
  Page page;
  if (token_text.empty()) {
    auto view = has_limit ? views.NowForPages() : views.Now();
    if (!view) return tl::unexpected(view.error());
    page.view = std::move(*view);
    return page;
  }
  auto token = ParsePageToken(token_text, static_cast<uint32_t>(views.stores().size()));
  if (!token) return tl::unexpected(token.error());
  if (token->partition >= views.stores().size()) {
    return Err(ErrorCode::kInvalid, "continue: '{}' is no token of this cluster", token_text);
  }
  auto view = views.At(token->coverage);
  if (!view) return tl::unexpected(view.error());
  page.view = std::move(*view);
  page.partition = token->partition;
  page.last = std::move(token->last);
  return page;
}

}  // namespace

std::string ActionJson(std::string_view entity, const PendingAction& action) {
  return WithMember("\"entity\":" + QuoteJson(entity), ToJson(action));
}

bool IsAtLocation(const std::optional<std::string>& asked, std::string_view location) {
  if (!asked || *asked == location) return true;
  // A location by its name alone.
  const size_t slash = location.rfind('/');
  return asked->find('/') == asked->npos && slash != location.npos &&
         location.substr(slash + 1) == *asked;
}

Queries::Queries(QueryOptions options)
    : options_(std::move(options)),
      views_(options_.stores, options_.kept_views_max),
      past_ahead_(options_.past_kept_bytes_max) {
  CHECK(options_.kinds != nullptr && options_.partition_of != nullptr);
}

Result<std::optional<ObjectText>> Queries::ReadObject(const StoreView& view, size_t partition,
                                                      std::string_view entity) const {
  auto record = view.Get(entity);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::optional<ObjectText>();
  const KindInfo* kind = options_.kinds->Find((*record)->kind);
  if (kind == nullptr) return std::optional<ObjectText>();
  auto state = UnpackRoot(*kind, (*record)->root);
  if (!state) return tl::unexpected(state.error());
  if (!(*state)->Exists()) return std::optional<ObjectText>();
  (*state)->version = (*record)->version;
  return std::optional<ObjectText>(
      MakeObjectText(*kind, entity, **state,
                     FormatPosition(static_cast<uint32_t>(partition), (*record)->sequence)));
}

Result<std::optional<ObjectText>> Queries::Get(const EntityKey& key) const {
  const std::string entity = key.ToString();
  const uint32_t partition = PartitionOf(entity);
  return ReadObject(*options_.stores[partition]->View(), partition, entity);
}

Result<ObjectList> Queries::List(const ListRequest& request) {
  CHECK(request.kind != nullptr);
  if (request.past && request.continue_token.empty()) {
    return ListPast(request, *request.past, request.past_time, "");
  }
  if (request.continue_token.starts_with("past-")) {
    auto token = ParsePageToken(request.continue_token, partitions());
    if (!token) return tl::unexpected(token.error());
    return ListPast(request, token->coverage, token->time, token->last);
  }
  auto page = OpenPage(views_, request.continue_token, request.limit > 0);
  if (!page) return tl::unexpected(page.error());
  const std::string& kind = request.kind->name;
  std::string rows;
  if (request.index) {
    rows = store::MachineRows(kind, request.index->index, request.index->value);
  } else if (request.label) {
    rows = store::LabelRows(kind, request.label->first, request.label->second);
  } else {
    rows = store::LiveRows(kind, request.namespace_);
  }
  // Rows of an index go on with the namespace.
  if ((request.index || request.label) && request.namespace_) {
    store::AppendPart(&rows, *request.namespace_);
  }

  ObjectList list;
  list.coverage = page->view->coverage;
  ObjectScan scan(this, page->view, std::move(rows), page->last);
  while (true) {
    auto object = scan.Next();
    if (!object) return tl::unexpected(object.error());
    if (!*object) return list;
    if (request.matches && !request.matches((*object)->json)) continue;
    if (request.limit > 0 && list.items.size() == request.limit) {
      list.continue_token = FormatPageToken(
          {.coverage = list.coverage, .partition = 0, .last = list.items.back().entity});
      return list;
    }
    list.items.push_back(std::move(**object));
  }
}

Result<std::optional<ObjectText>> ObjectScan::Next() {
  while (true) {
    auto entry = cursor_.Next();
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) return std::optional<ObjectText>();
    auto object = queries_->ReadObject(*view_->partitions[(*entry)->partition], (*entry)->partition,
                                       (*entry)->entity);
    if (!object || *object) return object;
  }
}

Result<ObjectScan> Queries::Scan(const KindInfo& kind,
                                 std::optional<std::string> namespace_) const {
  auto view = views_.Now();
  if (!view) return tl::unexpected(view.error());
  return ObjectScan(this, std::move(*view), store::LiveRows(kind.name, namespace_), "");
}

Result<JsonList> Queries::Actions(const ActionRequest& request) {
  auto page = OpenPage(views_, request.continue_token, request.limit > 0);
  if (!page) return tl::unexpected(page.error());
  // Rows begin with the whole location; a name alone may be in any namespace.
  const bool is_whole = request.location && request.location->find('/') != request.location->npos;
  const std::optional<std::string_view> rows =
      is_whole ? std::optional<std::string_view>(*request.location) : std::nullopt;
  JsonList list;
  list.coverage = page->view->coverage;
  for (uint32_t partition = page->partition; partition < partitions(); ++partition) {
    const std::string after = partition == page->partition ? page->last : "";
    std::string last = after;
    bool is_full = false;
    auto scanned = page->view->partitions[partition]->ScanActions(
        rows, after, [&](std::string_view row, const store::ActionRow& action) {
          is_full = request.limit > 0 && list.items.size() == request.limit;
          if (is_full) return false;
          last = row;
          if (IsAtLocation(request.location, action.action.location)) {
            list.items.push_back(ActionJson(action.entity, action.action));
          }
          return true;
        });
    if (!scanned) return tl::unexpected(scanned.error());
    if (is_full) {
      list.continue_token =
          FormatPageToken({.coverage = list.coverage, .partition = partition, .last = last});
      return list;
    }
  }
  return list;
}

Result<JsonList> Queries::Quarantined(size_t limit, std::string_view continue_token) {
  auto page = OpenPage(views_, continue_token, limit > 0);
  if (!page) return tl::unexpected(page.error());
  JsonList list;
  list.coverage = page->view->coverage;
  EntityCursor cursor(page->view, store::QuarantinedRows(), page->last);
  std::string last;
  while (true) {
    auto entry = cursor.Next();
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) return list;
    if (limit > 0 && list.items.size() == limit) {
      list.continue_token =
          FormatPageToken({.coverage = list.coverage, .partition = 0, .last = last});
      return list;
    }
    const auto partition = static_cast<uint32_t>((*entry)->partition);
    auto json = QuarantineJson(*page->view->partitions[partition], partition, (*entry)->entity);
    if (!json) return tl::unexpected(json.error());
    last = (*entry)->entity;
    list.items.push_back(std::move(*json));
  }
}

Result<std::vector<std::string>> Queries::FindByIndex(std::string_view kind, std::string_view index,
                                                      std::string_view value) const {
  auto view = views_.Now();
  if (!view) return tl::unexpected(view.error());
  EntityCursor cursor(*view, store::MachineRows(kind, index, value), "");
  std::vector<std::string> found;
  while (true) {
    auto entry = cursor.Next();
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) return found;
    found.push_back(std::move((*entry)->entity));
  }
}

std::map<std::pair<std::string, std::string>, uint64_t> Queries::Counts() const {
  std::map<std::pair<std::string, std::string>, uint64_t> counts;
  for (const PartitionStore* store : options_.stores) {
    for (const auto& [key, count] : store->CountsByPhase()) {
      const KindInfo* kind = options_.kinds->Find(key.first);
      if (kind != nullptr) counts[{key.first, kind->PhaseName(key.second)}] += count;
    }
  }
  return counts;
}

Coverage Queries::Applied() const {
  Coverage coverage;
  for (const PartitionStore* store : options_.stores) coverage.push_back(store->NextSequence());
  return coverage;
}

}  // namespace sluice
