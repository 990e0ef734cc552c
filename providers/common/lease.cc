#include "providers/common/lease.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "providers/common/json_number.h"
#include "providers/common/node_calls.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

}  // namespace

Lease::Lease(Api& node, std::string provider, std::string holder, std::string session)
    : node_(node),
      provider_(std::move(provider)),
      holder_(std::move(holder)),
      session_(std::move(session)) {}

void Lease::Acquire() {
  const Json command{{"id", fmt::format("{}-lease-{}", session_, wishes_)},
                     {"entity", "location/sluice-system/" + provider_},
                     {"command", "AcquireLease"},
                     {"payload", {{"provider", provider_}, {"holder", holder_}}}};
  const Result<CommandOutcome> answer = SendCommand(node_, command.dump());
  if (!answer) {
    state_ = State::kNone;
    message_ = answer.error().message;
    return;  // Asked again under the same id: an unknown outcome gets its answer.
  }
  ++wishes_;
  if (!answer->accepted) {
    state_ = State::kAnother;
    message_ = answer->rejection;
    return;
  }
  const Json reply = Json::parse(answer->reply, nullptr, false);
  term_ = reply.is_object() ? JsonNumber(reply, "term") : 0;
  state_ = State::kHeld;
  message_.clear();
}

Lease::State Lease::Check() {
  if (state_ == State::kRetaken) return state_;
  if (state_ == State::kNone) {
    Acquire();
    return state_;
  }
  const auto object = GetObject(node_, "location", "sluice-system", provider_);
  if (!object) {
    message_ = object.error().message;
    return State::kNone;  // What is held is held; nothing is done while nobody can be asked.
  }
  const Json location = *object ? Json::parse(**object, nullptr, false) : Json::object();
  const Json lease = location.value("/status/lease"_json_pointer, Json::object());
  const std::string holder = lease.value("holder", "");
  if (holder.empty()) {
    Acquire();
  } else if (holder != holder_) {
    state_ = State::kAnother;
    message_ = fmt::format(
        "{} holds the lease on location/sluice-system/{}; when its host is known "
        "to be stopped: sluice provider take-over sluice-system/{} --holder {}",
        holder, provider_, provider_, holder_);
  } else if (state_ == State::kAnother) {
    Acquire();  // Taken over for us.
  } else if (JsonNumber(lease, "term") > term_) {
    state_ = State::kRetaken;
    message_ = fmt::format("another run of {} took the lease under term {}", holder_,
                           JsonNumber(lease, "term"));
  }
  return state_;
}

void Lease::Release() {
  if (state_ != State::kHeld) return;
  const Json command{{"id", session_ + "-release"},
                     {"entity", "location/sluice-system/" + provider_},
                     {"command", "ReleaseLease"},
                     {"payload", {{"holder", holder_}, {"term", term_}}}};
  (void)SendCommand(node_, command.dump());  // The same one takes it again anyway.
  state_ = State::kNone;
}

std::string HostHolder(const std::string& provider) {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return provider;
  return provider + "-" + name.data();
}

std::string RandomSession() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace sluice
