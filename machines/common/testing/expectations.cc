#include "machines/common/testing/expectations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "machines/common/conditions.h"
#include "machines/common/fan_out.h"

namespace sluice::testing {
namespace {

struct Named {
  std::string name;
  Json payload;
};

// "Granted" or {Granted: {...}}.
Named ReadNamed(const Json& entry) {
  if (entry.is_string()) return {entry.get<std::string>(), Json::object()};
  if (!entry.is_object() || entry.size() != 1) {
    throw std::runtime_error("neither a name nor {name: payload}: " + entry.dump());
  }
  const Json& payload = entry.begin().value();
  return {entry.begin().key(), payload.is_null() ? Json::object() : payload};
}

Json ToTable(const AnyTable& table) {
  if (!table) return Json::object();
  return Json::parse(ToJson(*table.type(), table.data()));
}

bool IsQuiet(const std::string& event) {
  return event == "ConditionChanged" || event == "ConditionRemoved" ||
         event == "ObservedGenerationChanged";
}

void Expect(const std::string& fault) { EXPECT_TRUE(fault.empty()) << fault; }

// `actual` holds `expected`: all of it in order, or as a subsequence. An element says nothing of
// the fields it does not name.
void ExpectList(const Json& expected, const Json& actual, bool all, const std::string& what) {
  if (all) {
    EXPECT_EQ(expected.size(), actual.size()) << what << ": got " << actual.dump(1);
  }
  size_t next = 0;
  for (const Json& element : expected) {
    std::string fault = what + ": nothing left for " + element.dump();
    while (next < actual.size()) {
      fault = Mismatch(element, actual[next], what + "[" + std::to_string(next) + "]");
      ++next;
      if (fault.empty() || all) break;
    }
    EXPECT_TRUE(fault.empty()) << fault << "\n" << what << ": got " << actual.dump(1);
  }
}

}  // namespace

const Decision& Expectations::Last() const {
  if (decisions_.empty()) throw std::runtime_error("nothing was decided");
  return decisions_.back();
}

void Expectations::Check(const Json& then) const {
  if (!then.contains("rejected")) CheckAccepted();
  for (const auto& [key, expected] : then.items()) CheckOne(key, expected);
}

void Expectations::CheckOne(const std::string& key, const Json& expected) const {
  if (key == "rejected") return CheckRejection(expected);
  if (key == "message") {
    const std::string message = Last().rejection ? Last().rejection->message : "";
    const std::string part = expected.get<std::string>();
    EXPECT_NE(message.find(part), std::string::npos) << "message is: " << message;
    return;
  }
  if (key == "ignored") {
    EXPECT_EQ(Last().verdict == Verdict::kIgnored, expected.get<bool>());
    return;
  }
  if (key == "events") return CheckEvents(expected, true);
  if (key == "has") return CheckEvents(expected, false);
  if (key == "sends") return CheckSends(expected, true);
  if (key == "sends-some") return CheckSends(expected, false);
  if (key == "reply") return Expect(Mismatch(expected, ToTable(Last().reply), "reply"));
  if (key == "timers") return CheckTimers(expected);
  if (key == "pending") return CheckPending(expected);
  const Json state = Json::parse(world_.Json(entity_));
  if (key == "state") return Expect(Mismatch(expected, state, ""));
  if (key == "status") return Expect(Mismatch(Json{{"status", expected}}, state, ""));
  if (key == "conditions") return CheckConditions(expected);
  if (key == "observed") return CheckObserved(expected);
  if (key == "exists") {
    EXPECT_EQ(world_.Exists(entity_), expected.get<bool>());
    return;
  }
  if (key == "others") {
    for (const auto& [entity, part] : expected.items()) {
      Expect(Mismatch(part, Json::parse(world_.Json(entity)), entity + " "));
    }
    return;
  }
  throw std::runtime_error("unknown key " + key + " under `then`");
}

void Expectations::CheckRejection(const Json& expected) const {
  const std::string text = expected.get<std::string>();
  const size_t space = text.find(' ');
  const auto& rejection = Last().rejection;
  ASSERT_TRUE(rejection.has_value()) << "accepted; expected " << text;
  EXPECT_EQ(ToString(rejection->code), text.substr(0, space)) << rejection->message;
  if (space == std::string::npos) return;
  EXPECT_EQ(rejection->field, text.substr(space + 1)) << rejection->message;
}

void Expectations::CheckAccepted() const {
  for (const Decision& decision : decisions_) {
    EXPECT_FALSE(decision.rejection.has_value())
        << decision.command->payload.type_name()
        << " was rejected: " << ToString(decision.rejection->code) << " "
        << decision.rejection->message;
  }
}

void Expectations::CheckEvents(const Json& expected, bool all) const {
  Json wanted = Json::array();
  bool names_quiet = false;
  for (const Json& entry : expected) {
    Named named = ReadNamed(entry);
    names_quiet = names_quiet || IsQuiet(named.name);
    wanted.push_back(Json{{named.name, std::move(named.payload)}});
  }
  Json actual = Json::array();
  for (const Decision& decision : decisions_) {
    for (const Event& event : decision.events) {
      const std::string name(event.payload.type_name());
      if (event.payload.type()->is_bookkeeping || (IsQuiet(name) && !names_quiet)) continue;
      // An empty payload would read as absent, whatever the name.
      Json payload = ToTable(event.payload);
      payload["$"] = name;
      actual.push_back(Json{{name, std::move(payload)}});
    }
  }
  for (Json& entry : wanted) entry.begin().value()["$"] = entry.begin().key();
  ExpectList(wanted, actual, all, "events");
}

void Expectations::CheckSends(const Json& expected, bool all) const {
  Json actual = Json::array();
  for (const Decision& decision : decisions_) {
    for (const FollowUp& follow_up : decision.effects.follow_ups) {
      const Command& command = *follow_up.command;
      actual.push_back(Json{{"entity", command.entity},
                            {"command", command.payload.type()->wire_name},
                            {"payload", ToTable(command.payload)}});
    }
  }
  ExpectList(expected, actual, all, "sends");
}

void Expectations::CheckTimers(const Json& expected) const {
  const Relations& relations = world_.State(entity_).relations_part();
  for (const auto& [id, due] : expected.items()) {
    const Time armed = ArmedTimer(relations, id);
    const std::string wanted = due.is_null() ? "" : due.get<std::string>();
    EXPECT_EQ(armed.IsSet() ? FormatTime(armed) : "", wanted) << "timer " << id;
  }
}

void Expectations::CheckConditions(const Json& expected) const {
  const Json state = Json::parse(world_.Json(entity_));
  const Json& status = state.contains("status") ? state.at("status") : state;
  for (const auto& [type, wanted] : expected.items()) {
    Json actual;
    if (status.contains("conditions")) {
      for (const Json& condition : status.at("conditions")) {
        if (condition.value("type", "") == type) actual = condition;
      }
    }
    if (!wanted.is_string()) {
      Expect(Mismatch(wanted, actual, "condition " + type));
      continue;
    }
    const std::string text =
        actual.is_null() ? "" : actual.value("status", "") + " " + actual.value("reason", "");
    EXPECT_EQ(text, wanted.get<std::string>()) << "condition " << type << ": " << actual.dump();
  }
}

void Expectations::CheckPending(const Json& expected) const {
  Json actual = Json::array();
  for (const PendingAction& action : world_.Pending(entity_)) {
    actual.push_back(Json::parse(ToJson(action)));
  }
  ExpectList(expected, actual, true, "pending");
}

void Expectations::CheckObserved(const Json& expected) const {
  const Observed observed = MakeObserved(kind_, world_.State(entity_), KeyOrDie(entity_));
  Json actual = Json::parse(ToJson(observed));
  actual["detail"] = ToTable(observed.detail);
  Expect(Mismatch(expected, actual, "observed"));
}

}  // namespace sluice::testing
