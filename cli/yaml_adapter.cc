#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>

#include "cli/yaml.h"

namespace sluice::cli {
namespace {

constexpr size_t kNodesMax = 1'000'000;

struct Refused {
  int line;
  std::string message;
};

int LineOf(const YAML::Mark& mark) { return mark.line + 1; }

// Builds one document's JSON from yaml-cpp's events. Throws Refused through yaml-cpp, which has no
// other way to be stopped; ReadYaml catches it.
class Builder : public YAML::EventHandler {
 public:
  std::optional<nlohmann::json> value;
  int line = 0;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Place(nullptr, mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{LineOf(mark), "an alias to what it is itself part of"};
    }
    nodes_ += found->second.second;
    Place(found->second.first, mark, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (is_key_next()) {
      frames_.back().key = text;
      frames_.back().key_line = LineOf(mark);
      if (anchor != YAML::NullAnchor) anchors_[anchor] = {text, 1};
      return;
    }
    const bool plain = tag == "?" || tag.empty();
    if (plain) return Place(ResolvePlainScalar(text), mark, anchor);
    static const std::string kCore = "tag:yaml.org,2002:";
    if (tag == "!" || tag == kCore + "str") return Place(text, mark, anchor);
    for (const char* known : {"int", "float", "bool", "null"}) {
      if (tag == kCore + known) return Place(ResolvePlainScalar(text), mark, anchor);
    }
    throw Refused{LineOf(mark), "the tag '" + tag + "' is not known here"};
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(nlohmann::json::array(), mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(nlohmann::json::object(), mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    nlohmann::json value;
    YAML::Mark mark;
    YAML::anchor_t anchor;
    size_t nodes_before;
    std::optional<std::string> key{};
    int key_line = 0;
  };

  bool is_key_next() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  void Open(nlohmann::json empty, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (is_key_next()) throw Refused{LineOf(mark), "a key must be a scalar"};
    if (line == 0) line = LineOf(mark);
    frames_.push_back({std::move(empty), mark, anchor, nodes_});
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    const size_t size = nodes_ - frame.nodes_before + 1;
    Place(std::move(frame.value), frame.mark, frame.anchor, size);
  }

  void Place(nlohmann::json node, const YAML::Mark& mark, YAML::anchor_t anchor, size_t size = 1) {
    if (line == 0) line = LineOf(mark);
    if (++nodes_ > kNodesMax) {
      throw Refused{LineOf(mark), "the document has over a million nodes"};
    }
    if (is_key_next()) {  // An alias or a null as a key.
      frames_.back().key = node.is_string() ? node.get<std::string>() : node.dump();
      frames_.back().key_line = LineOf(mark);
      return;
    }
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, size};
    if (frames_.empty()) {
      value = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_array()) {
      frame.value.push_back(std::move(node));
      return;
    }
    const std::string key = *std::exchange(frame.key, std::nullopt);
    if (!frame.value.emplace(key, std::move(node)).second) {
      throw Refused{frame.key_line, "the key '" + key + "' is given twice"};
    }
  }

  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, std::pair<nlohmann::json, size_t>> anchors_;
  size_t nodes_ = 0;
};

}  // namespace

YamlStream ReadYaml(std::string_view text) {
  YamlStream stream;
  std::istringstream input{std::string(text)};
  int number = 0;
  try {
    YAML::Parser parser(input);
    while (true) {
      Builder builder;
      ++number;
      if (!parser.HandleNextDocument(builder)) break;
      if (!builder.value || builder.value->is_null()) continue;
      stream.documents.push_back({*std::move(builder.value), number, builder.line});
    }
  } catch (const Refused& refused) {
    stream.errors.push_back({number, refused.line, refused.message});
  } catch (const YAML::Exception& error) {
    stream.errors.push_back({number, LineOf(error.mark), error.msg});
  }
  return stream;
}

}  // namespace sluice::cli
