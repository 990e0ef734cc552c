// A provider with real processes against a node that is not.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "providers/local/provider.h"
#include "providers/local/tests/fake_node.h"
#include "providers/local/tests/host_fixture.h"

namespace sluice::local {

class ProviderTest : public ::testing::Test {
 protected:
  using Json = FakeNode::Json;

  static constexpr char kEntity[] = "instance/default/web";
  static constexpr char kLocation[] = "default/here";

  ProviderTest() : uid_("uid-" + dir_.path().filename().string()) {
    mkfifo((dir_.path() / "fifo").c_str(), 0600);
    node_.PutLocation();
    Restart();
  }

  ~ProviderTest() override {
    for (const ProcessStatus& status : host_->supervisor->List()) host_->Clean(status.id);
  }

  // As after the provider was killed: processes and node are as they were.
  void Restart() {
    provider_.reset();
    host_.reset();
    host_ = std::make_unique<TestHost>(dir_.path());
    // The node goes on with the time of the provider that is there.
    clock_.target = &host_->clock;
    ++session_;
    provider_ = std::make_unique<Provider>(
        ProviderOptions{{}, "holder-a", "session-" + std::to_string(session_)}, node_, host_->clock,
        *host_->supervisor);
    Settle();
  }

  void Settle() {
    while (host_->clock.Advance(Micros(0))) {
    }
  }

  template <class Predicate>
  void Until(Predicate predicate) {
    host_->Until(predicate);
    Settle();
  }

  void PutInstance(const std::string& script, uint64_t generation = 1,
                   Json extra = Json::object()) {
    extra["command"] = {"/bin/sh", "-c", script};
    node_.PutInstance("web", uid_, generation, extra, "127.0.0.1");
  }

  // Puts the action, and takes it back once this was told.
  void Act(const std::string& verb, const std::string& told, uint64_t generation = 1) {
    const size_t before = node_.Count(told);
    node_.PutAction(kEntity, verb, uid_, generation);
    Until([&] { return node_.Count(told) > before; });
    node_.DropAction(kEntity, verb);
    Settle();
  }

  Json Payload(const std::string& command) const {
    const Json told = node_.Told(kEntity, command);
    return told.is_null() ? told : told.at("payload");
  }

  // Lets a fake node outlive the clocks of several providers.
  struct Clock : Scheduler {
    Micros Now() const override { return target->Now(); }
    TimerId Schedule(Micros delay, std::function<void()> callback) override {
      return target->Schedule(delay, std::move(callback));
    }
    void Cancel(TimerId timer) override { target->Cancel(timer); }
    ManualScheduler first;
    Scheduler* target = &first;
  };

  TempDir dir_;
  const std::string uid_;
  Clock clock_;
  FakeNode node_{clock_};
  int session_ = 0;
  std::unique_ptr<TestHost> host_;
  std::unique_ptr<Provider> provider_;
};

}  // namespace sluice::local
