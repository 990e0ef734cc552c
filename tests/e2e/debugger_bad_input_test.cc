// Questions about the past that have no answer, put to the real binary: points that are not there
// yet or nowhere, expressions that do not parse, exported files that were cut or changed. Each is
// refused with a message that names what is wrong; exit code 2, or 1 where a thing is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/result.h"
#include "replay/export_file.h"
#include "tests/e2e/exit_codes.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class DebuggerBadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDir("debugger-bad-input");
    node_ = new NodeProcess(*directory_ / "data", 0, {"--partitions", "2"});
    ASSERT_TRUE(node_->WaitReady()) << node_->Errors();
    for (int i = 0; i < 8; ++i) {
      const Finished sent = OnNode(
          {"send", fmt::format(R"({{"id":"c{}","entity":"location/default/l{}","command":"Apply",)"
                               R"("payload":{{"spec":{{"provider":"local"}}}}}})",
                               i, i)});
      ASSERT_EQ(sent.exit_code, kDone) << sent.err;
    }
    for (const char* form : {"lines", "binary"}) {
      const Finished exported = OnNode({"export", "-f", *directory_ / form, "-o", form});
      ASSERT_EQ(exported.exit_code, kDone) << exported.err;
    }
  }
  static void TearDownTestSuite() {
    delete std::exchange(node_, nullptr);
    delete std::exchange(directory_, nullptr);
  }

  static Finished OnNode(Words words) {
    words.insert(words.begin(), {"--server", node_->url()});
    return RunSluiceBinary(words);
  }
  static Finished OnFile(const std::string& file, Words words) {
    words.insert(words.begin(), {"--data", *directory_ / file});
    return RunSluiceBinary(words);
  }
  static void ExpectRefused(const Finished& finished, const std::string& names,
                            int exit_code = kBadInput) {
    EXPECT_EQ(finished.exit_code, exit_code) << finished.out << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(names));
  }
  static void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(*directory_ / name, std::ios::binary) << bytes;
  }

  // What a newer build would have written: the event of `l3` is of a type this one has never heard
  // of, and the chain holds. Returns the decision's position.
  static std::string WriteOfNewerBuild(const std::string& name) {
    std::ifstream from(*directory_ / "binary", std::ios::binary);
    auto reader = replay::ExportReader::Open(from);
    EXPECT_TRUE(reader);
    std::ofstream to(*directory_ / name, std::ios::binary);
    replay::ExportWriter writer(to, replay::ExportForm::kBinary, reader->header());
    std::map<uint32_t, Hash128> chains;
    std::string position;
    for (auto exported = reader->Next(); exported && *exported; exported = reader->Next()) {
      replay::ExportedRecord& record = **exported;
      LogRecord read = *Unpack<LogRecord>(record.bytes);
      Hash128& chain = chains[record.position.partition];
      read.previous = chain;
      record.bytes = Pack(read);
      const bool is_it = position.empty() && read.decision && read.decision->command &&
                         read.decision->command->entity == "location/default/l3";
      if (is_it) {
        position = FormatPosition(record.position.partition, record.position.sequence);
        const size_t at = record.bytes.find("LocationCreated");
        EXPECT_NE(at, std::string::npos);
        record.bytes.replace(at, 15, "LocationDreamed");
      }
      chain = Xxh128(record.bytes);
      writer.Add(record);
    }
    EXPECT_TRUE(writer.Finish());
    return position;
  }

  static inline TempDir* directory_ = nullptr;
  static inline NodeProcess* node_ = nullptr;
};

// Every verb that takes a point in time.
std::vector<Words> AskedAt(const std::string& point) {
  return {{"get", "location", "--at", point},
          {"get", "location", "l0", "--at", point},
          {"describe", "location/l0", "--at", point},
          {"resolve", "web", "--at", point},
          {"why", "location/l0", "--at", point},
          {"history", "location/l0", "--since", point},
          {"history", "location/l0", "--until", point},
          {"diff", "location/l0", "--from", point},
          {"diff", "location/l0", "--from", "0:0", "--to", point},
          {"replay", "location/l0", "--from", point},
          {"replay", "location/l0", "--to", point},
          {"export", "location/l0", "--from", point},
          {"export", "location/l0", "--to", point}};
}

TEST_F(DebuggerBadInput, PositionsThatAreNotThere) {
  for (const Words& words : AskedAt("0:99999")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "0:99999 is not decided yet", kRejected);
  }
  // Not "begin anew", as of a list that is too old.
  ExpectRefused(OnNode({"get", "location", "--at", "v99999.0"}), "0:99998 is not decided yet",
                kRejected);
  // A cluster with more partitions: its positions and its lists' versions are none of this one's.
  for (const Words& words : AskedAt("7:1")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "'7:1' names a partition there is not");
  }
  ExpectRefused(OnNode({"why", "0:99999"}), "0:99999 is not decided yet", kRejected);
  ExpectRefused(OnNode({"why", "7:1"}), "'7:1' names a partition there is not");
}

TEST_F(DebuggerBadInput, PointsThatAreNone) {
  for (const char* point : {"-1:4", "-5parsecs"}) {
    for (const Words& words : AskedAt(point)) {
      SCOPED_TRACE(::testing::PrintToString(words));
      ExpectRefused(OnNode(words), "is not a duration");
    }
  }
  // The last one without a zone.
  for (const std::string point :
       {"soon", "0:", "0:x", "5m", "2026-13-01T00:00:00Z", "2026-11-30T12:00:00"}) {
    for (const Words& words : AskedAt(point)) {
      SCOPED_TRACE(::testing::PrintToString(words));
      ExpectRefused(OnNode(words), "'" + point + "' is no point: give a position (0:17), a time");
    }
  }
}

TEST_F(DebuggerBadInput, TimesInTheFuture) {
  for (const Words& words : AskedAt("2999-01-01T00:00:00Z")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "2999-01-01T00:00:00Z is in the future: it is 2");
  }
}

// Before the first decision there was nothing, and that is an answer.
TEST_F(DebuggerBadInput, TimesBeforeTheFirstDecision) {
  const std::string long_ago = "1999-01-01T00:00:00Z";
  EXPECT_EQ(OnNode({"get", "location", "--at", long_ago}).exit_code, kDone);
  ExpectRefused(OnNode({"get", "location", "l0", "--at", long_ago}), "does not exist", kRejected);
  ExpectRefused(OnNode({"why", "location/l0", "--at", long_ago}), "never was", kRejected);
  EXPECT_EQ(OnNode({"history", "location/l0", "--until", long_ago}).exit_code, kDone);
  EXPECT_THAT(OnNode({"diff", "location/l0", "--from", long_ago}).out, HasSubstr("created"));
  EXPECT_THAT(OnNode({"get", "location", "--at", "-240h"}).out, Not(HasSubstr("l0")));
}

TEST_F(DebuggerBadInput, ExpressionsThatDoNotParse) {
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "status.phase = 'Ready'"}),
                "column 14");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "(a == 1"}), "column 8");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "a == 'x"}), "column 6");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "status.phse == 'x'"}), "is no field");
  ExpectRefused(OnNode({"replay", "location/l0", "--bisect"}), "until what");
}

TEST_F(DebuggerBadInput, NamesOfNothing) {
  ExpectRefused(OnNode({"why", "no-such-id"}), "no-such-id", kRejected);
  for (const Words& words : {Words{"why", "location/nobody"},
                             {"history", "location/nobody"},
                             {"diff", "location/nobody", "--from", "0:0"},
                             {"replay", "location/l0", "location/nobody"}}) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "location/default/nobody never was", kRejected);
  }
  ExpectRefused(OnNode({"why", "location/l0", "--condition", "Nonsense"}), "was never set",
                kRejected);
  EXPECT_EQ(OnNode({"history", "locatoin/l0"}).exit_code, kBadInput);
  ExpectRefused(OnNode({"history", "location/l0", "--verdict", "Perhaps"}), "'Perhaps'");
  ExpectRefused(OnNode({"replay", "--fork", *directory_ / "no-fork", "--drop", "no-such-id"}),
                "no decision of the log is on 'no-such-id'");
}

// A path that was mistyped would hide nothing.
TEST_F(DebuggerBadInput, PathsToRedactThatHideNothing) {
  ExpectRefused(OnNode({"export", "--redact", "spec.templte"}), "'spec.templte' leads to no text");
  ExpectRefused(OnNode({"export", "--redact", ""}), "names nothing");
  const Finished unset = OnNode({"export", "--redact", "metadata.labels.secret"});
  EXPECT_EQ(unset.exit_code, kDone);
  EXPECT_THAT(unset.err, HasSubstr("metadata.labels.secret: in no record"));
}

TEST_F(DebuggerBadInput, AnExportThatFailsLeavesWhatWasThere) {
  std::filesystem::create_directory(*directory_ / "kept");
  Write("kept/file", "as it was");
  const std::string file = *directory_ / "kept/file";
  ExpectRefused(OnNode({"export", "--from", "0:99999", "--into", file}), "is not decided yet",
                kRejected);
  EXPECT_EQ(Contents(file), "as it was");
  const std::filesystem::directory_iterator kept(*directory_ / "kept");
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 1);
  EXPECT_EQ(OnNode({"export", "--into", file}).exit_code, kDone);
  EXPECT_EQ(Contents(file), Contents(*directory_ / "lines"));
}

TEST_F(DebuggerBadInput, FilesThatWereCut) {
  for (const std::string form : {"lines", "binary"}) {
    SCOPED_TRACE(form);
    const std::string whole = Contents(*directory_ / form);
    ASSERT_GT(whole.size(), 1000u);
    Write("cut", whole.substr(0, whole.size() * 3 / 4));
    ExpectRefused(OnFile("cut", {"history", "location/l0"}), "cut");
    const Finished rest = OnFile("cut", {"--keep-going", "verify"});
    EXPECT_THAT(rest.err, HasSubstr("cut"));
    // What is there is read: the first decisions are.
    EXPECT_THAT(rest.out, HasSubstr("PARTITION")) << rest.err;
  }
}

TEST_F(DebuggerBadInput, FilesThatWereChanged) {
  for (const std::string form : {"lines", "binary"}) {
    SCOPED_TRACE(form);
    std::string changed = Contents(*directory_ / form);
    const size_t at = form == "binary" ? changed.find("location/default/l3")
                                       : changed.find("\"record\":\"", changed.size() / 2) + 40;
    ASSERT_LT(at, changed.size());
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    Write("changed", changed);
    const Finished refused = OnFile("changed", {"history", "location/l0"});
    ExpectRefused(refused, "was changed");
    EXPECT_THAT(refused.err, HasSubstr("record "));
    EXPECT_THAT(refused.err, HasSubstr("--keep-going"));
    const Finished rest = OnFile("changed", {"--keep-going", "history", "location/l0"});
    EXPECT_THAT(rest.err, HasSubstr("was changed"));
  }
}

// What is there of an object is shown, and what is not is said: it is no broken log.
TEST_F(DebuggerBadInput, PartsThatBeginInTheMiddle) {
  ASSERT_EQ(OnNode({"send", R"({"id":"l0-again","entity":"location/default/l0","command":"Apply",)"
                            R"("payload":{"labels":{"a":"b"},"spec":{"provider":"local"}}})"})
                .exit_code,
            kDone);
  const Finished history = OnNode({"history", "location/l0", "--last", "1", "-o", "json"});
  const size_t at = history.out.find("\"position\": \"") + 13;
  const std::string position = history.out.substr(at, history.out.find('"', at) - at);
  ASSERT_EQ(OnNode({"export", "--from", position, "-f", *directory_ / "part"}).exit_code, kDone);
  const std::string said = "middle of its life, with decision " + position + "; export it without";
  for (const Words& words : {Words{"why", "location/l0"}, Words{"replay", "location/l0"},
                             Words{"diff", "location/l0", "--from", "1999-01-01T00:00:00Z"}}) {
    ExpectRefused(OnFile("part", words), said);
  }
  const Finished shown = OnFile("part", {"history", "location/l0"});
  EXPECT_EQ(shown.exit_code, kDone);
  EXPECT_THAT(shown.out, HasSubstr(position));
  EXPECT_THAT(shown.out, HasSubstr("<unknown>"));
  EXPECT_THAT(shown.err, HasSubstr(said));
}

TEST_F(DebuggerBadInput, WhatIsDecidedAgainOfARedactedLog) {
  ASSERT_EQ(
      OnNode({"export", "--redact", "spec.provider", "-f", *directory_ / "redacted"}).exit_code,
      kDone);
  EXPECT_THAT(OnFile("redacted", {"replay", "--what-if"}).err,
              HasSubstr("the log is redacted (spec.provider)"));
  const Finished whole = OnFile("lines", {"replay", "--what-if"});
  EXPECT_EQ(whole.err, "");
}

TEST_F(DebuggerBadInput, FilesOfANewerBuildAndFilesOfSomethingElse) {
  std::string newer = Contents(*directory_ / "lines");
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  Write("newer", newer);
  ExpectRefused(OnFile("newer", {"verify"}), "format 9");
  Write("text", "to whom it may concern\n");
  ExpectRefused(OnFile("text", {"verify"}), "no export of Sluice");
  ExpectRefused(OnFile("nowhere", {"verify"}), "nowhere");
}

TEST_F(DebuggerBadInput, ALogOfANewerBuildIsNamedAndTheRestOfItRead) {
  const std::string position = WriteOfNewerBuild("newer-log");
  const Finished verified = OnFile("newer-log", {"verify"});
  EXPECT_EQ(verified.exit_code, kRejected) << verified.out << verified.err;
  for (const std::string& named :
       {std::string("LocationDreamed"), position, std::string("location/default/l3"),
        std::string("newer build")}) {
    EXPECT_THAT(verified.out + verified.err, HasSubstr(named));
  }
  ExpectRefused(OnFile("newer-log", {"history", "location/l3"}), "LocationDreamed", kUnavailable);
  // Others are as they were.
  EXPECT_EQ(OnFile("newer-log", {"history", "location/l0"}).exit_code, kDone);

  // It can be imported, for a newer build to go on with; this one finds it out again.
  const std::string data = *directory_ / "imported";
  const Finished imported = RunSluiceBinary({"import", *directory_ / "newer-log", "--data", data});
  EXPECT_EQ(imported.exit_code, kDone) << imported.err;
  const Finished offline = RunSluiceBinary({"--data", data, "verify"});
  EXPECT_EQ(offline.exit_code, kRejected) << offline.out << offline.err;
  EXPECT_THAT(offline.out + offline.err, HasSubstr("LocationDreamed"));
}

}  // namespace
}  // namespace sluice::testing
