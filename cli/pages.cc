#include "cli/pages.h"

#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "service/client/url.h"

namespace sluice::cli {

Outcome<void> ForEachItem(Session& session, std::string_view doing, const std::string& path,
                          std::vector<std::pair<std::string_view, std::string>> parameters,
                          const std::function<bool(nlohmann::json item)>& take) {
  static const nlohmann::json::json_pointer kContinue("/metadata/continue");
  parameters.emplace_back("limit", "500");
  parameters.emplace_back("continue", "");
  while (true) {
    auto page = session.Ask(doing, {.target = path + QueryString(parameters)});
    if (!page) return Again(page.error());
    if (!page->is_object() || !page->contains("items") || !(*page)["items"].is_array()) {
      return Fail(Exit::kUnavailable, "{}: {} answered with something that is no list", doing,
                  session.api().address());
    }
    for (auto& item : (*page)["items"]) {
      if (!take(std::move(item))) return {};
    }
    if (!page->contains(kContinue) || !page->at(kContinue).is_string()) return {};
    auto next = page->at(kContinue).get<std::string>();
    if (next.empty()) return {};
    if (next == parameters.back().second) {
      return Fail(Exit::kUnavailable, "{}: {} goes on with the same page for ever", doing,
                  session.api().address());
    }
    parameters.back().second = std::move(next);
  }
}

std::string Member(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? "<none>" : CellText(*found);
}

}  // namespace sluice::cli
