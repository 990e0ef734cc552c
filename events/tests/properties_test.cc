// What is packed, hashed or written as JSON comes back as it was, whatever the values.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/codec.h"
#include "events/everything.gen.h"
#include "events/json.h"
#include "events/logical.h"
#include "events/paths.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

RC_GTEST_PROP(Codec, UnpackGivesWhatWasPacked, (uint64_t seed)) {
  const auto table = RandomTable<Everything>(seed);
  const Result<Everything> back = Unpack<Everything>(Pack(table));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == table);
}

RC_GTEST_PROP(Codec, UnpackLeavesNothingOfWhatWasThere, (uint64_t seed, uint64_t other_seed)) {
  const auto table = RandomTable<Everything>(seed);
  auto used = RandomTable<Everything>(other_seed);
  RC_ASSERT(Unpack(TypeOf<Everything>(), Pack(table), &used).has_value());
  RC_ASSERT(used == table);
}

RC_GTEST_PROP(Codec, PackingIsDeterministic, (uint64_t seed)) {
  const auto table = RandomTable<Everything>(seed);
  RC_ASSERT(Pack(table) == Pack(Unpack<Everything>(Pack(table)).value()));
}

RC_GTEST_PROP(Json, ReadGivesWhatWasWritten, (uint64_t seed)) {
  const auto table = RandomTable<Everything>(seed);
  const auto back = FromJson<Everything>(ToJson(table));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == table);
  RC_ASSERT(FromJson<Everything>(ToPrettyJson(table)).value() == table);
}

RC_GTEST_PROP(Logical, DependsOnContentAlone, (uint64_t seed)) {
  const auto table = RandomTable<Everything>(seed);
  RC_ASSERT(LogicalHash(table) == LogicalHash(Unpack<Everything>(Pack(table)).value()));
}

RC_GTEST_PROP(Logical, TablesThatDifferAreEncodedApart, (uint64_t seed, uint64_t other_seed)) {
  const auto a = RandomTable<Everything>(seed);
  const auto b = RandomTable<Everything>(other_seed);
  RC_ASSERT((LogicalHash(a) == LogicalHash(b)) == (a == b));
}

// Whatever differs from a default table in one field alone hashes apart from it.
RC_GTEST_PROP(Logical, EveryFieldCounts, (uint64_t seed)) {
  const auto table = RandomTable<Everything>(seed);
  const auto other = RandomTable<Everything>(seed + 1);
  const Type& type = TypeOf<Everything>();
  for (const Field& field : type.fields) {
    auto changed = FromJson<Everything>("{}").value();
    const auto value = GetPath(other, field.json_name);
    if (!value) continue;
    const std::string text = "{\"" + std::string(field.json_name) + "\":" + *value + "}";
    RC_ASSERT(FromJson(type, text, &changed).has_value());
    RC_ASSERT((changed == Everything{}) == (LogicalHash(changed) == LogicalHash(Everything{})));
  }
}

RC_GTEST_PROP(Diff, IsEmptyForEqualTablesOnly, (uint64_t seed, uint64_t other_seed)) {
  const auto a = RandomTable<Everything>(seed);
  const auto b = RandomTable<Everything>(other_seed);
  RC_ASSERT(Diff(a, a).empty());
  RC_ASSERT(Diff(a, b).empty() == (a == b));
}

// The paths a diff names lead to the values it shows.
RC_GTEST_PROP(Diff, PathsLeadToTheValues, (uint64_t seed)) {
  auto a = RandomTable<Everything>(seed);
  auto b = RandomTable<Everything>(seed + 1);
  // Keys with brackets and quotes in them are beyond what a path can say.
  a.labels = {{"app", "web"}, {"example.com/app", "x"}};
  b.labels = {{"app", "api"}};
  a.any = {};
  for (const FieldDiff& difference : Diff(a, b)) {
    RC_ASSERT(GetPath(a, difference.path).value_or("") == difference.before);
    RC_ASSERT(GetPath(b, difference.path).value_or("") == difference.after);
  }
}

}  // namespace
}  // namespace sluice
