// JSON scanning, selectors, targets, ages and listen addresses.
#include <gtest/gtest.h>

#include "service/client/url.h"
#include "service/json_scan.h"
#include "service/listen_address.h"
#include "service/render.h"
#include "service/selector.h"
#include "service/target.h"

namespace sluice::service {
namespace {

constexpr std::string_view kObject =
    R"({"metadata" : {"name":"web","labels":{"app":"a\"b","tier.x/y":"front","empty":""}},)"
    R"("spec":{"ports":[{"n":1},{"n":2}],"text":"}{,]["},)"
    R"("status":{"phase":"Ready","conditions":[{"type":"Ready","status":"True"}],"gone":null}})";

TEST(JsonScan, FindsFieldsByPath) {
  EXPECT_EQ(ScalarText(FindPath(kObject, "metadata.name")), "web");
  EXPECT_EQ(ScalarText(FindPath(kObject, "metadata.labels.app")), "a\"b");
  EXPECT_EQ(ScalarText(FindPath(kObject, "metadata.labels[tier.x/y]")), "front");
  EXPECT_EQ(ScalarText(FindPath(kObject, "spec.ports[1].n")), "2");
  EXPECT_EQ(ScalarText(FindPath(kObject, "status.conditions[type=Ready].status")), "True");
  EXPECT_EQ(ScalarText(FindPath(kObject, "status.gone")), "");
  EXPECT_EQ(FindPath(kObject, "spec.ports[2].n"), std::nullopt);
  EXPECT_EQ(FindPath(kObject, "spec.ports[x]"), std::nullopt);
  EXPECT_EQ(FindPath(kObject, "status.absent.deeper"), std::nullopt);
  EXPECT_EQ(FindPath(kObject, "status.phase.deeper"), std::nullopt);
}

TEST(JsonScan, ReadsNoFurtherThanTornText) {
  for (size_t size = 0; size < kObject.size(); ++size) {
    const std::string torn(kObject.substr(0, size));
    (void)FindPath(torn, "status.conditions[type=Ready].status");
    (void)FindPath(torn, "spec.ports[1].n");
    (void)WithResourceVersion(torn, "0:1");
    EXPECT_NE(CheckJson(torn), "");
  }
  EXPECT_EQ(CheckJson(kObject), "");
}

TEST(JsonScan, SetsResourceVersion) {
  EXPECT_EQ(WithResourceVersion(R"({"metadata":{"resourceVersion":"0:1","name":"a"}})", "0:2,1:3"),
            R"({"metadata":{"resourceVersion":"0:2,1:3","name":"a"}})");
  EXPECT_EQ(WithResourceVersion(R"({"metadata":{"name":"a"}})", "2"),
            R"({"metadata":{"resourceVersion":"2","name":"a"}})");
  EXPECT_EQ(WithResourceVersion(R"({"metadata":{}})", "2"),
            R"({"metadata":{"resourceVersion":"2"}})");
  EXPECT_EQ(WithResourceVersion(R"({"a":1})", "2"), R"({"a":1})");
}

TEST(JsonScan, NamesThePlaceOfAFault) {
  EXPECT_NE(CheckJson("{\"a\":1,\n  x}").find("line 2, column 3"), std::string::npos);
  EXPECT_NE(CheckJson("{} {}"), "");
  EXPECT_NE(CheckJson(std::string(200, '[') + std::string(200, ']')).find("deep"),
            std::string::npos);
}

bool Selects(std::string_view labels, std::string_view fields = "") {
  auto parsed_labels = ParseLabelSelector(labels);
  auto parsed_fields = ParseFieldSelector(fields);
  EXPECT_TRUE(parsed_labels && parsed_fields) << labels << " " << fields;
  return ObjectFilter{*parsed_labels, *parsed_fields}.Matches(kObject);
}

TEST(Selector, LabelsFollowKubernetes) {
  EXPECT_TRUE(Selects("tier.x/y=front"));
  EXPECT_TRUE(Selects("tier.x/y == front, app"));
  EXPECT_TRUE(Selects("tier.x/y in (back, front),!absent"));
  EXPECT_TRUE(Selects("absent!=x"));
  EXPECT_TRUE(Selects("absent notin (x)"));
  EXPECT_TRUE(Selects("empty="));
  EXPECT_TRUE(Selects(" "));
  EXPECT_FALSE(Selects("tier.x/y!=front"));
  EXPECT_FALSE(Selects("tier.x/y notin (front)"));
  EXPECT_FALSE(Selects("absent"));
  EXPECT_FALSE(Selects("absent="));
  EXPECT_FALSE(Selects("!app"));
}

TEST(Selector, FieldsAreAnyPath) {
  EXPECT_TRUE(Selects("", "metadata.name=web,status.phase==Ready"));
  EXPECT_TRUE(Selects("", "status.conditions[type=Ready].status=True"));
  EXPECT_TRUE(Selects("", "status.phase!=Failed"));
  EXPECT_TRUE(Selects("", "status.absent="));
  EXPECT_FALSE(Selects("", "status.phase!=Ready"));
  EXPECT_FALSE(Selects("", "spec.ports[0].n=2"));
}

TEST(Selector, RefusesWhatItCannotRead) {
  for (const char* bad :
       {",", "a=b,", "=x", "a in", "a in (", "a of (b)", "a=b c", "!", "a in (b", "()"}) {
    const auto parsed = ParseLabelSelector(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, 400);
  }
  for (const char* bad : {"a", "=b", "!=b", "a=b,,c=d", "a[x=y]"}) {
    EXPECT_FALSE(ParseFieldSelector(bad)) << bad;
  }
}

TEST(Target, TakesApartPathAndQuery) {
  const auto target = Target::Parse("/a//b%2Fc/?labelSelector=x%3Dy&flag&n=12&bad=x&plus=a+b");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path(), (std::vector<std::string>{"a", "b/c"}));
  EXPECT_EQ(target->Get("labelSelector"), "x=y");
  EXPECT_EQ(target->Get("plus"), "a b");
  EXPECT_TRUE(target->GetBool("flag").value());
  EXPECT_FALSE(target->GetBool("absent").value());
  EXPECT_FALSE(target->GetBool("bad"));
  EXPECT_EQ(target->GetNumber("n").value(), std::optional<uint64_t>(12));
  EXPECT_FALSE(target->GetNumber("bad"));
  for (const char* bad : {"", "a", "/%", "/%4", "/%zz", "/a?b=%0", "/%00", "/%+1"}) {
    EXPECT_FALSE(Target::Parse(bad)) << bad;
  }
  EXPECT_EQ(Target::Parse("/" + PercentEncode("a b/ü+"))->path()[0], "a b/ü+");
}

TEST(Age, CountsAsKubectlDoes) {
  const int64_t born_us = 1'795'255'200'000'000;  // 2026-11-21T10:00:00Z
  const auto age = [&](int64_t seconds) {
    return Age("2026-11-21T10:00:00Z", born_us + seconds * 1'000'000);
  };
  EXPECT_EQ(age(-5), "0s");
  EXPECT_EQ(age(119), "119s");
  EXPECT_EQ(age(125), "2m5s");
  EXPECT_EQ(age(3600), "60m");
  EXPECT_EQ(age(4 * 3600 + 120), "4h2m");
  EXPECT_EQ(age(3 * 86400), "3d");
  EXPECT_EQ(Age("", born_us), "<unknown>");
}

TEST(Age, OfThePastIsThatOfThen) {
  const KindInfo kind{"binding", "bindings", "Binding", true, {{"NAME"}, {"AGE", "date", false}}};
  const int64_t born_us = ParseTime("2026-11-21T10:00:00Z")->us;
  Rendering how;
  how.table = true;
  how.now_us = born_us + 65'000'000;
  ObjectView object;
  object.json = "{}";
  object.cells = {"web", "2026-11-21T10:00:00Z"};
  const auto has = [](const std::string& text, const std::string& age) {
    return text.find("[\"web\",\"" + age + "\"]") != text.npos;
  };
  ObjectPage page;
  page.items = {object};
  EXPECT_TRUE(has(RenderObject(kind, object, how), "65s"));
  EXPECT_TRUE(has(RenderList(kind, page, how), "65s"));
  page.as_of = object.as_of = Time{born_us + 5'000'000};
  EXPECT_TRUE(has(RenderObject(kind, object, how), "5s"));
  EXPECT_TRUE(has(RenderList(kind, page, how), "5s"));
}

TEST(ListenAddress, OffLoopbackIsRefused) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:7420").value(), (ListenAddress{"127.0.0.1", 7420}));
  EXPECT_EQ(ParseListenAddress("localhost:0").value(), (ListenAddress{"127.0.0.1", 0}));
  EXPECT_EQ(ParseListenAddress("[::1]:80").value(), (ListenAddress{"::1", 80}));
  for (const char* off : {"0.0.0.0:7420", "10.0.0.1:80", "[::]:80", "example.com:80", ":7420"}) {
    const auto parsed = ParseListenAddress(off);
    ASSERT_FALSE(parsed) << off;
    EXPECT_NE(parsed.error().message.find("needs TLS and authentication"), std::string::npos);
  }
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"}) {
    EXPECT_FALSE(ParseListenAddress(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::service
