#include "cli/kafka_config.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "cli/yaml.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kClusterDefault = "sluice";

bool IsScalar(const json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

std::string TextOf(const json& scalar) {
  return scalar.is_string() ? scalar.get<std::string>() : scalar.dump();
}

// "a:1,b:2" or a list of them.
Outcome<std::string> BrokersOf(const std::string& file, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string brokers;
  if (value.is_array()) {
    for (const json& broker : value) {
      if (!broker.is_string()) break;
      brokers += (brokers.empty() ? "" : ",") + broker.get<std::string>();
    }
  }
  if (brokers.empty()) {
    return Fail(Exit::kBadInput, "{}: kafka.brokers: write HOST:PORT,... or a list of them", file);
  }
  return brokers;
}

Outcome<std::optional<uint32_t>> WarmOf(const std::string& where, const std::string& text) {
  uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text == "all") return std::optional<uint32_t>();
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return Fail(Exit::kBadInput, "{}: write a number of partitions, or all", where);
  }
  return std::optional<uint32_t>(number);
}

Outcome<void> TakeProperties(const std::string& file, const json& value, KafkaCluster* kafka) {
  if (!value.is_object()) {
    return Fail(Exit::kBadInput, "{}: kafka.properties: write one NAME: VALUE a line", file);
  }
  for (const auto& [name, property] : value.items()) {
    if (!IsScalar(property)) {
      return Fail(Exit::kBadInput, "{}: kafka.properties.{}: its value is one text or number", file,
                  name);
    }
    kafka->properties[name] = TextOf(property);
  }
  return {};
}

Outcome<void> TakeSection(const std::string& file, const json& section, KafkaCluster* kafka) {
  if (!section.is_object()) {
    return Fail(Exit::kBadInput, "{}: kafka: write brokers, cluster, replication, warm, properties",
                file);
  }
  for (const auto& [name, value] : section.items()) {
    if (name == "brokers") {
      auto brokers = BrokersOf(file, value);
      if (!brokers) return Again(brokers.error());
      kafka->bootstrap = *std::move(brokers);
    } else if (name == "cluster" && value.is_string()) {
      kafka->cluster = value.get<std::string>();
    } else if (name == "replication" && value.is_number_unsigned()) {
      kafka->replication = value.get<int>();
    } else if (name == "warm" && IsScalar(value)) {
      auto warm = WarmOf(fmt::format("{}: kafka.warm", file), TextOf(value));
      if (!warm) return Again(warm.error());
      kafka->warm = *warm;
    } else if (name == "properties") {
      if (auto taken = TakeProperties(file, value, kafka); !taken) return taken;
    } else if (name == "cluster" || name == "replication") {
      return Fail(Exit::kBadInput, "{}: kafka.{}: not a {}", file, name,
                  name == "cluster" ? "text" : "number");
    } else {
      return Fail(Exit::kBadInput,
                  "{}: kafka.{}: there is no such setting; librdkafka's go under kafka.properties",
                  file, name);
    }
  }
  return {};
}

Outcome<void> TakeFile(Session& session, const std::string& path, KafkaCluster* kafka) {
  std::ifstream in(path);
  if (!in) return Fail(Exit::kBadInput, "--config: {} cannot be read", path);
  std::stringstream text;
  text << in.rdbuf();
  const YamlStream yaml = ReadYaml(text.str());
  if (!yaml.errors.empty()) {
    // Without the reader's words: they may quote a secret.
    return Fail(Exit::kBadInput, "{}, line {}: this is no YAML", path, yaml.errors.front().line);
  }
  if (yaml.documents.size() != 1 || !yaml.documents.front().value.is_object()) {
    return Fail(Exit::kBadInput, "{}: write one document with a section `kafka`", path);
  }
  for (const auto& [name, section] : yaml.documents.front().value.items()) {
    if (name != "kafka") {
      return Fail(Exit::kBadInput, "{}: {}: there is no such section; there is `kafka`", path,
                  name);
    }
    if (auto taken = TakeSection(path, section, kafka); !taken) return taken;
  }
  struct stat status = {};
  const bool others_read = stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
  if (others_read && HoldsSecrets(*kafka)) {
    session.env().err << "sluice: " << path
                      << " holds secrets and everybody may read it: chmod 600 " << path
                      << std::endl;
  }
  return {};
}

}  // namespace

void DefineKafkaFlags(Arguments& verb, KafkaFlags* flags) {
  verb.Text("--config", &flags->config,
            "A YAML file with a section `kafka`: brokers, cluster, replication, properties")
      .Text("--kafka", &flags->brokers, "Use the topics on these brokers: HOST:PORT,...")
      .Text("--cluster", &flags->cluster, "With --kafka: the topics' prefix [sluice]")
      .Texts("--kafka-property", &flags->properties,
             "With --kafka: a librdkafka property, NAME=VALUE; more than once for several");
}

Outcome<std::optional<KafkaCluster>> ReadKafka(Session& session, const KafkaFlags& flags) {
  KafkaCluster kafka;
  kafka.cluster = kClusterDefault;
  if (!flags.config.empty()) {
    if (auto taken = TakeFile(session, flags.config, &kafka); !taken) return Again(taken.error());
  }
  if (!flags.brokers.empty()) kafka.bootstrap = flags.brokers;
  if (!flags.cluster.empty()) kafka.cluster = flags.cluster;
  if (!flags.warm.empty()) {
    auto warm = WarmOf("--warm", flags.warm);
    if (!warm) return Again(warm.error());
    kafka.warm = *warm;
  }
  if (flags.replication != 0) kafka.replication = static_cast<int>(flags.replication);
  for (const std::string& property : flags.properties) {
    const size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0) {
      // What was given may be a secret.
      return Fail(Exit::kBadInput, "--kafka-property: write NAME=VALUE");
    }
    kafka.properties[property.substr(0, equals)] = property.substr(equals + 1);
  }
  if (kafka.bootstrap.empty()) return std::optional<KafkaCluster>();
  if (auto checked = CheckKafka(kafka); !checked) {
    return Fail(Exit::kBadInput, "{}", checked.error().message);
  }
  return kafka;
}

}  // namespace sluice::cli
