// The expression language of guards.
#include "machines/component/guard.h"

#include <gtest/gtest.h>

#include "events/json.h"

namespace sluice::component {
namespace {

bool Holds(const std::string& expression) {
  const auto reads = GuardReads(expression);
  EXPECT_TRUE(reads.has_value()) << expression << ": " << reads.error().message;
  if (!reads) return false;
  return GuardHolds(expression, [](std::string_view id, std::string_view path) {
    static const std::string kData =
        R"({"data":{"deep":{"list":[1,{"x":"y"}]},"endpoint":"db:5432","empty":"","n":3,"off":false,"on":true}})";
    return id == "db-1" ? JsonAt(kData, path) : std::nullopt;
  });
}

GuardFault FaultOf(const std::string& expression) {
  const auto reads = GuardReads(expression);
  EXPECT_FALSE(reads.has_value()) << expression;
  return reads ? GuardFault{} : reads.error();
}

TEST(Guard, ReadsWhatEarlierResourcesReport) {
  EXPECT_TRUE(Holds("resources.db-1.data.endpoint != ''"));
  EXPECT_TRUE(Holds("resources.db-1.data.endpoint == 'db:5432'"));
  EXPECT_TRUE(Holds(R"(resources.db-1.data.deep.list[1].x == "y")"));
  EXPECT_TRUE(Holds("resources.db-1.data.on && !resources.db-1.data.off"));
  EXPECT_EQ(*GuardReads("resources.a.status == resources.b.message"),
            (std::vector<std::string>{"a", "b"}));
}

TEST(Guard, WhatIsNotThereIsEmptyAndNull) {
  EXPECT_FALSE(Holds("resources.nobody.data.endpoint != ''"));
  EXPECT_TRUE(Holds("resources.db-1.data.nothing == null"));
  EXPECT_TRUE(Holds("resources.db-1.data.empty == resources.db-1.data.nothing"));
  EXPECT_FALSE(Holds("resources.db-1.data.nothing"));
}

TEST(Guard, ComparesNumbersAsNumbers) {
  EXPECT_TRUE(Holds("resources.db-1.data.n < 10"));
  EXPECT_TRUE(Holds("3.0 == resources.db-1.data.n && resources.db-1.data.n >= 3"));
  EXPECT_FALSE(Holds("resources.db-1.data.n > 3 || -1 > 0"));
  EXPECT_TRUE(Holds("'a' < 'b'"));
}

TEST(Guard, JoinsAsUsual) {
  EXPECT_TRUE(Holds("true || false && false"));
  EXPECT_FALSE(Holds("(true || false) && false"));
  EXPECT_TRUE(Holds("!(1 == 2)"));
}

TEST(Guard, SaysWhereItCannotBeRead) {
  EXPECT_EQ(FaultOf("").column, 1u);
  EXPECT_EQ(FaultOf("resources").column, 10u);
  EXPECT_EQ(FaultOf("resources.db").column, 13u);
  EXPECT_EQ(FaultOf("resources.db.date.x").column, 14u);
  EXPECT_EQ(FaultOf("resources.db.data.x == 'open").column, 24u);
  EXPECT_EQ(FaultOf("(true").column, 6u);
  EXPECT_EQ(FaultOf("true true").column, 6u);
  EXPECT_EQ(FaultOf("else == 1").column, 1u);
  EXPECT_EQ(FaultOf(std::string(200, '!') + "true").message, "is nested too deep");
}

}  // namespace
}  // namespace sluice::component
