#include "service/render.h"

#include <algorithm>

#include "events/basic_types.h"
#include "service/json_scan.h"

namespace sluice::service {
namespace {

// Two units while the second one matters, as kubectl does.
std::string TwoUnits(int64_t big, char big_unit, int64_t small, char small_unit, int64_t until) {
  std::string text = std::to_string(big) + big_unit;
  if (big < until && small > 0) text += std::to_string(small) + small_unit;
  return text;
}

void AppendColumns(const KindInfo& kind, std::string* out) {
  *out += "\"columnDefinitions\":[";
  for (size_t i = 0; i < kind.columns.size(); ++i) {
    const Column& column = kind.columns[i];
    if (i > 0) *out += ',';
    *out += "{\"name\":" + Quote(column.name);
    // An age is shown as text, so its type is what kubectl expects of text.
    *out += ",\"type\":" + Quote(column.type == "date" ? "string" : column.type);
    *out += ",\"format\":\"\",\"description\":\"\",\"priority\":";
    *out += column.wide ? "1}" : "0}";
  }
  *out += ']';
}

void AppendRow(const KindInfo& kind, const ObjectView& object, std::string_view json,
               const Rendering& how, std::string* out) {
  *out += "{\"cells\":[";
  for (size_t i = 0; i < object.cells.size(); ++i) {
    const std::string& cell = object.cells[i];
    std::string_view type = "string";
    if (i < kind.columns.size()) type = kind.columns[i].type;
    if (i > 0) *out += ',';
    const bool number = type == "integer" && !cell.empty() &&
                        cell.find_first_not_of("0123456789") == std::string::npos;
    *out += number ? cell : Quote(type == "date" ? Age(cell, how.now_us) : cell);
  }
  *out += "],\"object\":";
  switch (how.row_object) {
    case Rendering::RowObject::kNone:
      *out += "null";
      break;
    case Rendering::RowObject::kMetadata:
      *out += R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)";
      *out += FindMember(json, "metadata").value_or("{}");
      *out += '}';
      break;
    case Rendering::RowObject::kObject:
      *out += json;
      break;
  }
  *out += '}';
}

std::string TableStart(std::string_view metadata) {
  std::string out = R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{)";
  out += metadata;
  out += "},";
  return out;
}

std::string ListMetadata(std::string_view continue_token, std::string_view resource_version) {
  std::string out = "\"resourceVersion\":" + Quote(resource_version);
  if (!continue_token.empty()) out += ",\"continue\":" + Quote(continue_token);
  return out;
}

std::string TableOfOne(const KindInfo& kind, const ObjectView& object, std::string_view json,
                       std::string_view resource_version, const Rendering& how, bool columns) {
  std::string out = TableStart("\"resourceVersion\":" + Quote(resource_version));
  if (columns) {
    AppendColumns(kind, &out);
    out += ',';
  } else {
    out += "\"columnDefinitions\":null,";
  }
  out += "\"rows\":[";
  AppendRow(kind, object, json, how, &out);
  out += "]}";
  return out;
}

// Ages of the past are those of then.
Rendering AsOf(Time time, Rendering how) {
  if (time.IsSet()) how.now_us = time.us;
  return how;
}

std::string EventLine(std::string_view type, std::string_view object) {
  std::string out = "{\"type\":\"";
  out.append(type).append("\",\"object\":").append(object).append("}\n");
  return out;
}

}  // namespace

std::string Age(std::string_view rfc3339, int64_t now_us) {
  const auto born = ParseTime(rfc3339);
  if (!born || !born->IsSet()) return "<unknown>";
  const int64_t seconds = std::max<int64_t>(0, (now_us - born->us) / 1'000'000);
  const int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 180) return TwoUnits(minutes, 'm', seconds % 60, 's', 10);
  if (hours < 48) return TwoUnits(hours, 'h', minutes % 60, 'm', 8);
  if (days < 730) return TwoUnits(days, 'd', hours % 24, 'h', 8);
  return TwoUnits(days / 365, 'y', days % 365, 'd', 8);
}

std::string RenderObject(const KindInfo& kind, const ObjectView& object, const Rendering& how) {
  if (!how.table) return object.json;
  return TableOfOne(kind, object, object.json, object.resource_version, AsOf(object.as_of, how),
                    true);
}

std::string RenderList(const KindInfo& kind, const ObjectPage& page, const Rendering& asked) {
  const Rendering how = AsOf(page.as_of, asked);
  const std::string metadata = ListMetadata(page.continue_token, page.resource_version);
  std::string out;
  size_t bytes = 256;
  for (const ObjectView& item : page.items) bytes += item.json.size() + 1;
  out.reserve(bytes);
  if (how.table) {
    out = TableStart(metadata);
    AppendColumns(kind, &out);
    out += ",\"rows\":[";
  } else {
    out += "{\"kind\":\"" + kind.camel + "List\",\"apiVersion\":\"" + std::string(kApiVersion) +
           "\",\"metadata\":{" + metadata + "},\"items\":[";
  }
  for (size_t i = 0; i < page.items.size(); ++i) {
    if (i > 0) out += ',';
    if (how.table) {
      AppendRow(kind, page.items[i], page.items[i].json, how, &out);
    } else {
      out += page.items[i].json;
    }
  }
  out += "]}";
  return out;
}

std::string RenderPage(const JsonPage& page) {
  std::string out = "{\"items\":[";
  for (size_t i = 0; i < page.items.size(); ++i) {
    if (i > 0) out += ',';
    out += page.items[i];
  }
  out += "],\"metadata\":{" + ListMetadata(page.continue_token, page.resource_version) + "}}";
  return out;
}

std::string RenderEvent(const KindInfo& kind, std::string_view type, const WatchEvent& event,
                        const Rendering& how, bool with_columns) {
  const std::string json = WithResourceVersion(event.object.json, event.resource_version);
  if (!how.table) return EventLine(type, json);
  return EventLine(type,
                   TableOfOne(kind, event.object, json, event.resource_version, how, with_columns));
}

std::string RenderActionEvent(std::string_view type, const WatchEvent& event) {
  std::string out = "{\"type\":\"";
  out.append(type).append("\",\"resourceVersion\":").append(Quote(event.resource_version));
  out.append(",\"object\":").append(event.object.json).append("}\n");
  return out;
}

std::string RenderBookmark(std::string_view kind, std::string_view resource_version) {
  return EventLine("BOOKMARK",
                   "{\"kind\":" + Quote(kind) + ",\"apiVersion\":\"" + std::string(kApiVersion) +
                       "\",\"metadata\":{\"resourceVersion\":" + Quote(resource_version) + "}}");
}

std::string RenderErrorEvent(const ApiError& error) {
  return EventLine("ERROR", ToStatusJson(error));
}

}  // namespace sluice::service
