// The one file that knows yaml-cpp, of which JSON is a part.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "providers/drift/cluster_files.h"

namespace sluice::drift {
namespace {

constexpr int kDepthMax = 64;

void Add(const YAML::Node& node, const std::string& path, int depth,
         std::map<std::string, std::string>& fields) {
  if (depth > kDepthMax) throw YAML::Exception(node.Mark(), "is nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      fields[path] = "null";
      return;
    case YAML::NodeType::Scalar:
      fields[path] = node.Scalar();
      return;
    case YAML::NodeType::Sequence:
      if (node.size() == 0) fields[path] = "[]";
      for (size_t i = 0; i < node.size(); ++i) {
        Add(node[i], fmt::format("{}[{}]", path, i), depth + 1, fields);
      }
      return;
    case YAML::NodeType::Map:
      if (node.size() == 0) fields[path] = "{}";
      for (const auto& entry : node) {
        const std::string name = entry.first.as<std::string>();
        Add(entry.second, path.empty() || path.back() == ':' ? path + name : path + "." + name,
            depth + 1, fields);
      }
      return;
  }
}

}  // namespace

Result<std::map<std::string, std::string>> Fields(const std::string& text) {
  try {
    std::map<std::string, std::string> fields;
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    for (size_t i = 0; i < documents.size(); ++i) {
      Add(documents[i], documents.size() > 1 ? fmt::format("{}:", i + 1) : "", 0, fields);
    }
    return fields;
  } catch (const YAML::Exception& error) {
    return Err(ErrorCode::kInvalid, "{}", error.what());
  }
}

}  // namespace sluice::drift
