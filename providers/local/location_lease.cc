#include "providers/local/location_lease.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "providers/local/retry_delay.h"

namespace sluice::local {
namespace {

using Json = nlohmann::json;

constexpr Micros kRefusedAgain{60'000'000};

uint64_t TermOf(const std::string& reply) {
  const Json json = Json::parse(reply, nullptr, false);
  if (!json.is_object()) return 0;
  const auto found = json.find("term");
  if (found == json.end()) return 0;
  return found->is_string() ? std::stoull(found->get<std::string>()) : found->get<uint64_t>();
}

}  // namespace

LocationLease::LocationLease(std::string location, Asker asker, NodeClient& node,
                             Scheduler& scheduler, Hooks hooks)
    : location_(std::move(location)),
      asker_(std::move(asker)),
      node_(node),
      hooks_(std::move(hooks)),
      again_(scheduler) {}

LocationLease::~LocationLease() { *alive_ = false; }

std::string LocationLease::NextCommandId() {
  return fmt::format("{}-{}-{}", asker_.session, term_, ++last_command_);
}

void LocationLease::Again(std::function<void()> what) {
  again_.Arm(RetryDelay(failures_++), std::move(what));
}

void LocationLease::Acquire() {
  phase_ = Phase::kAcquiring;
  refused_ = false;
  // One id per wish for the lease: asked again after an unknown outcome, it gets the same answer.
  const Json command{{"id", fmt::format("{}-lease-{}", asker_.session, last_command_)},
                     {"entity", "location/" + location_},
                     {"command", "AcquireLease"},
                     {"actor", "provider/" + asker_.provider},
                     {"payload", {{"provider", asker_.provider}, {"holder", asker_.holder}}}};
  node_.Send(command.dump(-1, ' ', false, Json::error_handler_t::replace),
             [this, alive = alive_](const Result<CommandAnswer>& answer) {
               if (*alive) Acquired(answer);
             });
}

void LocationLease::Acquired(const Result<CommandAnswer>& answer) {
  if (phase_ != Phase::kAcquiring) return;
  if (!answer) return Again([this] { Acquire(); });
  ++last_command_;
  failures_ = 0;
  refused_ = !answer->accepted;
  if (refused_) {
    spdlog::warn("location {}: {}: {}", location_, answer->rejection_code,
                 answer->rejection_message);
    if (HeldByAnother()) return Lose();
    // Every wish is a record for ever, so they are few; a change of the location brings one, too.
    again_.Arm(kRefusedAgain, [this] { Acquire(); });
    return;
  }
  term_ = TermOf(answer->reply);
  shown_ = false;
  spdlog::info("location {}: serving it, lease term {}", location_, term_);
  hooks_.granted();
}

bool LocationLease::HeldByAnother() const {
  return !seen_.holder.empty() && seen_.holder != asker_.holder;
}

void LocationLease::OnLocation(const LocationObject& location) {
  seen_ = location;
  switch (phase_) {
    case Phase::kAcquiring:
      if (!refused_) return;  // Asked; the answer decides.
      return HeldByAnother() ? Lose() : Acquire();
    case Phase::kReporting:
    case Phase::kServing:
      if (HeldByAnother() && location.term > term_) return Lose();
      shown_ = shown_ || (location.holder == asker_.holder && location.term == term_);
      if (shown_ && location.holder.empty()) Acquire();  // Released, or the location was made anew.
      return;
    case Phase::kLost:
      if (!HeldByAnother()) Acquire();
      return;
  }
  Unreachable();
}

void LocationLease::Lose() {
  phase_ = Phase::kLost;
  again_.Cancel();
  hooks_.lost(seen_.holder);
}

void LocationLease::TellFacts(const std::function<void(const Fact& fact)>& tell) {
  phase_ = Phase::kReporting;
  facts_open_ = 1;  // Held open until all are sent.
  const Reporter::Answered decided = [this](const CommandAnswer&) {
    if (--facts_open_ > 0 || phase_ != Phase::kReporting) return;
    phase_ = Phase::kServing;
    hooks_.serve();
  };
  tell([&] {
    ++facts_open_;
    return decided;
  });
  decided({});
}

}  // namespace sluice::local
