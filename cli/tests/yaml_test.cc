#include "cli/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Read(std::string_view text) {
  const YamlStream stream = ReadYaml(text);
  EXPECT_TRUE(stream.errors.empty()) << stream.errors.front().message;
  return stream.documents.empty() ? json() : stream.documents.front().value;
}

YamlError ErrorOf(std::string_view text) {
  const YamlStream stream = ReadYaml(text);
  EXPECT_EQ(stream.errors.size(), 1u) << text;
  return stream.errors.empty() ? YamlError{} : stream.errors.front();
}

TEST(Yaml, PlainScalarsFollowTheCoreSchema) {
  EXPECT_EQ(
      Read("[1, -2, +3, 0x1F, 0o17, 1.5, -1e3, .5, true, False, null, ~, v1, 1.2.3, yes]"),
      json::parse(R"([1,-2,3,31,15,1.5,-1000.0,0.5,true,false,null,null,"v1","1.2.3","yes"])"));
  EXPECT_EQ(
      Read("a:\nb: 010\nc: 18446744073709551615\nd: 18446744073709551616"),
      json::parse(R"({"a":null,"b":10,"c":18446744073709551615,"d":"18446744073709551616"})"));
}

TEST(Yaml, QuotedScalarsStayStrings) {
  EXPECT_EQ(Read(R"({a: "1", b: 'true', c: "null", d: !!str 5})"),
            json::parse(R"({"a":"1","b":"true","c":"null","d":"5"})"));
}

TEST(Yaml, KeysAreStringsWhateverTheyLookLike) {
  EXPECT_EQ(Read("1: a\ntrue: b"), json::parse(R"({"1":"a","true":"b"})"));
}

TEST(Yaml, DocumentsKnowTheirNumberAndLine) {
  const YamlStream stream = ReadYaml("# first\na: 1\n---\n---\n\nb: 2\n");
  ASSERT_EQ(stream.documents.size(), 2u);
  EXPECT_EQ(stream.documents[0].number, 1);
  EXPECT_EQ(stream.documents[0].line, 2);
  EXPECT_EQ(stream.documents[1].number, 3);
  EXPECT_EQ(stream.documents[1].line, 6);
}

TEST(Yaml, AliasesAreCopies) {
  EXPECT_EQ(Read("a: &x {k: [1]}\nb: *x"), json::parse(R"({"a":{"k":[1]},"b":{"k":[1]}})"));
}

TEST(Yaml, ErrorsNameLineAndDocumentAndKeepWhatCameBefore) {
  const YamlStream stream = ReadYaml("a: 1\n---\nb: [1,\n");
  EXPECT_EQ(stream.documents.size(), 1u);
  ASSERT_EQ(stream.errors.size(), 1u);
  EXPECT_EQ(stream.errors[0].document, 2);
  EXPECT_GE(stream.errors[0].line, 3);
  const YamlError twice = ErrorOf("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(twice.line, 3);
  EXPECT_THAT(twice.message, HasSubstr("'a' is given twice"));
  EXPECT_THAT(ErrorOf("a: !!binary x").message, HasSubstr("not known here"));
  EXPECT_THAT(ErrorOf("? [a]\n: b").message, HasSubstr("a key must be a scalar"));
}

TEST(Yaml, HostileDocumentsAreRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_THAT(ErrorOf(bomb).message, HasSubstr("over a million nodes"));
  EXPECT_THAT(ErrorOf("a: &x [*x]").message, HasSubstr("itself part of"));
  ErrorOf(std::string(20'000, '['));
  ErrorOf("a: \"unterminated");
  ErrorOf("\tx: 1");
}

TEST(Yaml, WhatIsWrittenReadsBackTheSame) {
  const json value = json::parse(R"({
    "plain":"web-1","number-like":"17","position":"0:17","time":"2026-11-21T10:00:00Z","word":"yes",
    "empty":"","space":" x","colon":"a: b","hash":"a #b","multi":"one\ntwo","unicode":"grün €",
    "dash":"- a","tilde":"~","null":null,"true":true,"float":1.5,"big":18446744073709551615,
    "negative":-5,"list":[1,"a",{"x":1,"y":[2,3]},[4,[5]],[],{}],"nested":{"a":{"b":[]}},
    "1":"key","odd key: x":1,"control":"\u0007"})");
  EXPECT_EQ(Read(WriteYaml(value)), value) << WriteYaml(value);
}

TEST(Yaml, IsWrittenAsUsersWriteIt) {
  EXPECT_EQ(WriteYaml(json::parse(R"({"kind":"A","list":[{"a":1,"b":{"c":"2"}},"x"],"none":{}})")),
            "kind: A\nlist:\n- a: 1\n  b:\n    c: \"2\"\n- x\nnone: {}\n");
}

}  // namespace
}  // namespace sluice::cli
