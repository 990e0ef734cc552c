#include "machines/pullrequest/path_pattern.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

bool Matches(const char* pattern, const char* path) {
  EXPECT_EQ(PathPatternFault(pattern), std::nullopt) << pattern;
  return MatchPath(pattern, path).has_value();
}

TEST(PathPattern, StarsStayWithinASegment) {
  EXPECT_TRUE(Matches("*.yaml", "app.yaml"));
  EXPECT_FALSE(Matches("*.yaml", "deploy/app.yaml"));
  EXPECT_TRUE(Matches("deploy/*/app.yaml", "deploy/us-1/app.yaml"));
  EXPECT_FALSE(Matches("deploy/*/app.yaml", "deploy/a/b/app.yaml"));
  EXPECT_TRUE(Matches("deploy/?.yaml", "deploy/a.yaml"));
  EXPECT_FALSE(Matches("deploy/?.yaml", "deploy/ab.yaml"));
  EXPECT_FALSE(Matches("a?b", "a/b"));
}

TEST(PathPattern, TwoStarsAreAnyNumberOfSegments) {
  EXPECT_TRUE(Matches("**", "a"));
  EXPECT_TRUE(Matches("**", "a/b/c"));
  EXPECT_TRUE(Matches("deploy/**", "deploy/a/b"));
  EXPECT_FALSE(Matches("deploy/**", "deployment/a"));
  EXPECT_FALSE(Matches("deploy/**", "deploy"));
  EXPECT_TRUE(Matches("**/secret*", "secrets"));
  EXPECT_TRUE(Matches("**/secret*", "a/b/secret.key"));
  EXPECT_FALSE(Matches("**/secret*", "a/my-secret"));
  EXPECT_TRUE(Matches("a/**/b", "a/b"));
  EXPECT_TRUE(Matches("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(Matches("a/**/b", "a/xb"));
}

TEST(PathPattern, CapturesPartsOfSegments) {
  EXPECT_EQ(MatchPath("deploy/{component}/{environment}/{cluster}/**", "deploy/web/prod/us-1/a/b"),
            (PathCaptures{{"component", "web"}, {"environment", "prod"}, {"cluster", "us-1"}}));
  EXPECT_EQ(MatchPath("clusters/{environment}-{cluster}.yaml", "clusters/prod-us-1.yaml"),
            (PathCaptures{{"environment", "prod"}, {"cluster", "us-1"}}));
  EXPECT_EQ(MatchPath("**/{cluster}/app.yaml", "x/y/eu/app.yaml"),
            (PathCaptures{{"cluster", "eu"}}));
  EXPECT_EQ(MatchPath("{component}/x", "/x"), std::nullopt) << "a capture is never empty";
}

TEST(PathPattern, FaultsSayWhat) {
  for (const char* bad : {"", "/a", "a/", "a//b", "a**", "**b", "{region}", "{cluster", "cluster}",
                          "{cluster}/{cluster}"}) {
    EXPECT_NE(PathPatternFault(bad), std::nullopt) << bad;
  }
}

// A pattern that would take for ever if every way were tried: this ends, or the test never does.
TEST(PathPattern, HostilePatternsTakeBoundedTime) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_EQ(MatchPath(pattern + "b", std::string(4000, 'a')), std::nullopt);
  std::string deep = "**";
  for (int i = 0; i < 50; ++i) deep += "/**";
  std::string path = "a";
  for (int i = 0; i < 500; ++i) path += "/a";
  EXPECT_EQ(MatchPath(deep + "/b", path), std::nullopt);
}

}  // namespace
}  // namespace sluice
