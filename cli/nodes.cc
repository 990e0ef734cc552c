#include "cli/nodes.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "service/client/http_client.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

// What the node at `address` says of its own partitions; null and a word why, where it says
// nothing.
json SelfOf(const std::string& address, std::string* why) {
  HttpClient client("http://" + address);
  const auto answer = client.Call({.target = "/nodes"});
  if (!answer) {
    *why = answer.error().message;
    return nullptr;
  }
  const json body = json::parse(answer->body, nullptr, false);
  if (!answer->ok() || !body.is_object() || !body.contains("self")) {
    *why = "it does not answer /nodes";
    return nullptr;
  }
  return body.at("self").at("partitions");
}

std::string JoinedNumbers(const json& numbers) {
  std::string text;
  for (const json& number : numbers) text += (text.empty() ? "" : ",") + number.dump();
  return text.empty() ? "-" : text;
}

// The numbers of those in a state.
json InState(const json& partitions, std::string_view state) {
  json found = json::array();
  for (const json& partition : partitions) {
    if (partition.at("state") == state) found.push_back(partition.at("partition"));
  }
  return found;
}

json Decided(const json& partitions) { return InState(partitions, "Deciding"); }

// Each node with its partitions; `lag` is how many decisions behind the furthest known it is.
void AddLags(json& nodes) {
  std::map<uint64_t, uint64_t> ends;
  for (const json& node : nodes) {
    for (const json& partition : node.at("partitions")) {
      uint64_t& end = ends[partition.at("partition").get<uint64_t>()];
      end = std::max(end, partition.at("sequence").get<uint64_t>());
    }
  }
  for (json& node : nodes) {
    uint64_t lag = 0;
    for (json& partition : node.at("partitions")) {
      const uint64_t behind =
          ends[partition.at("partition").get<uint64_t>()] - partition.at("applied").get<uint64_t>();
      // Of what it does not keep, nobody expects that it is there.
      if (partition.at("state") == "Cold") continue;
      partition["lag"] = behind;
      lag += behind;
    }
    if (!node.at("partitions").empty()) node["lag"] = lag;
  }
}

// Records that wait for the partitions it decides; "?" while it does not know of one, "-" where it
// decides none.
std::string Waiting(const json& node) {
  uint64_t waiting = 0;
  bool decides = false;
  for (const json& partition : node.at("partitions")) {
    if (partition.at("state") != "Deciding") continue;
    if (!partition.contains("waiting")) return "?";
    waiting += partition.at("waiting").get<uint64_t>();
    decides = true;
  }
  return decides ? std::to_string(waiting) : "-";
}

std::string Positions(const json& node) {
  std::string text;
  for (const json& partition : node.at("partitions")) {
    const auto applied = partition.at("applied").get<uint64_t>();
    if (applied == 0 || partition.at("state") == "Cold") continue;
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ",
                        partition.at("partition").get<uint64_t>(), applied - 1);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

bool IsNodes(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "node" || lower == "nodes";
}

Outcome<Exit> PrintNodes(Session& session, const Output& output) {
  const auto asked = session.Ask("list the nodes", {.target = "/nodes"});
  if (!asked) return Again(asked.error());
  const json& self = asked->at("self");
  json nodes = json::array();
  for (const json& item : asked->at("items")) {
    json node = {{"name", item.at("name")},
                 {"address", item.at("address")},
                 {"assigned", item.at("partitions")},
                 {"partitions", json::array()}};
    if (item.contains("warm")) node["warm"] = item.at("warm");
    std::string why;
    json partitions = item.at("name") == self.at("name")
                          ? self.at("partitions")
                          : SelfOf(item.at("address").get<std::string>(), &why);
    if (partitions.is_null()) {
      node["unreachable"] = why;
    } else {
      node["partitions"] = std::move(partitions);
    }
    nodes.push_back(std::move(node));
  }
  if (nodes.empty()) {
    // The embedded log has one node, this one.
    nodes.push_back({{"name", self.at("name")},
                     {"address", session.api().address()},
                     {"assigned", Decided(self.at("partitions"))},
                     {"partitions", self.at("partitions")}});
  }
  AddLags(nodes);
  if (!output.is_table()) {
    PrintValue({{"items", nodes}}, output, session.env().out);
    return Exit::kDone;
  }
  Table table({"NODE", "ADDRESS", "ASSIGNED", "DECIDES", "WAITING", "WARM", "LAG", "POSITIONS"});
  for (const json& node : nodes) {
    const bool known = !node.contains("unreachable");
    table.Add({node.at("name").get<std::string>(), node.at("address").get<std::string>(),
               JoinedNumbers(node.at("assigned")),
               known ? JoinedNumbers(Decided(node.at("partitions"))) : "?",
               known ? Waiting(node) : "?",
               known ? JoinedNumbers(InState(node.at("partitions"), "Following")) : "?",
               known ? node.value("lag", json(0)).dump() : "?",
               known ? Positions(node) : node.at("unreachable").get<std::string>()});
  }
  table.Print(session.env().out);
  return Exit::kDone;
}

}  // namespace sluice::cli
