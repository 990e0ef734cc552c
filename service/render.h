#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "service/backend.h"

namespace sluice::service {

inline constexpr std::string_view kApiVersion = "sluice.dev/v1";

// How objects are shown: as they are, or as rows of a Kubernetes Table.
struct Rendering {
  bool table = false;
  // What a row's `object` holds.
  enum class RowObject : unsigned char { kNone, kMetadata, kObject };
  RowObject row_object = RowObject::kMetadata;
  int64_t now_us = 0;  // since the Unix epoch; ages count to here, of the past to then
};

// The age of a `date` cell as kubectl shows it: "45s", "5m", "3h12m", "2d"; "<unknown>" when the
// cell is no time.
std::string Age(std::string_view rfc3339, int64_t now_us);

std::string RenderObject(const KindInfo& kind, const ObjectView& object, const Rendering& how);
std::string RenderList(const KindInfo& kind, const ObjectPage& page, const Rendering& how);
// `{"items":[...],"metadata":{"continue":...,"resourceVersion":...}}`.
std::string RenderPage(const JsonPage& page);

// A watch line, newline included. `type` is ADDED, MODIFIED or DELETED. `with_columns`: the table's
// column definitions come along, as they do in the first event of a Kubernetes watch.
std::string RenderEvent(const KindInfo& kind, std::string_view type, const WatchEvent& event,
                        const Rendering& how, bool with_columns);
std::string RenderActionEvent(std::string_view type, const WatchEvent& event);
// `kind` is the object kind in the bookmark: "Binding", "Action".
std::string RenderBookmark(std::string_view kind, std::string_view resource_version);
std::string RenderErrorEvent(const ApiError& error);

}  // namespace sluice::service
