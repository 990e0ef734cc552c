// Columns of text, as kubectl prints them.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/failure.h"

namespace sluice::cli {

// Upper-case headings, columns three spaces apart. Widths are fixed by the first Print, so that
// rows of a watch that come later stand under the same headings. Not thread-safe.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // Writes the rows added since the last Print, the headings before the first ones.
  void Print(std::ostream& out);

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
};

// What a server's Table (meta.k8s.io/v1) shows of it.
struct TableView {
  bool wide = false;            // Columns of priority 1 too.
  bool with_namespace = false;  // A NAMESPACE column first, out of the rows' metadata.
};

// Remembers the columns of a Table and turns rows of it, and of later ones without columns, into
// cells. Not thread-safe.
class ServerTable {
 public:
  explicit ServerTable(TableView view) : view_(view) {}

  // kUnavailable when `answer` is no Table.
  Outcome<void> ReadColumns(const nlohmann::json& answer);
  std::vector<std::string> Headings() const;
  std::vector<std::string> Cells(const nlohmann::json& row) const;

 private:
  TableView view_;
  std::vector<std::string> headings_;
  std::vector<size_t> shown_;
};

// A JSON value as a cell: strings as they are, null as "<none>", the rest as JSON.
std::string CellText(const nlohmann::json& value);

}  // namespace sluice::cli
