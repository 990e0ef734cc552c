#include "cli/session.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "service/client/url.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kApiPath = "/apis/sluice.dev/v1";

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// How many letters to insert, drop or change to make `a` of `b` (Levenshtein).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::string CollectionPath(const KindInfo& kind, std::string_view namespace_name) {
  std::string path(kApiPath);
  if (kind.namespaced && !namespace_name.empty()) {
    path += "/namespaces/" + PercentEncode(namespace_name);
  }
  return path + "/" + kind.plural;
}

std::string ObjectRef::Path() const {
  return CollectionPath(kind, namespace_) + "/" + PercentEncode(name);
}

Session::Session(Environment& environment, std::unique_ptr<Api> api, std::string namespace_name)
    : environment_(environment), api_(std::move(api)), namespace_(std::move(namespace_name)) {}

Session::~Session() = default;

Outcome<nlohmann::json> Session::Ask(std::string_view doing, const HttpRequest& request) {
  const Result<HttpResponse> response = api_->Call(request);
  if (!response) return FromError(response.error());
  if (!response->ok()) return FromResponse(doing, *response);
  auto body = nlohmann::json::parse(response->body, nullptr, false);
  if (body.is_discarded()) {
    return Fail(Exit::kUnavailable, "{}: {} answered with something that is no JSON; is it Sluice?",
                doing, api_->address());
  }
  return body;
}

Outcome<const std::vector<KindInfo>*> Session::Kinds() {
  if (kinds_) return &*kinds_;
  const auto list = Ask("list the kinds", {.target = std::string(kApiPath)});
  if (!list) return Again(list.error());
  std::vector<KindInfo> kinds;
  try {
    for (const auto& resource : list->at("resources")) {
      KindInfo kind{.kind = resource.at("kind"),
                    .singular = resource.value("singularName", ""),
                    .plural = resource.at("name"),
                    .namespaced = resource.value("namespaced", true)};
      if (kind.plural.find('/') != std::string::npos) continue;  // A subresource.
      if (kind.singular.empty()) kind.singular = Lower(kind.kind);
      kinds.push_back(std::move(kind));
    }
  } catch (const nlohmann::json::exception& error) {
    return Fail(Exit::kUnavailable, "{}: its list of kinds cannot be read ({}); is it Sluice?",
                api_->address(), error.what());
  }
  kinds_ = std::move(kinds);
  return &*kinds_;
}

std::optional<KindInfo> Session::NearestKind(std::string_view text) {
  constexpr size_t kTooFar = 3;
  const auto kinds = Kinds();
  if (!kinds) return std::nullopt;
  const std::string wanted = Lower(text);
  const KindInfo* nearest = nullptr;
  size_t nearest_distance = kTooFar;
  for (const KindInfo& kind : **kinds) {
    const size_t distance =
        std::min(Distance(wanted, kind.singular), Distance(wanted, kind.plural));
    if (distance >= nearest_distance) continue;
    nearest_distance = distance;
    nearest = &kind;
  }
  if (nearest == nullptr) return std::nullopt;
  return *nearest;
}

Outcome<KindInfo> Session::FindKind(std::string_view text) {
  const auto kinds = Kinds();
  if (!kinds) return Again(kinds.error());
  const std::string wanted = Lower(text);
  std::string known;
  for (const KindInfo& kind : **kinds) {
    if (wanted == kind.singular || wanted == kind.plural || wanted == Lower(kind.kind)) return kind;
    known += (known.empty() ? "" : ", ") + kind.singular;
  }
  if (const auto nearest = NearestKind(text)) {
    return Fail(Exit::kBadInput, "unknown kind '{}': did you mean '{}'?", text, nearest->singular);
  }
  return Fail(Exit::kBadInput, "unknown kind '{}': there are {}", text, known);
}

Outcome<ObjectRef> Session::MakeRef(std::string_view kind, std::string namespace_name,
                                    std::string name) {
  auto info = FindKind(kind);
  if (!info) return Again(info.error());
  if (!info->namespaced) namespace_name = kClusterNamespace;
  for (const auto& [what, value] :
       {std::pair{"namespace", &namespace_name}, std::pair{"name", &name}}) {
    if (IsDnsLabel(*value)) continue;
    return Fail(Exit::kBadInput,
                "{} '{}' is no DNS label: 1 to 63 of a-z, 0-9 and '-', no '-' at either end", what,
                *value);
  }
  return ObjectRef{*std::move(info), std::move(namespace_name), std::move(name)};
}

Outcome<ObjectRef> Session::ParseRef(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '/');
  if (parts.size() == 2) return MakeRef(parts[0], namespace_, parts[1]);
  if (parts.size() == 3) return MakeRef(parts[0], parts[1], parts[2]);
  return Fail(Exit::kBadInput, "'{}' should be KIND/NAME or KIND/NAMESPACE/NAME", text);
}

Outcome<std::vector<ObjectRef>> Session::ParseRefs(const std::vector<std::string>& words,
                                                   KindInfo* kind) {
  std::vector<ObjectRef> refs;
  const bool kind_apart = !words.empty() && words.front().find('/') == std::string::npos;
  if (kind_apart) {
    auto found = FindKind(words.front());
    if (!found) return Again(found.error());
    *kind = *std::move(found);
  }
  for (size_t i = kind_apart ? 1 : 0; i < words.size(); ++i) {
    auto ref = kind_apart ? MakeRef(words.front(), namespace_, words[i]) : ParseRef(words[i]);
    if (!ref) return Again(ref.error());
    refs.push_back(*std::move(ref));
  }
  return refs;
}

Outcome<ObjectRef> Session::ParseOneRef(const std::vector<std::string>& words) {
  KindInfo kind;
  auto refs = ParseRefs(words, &kind);
  if (!refs) return Again(refs.error());
  if (refs->size() != 1) {
    return Fail(Exit::kBadInput, "exactly one object must be named, as KIND/NAME or KIND NAME");
  }
  return std::move(refs->front());
}

}  // namespace sluice::cli
