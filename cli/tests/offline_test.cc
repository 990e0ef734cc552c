// `sluice --data DIR`: verbs against a data directory, with and without a node that holds it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/tests/offline_fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST_F(Offline, ReadsAsANodeWould) {
  std::string first;
  {
    const auto node = Start();
    first = Send(*node, R"({"entity":"network/default/net","command":"Apply","payload":{}})");
    Send(*node,
         R"({"entity":"network/default/net","command":"Apply","payload":{"labels":{"a":"b"}}})");
    Send(*node, R"({"entity":"binding/default/web","command":"Apply","payload":{"spec":{
        "bindingKey":"team/web","desiredRevision":"v1","template":{"presetId":"p","spec":{
        "location":{"name":"here"},"runtime":{"process":{"command":["x"]}}}}}}})");
    Decide([&](CallerCallback done) { node->SubmitBytes(0, "no command", false, done); });
  }
  // The projections may be behind or gone: they are derived, as by a node.
  std::filesystem::remove_all(directory_ + "/projections");
  const Ran got = Run({"get", "network", "net", "-o", "json"});
  ASSERT_EQ(got.exit, Exit::kDone) << got.err;
  EXPECT_EQ(json::parse(got.out)["metadata"]["labels"]["a"], "b");
  EXPECT_THAT(Run({"describe", "network/net"}).out, HasSubstr("net"));
  EXPECT_THAT(Run({"history", "network/net"}).out, HasSubstr(first));
  const Ran resolved = Run({"resolve", "web"});
  EXPECT_NE(resolved.exit, Exit::kUnavailable) << resolved.err;
  EXPECT_EQ(Run({"quarantine", "list"}).exit, Exit::kDone);
  EXPECT_THAT(Run({"dead-letters", "list"}).out, HasSubstr("out of bounds"));
  EXPECT_EQ(Run({"get", "network", "other"}).exit, Exit::kRejected);
}

TEST_F(Offline, WritesNothingToTheLog) {
  {
    const auto node = Start();
    Send(*node, R"({"entity":"network/default/net","command":"Apply","payload":{}})");
  }
  const auto ends = [&] {
    const auto node = Open();
    return std::pair(*node->journal().EndSequence(0), *node->journal().EndSequence(1));
  };
  const auto before = ends();
  EXPECT_EQ(Run({"get", "network"}).exit, Exit::kDone);
  EXPECT_EQ(ends(), before);
}

TEST_F(Offline, TheDebuggerAnswers) {
  std::string first;
  std::string second;
  {
    const auto node = Start();
    first = Send(*node, R"({"id":"one","entity":"network/default/net","command":"Apply",
        "payload":{},"actor":"ada"})");
    second = Send(
        *node,
        R"({"entity":"network/default/net","command":"Apply","payload":{"labels":{"a":"b"}}})");
  }
  // Before the projections were brought up to the log: verify takes them as they are.
  const Ran verified = Run({"verify"});
  EXPECT_EQ(verified.exit, Exit::kDone) << verified.err << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("are as they must be"));
  EXPECT_THAT(verified.out, HasSubstr("equal at"));
  EXPECT_EQ(Run({"replay", "--what-if"}).exit, Exit::kDone);
  const Ran why = Run({"why", "network/net", "--field", "metadata.labels"});
  EXPECT_EQ(why.exit, Exit::kDone) << why.err;
  EXPECT_THAT(why.out, HasSubstr(second + "  network/default/net  Apply"));
  EXPECT_THAT(Run({"why", "one"}).out, HasSubstr("a command from outside by ada, id one"));
  EXPECT_THAT(Run({"why", "one", "-o", "mermaid"}).out, HasSubstr("flowchart TD"));
  const Ran diff = Run({"diff", "network/net", "--from", first});
  EXPECT_THAT(diff.out, HasSubstr("(absent) -> \"b\"")) << diff.err;
  const Ran stepped = Run({"replay", "network/net", "--until", "metadata.labels.a == 'b'"});
  EXPECT_THAT(stepped.out, HasSubstr("Holds from " + second));
  const Ran wrong = Run({"replay", "network/net", "--until", "metadata.labels.a = 'b'"});
  EXPECT_EQ(wrong.exit, Exit::kBadInput);
  EXPECT_THAT(wrong.err, HasSubstr("column 19"));
  EXPECT_THAT(Run({"history", "network/net", "--command", "Apply", "--last", "1"}).out,
              HasSubstr(second));
  EXPECT_THAT(Run({"describe", "network/net", "--at", first}).out, HasSubstr("Last decisions"));
  EXPECT_EQ(Run({"get", "network", "--at", "2999-01-01T00:00:00Z"}).exit, Exit::kBadInput);
}

TEST_F(Offline, WhySaysThatNobodyCarriesOutWhatHasNoLocation) {
  {
    const auto node = Start();
    Send(*node, R"({"entity":"instance/default/lost","command":"Apply","payload":{"spec":{
        "runtime":{"process":{"command":["x"]}}}}})");
    Send(*node, R"({"entity":"instance/default/placed","command":"Apply","payload":{"spec":{
        "location":{"name":"here"},"runtime":{"process":{"command":["x"]}}}}})");
  }
  EXPECT_THAT(Run({"why", "instance/lost"}).out,
              HasSubstr("waits for ProgramInstance (nobody carries it out: spec.location names "
                        "none), pending since"));
  EXPECT_THAT(Run({"why", "instance/placed"}).out,
              HasSubstr("waits for ProgramInstance at default/here, pending since"));
}

TEST_F(Offline, ABackupBringsALostDirectoryBack) {
  {
    const auto node = Start();
    Send(*node, R"({"entity":"network/default/net","command":"Apply","payload":{}})");
  }
  const std::string backups = directory_ + "-backups";
  std::filesystem::remove_all(backups);
  const Ran backed_up = Run({"backup", backups});
  ASSERT_EQ(backed_up.exit, Exit::kDone) << backed_up.err;
  EXPECT_THAT(backed_up.out, HasSubstr("read back and checked"));
  const std::string before = Run({"get", "network", "net", "-o", "json"}).out;
  std::filesystem::remove_all(directory_);
  const Ran restored = RunAlone({"restore", backups, "--data", directory_});
  ASSERT_EQ(restored.exit, Exit::kDone) << restored.err;
  EXPECT_EQ(Run({"get", "network", "net", "-o", "json"}).out, before);
  EXPECT_EQ(Run({"verify"}).exit, Exit::kDone);
  EXPECT_EQ(RunAlone({"restore", backups, "--data", directory_}).exit, Exit::kBadInput);
  // A node goes on from there.
  {
    const auto node = Start();
    Send(*node,
         R"({"entity":"network/default/net","command":"Apply","payload":{"labels":{"a":"b"}}})");
  }
  EXPECT_THAT(Run({"get", "network", "net", "-o", "json"}).out, HasSubstr("\"a\": \"b\""));
  EXPECT_EQ(Run({"verify"}).exit, Exit::kDone);
  std::filesystem::remove_all(backups);
}

TEST_F(Offline, AnExportedFileAnswersAndAForkOpens) {
  {
    const auto node = Start();
    Send(*node, R"({"id":"one","entity":"network/default/net","command":"Apply","payload":{}})");
    Send(*node, R"({"id":"two","entity":"network/default/other","command":"Apply","payload":{}})");
  }
  const std::string file = directory_ + ".jsonl";
  const std::string fork = directory_ + "-fork";
  std::filesystem::remove_all(fork);
  ASSERT_EQ(Run({"export", "--into", file}).exit, Exit::kDone);
  EXPECT_THAT(RunAlone({"--data", file, "why", "two"}).out, HasSubstr("network/default/other"));
  EXPECT_EQ(RunAlone({"--data", file, "verify"}).exit, Exit::kDone);
  EXPECT_THAT(RunAlone({"--data", file, "get", "network"}).out, HasSubstr("other"));
  const Ran forked = RunAlone({"--data", file, "replay", "--fork", fork, "--drop", "two"});
  ASSERT_EQ(forked.exit, Exit::kDone) << forked.err;
  EXPECT_THAT(forked.out, HasSubstr("network/default/other  not in the fork"));
  EXPECT_EQ(RunAlone({"--data", fork, "get", "network", "other"}).exit, Exit::kRejected);
  EXPECT_EQ(RunAlone({"--data", fork, "get", "network", "net"}).exit, Exit::kDone);
  EXPECT_EQ(RunAlone({"--data", fork, "verify"}).exit, Exit::kDone);
  const Ran against = RunAlone({"--data", fork, "diff", "--against", file});
  EXPECT_EQ(against.out, "network/default/other  deleted\n") << against.err;
  const Ran back = RunAlone({"--data", file, "diff", "network/other", "--against", fork, "-ojson"});
  EXPECT_THAT(back.out, HasSubstr("\"created\"")) << back.err;
  EXPECT_THAT(back.out, HasSubstr("\"entities\": 1"));
  EXPECT_THAT(RunAlone({"--data", file, "diff", "network/net", "--against", fork}).err,
              HasSubstr("Nothing differs from " + fork));
  EXPECT_EQ(RunAlone({"--data", file, "diff", "--from", "0:0", "--against", fork}).exit,
            Exit::kBadInput);
  const Ran both = RunAlone({"--data", file, "replay", "--fork", fork, "--what-if"});
  EXPECT_EQ(both.exit, Exit::kBadInput);
  EXPECT_THAT(both.err, HasSubstr("ask for one of them"));
  const Ran early = RunAlone({"--data", file, "replay", "--fork", fork, "--delay", "two=-5s"});
  EXPECT_EQ(early.exit, Exit::kBadInput);
  EXPECT_THAT(early.err, HasSubstr("is negative"));
  std::filesystem::remove_all(fork);
  std::filesystem::remove(file);
}

// Folded from the file, as from the projections: now, and behind some decisions.
TEST_F(Offline, AnExportedFileShowsTheObjectsOfTheDirectory) {
  {
    const auto node = Start();
    for (const char* name : {"a", "a-b", "c"}) {
      Send(*node, fmt::format(R"({{"entity":"network/default/{}","command":"Apply","payload":{{
          "labels":{{"name":"{}"}}}}}})",
                              name, name));
    }
    Send(*node, R"({"entity":"binding/default/web","command":"Apply","payload":{"spec":{
        "bindingKey":"team/web","desiredRevision":"v1","template":{"presetId":"p","spec":{
        "location":{"name":"here"},"runtime":{"process":{"command":["x"]}}}}}}})");
    Send(*node, R"({"entity":"network/other/d","command":"Apply","payload":{}})");
    Send(*node, R"({"entity":"network/default/c","command":"Delete","payload":{}})");
  }
  const std::string file = directory_ + ".jsonl";
  ASSERT_EQ(Run({"export", "--into", file}).exit, Exit::kDone);
  std::vector<std::string> points{""};
  for (const char* point : {"0:0", "0:4", "1:3", "1:6"}) points.emplace_back(point);
  const std::vector<std::vector<std::string>> questions = {
      {"get", "networks", "-A", "-o", "json"},
      {"get", "networks", "-l", "name=a-b"},
      {"get", "networks", "--field-selector", "status.phase=Ready", "-o", "wide"},
      {"get", "network", "c", "-o", "yaml"},
      {"get", "bindings,instances", "-A"},
      {"describe", "binding/web"},
      {"resolve", "web", "-o", "json"},
      {"resolve", "--key", "team/web", "-o", "json"}};
  for (const std::string& point : points) {
    for (std::vector<std::string> words : questions) {
      if (!point.empty()) words.insert(words.end(), {"--at", point});
      const Ran expected = Run(words);
      words.insert(words.begin(), {"--data", file});
      const Ran got = RunAlone(words);
      SCOPED_TRACE(::testing::PrintToString(words));
      EXPECT_EQ(got.exit, expected.exit) << got.err << expected.err;
      // An age of now may be a second more.
      if (!point.empty() || words.back() == "json") {
        EXPECT_EQ(got.out, expected.out);
      }
    }
  }
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"get", "network", "-w"}, {"delete", "network/a"}, {"quarantine", "list"}}) {
    std::vector<std::string> on_file = words;
    on_file.insert(on_file.begin(), {"--data", file});
    const Ran refused = RunAlone(on_file);
    EXPECT_EQ(refused.exit, Exit::kBadInput);
    EXPECT_THAT(refused.err, HasSubstr("sluice import " + file + " --data DIR"));
  }
  std::filesystem::remove(file);
}

TEST_F(Offline, APartOfALogListsWhatItTellsOfAndNamesTheOthers) {
  std::string second;
  {
    const auto node = Start();
    Send(*node, R"({"entity":"network/default/old","command":"Apply","payload":{}})");
    second = Send(*node, R"({"entity":"network/default/old","command":"Apply",
        "payload":{"labels":{"a":"b"}}})");
    Send(*node, R"({"entity":"network/default/new","command":"Apply","payload":{}})");
  }
  const std::string file = directory_ + ".jsonl";
  ASSERT_EQ(Run({"export", "--from", second, "--into", file}).exit, Exit::kDone);
  const Ran listed = RunAlone({"--data", file, "get", "networks"});
  EXPECT_EQ(listed.exit, Exit::kDone) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("new"));
  EXPECT_THAT(listed.err, HasSubstr("left out: network/default/old: this part of the log begins in "
                                    "the middle of its life, with decision " +
                                    second));
  const Ran one = RunAlone({"--data", file, "get", "network", "old"});
  EXPECT_EQ(one.exit, Exit::kBadInput);
  EXPECT_THAT(one.err, HasSubstr("begins in the middle of its life"));
  std::filesystem::remove(file);
}

TEST_F(Offline, CommandsAndWatchesAreRefused) {
  { const auto node = Start(); }
  const Ran deleted = Run({"delete", "network/net"});
  EXPECT_EQ(deleted.exit, Exit::kBadInput);
  EXPECT_THAT(deleted.err, HasSubstr("no node runs on it"));
  EXPECT_THAT(deleted.err, HasSubstr("sluice up --data " + directory_));
  const Ran watched = Run({"get", "network", "-w"});
  EXPECT_EQ(watched.exit, Exit::kBadInput) << watched.err;
  EXPECT_THAT(watched.err, HasSubstr("nothing to wait for"));
}

TEST_F(Offline, ADirectoryThatANodeHoldsIsItsOwn) {
  const auto node = Start();
  const Ran got = Run({"get", "network"});
  EXPECT_EQ(got.exit, Exit::kUnavailable);
  EXPECT_THAT(got.err, HasSubstr("held by a running process"));
  EXPECT_THAT(got.err, HasSubstr("--server URL"));
}

TEST_F(Offline, ADirectoryWithoutDataIsNotMade) {
  const Ran got = Run({"get", "network"});
  EXPECT_EQ(got.exit, Exit::kBadInput);
  EXPECT_THAT(got.err, HasSubstr("there is no Sluice data"));
  EXPECT_FALSE(std::filesystem::exists(directory_));
  EXPECT_EQ(Run({"up"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"--server", "http://127.0.0.1:1", "get", "network"}).exit, Exit::kBadInput);
}

}  // namespace
}  // namespace sluice::cli
