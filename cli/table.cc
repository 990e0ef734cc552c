#include "cli/table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

namespace sluice::cli {
namespace {

constexpr size_t kGap = 3;

// Code points, not bytes: good enough for the names and messages of this table.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// A cell is one line, whatever a message holds; control characters would move the cursor.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

void PrintRow(const std::vector<std::string>& cells, const std::vector<size_t>& widths,
              std::ostream& out) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 == cells.size()) break;
    const size_t width = WidthOf(cells[i]);
    line.append(width < widths[i] ? widths[i] - width + kGap : kGap, ' ');
  }
  out << line << '\n';
}

}  // namespace

void Table::Print(std::ostream& out) {
  for (auto& row : rows_) {
    row.resize(headings_.size());
    for (std::string& cell : row) cell = OneLine(std::move(cell));
  }
  if (widths_.empty()) {
    for (const std::string& heading : headings_) widths_.push_back(WidthOf(heading));
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], WidthOf(row[i]));
    }
    PrintRow(headings_, widths_, out);
  }
  for (const auto& row : rows_) PrintRow(row, widths_, out);
  rows_.clear();
  out.flush();
}

std::string CellText(const nlohmann::json& value) {
  if (value.is_null()) return "<none>";
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return text.empty() ? "<none>" : text;
}

Outcome<void> ServerTable::ReadColumns(const nlohmann::json& answer) {
  const auto columns = answer.find("columnDefinitions");
  if (columns == answer.end() || !columns->is_array()) {
    return Fail(Exit::kUnavailable, "the server did not answer with a table; is it Sluice?");
  }
  headings_.clear();
  shown_.clear();
  for (size_t i = 0; i < columns->size(); ++i) {
    const auto& column = (*columns)[i];
    if (column.value("priority", 0) > 0 && !view_.wide) continue;
    std::string heading = column.value("name", "");
    std::transform(heading.begin(), heading.end(), heading.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    headings_.push_back(std::move(heading));
    shown_.push_back(i);
  }
  return {};
}

std::vector<std::string> ServerTable::Headings() const {
  std::vector<std::string> headings = headings_;
  if (view_.with_namespace) headings.insert(headings.begin(), "NAMESPACE");
  return headings;
}

std::vector<std::string> ServerTable::Cells(const nlohmann::json& row) const {
  std::vector<std::string> cells;
  static const nlohmann::json::json_pointer kNamespace("/object/metadata/namespace");
  if (view_.with_namespace) cells.push_back(row.value(kNamespace, ""));
  const auto given = row.find("cells");
  for (const size_t i : shown_) {
    const bool there = given != row.end() && i < given->size();
    cells.push_back(there ? CellText((*given)[i]) : "<none>");
  }
  return cells;
}

}  // namespace sluice::cli
