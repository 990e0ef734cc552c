#include "machines/common/testing/data_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "machines/clusterconfig/settings.h"
#include "machines/common/condition_writes.h"
#include "machines/common/testing/expectations.h"
#include "machines/common/testing/world.h"

namespace sluice::testing {
namespace {

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error(what); }

// Every key of `table` is one of `known`.
void CheckKeys(const Json& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) Fail("unknown key " + key);
  }
}

AnyTable ParseTable(const Type& type, const Json& payload) {
  void* table = nullptr;
  AnyTable parsed = AnyTable::Make(type, &table);
  const std::string text = payload.is_null() ? "{}" : payload.dump();
  if (const auto done = FromJson(type, text, table, std::string(type.name)); !done) {
    Fail(ToString(done.error()));
  }
  return parsed;
}

// The command of that wire name; those of the relations belong to every kind.
const Type* FindCommandType(const KindInfo& kind, std::string_view name) {
  if (const CommandInfo* command = kind.FindCommandByWireName(name)) return command->type;
  for (const Type* type :
       {&TypeOf<Observe>(), &TypeOf<Unobserve>(), &TypeOf<ContinueFanOut>(),
        &TypeOf<WriteConditions>(), &TypeOf<WatchConditions>(), &TypeOf<UnwatchConditions>()}) {
    if (type->wire_name == name) return type;
  }
  return nullptr;
}

class Run {
 public:
  Run(const KindRegistry& kinds, const Json& file)
      : kinds_(kinds), world_(kinds), entity_(file.at("entity").get<std::string>()) {
    CheckKeys(file, {"entity", "settings", "deliver", "given", "when", "then", "steps"});
    ReadDeliver(file.value("deliver", Json(false)));
    if (file.contains("settings")) ReadSettings(file.at("settings"));
    world_.on_decision = [this](const World&, const Decision& decision) {
      if (decision.command->entity == entity_) seen_.push_back(decision);
    };
  }

  void Given(const Json& given) {
    for (const Json& entry : given) {
      const std::string name = NameOf(entry);
      const std::string target = entry.value("entity", entity_);
      if (name.empty() || FindCommandType(KindOf(target), name)) {
        Do(entry);
        const bool rejected = !seen_.empty() && seen_.back().rejection.has_value();
        if (rejected) Fail("given " + name + ": " + seen_.back().rejection->message);
        continue;
      }
      const Type* event = FindType(name);
      if (!event || !event->is_event) Fail(name + " is neither a command nor an event");
      world_.Apply(target, {ParseTable(*event, entry.at(name))});
    }
  }

  void Step(const Json& step, size_t number) {
    SCOPED_TRACE("step " + std::to_string(number));
    seen_.clear();
    if (step.contains("when")) {
      for (const Json& entry : step.at("when")) Do(entry);
    }
    if (!step.contains("then")) return;
    const Json& then = step.at("then");
    const Expectations expectations(world_, KindOf(entity_), entity_, seen_);
    if (then.is_object()) return expectations.Check(then);
    for (const Json& part : then) expectations.Check(part);
  }

 private:
  const KindInfo& KindOf(const std::string& entity) const {
    const KindInfo* kind = kinds_.Find(KeyOrDie(entity).kind);
    if (!kind) Fail("no kind for " + entity);
    return *kind;
  }

  void ReadDeliver(const Json& deliver) {
    world_.deliver = deliver.is_array() || deliver.get<bool>();
    if (!deliver.is_array()) return;
    world_.deliver_to.insert(KeyOrDie(entity_).kind);
    for (const Json& kind : deliver) world_.deliver_to.insert(kind.get<std::string>());
  }

  void ReadSettings(const Json& settings) {
    ClusterConfigSpec given;
    if (const auto done = FromJson(TypeOf<ClusterConfigSpec>(), settings.dump(), &given); !done) {
      Fail(ToString(done.error()));
    }
    world_.settings = WithDefaults(given);
  }

  // The one key that is not about how the command comes; empty if there is none.
  static std::string NameOf(const Json& entry) {
    if (!entry.is_object()) Fail("not a table: " + entry.dump());
    std::string name;
    for (const auto& [key, value] : entry.items()) {
      if (key == "at" || key == "from" || key == "entity") continue;
      if (!name.empty()) Fail("two commands in one entry: " + name + ", " + key);
      name = key;
    }
    return name;
  }

  void Do(const Json& entry) {
    if (entry.contains("at")) {
      const auto at = ParseTime(entry.at("at").get<std::string>());
      if (!at) Fail("at: " + at.error());
      if (*at < world_.now()) Fail("at lies before now");
      world_.Advance(*at - world_.now());
    }
    const std::string name = NameOf(entry);
    if (name.empty()) return;
    const std::string target = entry.value("entity", entity_);
    const Type* type = FindCommandType(KindOf(target), name);
    if (!type) Fail(KindOf(target).name + " has no command " + name);
    world_.SendAny(target, ParseTable(*type, entry.at(name)), entry.value("from", ""));
    world_.Settle();
  }

  const KindRegistry& kinds_;
  World world_;
  std::string entity_;
  std::vector<Decision> seen_;  // this step's, of the entity
};

class DataTest : public ::testing::Test {
 public:
  DataTest(const KindRegistry& kinds, std::string path) : kinds_(kinds), path_(std::move(path)) {}
  void TestBody() override { RunDataFile(kinds_, path_); }

 private:
  const KindRegistry& kinds_;
  std::string path_;
};

}  // namespace

void RunDataFile(const KindRegistry& kinds, const std::string& path) {
  try {
    const Json file = LoadYaml(path, World(kinds).now());
    Run run(kinds, file);
    if (file.contains("given")) run.Given(file.at("given"));
    if (file.contains("steps") == (file.contains("when") || file.contains("then"))) {
      Fail("either `steps` or `when` and `then`");
    }
    if (!file.contains("steps")) return run.Step(file, 1);
    size_t number = 0;
    for (const Json& step : file.at("steps")) {
      CheckKeys(step, {"when", "then"});
      run.Step(step, ++number);
    }
  } catch (const std::exception& fault) {
    ADD_FAILURE() << path << ": " << fault.what();
  }
}

size_t RegisterDataFiles(const KindRegistry& kinds, const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const bool is_data =
        entry.path().extension() == ".yaml" && entry.path().parent_path().filename() == "testdata";
    if (is_data) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    const std::string suite = "data_" + file.parent_path().parent_path().filename().string();
    ::testing::RegisterTest(
        suite.c_str(), file.stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [&kinds, path = file.string()]() -> ::testing::Test* { return new DataTest(kinds, path); });
  }
  return files.size();
}

}  // namespace sluice::testing
