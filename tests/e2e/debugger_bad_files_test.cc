// Exported files, put to the real binary: that could not be written, were cut, changed or redacted,
// begin in the middle, or are of a newer build. What is wrong is named, and the rest is read.
#include <filesystem>
#include <sstream>

#include "tests/e2e/debugger_bad_input.h"

namespace sluice::testing {
namespace {

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

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
