#include "cli/why_mermaid.h"

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "cli/why_step.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

// Nodes by position, edges from cause to effect.
class Flowchart {
 public:
  void AddChain(const json& chain) {
    for (size_t i = 0; i < chain.size(); ++i) {
      const std::string node = Node(chain[i]);
      if (i + 1 < chain.size()) Edge(Node(chain[i + 1]), node, Text(chain[i], "took"));
      if (i + 1 == chain.size()) Edge(Begin(chain[i], node), node, "");
      if (!chain[i].contains("because")) continue;
      const json& because = chain[i]["because"];
      if (!because.contains("chain") || because["chain"].empty()) continue;
      Edge(Node(because["chain"].front()), node, "because");
      AddChain(because["chain"]);
    }
  }

  void AddTree(const json& tree) {
    const std::string node = Node(tree);
    for (const json& then : tree.value("then", json::array())) {
      if (!then.contains("decision")) continue;
      Edge(node, Node(then["decision"]), Text(then, "took"));
      AddTree(then["decision"]);
    }
  }

  void Print(std::ostream& out) const {
    out << "flowchart TD\n";
    for (const auto& [name, text] : nodes_) out << "  " << name << text << '\n';
    for (const std::string& edge : edges_) out << "  " << edge << '\n';
  }

 private:
  static std::string Escaped(std::string_view text) {
    static const std::map<char, std::string_view> kEscapes{
        {'"', "#quot;"}, {'<', "#lt;"}, {'>', "#gt;"}};
    std::string out;
    for (const char c : text) {
      const auto escape = kEscapes.find(c);
      escape == kEscapes.end() ? out += c : out += escape->second;
    }
    return out;
  }

  std::string Node(const json& step) {
    std::string name = "d" + Text(step, "position");
    for (char& c : name) c = c == ':' ? '_' : c;
    std::string text = Escaped(Text(step, "position") + " " + Text(step, "entity")) + "<br/>" +
                       Escaped(CommandOf(step));
    const std::string outcome = OutcomeOf(step);
    if (!outcome.empty()) text += "<br/>" + Escaped(outcome);
    nodes_[name] = "[\"" + text + "\"]";
    return name;
  }

  std::string Begin(const json& step, const std::string& node) {
    const std::string name = "b" + node;
    nodes_[name] = "([\"" + Escaped(BeganWith(step)) + "\"])";
    return name;
  }

  void Edge(const std::string& from, const std::string& to, const std::string& label) {
    edges_.insert(from + (label.empty() ? " --> " : " -->|" + label + "| ") + to);
  }

  std::map<std::string, std::string> nodes_;
  std::set<std::string> edges_;
};

}  // namespace

void PrintMermaid(const json& why, std::ostream& out) {
  Flowchart chart;
  const json one = json::array({why});
  for (const json& answer : why.contains("decisions") ? why["decisions"] : one) {
    if (answer.contains("chain")) chart.AddChain(answer["chain"]);
    if (answer.contains("led")) chart.AddTree(answer["led"]);
  }
  chart.Print(out);
}

}  // namespace sluice::cli
